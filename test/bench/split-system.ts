import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { freePort, isReady } from '../support/processes.js';
import { ApiCaller } from './api-caller.js';

const dist = join(__dirname, '../..');
const STOP_WITHIN_MS = 30_000;

interface Program {
  readonly child: ChildProcess;
  readonly readyAfterMs: number;
}

/** API, worker, embedded node and PostgreSQL as processes of their own, over one data directory. */
export class SplitSystem extends ApiCaller {
  private constructor(
    origin: string,
    token: string,
    /** Another subject, for what two have to agree on. */
    readonly approver: ApiCaller,
    private readonly postgres: TestPostgres,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly node: Program,
    private worker: Program,
    private api: Program,
  ) {
    super(origin, token);
  }

  /** Resolves when all read models are filled from the log and live. */
  static async start(dataDir: string, liveWithinMs: number): Promise<SplitSystem> {
    mkdirSync(dataDir, { recursive: true });
    const postgres = await startPostgres();
    const [nodePort, apiPort, workerPort] = [await freePort(), await freePort(), await freePort()];
    const environment = {
      ...process.env,
      DATA_DIR: dataDir,
      EMBEDDED_NODE_PORT: String(nodePort),
      EVENTSTORE_URL: `esdb://127.0.0.1:${nodePort}?tls=false`,
      DATABASE_URL: postgres.url,
      PORT: String(apiPort),
      WORKER_PORT: String(workerPort),
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'warn',
    };
    const node = await launch('libs/embedded-node/src/main.js', environment);
    const worker = await launch('apps/worker/src/main.js', environment, liveWithinMs);
    const api = await launch('apps/api/src/main.js', environment);
    const token = await issueToken(environment, 'bench');
    const origin = `http://127.0.0.1:${apiPort}`;
    return new SplitSystem(
      origin,
      token,
      new ApiCaller(origin, await issueToken(environment, 'approver')),
      postgres,
      environment,
      node,
      worker,
      api,
    );
  }

  /** From the start of the worker on an empty database to live. */
  get rebuiltAfterMs(): number {
    return this.worker.readyAfterMs;
  }

  /** Starts API and worker anew; milliseconds until each is ready. */
  async restart(): Promise<{ readonly apiMs: number; readonly workerMs: number }> {
    await end(this.api);
    await end(this.worker);
    this.worker = await launch('apps/worker/src/main.js', this.environment);
    this.api = await launch('apps/api/src/main.js', this.environment);
    return { apiMs: this.api.readyAfterMs, workerMs: this.worker.readyAfterMs };
  }

  /** Resident memory in MB. */
  memory(): { readonly api: number; readonly worker: number; readonly node: number } {
    return { api: rssMb(this.api), worker: rssMb(this.worker), node: rssMb(this.node) };
  }

  async stop(): Promise<void> {
    for (const program of [this.api, this.worker, this.node]) await end(program);
    await this.postgres.stop();
  }
}

const READY_WITHIN_MS = 60_000;

const launch = async (
  program: string,
  environment: NodeJS.ProcessEnv,
  withinMs = READY_WITHIN_MS,
): Promise<Program> => {
  const started = performance.now();
  const log = openSync(join(environment['DATA_DIR']!, '..', 'system.log'), 'a');
  const child = spawn(process.execPath, [join(dist, program)], {
    env: environment,
    stdio: ['ignore', log, log],
  });
  const port = program.includes('api') ? environment['PORT'] : environment['WORKER_PORT'];
  const ready = program.includes('node')
    ? (): Promise<boolean> => listens(Number(environment['EMBEDDED_NODE_PORT']))
    : (): Promise<boolean> => isReady(`http://127.0.0.1:${port}`);
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    if (performance.now() - started > withinMs) throw new Error(`${program} is not ready`);
    await sleep(50);
  }
  return { child, readyAfterMs: performance.now() - started };
};

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const issueToken = async (env: NodeJS.ProcessEnv, subject: string): Promise<string> => {
  const flags = ['token', 'issue', '--subject', subject, '--role', 'admin'];
  const cli = join(dist, 'apps/cli/src/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...flags], { env });
  return stdout.trim();
};

const rssMb = ({ child }: Program): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })) / 1024;

const end = async ({ child }: Program): Promise<void> => {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(impatience);
};
