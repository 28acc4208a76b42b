import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';

const MAIN = join(__dirname, '../../../dist/libs/embedded-node/src/main.js');
const ROUNDS = 5;
const WRITERS = 32;

describe('a node that is killed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hl-crash-'));
  const port = 20_000 + (process.pid % 10_000);
  let running: ChildProcess | undefined;

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, DATA_DIR: directory, EMBEDDED_NODE_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((ready, failed) => {
      child.stdout.once('data', () => ready());
      child.once('exit', (code) => failed(new Error(`The node ended with code ${code}`)));
    });
    running = child;
    return child;
  };

  afterAll(() => {
    running?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('has lost, doubled or torn nothing that it acknowledged', async () => {
    expect(existsSync(MAIN)).toBe(true);
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = await start();
      const client = connect(port);
      let alive = true;
      let written = 0;
      const died = new Promise((resolve) => child.once('exit', resolve));
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        const stream = `crash-${round}-${writer}`;
        for (let n = 0; alive; n += 1) {
          const pair = [n * 2, n * 2 + 1].map((i) => jsonEvent({ type: 'Tested', data: { i } }));
          const expectedRevision = n === 0 ? NO_STREAM : BigInt(n * 2 - 1);
          await Promise.race([
            client.appendToStream(stream, pair, { expectedRevision }),
            died.then(never),
          ]);
          acknowledged.set(stream, n * 2 + 1);
          written += 1;
          if (written === 400 + round * 150) child.kill('SIGKILL');
        }
      });
      void died.then(() => (alive = false));
      await Promise.allSettled(writers);
      await died;
      await client.dispose().catch(() => undefined);
    }
    await start();
    const client = connect(port);
    expect(acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * WRITERS * 0.9);
    for (const [stream, last] of acknowledged) {
      const seen: number[] = [];
      for await (const { event } of client.readStream(stream))
        seen.push((event!.data as { i: number }).i);
      expect(seen).toEqual(seen.map((_, i) => i));
      // The last append may have been committed without being acknowledged: whole, or not at all.
      expect([last + 1, last + 3]).toContain(seen.length);
    }
    await client.dispose();
  }, 90_000);
});

const connect = (port: number): EventStoreDBClient => {
  const client = new EventStoreDBClient({ endpoint: `127.0.0.1:${port}` }, { insecure: true });
  return client;
};

const never = (): Promise<never> => Promise.reject(new Error('The node died'));
