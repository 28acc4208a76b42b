import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { day, factsOf, meter } from '../../domain/meter-month.fixture.js';
import {
  meterMonthAggregate,
  meterMonthId,
  readingsOf,
  type MeterMonthCommand,
  type MeterMonthEvent,
  type NewReading,
} from '../../domain/meter-month.js';
import { meterAggregate } from '../../domain/meter.js';
import {
  programmeReceiptsAggregate,
  programmeReceiptsId,
} from '../../domain/programme-receipts.js';
import { contextOf } from '../../process/meters.fixture.js';
import {
  lateReadingsExist,
  lateReceiptsExist,
  meterFactsOf,
  receiptsOf,
  type MeterTables,
} from './facts.js';
import { metersProjection } from './projection.js';

const METERS = 12;
const at = '2024-07-05T00:00:00.000Z';
const june = { from: day(1), until: day(31) };
const contractOf = (n: number): string => `contract-${n}`;
const meterOf = (n: number): string => `M-${String(n).padStart(2, '0')}`;

const streams = new InMemoryStreams();
const store = new AggregateStore(streams);
let filled: Awaited<ReturnType<typeof readModelsOf>>;
let acts = 0;

const next = (): CommandContext => contextOf(`facts ${(acts += 1)}`);
const position = (): bigint => streams.log.at(-1)!.position;
const read = async <T>(query: (db: Kysely<MeterTables>) => Promise<T>): Promise<T> =>
  (await filled.readModels.read<MeterTables, T>({}, query)).value;

const tell = (n: number, command: MeterMonthCommand) =>
  store.handle(meterMonthAggregate, meterMonthId(meterOf(n), '2024-06'), command, next());

const facts = (n: number) =>
  factsOf({
    meter: { ...meter, meterId: meterOf(n), contractId: contractOf(n) },
    estimation: [{ effectiveOn: '2023-09-25', agreed: true }],
  });

const register = (n: number, startsAt: string) => {
  const { kind, facility, timeZone } = meter;
  const about = { meterId: meterOf(n), contractId: contractOf(n), kind, facility, timeZone };
  const data = { ...about, startsAt, reference: `${n}` };
  return store.handle(meterAggregate, meterOf(n), { type: 'RegisterMeter', data, at }, next());
};

/** Cuts from one day to another at days between, with an amount each. */
const cut = (
  from: number,
  until: number,
  cuts: readonly number[],
  amount: number,
): NewReading[] => {
  const inner = cuts.filter((at) => at > from && at < until);
  const ends = [...new Set([...inner, until])].sort((a, b) => a - b);
  return ends.map((end, index) => ({
    from: day(index === 0 ? from : ends[index - 1]!),
    until: day(end),
    amount: String(amount + index),
    ...(amount % 3 === 0 && { estimatedBy: 'nameplate' }),
  }));
};

/** Readings of June from its start on, and corrections of what is known then. */
const act = fc.record({
  meter: fc.nat({ max: METERS - 1 }),
  corrects: fc.boolean(),
  days: fc.integer({ min: 1, max: 8 }),
  skip: fc.nat({ max: 4 }),
  cuts: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
  amount: fc.integer({ min: 1, max: 1_000 }),
});

const dayOf = (instant: string): number =>
  Math.round((Date.parse(instant) - Date.parse(day(0))) / 86_400_000);

/** What holds after some events of a month, by the rule of the stream itself. */
const heldAfter = (events: readonly MeterMonthEvent[]) =>
  events.reduce(meterMonthAggregate.evolve, meterMonthAggregate.initialState).known;

