import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DomainEvent, RecordedEvent } from '@hostledger/eventsourcing';
import { sitesAggregates, sitesProjections } from '@hostledger/sites';
import { InMemoryStreams } from '@hostledger/testing';
import { AuditCatalogue } from '../catalogue.js';
import { streamAsOf } from '../domain/as-of.js';
import { plain } from '../domain/plain.js';
import { leafLine } from '../transparency/leaf.js';
import { recomputeAggregate, recomputeRow } from './recompute.js';
import { fileSource, sourceUpTo, storeSource, type LogSource } from './source.js';

const STREAM = 'facility-DENTON';
const catalogue = new AuditCatalogue(sitesAggregates, sitesProjections);

const opened: DomainEvent = {
  type: 'FacilityOpened',
  data: {
    ...{ facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago' },
    powerEnvelopeWatts: 1_000_000,
  },
};
const changed = (powerEnvelopeWatts: number): DomainEvent => ({
  type: 'PowerEnvelopeChanged',
  data: { facility: 'DENTON', powerEnvelopeWatts },
});

const streams = new InMemoryStreams();
let log: readonly RecordedEvent[];
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hostledger-recompute-'));
  await streams.happened(STREAM, '2024-01-01T12:00:00.000Z', opened);
  await streams.happened('facility-PECOS', '2024-01-01T12:00:00.000Z', {
    ...{ type: 'FacilityOpened', data: { ...opened.data, facility: 'PECOS' } },
  });
  for (const watts of [2_000_000, 3_000_000, 4_000_000, 5_000_000]) {
    await streams.happened(STREAM, '2024-02-01T12:00:00.000Z', changed(watts));
  }
  log = streams.log;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A file of lines, as an export has them. */
const dump = async (name: string, events = log): Promise<LogSource> => {
  const path = join(directory, name);
  await writeFile(path, events.map((event) => `${leafLine(event)}\n`).join(''));
  return fileSource(path);
};

const allOf = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

const storeOf = (events: readonly RecordedEvent[]) => ({
  head: () => Promise.resolve(events.at(-1)!.position),
  readAll: (after: bigint, count: number) =>
    Promise.resolve(events.filter(({ position }) => position > after).slice(0, count)),
});

/** With other watts in the event at a position. */
const tampered = (position: bigint, powerEnvelopeWatts: number): readonly RecordedEvent[] =>
  log.map((event) =>
    event.position === position ? { ...event, data: { ...event.data, powerEnvelopeWatts } } : event,
  );

describe('A source of events', () => {
  it('tells the same events from lines as from the store', async () => {
    const [lines, live] = [await dump('log.ndjson'), await storeSource(storeOf(log))];
    expect(await allOf(lines.events())).toEqual(log);
    expect(await allOf(live.events())).toEqual(log);
    const upTo = await allOf(sourceUpTo(lines, 200n).events());
    expect(upTo.map(({ position }) => position)).toEqual([100n, 200n]);
  });

  it('leaves out what is recorded while it is read, and what is of the store', async () => {
    const events = [...log, { ...log[0]!, type: '$metadata', position: 650n }];
    const growing = { ...storeOf(events), head: () => Promise.resolve(300n) };
    const read = await allOf((await storeSource(growing)).events());
    expect(read.at(-1)!.position).toBe(300n);
    const all = await allOf((await storeSource(storeOf(events))).events());
    expect(all).toEqual(log);
  });

  it('names the line that is no event', async () => {
    const path = join(directory, 'torn.ndjson');
    await writeFile(path, `${leafLine(log[0]!)}\n{"id":`);
    const torn = await fileSource(path);
    await expect(allOf(torn.events())).rejects.toThrow(/torn\.ndjson:2 is no JSON/);
    await writeFile(path, '{"id":"x"}\n');
    await expect(allOf(torn.events())).rejects.toThrow(/torn\.ndjson:1 is no event/);
  });
});

describe('A state that is computed anew', () => {
  it('is that of its own stream alone, at any position', async () => {
    const source = await dump('log.ndjson');
    const found = await recomputeAggregate(catalogue, source, STREAM);
    expect(found).toMatchObject({
      subject: 'aggregate facility-DENTON',
      position: '600',
      counted: 5,
      last: { position: '600', revision: '4', type: 'PowerEnvelopeChanged', stream: STREAM },
      value: { facility: 'DENTON', powerEnvelopeWatts: 5_000_000 },
    });
    const earlier = await recomputeAggregate(catalogue, sourceUpTo(source, 399n), STREAM);
    expect(earlier).toMatchObject({ counted: 2, value: { powerEnvelopeWatts: 2_000_000 } });
  });

  it('is equal to that of another copy of the log', async () => {
    const [here, there] = [await dump('here.ndjson'), await dump('there.ndjson')];
    const { verdict } = await recomputeAggregate(catalogue, here, STREAM, { source: there });
    expect(verdict).toMatchObject({ equal: true });
  });

  it('differs first after the event that was changed, and names field and values', async () => {
    const here = await dump('here.ndjson');
    const there = await dump('there.ndjson', tampered(400n, 3_500_000));
    const { verdict } = await recomputeAggregate(catalogue, here, STREAM, { source: there });
    expect(verdict).toMatchObject({
      equal: false,
      event: { position: '400', revision: '2', type: 'PowerEnvelopeChanged', stream: STREAM },
      path: '/powerEnvelopeWatts',
      here: 3_000_000,
      there: 3_500_000,
    });
  });

  it.each([
    [
      'dropped',
      (events: readonly RecordedEvent[]) => events.filter(({ position }) => position !== 500n),
      '500',
    ],
    [
      'inserted',
      (events: readonly RecordedEvent[]) =>
        events.flatMap((event) =>
          event.position === 500n
            ? [{ ...event, position: 450n, data: changed(9_000_000).data }, event]
            : [event],
        ),
      '450',
    ],
    ['cut off at the end', (events: readonly RecordedEvent[]) => events.slice(0, -1), '600'],
  ])('names the event that was %s', async (_, change, position) => {
    const here = await dump('here.ndjson');
    const there = await dump('there.ndjson', change(log));
    const { verdict } = await recomputeAggregate(catalogue, here, STREAM, { source: there });
    expect(verdict).toMatchObject({ equal: false, event: { position } });
  });

  it('of a kind that there is not is refused', async () => {
    const source = await dump('log.ndjson');
    await expect(recomputeAggregate(catalogue, source, 'rig-1')).rejects.toMatchObject({
      code: 'audit/category-unknown',
    });
  });
});

describe('A row that is computed anew', () => {
  const asked = { table: 'facilities', key: { facility: 'DENTON' } };

  it('is folded from the events that touch it', async () => {
    const found = await recomputeRow(catalogue, await dump('log.ndjson'), asked);
    expect(found).toMatchObject({
      subject: 'row facilities facility=DENTON',
      counted: 5,
      value: { facility: 'DENTON', power_envelope_watts: '5000000' },
    });
  });

  it('is null where nothing touches it', async () => {
    const other = { ...asked, key: { facility: 'MARBLE' } };
    const found = await recomputeRow(catalogue, await dump('log.ndjson'), other);
    expect(found).toMatchObject({ value: null, counted: 0, position: '600' });
  });

  it('differs from another copy first after the event that was changed', async () => {
    const here = await dump('here.ndjson');
    const there = await dump('there.ndjson', tampered(300n, 2_500_000));
    const { verdict } = await recomputeRow(catalogue, here, asked, { source: there });
    expect(verdict).toMatchObject({
      ...{ equal: false, path: '/power_envelope_watts', here: '2000000', there: '2500000' },
      event: { position: '300', type: 'PowerEnvelopeChanged' },
    });
  });

  it('is named by its key', async () => {
    const source = await dump('log.ndjson');
    const without = recomputeRow(catalogue, source, { table: 'facilities', key: {} });
    await expect(without).rejects.toThrow(/named by facility/);
    const unknown = recomputeRow(catalogue, source, { table: 'rigs', key: {} });
    await expect(unknown).rejects.toMatchObject({ code: 'audit/table-unknown' });
  });
});

describe('Held against a running system', () => {
  let answering: Server;
  let url: string;
  let theirs: readonly RecordedEvent[];
  let asked: string[];
  let row: { readonly row: unknown; readonly position: string };

  beforeAll(async () => {
    answering = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://server');
      asked.push(pathname);
      const position = BigInt(searchParams.get('knownAt') ?? 0);
      const own = theirs.filter((event) => event.stream === STREAM && event.position <= position);
      const state = () => {
        const aggregate = catalogue.aggregates.get('facility')!;
        return plain(streamAsOf(aggregate, own, { isKnown: () => true }).state);
      };
      const isKnown = own.length > 0;
      const rows = pathname.startsWith('/v1/audit/rows/');
      const body = rows ? row : isKnown ? { state: state() } : { code: 'audit/not-known-then' };
      response.statusCode = rows || isKnown ? 200 : 404;
      if (request.headers.authorization !== 'Bearer secret') response.statusCode = 401;
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(answering.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
    theirs = log;
  });
  afterAll(() => new Promise((resolve) => answering.close(resolve)));

  const against = () => ({ server: { url, token: 'secret' } });

  it('a state is asked for at its end, and is equal', async () => {
    const source = await dump('log.ndjson');
    const { verdict } = await recomputeAggregate(catalogue, source, STREAM, against());
    expect(verdict).toMatchObject({ equal: true });
    expect(asked).toHaveLength(1);
  });

  it.each([100n, 300n, 400n, 500n, 600n])(
    'the first event that differs is found by halving: %s',
    async (position) => {
      theirs = tampered(position, 1);
      // From the change on they differ, as where an event is dropped; later ones would set it right.
      theirs = theirs.map((event) =>
        event.position > position && event.stream === STREAM
          ? { ...event, data: { ...event.data, powerEnvelopeWatts: 1 } }
          : event,
      );
      const source = await dump('log.ndjson');
      const { verdict } = await recomputeAggregate(catalogue, source, STREAM, against());
      expect(verdict).toMatchObject({
        ...{ equal: false, path: '/powerEnvelopeWatts', there: 1 },
        event: { position: position.toString() },
      });
      expect(asked.length).toBeLessThanOrEqual(4);
    },
  );

  it('a row differs by the last event that touched the field', async () => {
    const source = await dump('log.ndjson');
    const { value } = await recomputeRow(catalogue, source, {
      ...{ table: 'facilities', key: { facility: 'DENTON' } },
    });
    const asking = { table: 'facilities', key: { facility: 'DENTON' } };
    row = { row: value, position: '600' };
    const same = await recomputeRow(catalogue, source, asking, against());
    expect(same.verdict).toMatchObject({ equal: true });
    row = { row: { ...(value as object), name: 'Dallas' }, position: '700' };
    const other = await recomputeRow(catalogue, source, asking, against());
    expect(other.verdict).toMatchObject({
      ...{ equal: false, path: '/name', here: 'Denton', there: 'Dallas' },
      event: { position: '100', type: 'FacilityOpened' },
      note: expect.stringContaining('true at position 700') as string,
    });
  });

  it('a refusal is told, not taken for an answer', async () => {
    const source = await dump('log.ndjson');
    const wrong = { server: { url, token: 'wrong' } };
    const found = recomputeAggregate(catalogue, source, STREAM, wrong);
    await expect(found).rejects.toThrow(/answers 401/);
  });
});
