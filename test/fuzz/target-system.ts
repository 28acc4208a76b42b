import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { play } from '../../apps/cli/src/play/play.js';
import { BuiltProgram, freePort, isReady } from '../support/processes.js';
import { ApiDocument } from './document.js';
import { KnownValues } from './known-values.js';

const OBJECTS = join(__dirname, 'objects');
const PROBE = join(__dirname, '../../dist/test/fuzz/probe.js');
const PLAY_PATIENCE_MS = 60_000;

export interface ProbeReading {
  /** Members of prototypes that were not there at the start, by thread. */
  readonly added: readonly (readonly string[])[];
  readonly rssBytes: number;
}

/** The whole system on its embedded default, in a process of its own, with a few objects in it. */
export class TargetSystem {
  private constructor(
    private readonly home: string,
    private readonly program: BuiltProgram,
    readonly port: number,
    private readonly probePort: number,
    readonly token: string,
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TargetSystem> {
    const home = mkdtempSync(join(tmpdir(), 'hostledger-hostile-'));
    const port = await freePort();
    const probePort = await freePort();
    const program = BuiltProgram.start('apps/standalone/src/main.js', {
      DATA_DIR: join(home, 'data'),
      PORT: String(port),
      LOG_LEVEL: 'error',
      RATE_LIMIT_PER_MINUTE: '0',
      NOTARY_INTERVAL_SECONDS: '86400',
      // Nothing is called that is not on this machine.
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      NODE_OPTIONS: `--require ${PROBE}`,
      PROBE_PORT: String(probePort),
      ...settings,
    });
    const origin = `http://127.0.0.1:${port}`;
    try {
      await program.until(() => isReady(origin));
    } catch (error) {
      await program.kill();
      throw error;
    }
    const token = readFileSync(join(home, 'data', 'access-token'), 'utf8').trim();
    return new TargetSystem(home, program, port, probePort, token);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get dataDir(): string {
    return join(this.home, 'data');
  }

  get pid(): number {
    return this.program.pid;
  }

  async playObjects(): Promise<void> {
    await play({
      scenario: OBJECTS,
      url: this.origin,
      token: () => Promise.resolve(this.token),
      patienceMs: PLAY_PATIENCE_MS,
      output: { line: () => undefined, progress: () => undefined },
    });
  }

  async document(): Promise<ApiDocument> {
    return new ApiDocument((await this.read('/openapi.json')) as never);
  }

  /** Codes of all problems, with their statuses. */
  async problemCodes(): Promise<ReadonlyMap<string, number>> {
    const { items } = (await this.read('/problems')) as {
      items: readonly { readonly code: string; readonly status: number }[];
    };
    return new Map(items.map(({ code, status }) => [code, status]));
  }

  /** What lists answer, and what objects of them do. */
  async knownValues({ operations }: ApiDocument): Promise<KnownValues> {
    const known = new KnownValues();
    const reads = operations.filter(
      ({ method, produces }) => method === 'GET' && produces.includes('application/json'),
    );
    for (const { path } of reads.filter((one) => !one.path.includes('{'))) {
      const list = path.split('/').at(-1)!;
      known.learn(await this.read(path), list);
      // With a cursor in the answer, where there are two of them.
      known.learn(await this.read(`${path}?limit=1`), list);
    }
    const own = this.token.replace('hl_', '').split('.')[0]!;
    known.forget('tokenId', own.slice(0, 36));
    return known;
  }

  /** What the process tells of itself: see `probe.ts`. */
  async probe(): Promise<ProbeReading> {
    const answer = await fetch(`http://127.0.0.1:${this.probePort}`);
    return (await answer.json()) as ProbeReading;
  }

  async stop(): Promise<void> {
    await this.program.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  async read(path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.token}` };
    const answer = await fetch(`${this.origin}${path}`, { headers });
    const isJson = answer.ok && answer.headers.get('content-type')?.includes('json');
    return isJson ? answer.json() : undefined;
  }
}
