import { setImmediate as turn } from 'node:timers/promises';
import type { DomainEvent, RecordedEvent } from '@hostledger/eventsourcing';
import { InMemoryLog, until } from '@hostledger/testing';
import { EventFeed, type EventFeedOptions, type FeedPage } from './event-feed.js';
import type { FeedFilter } from './filter.js';
import type { Parties } from './parties.js';

const lit = (lamp: number, contractId = 'c-1'): DomainEvent => ({
  type: lamp % 2 === 0 ? 'LampLit' : 'LampOut',
  data: { lamp, contractId },
});
const lamps = (count: number, from = 0): DomainEvent[] =>
  Array.from({ length: count }, (_, index) => lit(from + index));

let log: InMemoryLog;
let feed: EventFeed;
let fellBehind: number;
let heldUp: number;

const partiesOf = ({ data }: RecordedEvent): Parties => ({
  contracts: [(data as { contractId: string }).contractId],
  customers: [],
});

const open = (options: Partial<EventFeedOptions> = {}): EventFeed =>
  new EventFeed({
    log,
    feeds: log,
    parties: { of: (events) => Promise.resolve(events.map(partiesOf)) },
    source: 'urn:spec',
    gatherMsPerReader: 0,
    observer: { fellBehind: () => (fellBehind += 1), heldUp: () => (heldUp += 1) },
    ...options,
  });

beforeEach(() => {
  log = new InMemoryLog();
  fellBehind = 0;
  heldUp = 0;
  feed = open();
});
afterEach(() => feed.close());

/** A reader that keeps all it is given. */
class Reader {
  readonly positions: bigint[] = [];
  readonly pages: FeedPage[] = [];
  readonly stopping = new AbortController();
  readonly done: Promise<void>;

  constructor(of: EventFeed, after = 0n, filter: FeedFilter = {}) {
    this.done = this.read(of, after, filter);
  }

  private async read(of: EventFeed, after: bigint, filter: FeedFilter): Promise<void> {
    for await (const page of of.follow(after, { filter, signal: this.stopping.signal })) {
      this.pages.push(page);
      this.positions.push(...page.events.map(({ recorded }) => recorded.position));
    }
  }

  get at(): bigint | undefined {
    return this.pages.at(-1)?.position;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }
}

const positionsAfter = (after: bigint, type?: string): bigint[] =>
  log.events
    .filter((event) => event.position > after && (type === undefined || event.type === type))
    .map(({ position }) => position);

describe('a reader', () => {
  it('is given all that was, and then what comes, once and in order', async () => {
    log.append(...lamps(1_000));
    const reader = new Reader(feed);
    await until(() => reader.at === log.end);
    log.append(...lamps(700));
    await until(() => reader.at === log.end);
    expect(reader.positions).toEqual(positionsAfter(0n));
    expect(reader.pages.at(-1)?.caughtUp).toBe(true);
    await reader.stop();
  });

  it('begins after any position', async () => {
    log.append(...lamps(10));
    const after = log.events[6]!.position;
    const reader = new Reader(feed, after);
    await until(() => reader.at === log.end);
    expect(reader.positions).toEqual(positionsAfter(after));
    await reader.stop();
  });

  it('passes what its filter leaves out, and is told how far', async () => {
    log.append(...lamps(600));
    const reader = new Reader(feed, 0n, { types: ['LampLit'] });
    const other = new Reader(feed, 0n, { contractId: 'c-2' });
    await until(() => reader.at === log.end && other.at === log.end);
    expect(reader.positions).toEqual(positionsAfter(0n, 'LampLit'));
    expect(other.positions).toEqual([]);
    const position = log.append(lit(1, 'c-2'));
    await until(() => other.positions.length === 1);
    expect(other.positions).toEqual([position]);
    await Promise.all([reader.stop(), other.stop()]);
  });

  it('that waits is given a sign of life', async () => {
    await feed.close();
    feed = open({ signOfLifeMs: 5 });
    log.append(...lamps(3));
    const reader = new Reader(feed, 0n, { types: ['Nothing'] });
    await until(() => reader.pages.length > 2);
    expect(reader.pages.at(-1)).toEqual({ events: [], position: log.end, caughtUp: true });
    await reader.stop();
  });

  it('outwaits stores that do not answer', async () => {
    await feed.close();
    let faults = 3;
    const parties = {
      of: (events: readonly RecordedEvent[]) => {
        faults -= 1;
        if (faults >= 0) return Promise.reject(new Error('The database is down'));
        return Promise.resolve(events.map(partiesOf));
      },
    };
    feed = open({ parties });
    log.append(...lamps(5));
    const reader = new Reader(feed);
    await until(() => reader.at === log.end);
    faults = 2;
    log.append(...lamps(5));
    await until(() => reader.at === log.end);
    expect(reader.positions).toEqual(positionsAfter(0n));
    expect(heldUp).toBe(5);
    await reader.stop();
  });
});

