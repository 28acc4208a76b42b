import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built, BuiltProgram, freePort, isReady } from '../support/processes.js';

const root = join(__dirname, '../../..');
const STEP_LIMIT_MS = 1_800_000;
/** Characters of what a program wrote: all of a scenario's answers, and what tells of a fault. */
const WORDS_KEPT = 200_000;
const WORDS_SHOWN = 2_000;

export interface Proven {
  readonly what: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Names of what failed, or the words of a program that did. */
  readonly faults: readonly string[];
}

type Environment = Readonly<Record<string, string>>;

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Specs as they run everywhere, told by the environment which servers to ask. */
export const specs = async (
  what: string,
  paths: readonly string[],
  env: Environment,
  named?: string,
): Promise<Proven> => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-prove-'));
  const file = join(home, 'report.json');
  const args = [
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    'node_modules/jest/bin/jest.js',
    ...['--json', `--outputFile=${file}`, '--maxWorkers=1'],
    ...(named === undefined ? [] : ['--testNamePattern', named]),
    ...paths,
  ];
  const started = performance.now();
  try {
    const { words } = await ran(args, env);
    if (!existsSync(file))
      return { what, passed: 0, failed: 1, seconds: 0, faults: [words.slice(-WORDS_SHOWN)] };
    const report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
    const faults = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
      const failed = assertionResults.filter((one) => one.status === 'failed');
      // A file that could not even begin has no assertions to its name.
      if (failed.length === 0 && status === 'failed') return [`${name}: ${message.slice(0, 500)}`];
      return failed.map(({ fullName }) => fullName);
    });
    return {
      what,
      passed: report.numPassedTests,
      failed: Math.max(report.numFailedTests, faults.length),
      seconds: (performance.now() - started) / 1000,
      faults,
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

interface Ran {
  readonly isGood: boolean;
  /** The last of what it wrote. */
  readonly words: string;
}

const ran = (args: readonly string[], env: Environment): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_LIMIT_MS,
    });
    let words = '';
    const keep = (text: Buffer): void => {
      words = (words + text.toString()).slice(-WORDS_KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('close', (code) => resolve({ isGood: code === 0, words }));
  });

/**
 * Scenarios through the built API and a built worker on these servers: played to their end, and then
 * again, which must change nothing.
 */
export const scenarios = async (names: readonly string[], env: Environment): Promise<Proven[]> => {
  const [apiPort, workerPort] = [await freePort(), await freePort()];
  const home = mkdtempSync(join(tmpdir(), 'hostledger-prove-'));
  const own = {
    ...env,
    ...{ DATA_DIR: home, LOG_LEVEL: 'warn', RATE_LIMIT_PER_MINUTE: '0', HOST: '127.0.0.1' },
    ...{ PORT: String(apiPort), WORKER_PORT: String(workerPort) },
  };
  const origin = `http://127.0.0.1:${apiPort}`;
  const programs: BuiltProgram[] = [];
  try {
    programs.push(BuiltProgram.start('apps/worker/src/main.js', own));
    await programs[0]!.until(() => isReady(`http://127.0.0.1:${workerPort}`));
    programs.push(BuiltProgram.start('apps/api/src/main.js', own));
    await programs[1]!.until(() => isReady(origin));
    const issue = ['token', 'issue', '--subject', 'prove', '--role', 'admin'];
    const token = (await BuiltProgram.run('apps/cli/src/main.js', issue, own)).trim();
    const asked = { ...own, HOSTLEDGER_URL: origin, HOSTLEDGER_TOKEN: token };
    const proven: Proven[] = [];
    for (const name of names) {
      proven.push(await played(name, asked, `scenario ${name}`, () => true));
      const again = (words: string) => /nothing was changed/.test(words);
      proven.push(await played(name, asked, `scenario ${name}, again`, again));
    }
    return proven;
  } finally {
    for (const program of programs.reverse()) await program.stop();
    rmSync(home, { recursive: true, force: true });
  }
};

const played = async (
  name: string,
  env: Environment,
  what: string,
  isRight: (words: string) => boolean,
): Promise<Proven> => {
  const started = performance.now();
  const { isGood, words } = await ran([built('apps/cli/src/main.js'), 'play', name], env);
  return verdict(what, started, isGood && isRight(words), words);
};

const verdict = (what: string, started: number, isGood: boolean, words: string): Proven => ({
  what,
  passed: isGood ? 1 : 0,
  failed: isGood ? 0 : 1,
  seconds: (performance.now() - started) / 1000,
  faults: isGood ? [] : [words.slice(-WORDS_SHOWN)],
});

const FAILOVER = 'test/failover/main.js';

/**
 * The failover harness on these servers; it wants both empty.
 *
 * @param faultCommand makes faults of a real cluster: a shell is told which by FAULT and PHASE.
 */
export const failover = async (
  eventStoreUrl: string,
  databaseUrl: string,
  faultCommand?: string,
): Promise<Proven> => {
  const what = 'failover under load';
  const args = ['--url', eventStoreUrl, '--database', databaseUrl];
  if (faultCommand !== undefined) args.push('--fault-command', faultCommand);
  const started = performance.now();
  const { isGood, words } = await ran([built(FAILOVER), ...args], {});
  return verdict(what, started, isGood, words);
};
