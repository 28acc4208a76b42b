import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ANY,
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  FORWARDS,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
  type JSONEventData,
} from '@eventstore/db-client';
import { startNodeInProcess, type RunningNode } from './index.js';

// What a client may rely on, through the real client. With EVENTSTORE_URL the same suite runs
// against that server instead; every test uses streams of its own.

let directory: string;
let node: RunningNode | undefined;
let client: EventStoreDBClient;

beforeAll(async () => {
  const url = process.env['EVENTSTORE_URL'];
  if (url) {
    client = EventStoreDBClient.connectionString(url);
    return;
  }
  directory = mkdtempSync(join(tmpdir(), 'hl-node-'));
  node = await startNodeInProcess({ directory });
  client = new EventStoreDBClient({ endpoint: node.endpoint }, { insecure: true });
});

afterAll(async () => {
  await client.dispose();
  await node?.stop();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

/** Those of the connection string; any at all for a node that asks nobody. */
const credentialsOf = (url = ''): { username: string; password: string } => {
  const [, username = 'anybody', password = 'anything'] =
    /^[\w+]+:\/\/([^:@/]+):([^@/]+)@/.exec(url) ?? [];
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
};

let stream: string;
beforeEach(() => {
  stream = `conformance-${randomUUID()}`;
});

const event = (n = 0, type = 'Tested'): JSONEventData => jsonEvent({ type, data: { n } });

const append = (
  events: JSONEventData | JSONEventData[],
  expectedRevision: AppendExpectedRevision,
  name = stream,
) => client.appendToStream(name, events, { expectedRevision });

const seed = async (count: number, name = stream): Promise<JSONEventData[]> => {
  const events = Array.from({ length: count }, (_, n) => event(n));
  await append(events, NO_STREAM, name);
  return events;
};

interface Seen {
  readonly n: number;
  readonly revision: bigint;
  readonly position: bigint;
}

const collect = async (read: AsyncIterable<{ event?: unknown }>): Promise<Seen[]> => {
  const seen: Seen[] = [];
  for await (const { event: found } of read) {
    const { data, revision, position } = found as {
      data: { n: number };
      revision: bigint;
      position?: { commit: bigint };
    };
    seen.push({ n: data.n, revision, position: position?.commit ?? 0n });
  }
  return seen;
};

const numbers = (seen: readonly Seen[]): number[] => seen.map(({ n }) => n);

describe('expected revision', () => {
  const states: Record<string, () => Promise<void>> = {
    'never written': () => Promise.resolve(),
    live: async () => {
      await seed(2);
    },
    'metadata only': async () => {
      await client.setStreamMetadata(stream, { maxCount: 10 });
    },
    'soft-deleted': async () => {
      await seed(2);
      await client.deleteStream(stream);
    },
    tombstoned: async () => {
      await seed(2);
      await client.tombstoneStream(stream);
    },
  };

  it.each([
    ['never written', ANY, 'accepts'],
    ['never written', NO_STREAM, 'accepts'],
    ['never written', STREAM_EXISTS, 'refuses'],
    ['never written', 0n, 'refuses'],
    ['live', ANY, 'accepts'],
    ['live', NO_STREAM, 'refuses'],
    ['live', STREAM_EXISTS, 'accepts'],
    ['live', 1n, 'accepts'],
    ['live', 0n, 'refuses'],
    ['live', 2n, 'refuses'],
    ['metadata only', ANY, 'accepts'],
    ['metadata only', NO_STREAM, 'accepts'],
    ['metadata only', STREAM_EXISTS, 'accepts'],
    ['soft-deleted', ANY, 'accepts'],
    ['soft-deleted', NO_STREAM, 'accepts'],
    ['soft-deleted', STREAM_EXISTS, 'is gone'],
    ['soft-deleted', 1n, 'accepts'],
    ['tombstoned', ANY, 'is gone'],
    ['tombstoned', NO_STREAM, 'is gone'],
    ['tombstoned', STREAM_EXISTS, 'is gone'],
    ['tombstoned', 1n, 'is gone'],
  ] as const)('of a stream that is %s, %s: it %s', async (state, expected, outcome) => {
    await states[state]!();
    const appended = append(event(9), expected);
    if (outcome === 'accepts') await expect(appended).resolves.toMatchObject({ success: true });
    else {
      const error = outcome === 'refuses' ? WrongExpectedVersionError : StreamDeletedError;
      await expect(appended).rejects.toBeInstanceOf(error);
    }
  });

  it('names what was found', async () => {
    await seed(3);
    await expect(append(event(), 7n)).rejects.toMatchObject({
      streamName: stream,
      expectedVersion: 7n,
      actualVersion: 2n,
    });
    await expect(append(event(), 7n, `${stream}x`)).rejects.toMatchObject({
      actualVersion: 'no_stream',
    });
  });
});

describe('a repeated append', () => {
  it('with all ids equal has the first outcome, whatever came after it', async () => {
    const events = [event(1), event(2)];
    const first = await append(events, NO_STREAM);
    await append(event(3), 1n);
    const again = await append(events, NO_STREAM);
    expect(again).toEqual(first);
    const [, second] = events;
    const middle = await append([second!], 0n);
    expect(middle.nextExpectedRevision).toBe(1n);
    expect(await collect(client.readStream(stream))).toHaveLength(3);
  });

  it('whose first id differs is a wrong expected version', async () => {
    await seed(2);
    await expect(append([event(), event()], NO_STREAM)).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
  });

  it('of which only some ids are equal is refused and changes nothing', async () => {
    const [first] = await seed(2);
    await expect(append([first!, event(9)], NO_STREAM)).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
    await expect(append([first!, event(9), event(10)], NO_STREAM)).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
    expect(numbers(await collect(client.readStream(stream)))).toEqual([0, 1]);
  });

  it('compares ids only: the same id at the next revision is written again', async () => {
    const [only] = await seed(1);
    await append(only!, 0n);
    expect(await collect(client.readStream(stream))).toHaveLength(2);
  });
});

describe('an append', () => {
  it('is whole or not at all, and its events are neighbours', async () => {
    const { position } = await append([event(1), event(2), event(3)], NO_STREAM);
    const seen = await collect(client.readStream(stream));
    expect(numbers(seen)).toEqual([1, 2, 3]);
    expect(seen.at(-1)!.position).toBe(position!.commit);
    const positions = seen.map((one) => one.position);
    expect([...positions].sort((a, b) => (a < b ? -1 : 1))).toEqual(positions);
    expect(new Set(positions).size).toBe(3);
  });

  it('over the limit is refused with the limit', async () => {
    const large = jsonEvent({ type: 'Large', data: { text: 'x'.repeat(600_000) } });
    const two = [large, jsonEvent({ type: 'Large', data: { text: 'x'.repeat(600_000) } })];
    const refused = append(two, NO_STREAM);
    await expect(refused).rejects.toBeInstanceOf(MaxAppendSizeExceededError);
    await expect(append(large, NO_STREAM)).resolves.toMatchObject({ success: true });
  });

  it('keeps bytes, types, metadata and ids as they were sent', async () => {
    const id = randomUUID();
    const metadata = { $correlationId: 'c', note: 'ü€😀' };
    await append(
      jsonEvent({ id, type: 'Typed', data: { text: 'ü€😀', none: null }, metadata }),
      NO_STREAM,
    );
    for await (const { event: found } of client.readStream(stream)) {
      expect(found).toMatchObject({
        id,
        type: 'Typed',
        isJson: true,
        streamId: stream,
        data: { text: 'ü€😀', none: null },
        metadata,
      });
      expect(Math.abs(found!.created.getTime() - Date.now())).toBeLessThan(60_000);
    }
  });

  it('goes the older way with credentials of its own, with the same rules', async () => {
    const credentials = credentialsOf(process.env['EVENTSTORE_URL']);
    const older = (revision: AppendExpectedRevision, sent: JSONEventData) =>
      client.appendToStream(stream, sent, { expectedRevision: revision, credentials });
    const first = event(1);
    const done = await older(NO_STREAM, first);
    expect(await older(NO_STREAM, first)).toEqual(done);
    await expect(older(NO_STREAM, event(2))).rejects.toBeInstanceOf(WrongExpectedVersionError);
    await expect(older(0n, event(3))).resolves.toMatchObject({ nextExpectedRevision: 1n });
  });

  it('is one of many hundreds in flight, each with its own outcome', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 600 }, (_, i) =>
        append(event(i), i % 3 === 2 ? 5n : NO_STREAM, `${stream}-${i}`),
      ),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    const others = refused.filter(
      ({ reason }: PromiseRejectedResult) => !(reason instanceof WrongExpectedVersionError),
    );
    expect(others).toEqual([]);
    expect(refused).toHaveLength(200);
  });
});