describe('many readers', () => {
  it('share one subscription and one serialisation, and end it when the last leaves', async () => {
    log.append(...lamps(300));
    const readers = Array.from({ length: 100 }, () => new Reader(feed));
    await until(() => readers.every(({ at }) => at === log.end));
    log.append(...lamps(50));
    await until(() => readers.every(({ at }) => at === log.end));
    expect(log.openedFrom).toHaveLength(1);
    const [first, ...others] = readers.map(({ pages }) => pages.at(-1)!.events);
    for (const events of others) expect(events).toBe(first);
    await Promise.all(readers.map((reader) => reader.stop()));
    expect(feed.held).toBe(0);
    const again = new Reader(feed, log.end);
    await until(() => log.openedFrom.length === 2);
    await again.stop();
  });

  it('begin where the shared tail does not reach back to, and miss nothing', async () => {
    log.append(...lamps(5));
    const first = new Reader(feed, log.end);
    await until(() => log.openedFrom.length === 1);
    // A position between two events: the tail begins after it, and nothing lies between.
    const second = new Reader(feed, log.end - 1n);
    await until(() => second.at === log.end);
    log.append(...lamps(3));
    await until(() => second.at === log.end && first.at === log.end);
    expect(second.positions).toEqual(positionsAfter(log.events[3]!.position));
    await Promise.all([first.stop(), second.stop()]);
  });
});

describe('a slow reader', () => {
  it('costs no memory: it goes back to the log and misses nothing', async () => {
    await feed.close();
    feed = open({ tailEvents: 50 });
    log.append(...lamps(10));
    const quick = new Reader(feed);
    const stopping = new AbortController();
    const slow = feed.follow(0n, { signal: stopping.signal });
    const positions: bigint[] = [];
    const pull = async (): Promise<void> => {
      const { value } = (await slow.next()) as { value: FeedPage };
      positions.push(...value.events.map(({ recorded }) => recorded.position));
    };
    await pull();
    log.append(lit(1));
    await pull();
    for (let round = 0; round < 40; round += 1) {
      log.append(...lamps(30));
      await until(() => quick.at === log.end);
      expect(feed.held).toBeLessThanOrEqual(50);
    }
    while (positions.at(-1) !== log.end) await pull();
    expect(positions).toEqual(positionsAfter(0n));
    expect(quick.positions).toEqual(positionsAfter(0n));
    expect(fellBehind).toBeGreaterThan(0);
    stopping.abort();
    await slow.return(undefined);
    await quick.stop();
  });

  it('is bounded by the size of events as well', async () => {
    await feed.close();
    feed = open({ tailCharacters: 20_000 });
    const reader = new Reader(feed);
    await until(() => log.openedFrom.length === 1);
    for (let round = 0; round < 10; round += 1) {
      log.append({ type: 'LampLit', data: { note: 'x'.repeat(9_000) } });
    }
    await until(() => reader.at === log.end);
    expect(feed.held).toBe(2);
    expect(reader.positions).toEqual(positionsAfter(0n));
    await reader.stop();
  });
});

describe('an end', () => {
  it('comes to all readers with the feed, whatever they wait for', async () => {
    log.append(...lamps(5));
    const readers = [new Reader(feed), new Reader(feed, log.end), new Reader(feed)];
    await until(() => readers[0]!.at === log.end);
    await feed.close();
    await Promise.all(readers.map(({ done }) => done));
    expect(feed.held).toBe(0);
  });

  it('comes to a reader by its signal while the stores do not answer', async () => {
    await feed.close();
    feed = open({ parties: { of: () => Promise.reject(new Error('Down')) } });
    log.append(...lamps(5));
    const reader = new Reader(feed);
    await until(() => heldUp > 0);
    await reader.stop();
    await turn();
    expect(reader.pages).toEqual([]);
  });
});

describe('a page', () => {
  it('has at most so many events, and goes on at its position', async () => {
    log.append(...lamps(1_000));
    const positions: bigint[] = [];
    let page: FeedPage = { events: [], position: 0n, caughtUp: false };
    while (!page.caughtUp) {
      page = await feed.page(page.position, { filter: { types: ['LampLit'] }, limit: 70 });
      expect(page.events.length).toBeLessThanOrEqual(70);
      positions.push(...page.events.map(({ recorded }) => recorded.position));
    }
    expect(positions).toEqual(positionsAfter(0n, 'LampLit'));
  });

  it('ends after a bounded search, and tells how far it came', async () => {
    log.append(...lamps(6_000));
    const page = await feed.page(0n, { filter: { contractId: 'nobody' }, limit: 10 });
    expect(page).toMatchObject({ events: [], caughtUp: false });
    expect(page.position).toBe(log.events[5_119]!.position);
  });

  it('ends after its time where the stores are slow, and goes on all the same', async () => {
    log.append(...lamps(1_000));
    const impatient = open({ pageWithinMs: 0 });
    const first = await impatient.page(0n, { filter: { contractId: 'nobody' }, limit: 10 });
    expect(first).toMatchObject({ events: [], caughtUp: false });
    expect(first.position).toBe(log.events[255]!.position);
    const positions: bigint[] = [];
    let page: FeedPage = { events: [], position: 0n, caughtUp: false };
    while (!page.caughtUp) {
      page = await impatient.page(page.position, { filter: { types: ['LampLit'] }, limit: 300 });
      positions.push(...page.events.map(({ recorded }) => recorded.position));
    }
    expect(positions).toEqual(positionsAfter(0n, 'LampLit'));
    await impatient.close();
  });
});