beforeAll(async () => {
  for (let n = 0; n < METERS; n += 1) await register(n, day(1));
  const history = fc.sample(fc.array(act, { minLength: 120, maxLength: 120 }), 1)[0]!;
  for (const { meter: n, corrects, days, skip, cuts, amount } of history) {
    const id = meterMonthId(meterOf(n), '2024-06');
    const { known } = (await store.load(meterMonthAggregate, id)).state;
    const end = known.length === 0 ? 1 : dayOf(known.at(-1)!.until);
    if (corrects && known.length > 0) {
      const first = known[Math.max(0, known.length - 1 - skip)]!;
      const [from, until] = [first.from, known.at(-1)!.until];
      const readings = cut(dayOf(from), dayOf(until), cuts, amount);
      await tell(n, {
        type: 'CorrectUsage',
        data: { facts: facts(n), from, until, readings, cause: 'True-up' },
        at,
      });
    } else if (end + days <= 31) {
      const readings = cut(end, end + days, cuts, amount);
      const upload = { digest: 'd', operationId: 'o' };
      await tell(n, { type: 'AcceptReadings', data: { facts: facts(n), readings, ...upload }, at });
    }
  }
  filled = await readModelsOf([metersProjection], streams.log);
});
afterAll(() => filled.close());

describe('the facts of a period', () => {
  it('are those that held at each position of the log', async () => {
    const told = streams.log.filter(({ stream }) => stream.startsWith('meterMonth-'));
    expect(told.length).toBeGreaterThan(60);
    expect(told.some(({ type }) => type === 'UsageCorrected')).toBe(true);
    for (const { stream, position: known } of told) {
      const n = Number(/M-(\d+)\./.exec(stream)![1]);
      const before = told.filter((event) => event.stream === stream && event.position <= known);
      const held = heldAfter(before as unknown as MeterMonthEvent[]);
      const { readings, meters } = await read((db) => meterFactsOf(db, contractOf(n), june, known));
      expect(meters).toMatchObject([{ meterId: meterOf(n), window: june }]);
      expect(
        readings.map(({ from, until, amount, quality }) => ({ from, until, amount, quality })),
      ).toEqual(
        held.map(({ from, until, amount, estimatedBy }) => ({
          ...{ from, until, amount },
          quality: estimatedBy === undefined ? 'measured' : 'estimated',
        })),
      );
      for (const { source, amount } of readings) {
        const event = told.find(({ id }) => id === source.eventId)!;
        expect(source).toMatchObject({ stream, position: event.position.toString() });
        const amounts = readingsOf(event as unknown as MeterMonthEvent).map((one) => one.amount);
        expect(amounts).toContain(amount);
      }
    }
  });

  it('are none before they were recorded, and none of another time', async () => {
    const none = { meters: [], readings: [] };
    expect(await read((db) => meterFactsOf(db, contractOf(0), june, 99n))).toEqual(none);
    const may = { from: '2024-05-01T05:00:00.000Z', until: day(1) };
    expect(await read((db) => meterFactsOf(db, contractOf(0), may, position()))).toEqual(none);
    expect(await read((db) => meterFactsOf(db, 'contract-99', june, position()))).toEqual(none);
  });

  it('are of a meter as long as it measures, as was known', async () => {
    const before = position();
    await register(50, day(10));
    const registered = position();
    const data = { meterId: meterOf(50), endsAt: day(20), cause: 'Replaced' };
    await store.handle(meterAggregate, meterOf(50), { type: 'RetireMeter', data, at }, next());
    const retired = position();
    await filled.catchUp(streams.log);
    const windowAt = (known: bigint, period = june) =>
      read(async (db) => {
        const { meters } = await meterFactsOf(db, contractOf(50), period, known);
        return meters.map(({ window }) => window);
      });
    expect(await windowAt(before)).toEqual([]);
    expect(await windowAt(registered)).toEqual([{ from: day(10), until: day(31) }]);
    expect(await windowAt(retired)).toEqual([{ from: day(10), until: day(20) }]);
    const july = { from: day(31), until: '2024-08-01T05:00:00.000Z' };
    expect(await windowAt(registered, july)).toEqual([july]);
    expect(await windowAt(retired, july)).toEqual([]);
    const late = (until: string, after: bigint, upTo: bigint) =>
      read((db) => lateReadingsExist(db, contractOf(50), { until, after, position: upTo }));
    expect(await late(day(31), before, registered)).toBe(true);
    expect(await late(day(31), registered, retired)).toBe(true);
    expect(await late(day(5), before, retired)).toBe(false);
    expect(await late(day(31), retired, retired + 100n)).toBe(false);
  });

  it('came late where they were recorded after a position', async () => {
    const contractId = contractOf(60);
    await register(60, day(1));
    const closed = position();
    const upload = { digest: 'd', operationId: 'o' };
    const readings = cut(1, 3, [2], 1);
    await tell(60, { type: 'AcceptReadings', data: { facts: facts(60), readings, ...upload }, at });
    await filled.catchUp(streams.log);
    const late = (until: string, after: bigint, upTo = position()) =>
      read((db) => lateReadingsExist(db, contractId, { until, after, position: upTo }));
    expect(await late(day(31), closed)).toBe(true);
    expect(await late(day(31), closed, closed)).toBe(false);
    expect(await late(day(31), position())).toBe(false);
    expect(await late(day(1), closed)).toBe(false);
  });
});

