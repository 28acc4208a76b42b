import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Small letters, digits and dashes');

const apiPath = z.string().regex(/^\/v\d+\//, 'A path of the API, from the version on');

const common = {
  /** Permanent: the Idempotency-Key is made of it. */
  name,
  /** What happens, for the reader of the output. */
  says: z.string().min(1),
};

const command = z
  .strictObject({
    ...common,
    post: apiPath,
    query: z.record(z.string(), z.string()).default({}),
    /** Why; recorded with every event that follows. */
    reason: z.string().max(500).optional(),
    /** One of the scenario's subjects, where it is not who plays. */
    as: name.optional(),
    body: z.record(z.string(), z.unknown()).optional(),
    /** An upload beside the scenario. */
    file: z
      .string()
      .regex(/^[\w-]+\.csv$/, 'A CSV file beside the scenario')
      .optional(),
    /** An upload made of a list that the API answers: these columns of every item. */
    lines: z.strictObject({ from: apiPath, columns: z.array(name).min(1) }).optional(),
    /** Lines that the upload is expected to have refused. */
    rejects: z.number().int().min(0).default(0),
  })
  .refine(
    ({ body, file, lines }) => [body, file, lines].filter(Boolean).length <= 1,
    'A step has a body, a file or lines, only one of them',
  );

const value = z.union([z.string(), z.number(), z.boolean()]);

/** Waits until a field of what the API answers has a value, or another one, that it keeps. */
const awaiting = z.strictObject({
  ...common,
  await: z
    .strictObject({
      get: apiPath,
      field: z.string(),
      is: value.optional(),
      isNot: value.optional(),
    })
    .refine(({ is, isNot }) => (is === undefined) !== (isNot === undefined), 'is or isNot'),
});

/** Told apart by what is there, so that what is wrong is told of the one that was meant. */
const step = z.looseObject({}).transform((written, context): Step => {
  const read = ('await' in written ? awaiting : command).safeParse(written);
  if (read.success) return read.data;
  for (const { message, path } of read.error.issues) {
    context.addIssue({ code: 'custom', message, path });
  }
  return z.NEVER;
});

const roles = z.array(z.enum(['operator', 'commercial', 'billing', 'auditor'])).min(1);

const scenarioFile = z.strictObject({
  title: z.string().min(1),
  /** Others than who plays, with their roles: what one proposes another approves. */
  subjects: z.record(name, roles).default({}),
  steps: z.array(step).min(1),
});

/** One request of a scenario. `${step.field}` stands for a field of the reply to an earlier step. */
export type CommandStep = z.infer<typeof command>;
export type AwaitingStep = z.infer<typeof awaiting>;
export type Step = CommandStep | AwaitingStep;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly directory: string;
  readonly subjects: z.infer<typeof scenarioFile>['subjects'];
  readonly steps: readonly Step[];
}

/**
 * Reads `scenario.yaml` and checks it, references to later or unknown steps included.
 * @param wanted the name of a directory in `scenarios/`, or the path of one
 * @throws Error that names what is wrong and where
 */
export const loadScenario = async (wanted: string): Promise<Scenario> => {
  const directory = resolve(wanted.includes('/') ? wanted : join('scenarios', wanted));
  const path = join(directory, 'scenario.yaml');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`There is no scenario ${wanted}: ${path} cannot be read`);
  });
  const read = scenarioFile.safeParse(parse(text));
  if (!read.success) throw new Error(`${path} is wrong:\n${z.prettifyError(read.error)}`);
  const scenario = { name: name.parse(basename(directory)), directory, ...read.data };
  checkNames(scenario);
  for (const step of scenario.steps) {
    if ('file' in step && step.file) await stat(join(directory, step.file));
  }
  return scenario;
};

const checkNames = ({ steps, subjects }: Scenario): void => {
  const earlier = new Set<string>();
  for (const { name, says: _, ...request } of steps) {
    for (const [reference, step] of JSON.stringify(request).matchAll(REFERENCE)) {
      if (!earlier.has(step!)) {
        throw new Error(`Step ${name} refers to ${reference}, and no earlier step is ${step}`);
      }
    }
    if ('as' in request && request.as !== undefined && !(request.as in subjects)) {
      throw new Error(`Step ${name} is taken as ${request.as}, who is no subject of the scenario`);
    }
    if (earlier.has(name)) throw new Error(`Two steps are called ${name}`);
    earlier.add(name);
  }
};

const REFERENCE = /\$\{([a-z0-9-]+)\.(\w+)\}/g;

/** Replies to the steps played so far, by step. */
export type Replies = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Puts the fields of earlier replies into every string of a value. */
export const filledIn = <T>(value: T, replies: Replies): T => {
  if (typeof value === 'string') {
    return value.replace(REFERENCE, (reference, step: string, field: string) => {
      const found = replies.get(step)?.[field];
      if (typeof found === 'string' || typeof found === 'number') return String(found);
      throw new Error(`The reply to ${step} has no ${field}, which ${reference} stands for`);
    }) as T;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => filledIn(item, replies)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, filledIn(item as unknown, replies)]),
  ) as T;
};