describe('reading a stream', () => {
  beforeEach(() => seed(10).then(() => undefined));

  it.each([
    [
      'forwards from the start',
      { direction: FORWARDS, fromRevision: START },
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ],
    ['forwards from a revision', { direction: FORWARDS, fromRevision: 7n }, [7, 8, 9]],
    ['forwards, some', { direction: FORWARDS, fromRevision: 2n, maxCount: 3 }, [2, 3, 4]],
    ['forwards past the end', { direction: FORWARDS, fromRevision: 99n }, []],
    ['backwards from the end', { direction: BACKWARDS, fromRevision: END, maxCount: 3 }, [9, 8, 7]],
    ['backwards from a revision', { direction: BACKWARDS, fromRevision: 2n }, [2, 1, 0]],
    ['backwards to the start', { direction: BACKWARDS, fromRevision: START }, [0]],
  ] as const)('%s', async (_how, options, expected) => {
    expect(numbers(await collect(client.readStream(stream, { ...options })))).toEqual(expected);
  });

  it('that does not exist, or exists no more, says so', async () => {
    await expect(collect(client.readStream(`${stream}-none`))).rejects.toBeInstanceOf(
      StreamNotFoundError,
    );
    await client.tombstoneStream(stream);
    await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamDeletedError);
  });
});