describe('what programmes paid in a period', () => {
  const days = { from: '2024-08-01', until: '2024-09-01' };
  const record = async (receiptId: string, receivedOn: string, facility = 'DENTON') => {
    const data = {
      ...{ receiptId, facility, receivedOn, curtailmentId: 'c-1', amount: '10.50' },
      ...{ currency: 'USD', reference: receiptId },
      curtailment: { is: 'declared' as const, beginsOn: '2024-06-20' },
    };
    const command = {
      type: 'RecordProgrammeReceipt',
      data,
      at: '2024-10-01T00:00:00.000Z',
    } as const;
    const id = programmeReceiptsId(facility, 'c-1');
    await store.handle(programmeReceiptsAggregate, id, command, next());
    return position();
  };

  it('is what had been recorded and not been reversed', async () => {
    const start = position();
    const second = await record('r-2', '2024-08-31');
    const first = await record('r-1', '2024-08-01');
    await record('r-3', '2024-09-01');
    await record('r-4', '2024-08-15', 'PECOS');
    const command = {
      type: 'ReverseProgrammeReceipt',
      data: { receiptId: 'r-1', cause: 'x' },
      at,
    } as const;
    await store.handle(programmeReceiptsAggregate, 'DENTON.c-1', command, next());
    await filled.catchUp(streams.log);
    const ids = (known: bigint, facilities = ['DENTON']) =>
      read(async (db) => {
        const receipts = await receiptsOf(db, facilities, days, known);
        return receipts.map(({ receiptId }) => receiptId);
      });
    expect(await ids(start)).toEqual([]);
    expect(await ids(second)).toEqual(['r-2']);
    expect(await ids(first)).toEqual(['r-1', 'r-2']);
    expect(await ids(position())).toEqual(['r-2']);
    expect(await ids(position(), ['PECOS', 'DENTON'])).toEqual(['r-4', 'r-2']);
    expect(await ids(position(), [])).toEqual([]);
    const [receipt] = await read((db) => receiptsOf(db, ['DENTON'], days, second));
    expect(receipt).toMatchObject({
      ...{ receiptId: 'r-2', curtailmentId: 'c-1', facility: 'DENTON', amount: '10.50' },
      ...{ currency: 'USD', receivedOn: '2024-08-31' },
      source: { stream: 'programmeReceipts-DENTON.c-1', revision: 0, position: `${second}` },
    });
    const late = (until: string, after: bigint, facilities = ['DENTON']) =>
      read((db) => lateReceiptsExist(db, facilities, { until, after, position: position() }));
    expect(await late('2024-09-01', start)).toBe(true);
    expect(await late('2024-09-01', first)).toBe(true);
    expect(await late('2024-09-01', position())).toBe(false);
    expect(await late('2024-08-01', start)).toBe(false);
    expect(await late('2024-09-01', start, ['HOUSTON'])).toBe(false);
  });
});
