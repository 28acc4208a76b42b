import fc from 'fast-check';
import { deriveId, type NewEvent } from '@hostledger/eventsourcing';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { Home } from '@hostledger/testing';
import { EventFeed } from './event-feed.js';
import { matcherOf, type FeedFilter } from './filter.js';

// Readers that stop anywhere and come back, while others write: on the embedded node, with its own
// paging and subscriptions. A failure prints the seed and the smallest sequence.

const WITHIN_MS = 120_000;
const STREAMS = ['miner-A1', 'miner-B2', 'rack-F.R1'] as const;

const eventOf = (stream: string, number: number): NewEvent => {
  const id = deriveId('event', number);
  const isMiner = stream.startsWith('miner-');
  return {
    id,
    type: isMiner ? 'RepairClosed' : 'RackClosed',
    data: isMiner
      ? { serial: stream.slice(6), repairId: `r-${number}`, outcome: 'repaired' }
      : { facility: 'F', rack: 'R1', disposalId: `d-${number}` },
    metadata: {
      ...{ commandId: id, commandHash: 'h', actor: { subject: 'ana', role: 'operator' } },
      occurredAt: '2024-04-20T00:00:00.000Z',
      ...{ $correlationId: 'x', $causationId: 'y' },
    },
  };
};

const filters: readonly FeedFilter[] = [
  {},
  { categories: ['rack'] },
  { types: ['RepairClosed'] },
  { contractId: 'c-A1' },
  { contractId: 'nobody' },
];
const plan = fc.record({
  /** Appends of so many events to one of the streams. */
  writes: fc.array(
    fc.tuple(fc.nat({ max: STREAMS.length - 1 }), fc.integer({ min: 1, max: 400 })),
    {
      minLength: 2,
      maxLength: 6,
    },
  ),
  /** Each reader stops after so many pages, again and again, until nothing is left. */
  readers: fc.array(
    fc.record({
      filter: fc.constantFrom(...filters),
      stops: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
      /** Turns of the event loop between two pages. */
      slowness: fc.constantFrom(0, 0, 3, 40),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

const partiesOf = (stream: string) => ({
  contracts: stream.startsWith('miner-') ? [`c-${stream.slice(6)}`] : [],
  customers: [],
});

const feedOf = (home: Home): EventFeed =>
  new EventFeed({
    log: home.events,
    feeds: new EventStoreFeeds(home.events),
    parties: { of: (events) => Promise.resolve(events.map(({ stream }) => partiesOf(stream))) },
    source: 'urn:spec',
    tailEvents: 60,
    signOfLifeMs: 10,
  });

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

/** Reads on from where it stopped until the position `end()` is reached, once it is known. */
const readInPieces = async (
  feed: EventFeed,
  { filter, stops, slowness }: Plan['readers'][number],
  end: () => bigint | undefined,
): Promise<string[]> => {
  const ids: string[] = [];
  let position = 0n;
  for (let piece = 0; ; piece += 1) {
    const stopping = new AbortController();
    let pages = 0;
    for await (const page of feed.follow(position, { filter, signal: stopping.signal })) {
      ids.push(...page.events.map(({ recorded }) => recorded.id));
      position = page.position;
      const last = end();
      if (last !== undefined && position >= last) return ids;
      pages += 1;
      if (pages >= stops[piece % stops.length]!) break;
      await turns(slowness);
    }
    stopping.abort();
    if (pages === 0) throw new Error('The feed ended by itself');
  }
};

const live = async (home: Home, { writes, readers }: Plan): Promise<void> => {
  const feed = feedOf(home);
  try {
    let end: bigint | undefined = undefined;
    const reading = readers.map((reader) => readInPieces(feed, reader, () => end));
    let number = 0;
    let last = 0n;
    const revisions = new Map<string, bigint>();
    for (const [index, count] of writes) {
      const stream = STREAMS[index]!;
      const events = Array.from({ length: count }, () => eventOf(stream, (number += 1)));
      const { revision, position } = await home.events.append(
        stream,
        revisions.get(stream) ?? 'no_stream',
        events,
      );
      revisions.set(stream, revision);
      last = position;
    }
    end = last;
    const log = await home.log();
    for (const [index, told] of (await Promise.all(reading)).entries()) {
      const matcher = matcherOf(readers[index]!.filter);
      const expected = log.filter((event) => matcher.matches(event, partiesOf(event.stream)));
      expect(told).toEqual(expected.map(({ id }) => id));
      expect(feed.held).toBeLessThanOrEqual(60);
    }
  } finally {
    await feed.close();
  }
};

it(
  'a reader that stops anywhere and resumes is told everything once, in order, by any filter',
  async () => {
    await fc.assert(
      fc.asyncProperty(plan, (told) => Home.during((home) => live(home, told))),
      { numRuns: 10, interruptAfterTimeLimit: WITHIN_MS / 3, markInterruptAsFailure: false },
    );
  },
  WITHIN_MS,
);
