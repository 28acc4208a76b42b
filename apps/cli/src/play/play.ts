import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Answers } from './answers.js';
import { ApiClient, untilReady, type Reply } from './api-client.js';
import { count, elapsed } from './format.js';
import { report } from './report.js';
import { filledIn, loadScenario, type Scenario, type Step } from './scenario.js';

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
  for (const step of scenario.steps) {
    steps.push(await playStep(api, scenario, step, replies, output));
  }
  const after = await logPosition(api);
  output.line(`\n${summary(steps, before, after)} (${elapsed(performance.now() - started)})`);

  const asked = performance.now();
  const answers = await ask(api, contractsIn(scenario, replies));
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

const contractsIn = ({ steps }: Scenario, replies: ReadonlyMap<string, Reply['body']>): string[] =>
  steps
    .filter(({ post }) => post === '/v1/contracts')
    .map(({ name }) => replies.get(name)?.['contractId'] as string);

const playStep = async (
  api: ApiClient,
  { name: scenario, directory, steps }: Scenario,
  step: Step,
  replies: Map<string, Reply['body']>,
  output: Output,
): Promise<PlayedStep> => {
  const label = `${String(steps.indexOf(step) + 1).padStart(3)}/${steps.length}  ${step.says}`;
  output.progress(label);
  const started = performance.now();
  const { post, query, body } = filledIn(step, replies);
  const { body: answer, replayed } = await api.command({
    path: post,
    query,
    json: body,
    csv: step.file === undefined ? undefined : await readFile(join(directory, step.file)),
    reason: step.reason,
    key: `${scenario}.${step.name}`,
    correlationId: `play:${scenario}:${step.name}`,
  });
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
  { name, rejects }: Step,
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
