import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { BuiltProgram, freePort, isReady } from './processes.js';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;
const ANSWER_WITHIN_MS = 15_000;

const NODE = 'libs/embedded-node/src/main.js';
const WORKER = 'apps/worker/src/main.js';
const API = 'apps/api/src/main.js';
const CLI = 'apps/cli/src/main.js';

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly position: string;
}

/** The event store node, a PostgreSQL and the API, each a process of its own; workers as wanted. */
export class Cluster {
  private readonly programs = new Set<BuiltProgram>();
  /** Of their health and metrics. */
  readonly workerOrigins: string[] = [];
  /** Of an admin, once there is an API. */
  token = '';
  private node: BuiltProgram;

  private constructor(
    private readonly home: string,
    readonly postgres: TestPostgres,
    readonly nodePort: number,
    private readonly apiPort: number,
    /** Of every process of the cluster. */
    readonly env: Readonly<Record<string, string>>,
  ) {
    this.node = this.launch(NODE);
  }

  /** Without a worker: what `seed` writes is in the log before anything is filled. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    seed?: (eventStoreUrl: string) => Promise<void>,
  ): Promise<Cluster> {
    const postgres = await startPostgres();
    const home = mkdtempSync(join(tmpdir(), 'hostledger-cluster-'));
    const [nodePort, apiPort] = [await freePort(), await freePort()];
    const eventStoreUrl = `esdb://127.0.0.1:${nodePort}?tls=false`;
    const cluster = new Cluster(home, postgres, nodePort, apiPort, {
      DATA_DIR: join(home, 'data'),
      EMBEDDED_NODE_PORT: String(nodePort),
      EVENTSTORE_URL: eventStoreUrl,
      DATABASE_URL: postgres.url,
      HOST: '127.0.0.1',
      PORT: String(apiPort),
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'warn',
      // One checkpoint, so that the log stands still once the specs do.
      NOTARY_INTERVAL_SECONDS: '86400',
      ...settings,
    });
    await cluster.node.until(() => listens(nodePort));
    await seed?.(eventStoreUrl);
    return cluster;
  }

  /** Its read models have to be live first, or it is not ready. */
  async startApi(): Promise<void> {
    await this.launch(API).until(() => isReady(this.origin));
    this.token = (await this.cli('token', 'issue', '--subject', 'ana', '--role', 'admin')).trim();
  }

  /** Of the admin that all requests are sent by; empty before the API is started. */
  get accessToken(): string {
    return this.token;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  /** Resolves when it is ready: live, or standing by. */
  async startWorker(): Promise<BuiltProgram> {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const worker = this.launch(WORKER, { WORKER_PORT: String(port) });
    await worker.until(() => isReady(origin));
    this.workerOrigins.push(origin);
    return worker;
  }

  async killNode(): Promise<void> {
    await this.node.kill();
  }

  async startNode(): Promise<void> {
    this.node = this.launch(NODE);
    await this.node.until(() => listens(this.nodePort));
  }

  /** The command line, against this API. */
  cli(...args: readonly string[]): Promise<string> {
    const { origin, token } = this;
    const env = { ...this.env, HOSTLEDGER_URL: origin, HOSTLEDGER_TOKEN: token };
    return BuiltProgram.run(CLI, args, env);
  }

  /** Sends an act until it is accepted or refused; under one key, so that it counts once. */
  async act<Body>(
    path: string,
    body: object | string,
    key: string = randomUUID(),
  ): Promise<Answer<Body>> {
    return this.patiently(() => this.request<Body>('POST', path, body, { 'idempotency-key': key }));
  }

  /** What the read models say, once they have come as far. */
  async read<Body>(path: string, position = '0'): Promise<Body> {
    return (await this.answer<Body>(path, position)).body;
  }

  answer<Body>(path: string, position = '0'): Promise<Answer<Body>> {
    const headers = { 'min-log-position': position };
    return this.patiently(() => this.request<Body>('GET', path, undefined, headers));
  }

  /** All processes but PostgreSQL. */
  async stopPrograms(): Promise<void> {
    for (const program of [...this.programs].reverse()) await program.stop();
  }

  async stop(): Promise<void> {
    await this.stopPrograms();
    await this.postgres.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  private launch(program: string, settings: Readonly<Record<string, string>> = {}): BuiltProgram {
    const launched = BuiltProgram.start(program, { ...this.env, ...settings });
    this.programs.add(launched);
    return launched;
  }

  /** 5xx and broken connections are what the faults of these specs look like from outside. */
  private async patiently<Body>(send: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await send().catch((error: unknown) => error as Error);
      if (!(answer instanceof Error) && answer.status < 300) return answer;
      const final = !(answer instanceof Error) && answer.status < 500;
      if (final || performance.now() > deadline) {
        throw answer instanceof Error
          ? answer
          : new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      }
      await sleep(PAUSE_MS);
    }
  }

  private async request<Body>(
    method: 'GET' | 'POST',
    path: string,
    body: object | string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer<Body>> {
    const isText = typeof body === 'string';
    const answer = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': isText ? 'text/csv' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      body: (text === '' ? undefined : JSON.parse(text)) as Body,
      position: answer.headers.get('log-position') ?? '0',
    };
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
