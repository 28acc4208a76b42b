import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { leafLine, storeSource } from '@hostledger/audit';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { deriveId, type DomainEvent, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventsDirectory } from '../../../composition/system.js';
import { auditCommands } from './command.js';

const STREAM = 'facility-DENTON';
const AT = '2024-06-01T00:00:00.000Z';

const history: readonly DomainEvent[] = [
  {
    type: 'FacilityOpened',
    data: {
      ...{ facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago' },
      powerEnvelopeWatts: 1_000_000,
    },
  },
  {
    type: 'PowerEnvelopeChanged',
    data: { facility: 'DENTON', powerEnvelopeWatts: 2_000_000, fromWatts: 1_000_000 },
  },
];

describe('audit recompute', () => {
  const environment = { ...process.env };
  let directory: string;
  let node: RunningNode;
  let log: EventStore;
  let events: readonly RecordedEvent[];

  /** What the command prints, what it complains of, and its exit code. */
  const run = async (...words: readonly string[]) => {
    const told = { out: '', err: '', code: 0 };
    const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      told.out += String(text);
      return true;
    });
    const err = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      told.err += String(text);
      return true;
    });
    const program = new Command();
    auditCommands(program);
    const before = process.exitCode;
    process.exitCode = undefined;
    try {
      await program.parseAsync(['audit', 'recompute', ...words], { from: 'user' });
      told.code = Number(process.exitCode ?? 0);
    } finally {
      process.exitCode = before;
      out.mockRestore();
      err.mockRestore();
    }
    return told;
  };

  const dump = async (name: string, lines: readonly RecordedEvent[]): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, lines.map((event) => `${leafLine(event)}\n`).join(''));
    return path;
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hostledger-recompute-'));
    process.env = { ...environment, DATA_DIR: directory, EVENTSTORE_URL: '', DATABASE_URL: '' };
    node = await startNodeInProcess({ directory: eventsDirectory(directory) });
    log = new EventStore({ connection: { endpoint: node.endpoint } });
    const metadata = {
      ...{ commandId: deriveId('c'), commandHash: 'hash', occurredAt: AT },
      actor: { subject: 'ada', role: 'operator' },
      ...{ $correlationId: 'c', $causationId: 'c' },
    };
    const told = history.map((event, index) => ({ ...event, id: deriveId('e', index), metadata }));
    await log.append(STREAM, 'no_stream', told);
    const read: RecordedEvent[] = [];
    for await (const event of (await storeSource(log)).events()) read.push(event);
    events = read;
  });
  afterAll(async () => {
    await log.close();
    await node.stop();
    await rm(directory, { recursive: true, force: true });
    process.env = environment;
  });

  it('tells a state from the store itself, also as it was at a position', async () => {
    const now = await run('live', 'aggregate', STREAM);
    expect(now).toMatchObject({ code: 0, err: '' });
    expect(now.out).toMatch(/^aggregate facility-DENTON, from live up to position \d+: 2 events/);
    expect(now.out).toContain('"powerEnvelopeWatts": 2000000');
    const first = events[0]!.position.toString();
    const earlier = await run('live', 'aggregate', STREAM, '--at', first);
    expect(earlier.out).toContain('"powerEnvelopeWatts": 1000000');
  });

  it('ends with 0 for equal, and with 1 for different, naming event and field', async () => {
    const here = await dump('here.ndjson', events);
    const row = ['row', 'facilities', 'facility=DENTON'] as const;
    const same = await run('live', ...row, '--against', here);
    expect(same).toMatchObject({ code: 0, out: expect.stringContaining('\nequal: ') as string });
    const [opened, changed] = events as [RecordedEvent, RecordedEvent];
    const data = { ...changed.data, powerEnvelopeWatts: 3_000_000 };
    const there = await dump('there.ndjson', [opened, { ...changed, data }]);
    const other = await run(here, 'aggregate', STREAM, '--against', there);
    expect(other.code).toBe(1);
    expect(other.out).toMatch(
      new RegExp(`event +PowerEnvelopeChanged, position ${changed.position}, revision 1 of `),
    );
    expect(other.out).toMatch(/field +\/powerEnvelopeWatts\n +computed +2000000\n +there +3000000/);
    const { out } = await run(here, 'aggregate', STREAM, '--against', there, '--json');
    expect(JSON.parse(out)).toMatchObject({ counted: 2, verdict: { equal: false, there: 3e6 } });
  });

  it.each([
    [['live', 'aggregate', 'rig-1'], /no streams of the kind/],
    [['live', 'row', 'rigs', 'a=1'], /table rigs/],
    [['live', 'row', 'facilities', 'DENTON'], /no <column>=<value>/],
    [['live', 'aggregate', STREAM, 'more'], /one word too many/],
    [['live', 'rig', 'x'], /neither aggregate, row nor statement/],
    [['no-such-file', 'aggregate', STREAM], /no such file/],
  ])('ends with 2 for trouble: %j', async (words, complaint) => {
    const told = await run(...words);
    expect(told).toMatchObject({ code: 2, out: '' });
    expect(told.err).toMatch(complaint);
  });
});
