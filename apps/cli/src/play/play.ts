import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptTokens } from '../connection.js';
import { ask, type Answers } from './answers.js';
import { ApiClient, Refused, untilReady, type Reply } from './api-client.js';
import { count, elapsed } from './format.js';
import { report } from './report.js';
import {
  filledIn,
  loadScenario,
  type AwaitingStep,
  type CommandStep,
  type Scenario,
} from './scenario.js';

/** Where the play is told. */
export interface Output {
  line(text: string): void;
  /** Of what is under way; replaced by what comes next. */
  progress(text: string): void;
}

export interface PlayOptions {
  /** The name of a directory in `scenarios/`, or the path of one. */
  readonly scenario: string;
  readonly url: string;
  /** Asked for when the server is ready: the first start makes the first token. */
  readonly token: () => Promise<string>;
  /** Those of the scenario's other subjects; issued anew each time where nothing is kept. */
  readonly kept?: KeptTokens | undefined;
  /** How long a server may take to answer, also when it restarts meanwhile. */
  readonly patienceMs: number;
  readonly output: Output;
}

export interface PlayedStep {
  readonly name: string;
  readonly replayed: boolean;
  /** Of an upload. */
  readonly done?: number;
  readonly rejected?: number;
}

export interface Played {
  readonly steps: readonly PlayedStep[];
  /** Of the log, before the first step and after the last one. */
  readonly before: bigint;
  readonly after: bigint;
  readonly answers: Answers;
}

const POLL_MS = 100;
/** An operation that does not get one line further for so long is given up. */
const STANDSTILL_MS = 120_000;
const REJECTIONS_SHOWN = 10;
/** Of a month of a contract, after which there is a statement. */
const CLOSE = /^\/v1\/billing\/periods\/.*\/close$/;

/**
 * Plays a scenario into a running system as a client of its API, then asks what became of it.
 * @throws Refused, NoServer, Error: with a text that says what is wrong
 */
export const play = async (options: PlayOptions): Promise<Played> => {
  const { output, url, patienceMs } = options;
  const scenario = await loadScenario(options.scenario);
  await untilReady(url, patienceMs);
  const onWait = (why: string) => output.line(`  waiting: ${why}`);
  const api = new ApiClient({ url, token: await options.token(), patienceMs, onWait });
  const started = performance.now();
  const before = await logPosition(api);
  output.line(`${scenario.title}\n${url}, log at ${before}\n`);

  const steps: PlayedStep[] = [];
  const replies = new Map<string, Reply['body']>();
  const run = { api, scenario, replies, output, tokens: new Tokens(api, scenario, options.kept) };
  for (const step of scenario.steps) {
    if ('await' in step) await awaitStep(run, step);
    else steps.push(await playStep(run, step));
  }
  const after = await logPosition(api);
  output.line(`\n${summary(steps, before, after)} (${elapsed(performance.now() - started)})`);

  const asked = performance.now();
  const answers = await ask(api, madeIn(scenario, replies));
  for (const line of report(answers)) output.line(line);
  const took = elapsed(performance.now() - asked);
  output.line(`\nTrue at log position ${answers.position}, answered in ${took}.`);
  return { steps, before, after, answers };
};

/** Of the read models, which have seen everything that this client has. */
const logPosition = async (api: ApiClient): Promise<bigint> =>
  (await api.read('/v1/facilities?limit=1')).position;

const summary = (steps: readonly PlayedStep[], before: bigint, after: bigint): string => {
  const replayed = steps.filter((step) => step.replayed).length;
  if (replayed < steps.length) {
    const some = replayed > 0 ? `, ${replayed} of them played before` : '';
    return `${steps.length} steps played${some}; the log went from ${before} to ${after}`;
  }
  const head =
    before === after ? `the log still stands at ${after}` : `others moved the log to ${after}`;
  return `All ${steps.length} steps had been played before, nothing was changed: ${head}`;
};

/** What a scenario makes, by id. */
const madeIn = (
  { steps }: Scenario,
  replies: ReadonlyMap<string, Reply['body']>,
): Parameters<typeof ask>[1] => {
  const idsOf = (path: string | RegExp, field: string): string[] =>
    steps
      .filter(
        (step) =>
          'post' in step && (typeof path === 'string' ? step.post === path : path.test(step.post)),
      )
      .map(({ name }) => replies.get(name)?.[field] as string);
  return {
    contracts: idsOf('/v1/contracts', 'contractId'),
    supplyAgreements: idsOf('/v1/supply-agreements', 'agreementId'),
    settlements: idsOf('/v1/settlements', 'settlementId'),
    proposals: idsOf('/v1/relocation-proposals', 'proposalId'),
    statements: idsOf(CLOSE, 'statementId'),
    accounts: [...new Set(idsOf(CLOSE, 'contractId'))],
  };
};

interface Run {
  readonly api: ApiClient;
  readonly scenario: Scenario;
  readonly replies: Map<string, Reply['body']>;
  readonly output: Output;
  readonly tokens: Tokens;
}

/** Tokens of the subjects that a scenario has beside who plays it. */
class Tokens {
  readonly #known = new Map<string, string>();

  constructor(
    private readonly api: ApiClient,
    private readonly scenario: Scenario,
    private readonly kept: KeptTokens | undefined,
  ) {}

  async of(name: string): Promise<string> {
    const subject = `${this.scenario.name}.${name}`;
    const token = this.#known.get(name) ?? (await this.kept?.read(subject));
    if (token !== undefined) {
      this.#known.set(name, token);
      return token;
    }
    return this.issue(name);
  }

