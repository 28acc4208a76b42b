import { fork, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isReady } from '../support/processes.js';
import type { ProbeReading } from './probe.js';

const dist = join(__dirname, '../..');
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/** The whole system on its embedded default, in a process of its own, with a probe in it. */
export class RunningSystem {
  private constructor(
    private readonly process: ChildProcess,
    readonly origin: string,
    readonly token: string,
    readonly readyAfterMs: number,
  ) {}

  static async start(
    dataDir: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<RunningSystem> {
    const port = await freePort();
    const started = performance.now();
    const child = fork(join(dist, 'apps/standalone/src/main.js'), [], {
      execArgv: ['--require', join(__dirname, 'probe.js')],
      env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), ...environment },
      stdio: ['ignore', openSync(join(dataDir, '..', 'system.log'), 'a'), 'inherit', 'ipc'],
    });
    const origin = `http://127.0.0.1:${port}`;
    while (!(await isReady(origin))) {
      if (child.exitCode !== null) throw new Error(`The system ended with ${child.exitCode}`);
      if (performance.now() - started > READY_WITHIN_MS) {
        child.kill('SIGKILL');
        throw new Error(`Not ready within ${READY_WITHIN_MS} ms`);
      }
      await sleep(20);
    }
    const readyAfterMs = performance.now() - started;
    const token = readFileSync(join(dataDir, 'access-token'), 'utf8').trim();
    return new RunningSystem(child, origin, token, readyAfterMs);
  }

  /** What the probe saw since it was last read. */
  probe(): Promise<ProbeReading> {
    return new Promise((resolve) => {
      this.process.once('message', (reading) => resolve(reading as ProbeReading));
      this.process.send('read the probe');
    });
  }

  /** Sends a request with the first access token; anything but success is an error that says why. */
  async call(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly body: unknown; readonly headers: Headers }> {
    const isText = typeof body === 'string';
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': isText ? 'text/csv' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), STOP_WITHIN_MS);
    this.process.kill('SIGTERM');
    await ended;
    clearTimeout(impatience);
  }
}