describe('reading $all', () => {
  it('goes both ways from any position, in order of positions', async () => {
    await seed(5);
    const mine = await collect(client.readStream(stream));
    const [, second, third] = mine;
    const at = ({ position }: Seen) => ({ commit: position, prepare: position });
    const forwards = await collect(client.readAll({ fromPosition: at(second!), maxCount: 3 }));
    expect(numbers(forwards)).toEqual([1, 2, 3]);
    const backwards = await collect(
      client.readAll({ direction: BACKWARDS, fromPosition: at(third!), maxCount: 2 }),
    );
    expect(numbers(backwards)).toEqual([1, 0]);
    const last = await collect(
      client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }),
    );
    expect(last[0]!.position).toBe(mine.at(-1)!.position);
  });
});

describe('metadata and deletion', () => {
  it('hides what is before $tb and beyond $maxCount, and numbers on', async () => {
    await seed(6);
    await client.setStreamMetadata(stream, { truncateBefore: 2 });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([2, 3, 4, 5]);
    await client.setStreamMetadata(stream, { maxCount: 2 });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([4, 5]);
    await expect(append(event(6), 5n)).resolves.toMatchObject({ nextExpectedRevision: 6n });
    expect((await client.getStreamMetadata(stream)).metadata).toMatchObject({ maxCount: 2 });
  });

  it('hides what is older than $maxAge', async () => {
    await seed(2);
    await client.setStreamMetadata(stream, { maxAge: 3600 });
    expect(await collect(client.readStream(stream))).toHaveLength(2);
    await client.setStreamMetadata(stream, { maxAge: 1 });
    const seen = async (): Promise<number> =>
      (await collect(client.readStream(stream)).catch(() => [])).length;
    for (let i = 0; i < 500 && (await seen()) > 0; i += 1) {
      await new Promise((done) => setTimeout(done, 10));
    }
    expect(await seen()).toBe(0);
    await append(event(7), 1n);
    expect(numbers(await collect(client.readStream(stream)))).toEqual([7]);
  });

  it('of a soft-deleted stream lets it go on where it was', async () => {
    await seed(3);
    await client.deleteStream(stream, { expectedRevision: 2n });
    await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamNotFoundError);
    const { nextExpectedRevision } = await append(event(3), NO_STREAM);
    expect(nextExpectedRevision).toBe(3n);
    expect(numbers(await collect(client.readStream(stream)))).toEqual([3]);
  });

  it('deletes only at the revision that was expected', async () => {
    await seed(3);
    await expect(client.deleteStream(stream, { expectedRevision: 0n })).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
    await expect(client.tombstoneStream(stream, { expectedRevision: 0n })).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
  });
});

