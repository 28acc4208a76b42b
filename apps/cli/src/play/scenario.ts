import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Small letters, digits and dashes');

const step = z
  .strictObject({
    /** Permanent: the Idempotency-Key is made of it. */
    name,
    /** What happens, for the reader of the output. */
    says: z.string().min(1),
    post: z.string().regex(/^\/v\d+\//, 'The path of a command, from the version on'),
    query: z.record(z.string(), z.string()).default({}),
    /** Why; recorded with every event that follows. */
    reason: z.string().max(500).optional(),
    body: z.record(z.string(), z.unknown()).optional(),
    /** An upload beside the scenario. */
    file: z
      .string()
      .regex(/^[\w-]+\.csv$/, 'A CSV file beside the scenario')
      .optional(),
    /** Lines that the upload is expected to have refused. */
    rejects: z.number().int().min(0).default(0),
  })
  .refine(({ body, file }) => !body || !file, 'A step has a body or a file, not both');

const scenarioFile = z.strictObject({ title: z.string().min(1), steps: z.array(step).min(1) });

/** One request of a scenario. `${step.field}` stands for a field of the reply to an earlier step. */
export type Step = z.infer<typeof step>;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly directory: string;
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
  for (const { file } of scenario.steps) if (file) await stat(join(directory, file));
  return scenario;
};

const checkNames = ({ steps }: Scenario): void => {
  const earlier = new Set<string>();
  for (const { name, post, query, body } of steps) {
    for (const [reference, step] of JSON.stringify({ post, query, body }).matchAll(REFERENCE)) {
      if (!earlier.has(step!)) {
        throw new Error(`Step ${name} refers to ${reference}, and no earlier step is ${step}`);
      }
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
