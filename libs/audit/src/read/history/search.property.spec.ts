import fc from 'fast-check';
import { deriveId, type NewEvent, type RecordedEvent } from '@hostledger/eventsourcing';
import { INTERNAL_CATEGORIES, PartiesQuery } from '@hostledger/feed';
import { ReadModelUnavailable } from '@hostledger/eventsourcing/postgres';
import { embeddedDatabase, Home, readModelsOf, type TestDatabase } from '@hostledger/testing';
import type { HistoryFilter } from './filter.js';
import { projections, rules } from './history.fixture.js';
import { HistorySearch } from './search.js';

// Random histories and filters: what is found is what a look at every event finds, by every way there
// is to walk, whatever the sizes of pages and windows. A failure prints the seed and the least case.

const WITHIN_MS = 240_000;
const SERIALS = ['A1', 'B2', 'C3'] as const;
const CONTRACTS = ['c1', 'c2'] as const;
const CUSTOMERS = ['ann', 'bob'] as const;

const serial = fc.constantFrom(...SERIALS);
const contract = fc.constantFrom(...CONTRACTS);
const customer = fc.constantFrom(...CUSTOMERS);

/** Stream, type, data. */
const fact = fc.oneof(
  fc.record({ contract, customer }).map(({ contract: contractId, customer: customerId }) => ({
    stream: `hostingContract-${contractId}`,
    type: 'ContractDrafted',
    data: { contractId, customerId },
  })),
  fc
    .record({ contract, from: customer, to: customer })
    .map(({ contract: contractId, from, to }) => ({
      stream: `hostingContract-${contractId}`,
      type: 'PartyAssigned',
      data: { contractId, fromCustomerId: from, toCustomerId: to },
    })),
  fc
    .record({ serial, contract, customer })
    .map(({ serial: of, contract: contractId, customer: c }) => ({
      stream: `miner-${of}`,
      type: 'MinerReceived',
      data: { serial: of, contractId, customerId: c },
    })),
  fc.record({ serial, to: contract, from: contract }).map(({ serial: of, to, from }) => ({
    stream: `miner-${of}`,
    type: 'MinerAssigned',
    data: { serial: of, contractId: to, energized: { fromContractId: from } },
  })),
  serial.map((of) => ({ stream: `miner-${of}`, type: 'RepairOpened', data: { serial: of } })),
  fc.record({ serial, freed: contract }).map(({ serial: of, freed }) => ({
    stream: `miner-${of}`,
    type: 'BenchSwapEnded',
    data: { serial: of, freed: { contractId: freed } },
  })),
  serial.map((of) => ({ stream: 'rack-F.R1', type: 'SlotOccupied', data: { serial: of } })),
  contract.map((contractId) => ({
    stream: 'facility-F',
    type: 'CapacityCommitted',
    data: { allocationId: `of-${contractId}`, contractId },
  })),
  contract.map((contractId) => ({
    stream: 'facility-F',
    type: 'CapacityReleased',
    data: { allocationId: `of-${contractId}` },
  })),
  fc.subarray([...SERIALS], { minLength: 1 }).map((serials) => ({
    stream: 'siteClearance-F',
    type: 'RelocationCasesOpened',
    data: { serials },
  })),
  fc.constant({ stream: 'accessToken-t1', type: 'AccessTokenIssued', data: {} }),
  fc.constant({ stream: 'odd-1', type: 'Unheard', data: {} }),
);
const history = fc.array(
  fc.record({
    fact,
    subject: fc.constantFrom('ana', 'erp'),
    correlation: fc.constantFrom('r1', 'r2', 'r3'),
    day: fc.integer({ min: 1, max: 9 }),
  }),
  { minLength: 1, maxLength: 60 },
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
const day = fc.integer({ min: 1, max: 9 }).map((of) => `2024-04-0${of}T00:00:00.000Z`);
const filters = fc.record({
  stream: maybe(fc.constantFrom('miner-A1', 'facility-F')),
  categories: maybe(fc.subarray(['miner', 'rack', 'accessToken', 'odd'], { minLength: 1 })),
  types: maybe(fc.subarray(['SlotOccupied', 'MinerAssigned', 'Unheard'], { minLength: 1 })),
  subject: maybe(fc.constantFrom('ana', 'nobody')),
  correlationId: maybe(fc.constantFrom('r1')),
  contractId: maybe(contract),
  customerId: maybe(customer),
  serial: maybe(serial),
  occurredFrom: maybe(day),
  occurredUntil: maybe(day),
});
/** Most filters ask for one or two things. */
const filter = filters.chain((whole) =>
  fc
    .subarray(Object.keys(whole) as (keyof typeof whole)[], { maxLength: 2 })
    .map((keys): HistoryFilter => Object.fromEntries(keys.map((key) => [key, whole[key]]))),
);
const question = fc.record({
  filter,
  direction: fc.constantFrom('asc' as const, 'desc' as const),
  withData: fc.boolean(),
  atOnce: fc.integer({ min: 1, max: 9 }),
  bounds: fc.record({
    streamsOfParty: fc.constantFrom(0, 1, 1_000),
    windowRows: fc.integer({ min: 1, max: 30 }),
  }),
});

/** By a look at every event, with the parties as of its position. */
const expected = async (
  log: readonly RecordedEvent[],
  parties: PartiesQuery,
  wanted: HistoryFilter,
): Promise<bigint[]> => {
  const concerned = await parties.of(log);
  const { types, categories } = wanted;
  const asked = types ?? categories ?? wanted.stream ?? wanted.subject ?? wanted.correlationId;
  const same = <T>(value: T | undefined, own: T) => value === undefined || value === own;
  return log
    .filter(({ stream, type, data, metadata }, index) => {
      const [category] = stream.split('-');
      const { serial: named, serials = [] } = data as { serial?: string; serials?: string[] };
      const at = metadata.occurredAt;
      return (
        (asked !== undefined || !INTERNAL_CATEGORIES.includes(category!)) &&
        same(wanted.stream, stream) &&
        (types?.includes(type) ?? true) &&
        (categories?.includes(category!) ?? true) &&
        same(wanted.subject, metadata.actor.subject) &&
        same(wanted.correlationId, metadata.$correlationId) &&
        (same(wanted.serial, named) || serials.includes(wanted.serial!)) &&
        (wanted.occurredFrom === undefined || at >= wanted.occurredFrom) &&
        (wanted.occurredUntil === undefined || at < wanted.occurredUntil) &&
        (!wanted.contractId || concerned[index]!.contracts.includes(wanted.contractId)) &&
        (!wanted.customerId || concerned[index]!.customers.includes(wanted.customerId))
      );
    })
    .map(({ position }) => position);
};

const eventOf = (
  {
    fact: { type, data },
    subject,
    correlation,
    day: of,
  }: typeof history extends fc.Arbitrary<(infer T)[]> ? T : never,
  number: number,
): NewEvent => ({
  id: deriveId('event', number),
  type,
  data,
  metadata: {
    ...{ commandId: deriveId('command', number), commandHash: 'h' },
    actor: { subject, role: 'operator' },
    occurredAt: `2024-04-0${of}T00:00:00.000Z`,
    ...{ $correlationId: correlation, $causationId: 'y' },
  },
});

describe('the search of the history', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await embeddedDatabase();
  });
  afterAll(() => database.close());

  it(
    'finds what a look at every event finds',
    async () => {
      const life = async (
        acts: typeof history extends fc.Arbitrary<infer T> ? T : never,
        questions: (typeof question extends fc.Arbitrary<infer T> ? T : never)[],
      ): Promise<void> => {
        const home = await Home.open();
        const revisions = new Map<string, bigint>();
        for (const [number, act] of acts.entries()) {
          const { stream } = act.fact;
          const before = revisions.get(stream) ?? ('no_stream' as const);
          const { revision } = await home.events.append(stream, before, [eventOf(act, number)]);
          revisions.set(stream, revision);
        }
        const log = await home.log();
        const { readModels, close } = await readModelsOf(projections, log, database);
        const parties = new PartiesQuery(rules, readModels);
        for (const { filter: wanted, direction, withData, atOnce, bounds } of questions) {
          const search = new HistorySearch(readModels, home.events, parties, {}, bounds);
          const begun = await search.begin(wanted, { direction, withData });
          const found: bigint[] = [];
          for await (const page of search.pages(begun, undefined, atOnce)) {
            found.push(...page.events.map(({ row }) => row.position));
          }
          const all = await expected(log, parties, wanted);
          expect(found).toEqual(direction === 'asc' ? all : all.toReversed());
        }
        await close();
        await home.close();
      };
      await fc.assert(
        fc.asyncProperty(history, fc.array(question, { minLength: 12, maxLength: 12 }), life),
        { numRuns: 12 },
      );
    },
    WITHIN_MS,
  );

  it('goes on with smaller pieces where the database does not answer in time', async () => {
    const home = await Home.open();
    const moved = { stream: 'miner-A1', type: 'MinerAssigned', data: { serial: 'A1' } };
    const act = { fact: moved, subject: 'erp', correlation: 'r1', day: 1 };
    const acts = Array.from({ length: 900 }, (_, number) =>
      eventOf(act as unknown as Parameters<typeof eventOf>[0], number),
    );
    await home.events.append('miner-A1', 'no_stream', acts);
    const log = await home.log();
    const { readModels, close } = await readModelsOf(projections, log, database);
    let begun = false;
    let failures = 2;
    const busy: Pick<typeof readModels, 'read'> = {
      read: (at, work) => {
        if (!begun || failures === 0) return readModels.read(at, work);
        failures -= 1;
        return Promise.reject(new ReadModelUnavailable('It took too long'));
      },
    };
    const parties = new PartiesQuery(rules, readModels);
    const bounds = { windowRows: 800 };
    const pagesOf = async (): Promise<number> => {
      const search = new HistorySearch(busy, home.events, parties, {}, bounds);
      const wanted = { serial: 'A1', subject: 'nobody' };
      const found = await search.begin(wanted, { direction: 'asc', withData: false });
      begun = true;
      let pages = 0;
      for await (const { events } of search.pages(found)) {
        pages += 1;
        expect(events).toEqual([]);
      }
      begun = false;
      return pages;
    };
    const pages = await pagesOf();
    expect(failures).toBe(0);
    expect(pages).toBeGreaterThan(await pagesOf());
    await close();
    await home.close();
  });
});
