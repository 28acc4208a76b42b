import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { keepLog, keepSecrets, secretsOf } from '@hostledger/testing';

const above = join(__dirname, '../..');
/** The build output, also for what runs out of it. */
const dist = basename(above) === 'dist' ? above : join(above, 'dist');
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 10_000;
const KEPT_CHARACTERS = 4_000;

/** A worker of the test run has these for itself: a program may bind its port long after it was told it. */
const PORTS_OF_A_WORKER = 1_000;
const given = new Set<number>();

/** A free port below the ephemeral range, where a client's retries could connect to themselves. */
export const freePort = async (): Promise<number> => {
  const first = 20_000 + (Number(process.env['JEST_WORKER_ID'] ?? 0) % 12) * PORTS_OF_A_WORKER;
  const from = Math.floor(Math.random() * PORTS_OF_A_WORKER);
  for (let tried = 0; tried < PORTS_OF_A_WORKER; tried += 1) {
    const port = first + ((from + tried) % PORTS_OF_A_WORKER);
    if (given.has(port)) continue;
    given.add(port);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`No free port from ${first} on`);
};

export const isReady = async (origin: string): Promise<boolean> => {
  try {
    const { status } = await fetch(`${origin}/health/ready`, {
      signal: AbortSignal.timeout(2_000),
    });
    return status === 200;
  } catch {
    return false;
  }
};

type Environment = Readonly<Record<string, string>>;

/** A program of the build output, run as it is run in production. */
export class BuiltProgram {
  private output = '';

  private constructor(
    private readonly program: string,
    private readonly child: ChildProcess,
  ) {
    const keep = (text: Buffer): void => {
      this.output = (this.output + text.toString()).slice(-KEPT_CHARACTERS);
      keepLog(program, text.toString());
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /** @param program path below `dist`, e.g. `apps/api/src/main.js` */
  static start(program: string, env: Environment): BuiltProgram {
    return BuiltProgram.startWith(program, [], env);
  }

  static startWith(program: string, args: readonly string[], env: Environment): BuiltProgram {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    keepSecrets(...secretsOf(env));
    const options = { env: { ...process.env, ...env }, stdio: [...stdio] };
    return new BuiltProgram(program, spawn(process.execPath, [built(program), ...args], options));
  }

  /** Runs a program to its end and returns what it wrote. */
  static async run(program: string, args: readonly string[], env: Environment): Promise<string> {
    keepSecrets(...secretsOf(env));
    const options = { env: { ...process.env, ...env }, timeout: READY_WITHIN_MS };
    const running = promisify(execFile)(process.execPath, [built(program), ...args], options);
    // What it was asked for may be a token; what it says of itself must hold none.
    running.child.stderr?.on('data', (text: string) => keepLog(program, text));
    return (await running).stdout;
  }

  /** Resolves once the condition holds; a program that ended or took too long tells its last words. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await condition())) {
      const ended = this.child.exitCode !== null || this.child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        const what = ended ? 'ended' : 'was not ready in time';
        throw new Error(`${this.program} ${what}:\n${this.output}`);
      }
      await sleep(50);
    }
  }

  /** The last of what it wrote. */
  get lastWords(): string {
    return this.output;
  }

  /** Resolves with the exit code once it has ended by itself. */
  async ended(): Promise<number | null> {
    const { exitCode, signalCode } = this.child;
    if (exitCode === null && signalCode === null) {
      await new Promise((resolve) => this.child.once('close', resolve));
    }
    return this.child.exitCode;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** `kill -9`: it is gone when this resolves. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.kill('SIGKILL')) await ended;
  }

  /** Asks it to stop and resolves with its exit code; kills it when it does not listen. */
  async stop(): Promise<number | null> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), STOP_WITHIN_MS);
    this.child.kill('SIGTERM');
    await ended;
    clearTimeout(impatience);
    return this.child.exitCode;
  }
}

/** Where a program of the build output is. */
export const built = (program: string): string => {
  const path = join(dist, program);
  if (!existsSync(path)) throw new Error(`dist/${program} is missing: npm run build comes first`);
  return path;
};
