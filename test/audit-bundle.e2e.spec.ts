import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  leafHash,
  leafLine,
  makeSignerKey,
  signCheckpoint,
  TreeHead,
  type CheckpointSigned,
  type NotaryKeyAdopted,
} from '@hostledger/audit';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { BuiltProgram } from './support/processes.js';

// The built command line: an export that is killed again and again ends with the same bytes.

const CLI = 'apps/cli/src/main.js';
const ORIGIN = 'log.example/killed';
const STREAMS = 40;
const EVENTS_EACH = 500;
/** Of the file, at which the export is killed. */
const DEATHS_AT_BYTES = [700_000, 3_000_000, 6_000_000];
const HEAD_BYTES = 1_024;

describe('audit export and audit verify', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-audit-'));
  const env = { DATA_DIR: home, LOG_LEVEL: 'warn', EVENTSTORE_URL: '', DATABASE_URL: '' };
  const key = makeSignerKey(ORIGIN);
  let node: RunningNode;
  let store: EventStore;

  const append = async (stream: string, type: string, items: readonly object[]): Promise<void> => {
    const metadata = {
      ...{ commandId: randomUUID(), commandHash: 'hash', occurredAt: new Date().toISOString() },
      ...{ actor: { subject: 'ada', role: 'operator' }, $correlationId: 'c', $causationId: 'c' },
    };
    const events = items.map((data) => ({ id: randomUUID(), type, data, metadata }));
    await store.append(stream, 'no_stream', events);
  };

  beforeAll(async () => {
    node = await startNodeInProcess({ directory: join(home, 'events') });
    store = new EventStore({ connection: { endpoint: node.endpoint }, callTimeoutMs: 30_000 });
    const adopted: NotaryKeyAdopted['data'] = { origin: ORIGIN, verifierKey: key.verifier.text };
    await append(`notaryKeys-${ORIGIN}`, 'NotaryKeyAdopted', [adopted]);
    for (let n = 0; n < STREAMS; n += 1) {
      const items = Array.from({ length: EVENTS_EACH }, (_, number) => ({ number }));
      await append(`other-${n}`, 'SomethingHappened', items);
    }
    const tree = new TreeHead();
    let last = { position: 0n, recordedAt: '' };
    for await (const batch of store.readLog(0n, await store.head())) {
      for (const event of batch) tree.append(leafHash(leafLine(event)));
      last = batch.at(-1)!;
    }
    const { position, recordedAt: time } = last;
    const checkpoint = { origin: ORIGIN, size: tree.size, root: tree.root(), position, time };
    const signed: CheckpointSigned['data'] = {
      ...{ origin: ORIGIN, treeSize: tree.size, position: position.toString(), time },
      rootHash: checkpoint.root.toString('base64'),
      note: signCheckpoint(checkpoint, key),
    };
    await append(`notary-${time.slice(0, 10)}`, 'CheckpointSigned', [signed]);
  });
  afterAll(async () => {
    await store.close();
    await node.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const run = (...args: string[]): Promise<string> =>
    BuiltProgram.run(CLI, ['audit', ...args], env);
  const exitOf = async (...args: string[]): Promise<number> =>
    run(...args).then(
      () => 0,
      (error: { readonly code: number }) => error.code,
    );
  const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

  it('come to the same bytes, however often the export is killed', async () => {
    const path = join(home, 'killed.tar');
    for (const bytes of DEATHS_AT_BYTES) {
      const exporting = BuiltProgram.startWith(CLI, ['audit', 'export', '--to', path], env);
      while (sizeOf(path) < bytes) await sleep(1);
      await exporting.kill();
    }
    await run('export', '--to', path);
    const whole = join(home, 'whole.tar');
    copyFileSync(path, whole);
    // What was fixed when it began, and nothing else.
    truncateSync(whole, HEAD_BYTES);
    await run('export', '--to', whole);
    expect(readFileSync(whole).equals(readFileSync(path))).toBe(true);
    const said = await run('verify', path, '--key', key.verifier.text);
    expect(said).toContain('The history is whole');
    expect(said).toContain(`${STREAMS * EVENTS_EACH + 2} events of ${STREAMS + 2} streams`);
  }, 300_000);

  it('end with 1 where the history is not whole, and 2 where nobody can tell', async () => {
    const path = join(home, 'killed.tar');
    const other = makeSignerKey(ORIGIN).verifier.text;
    expect(await exitOf('verify', path, '--key', other)).toBe(1);
    expect(await exitOf('verify', path)).toBe(2);
    expect(await exitOf('verify', join(home, 'none.tar'), '--key', other)).toBe(2);
  }, 300_000);
});