  /** By who plays, who must be an admin. */
  async issue(name: string): Promise<string> {
    const subject = `${this.scenario.name}.${name}`;
    const note = `Plays ${name} in ${this.scenario.title}`;
    const { body } = await this.api.command({
      path: '/v1/access-tokens',
      json: { subject, roles: this.scenario.subjects[name], note: note.slice(0, 300) },
      key: randomUUID(),
      correlationId: `play:${subject}`,
    });
    const token = String(body['token']);
    this.#known.set(name, token);
    await this.kept?.keep(subject, token);
    return token;
  }
}

const labelOf = ({ steps }: Scenario, step: CommandStep | AwaitingStep): string =>
  `${String(steps.indexOf(step) + 1).padStart(3)}/${steps.length}  ${step.says}`;

const playStep = async (run: Run, step: CommandStep): Promise<PlayedStep> => {
  const { api, scenario, replies, output } = run;
  const label = labelOf(scenario, step);
  output.progress(label);
  const started = performance.now();
  const { body: answer, replayed } = await send(run, step);
  replies.set(step.name, answer);
  const operationId = answer['operationId'];
  const operation =
    typeof operationId === 'string' ? await follow(api, operationId, label, output) : undefined;
  if (operation) await checkRejections(api, step, operation);
  const facts = [
    ...(operation ? [`${count(operation.done)} lines`] : []),
    elapsed(performance.now() - started),
    ...(replayed ? ['played before'] : []),
  ];
  output.line(`${label}: ${facts.join(', ')}`);
  const { done, rejected } = operation ?? {};
  return {
    name: step.name,
    replayed,
    ...(done === undefined || rejected === undefined ? {} : { done, rejected }),
  };
};

/** A token that was kept may have been revoked meanwhile; then there is a new one. */
const send = async (run: Run, step: CommandStep): Promise<Reply> => {
  const { api, scenario, replies, tokens } = run;
  const { post, query, body, lines, as } = filledIn(step, replies);
  const request = {
    path: post,
    query,
    json: body,
    csv: step.file === undefined ? undefined : await readFile(join(scenario.directory, step.file)),
    reason: step.reason,
    key: `${scenario.name}.${step.name}`,
    correlationId: `play:${scenario.name}:${step.name}`,
    ...(lines && { csv: await uploadOf(api, lines) }),
  };
  if (as === undefined) return api.command(request);
  try {
    return await api.command({ ...request, token: await tokens.of(as) });
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    return api.command({ ...request, token: await tokens.issue(as) });
  }
};

/** @param path names of fields, one within the other: `moves.planned`. */
const valueAt = (body: Reply['body'], path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], body);

/** The items of a list as CSV. */
const uploadOf = async (
  api: ApiClient,
  { from, columns }: NonNullable<CommandStep['lines']>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const items = await api.readAll<Record<string, string | number>>(from);
  const rows = items.map((item) => columns.map((column) => item[column] ?? '').join(','));
  return new TextEncoder().encode(`${[columns.join(','), ...rows].join('\n')}\n`);
};

const awaitStep = async ({ api, scenario, replies, output }: Run, step: AwaitingStep) => {
  const label = labelOf(scenario, step);
  const { get, field, is, isNot } = filledIn(step.await, replies);
  const started = performance.now();
  let last = { found: undefined as unknown, at: started };
  for (;;) {
    const { body } = await api.read(get);
    const found = valueAt(body, field);
    if (found !== last.found) last = { found, at: performance.now() };
    if (is === undefined ? found !== undefined && found !== isNot : found === is) {
      replies.set(step.name, body);
      output.line(`${label}: ${elapsed(performance.now() - started)}`);
      return;
    }
    if (performance.now() - last.at > STANDSTILL_MS) {
      const waited = elapsed(STANDSTILL_MS);
      const told = JSON.stringify(found);
      throw new Error(`Step ${step.name}: after ${waited} ${field} of ${get} is ${told}`);
    }
    output.progress(`${label}: ${field} is ${JSON.stringify(found)}`);
    await sleep(POLL_MS);
  }
};

interface Operation {
  readonly operationId: string;
  readonly status: 'running' | 'completed';
  readonly lineCount: number;
  readonly rejectedAtUpload: number;
  readonly done: number;
  readonly rejected: number;
}

const follow = async (
  api: ApiClient,
  operationId: string,
  label: string,
  output: Output,
): Promise<Operation> => {
  const started = performance.now();
  let last = { lines: -1, at: started };
  for (;;) {
    const { body } = await api.read(`/v1/operations/${operationId}`);
    const operation = body as unknown as Operation;
    if (operation.status === 'completed') return operation;
    const now = performance.now();
    const lines = operation.done + operation.rejected;
    if (lines !== last.lines) last = { lines, at: now };
    if (now - last.at > STANDSTILL_MS) {
      const stood = elapsed(STANDSTILL_MS);
      throw new Error(`Operation ${operationId} stood still for ${stood} at ${count(lines)} lines`);
    }
    const rate = count((1000 * lines) / (now - started));
    output.progress(`${label}: ${count(lines)} of ${count(operation.lineCount)}, ${rate}/s`);
    await sleep(POLL_MS);
  }
};

const checkRejections = async (
  api: ApiClient,
  { name, rejects }: CommandStep,
  { operationId, rejected, rejectedAtUpload }: Operation,
): Promise<void> => {
  const refused = rejected + rejectedAtUpload;
  if (refused === rejects) return;
  const path = `/v1/operations/${operationId}/rejections?limit=${REJECTIONS_SHOWN}`;
  const items = (await api.read(path)).body['items'] as {
    readonly line: number;
    readonly code: string;
    readonly message: string;
  }[];
  const lines = items.map(({ line, code, message }) => `\n  line ${line}: ${code}: ${message}`);
  const expected = rejects === 0 ? 'none' : count(rejects);
  throw new Error(
    `Step ${name}: ${count(refused)} lines were refused, expected ${expected}${lines.join('')}`,
  );
};