describe('a subscription', () => {
  const take = async (
    subscription: AsyncIterable<{ event?: unknown }> & { unsubscribe(): Promise<void> },
    count: number,
  ): Promise<number[]> => {
    const taken: number[] = [];
    for await (const { event: found } of subscription) {
      taken.push((found as { data: { n: number } }).data.n);
      if (taken.length === count) break;
    }
    await subscription.unsubscribe();
    return taken;
  };

  const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

  const write = async (from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n += 1) {
      await append(event(n), n === 0 ? NO_STREAM : BigInt(n - 1));
    }
  };

  it('to a stream goes from history to live without gap or double', async () => {
    await write(0, 100);
    const taking = take(client.subscribeToStream(stream, { fromRevision: START }), 200);
    await write(100, 100);
    expect(await taking).toEqual(upTo(200));
  });

  it('to a stream begins after a revision, at the end, or before the stream exists', async () => {
    const early = take(client.subscribeToStream(stream, { fromRevision: START }), 5);
    await write(0, 3);
    const after = take(client.subscribeToStream(stream, { fromRevision: 1n }), 2);
    const atEnd = client.subscribeToStream(stream, { fromRevision: END });
    await new Promise((confirmed) => atEnd.once('confirmation', () => confirmed(undefined)));
    const later = take(atEnd, 2);
    await write(3, 2);
    expect([await early, await after, await later]).toEqual([upTo(5), [2, 3], [3, 4]]);
  });

  it('to $all resumes after a position, through a filter by name', async () => {
    await write(0, 10);
    const seen = await collect(client.readStream(stream));
    const { position } = seen[3]!;
    const taking = take(
      client.subscribeToAll({
        fromPosition: { commit: position, prepare: position },
        filter: streamNameFilter({ prefixes: [stream] }),
      }),
      10,
    );
    await write(10, 4);
    expect(await taking).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });

  it.each([
    ['a prefix of the type', () => eventTypeFilter({ prefixes: [`Red${stream.slice(-6)}`] })],
    ['a pattern of the type', () => eventTypeFilter({ regex: `^Red${stream.slice(-6)}$` })],
    ['a pattern of the stream', () => streamNameFilter({ regex: `^${stream}-red$` })],
  ])('to $all takes only what fits %s', async (_how, filter) => {
    const red = `Red${stream.slice(-6)}`;
    await append([event(1, 'Blue')], NO_STREAM, `${stream}-blue`);
    await append([event(2, red)], NO_STREAM, `${stream}-red`);
    await append([event(3, 'Blue')], ANY, `${stream}-blue`);
    await append([event(4, red)], 0n, `${stream}-red`);
    expect(await take(client.subscribeToAll({ filter: filter() }), 2)).toEqual([2, 4]);
  });

  it('tells how far a filter has looked, at the pace that was asked for', async () => {
    const checkpoints: bigint[] = [];
    const subscription = client.subscribeToAll({
      fromPosition: START,
      filter: eventTypeFilter({
        prefixes: [`None${stream.slice(-6)}`],
        maxSearchWindow: 10,
        checkpointInterval: 2,
        checkpointReached: (_subscription, { commit }) => void checkpoints.push(commit),
      }),
    });
    subscription.on('data', () => undefined).on('error', () => undefined);
    await append(
      Array.from({ length: 100 }, (_, n) => event(n)),
      NO_STREAM,
    );
    for (let i = 0; i < 500 && checkpoints.length < 5; i += 1) {
      await new Promise((done) => setTimeout(done, 10));
    }
    await subscription.unsubscribe();
    expect(checkpoints.length).toBeGreaterThanOrEqual(5);
    expect([...checkpoints].sort((a, b) => (a < b ? -1 : 1))).toEqual(checkpoints);
  });

  it('to $all without a filter sees what many write at once, each once and in order', async () => {
    const subscription = client.subscribeToAll({ fromPosition: END });
    const told: string[] = [];
    subscription.once('caughtUp', () => told.push('caught up'));
    const seen: { readonly n: string; readonly position: bigint }[] = [];
    const all = new Promise<void>((resolve, reject) => {
      subscription.on('error', reject).on('data', ({ event: found }) => {
        if (!found?.streamId.startsWith(stream)) return;
        seen.push({ n: found.streamId + found.revision, position: found.position.commit });
        if (seen.length === 40 * 5) resolve();
      });
    });
    await new Promise((confirmed) => subscription.once('confirmation', () => confirmed(undefined)));
    const writers = Array.from({ length: 40 }, async (_, writer) => {
      const name = `${stream}-${writer}`;
      for (let n = 0; n < 5; n += 1)
        await append(event(n), n === 0 ? NO_STREAM : BigInt(n - 1), name);
    });
    await Promise.all(writers);
    await all;
    await subscription.unsubscribe();
    expect(new Set(seen.map(({ n }) => n)).size).toBe(40 * 5);
    const positions = seen.map(({ position }) => position);
    expect([...positions].sort((a, b) => (a < b ? -1 : 1))).toEqual(positions);
    expect(told).toEqual(['caught up']);
  });

  it('says when it has caught up', async () => {
    await write(0, 3);
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    const caughtUp = new Promise((told) => subscription.once('caughtUp', () => told('caught up')));
    subscription.on('data', () => undefined);
    expect(await caughtUp).toBe('caught up');
    await subscription.unsubscribe();
  });
});
