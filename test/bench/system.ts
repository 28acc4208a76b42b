import { fork, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isReady } from '../support/processes.js';
import { ApiCaller } from './api-caller.js';
import type { ProbeReading } from './probe.js';

const dist = join(__dirname, '../..');
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/** The whole system on its embedded default, in a process of its own, with a probe in it. */
export class RunningSystem extends ApiCaller {
  private constructor(
    private readonly process: ChildProcess,
    origin: string,
    token: string,
    readonly readyAfterMs: number,
  ) {
    super(origin, token);
  }

  static async start(
    dataDir: string,
    environment: Readonly<Record<string, string>> = {},
    readyWithinMs = READY_WITHIN_MS,
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
      if (performance.now() - started > readyWithinMs) {
        child.kill('SIGKILL');
        throw new Error(`Not ready within ${readyWithinMs} ms`);
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

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), STOP_WITHIN_MS);
    this.process.kill('SIGTERM');
    await ended;
    clearTimeout(impatience);
  }

  /** At once, with whatever it is doing. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }
}
