import { InMemoryStreams } from '@hostledger/testing';
import {
  AggregateStore,
  CommandIdReused,
  deriveId,
  DomainError,
  RevisionMismatch,
  StoreUnavailable,
  TooMuchContention,
  UnreadableHistory,
  type Aggregate,
  type CommandContext,
  type DomainCommand,
  type DomainEvent,
} from './index.js';

type Counted = DomainEvent<'Counted', { by: number }> | DomainEvent<'Counted.v2', { step: number }>;
type Count = DomainCommand<'Count', { by: number }>;

/** A tally that may not pass 100; counting by 0 changes nothing. */
const tally: Aggregate<number, Count, Extract<Counted, { type: 'Counted.v2' }>> = {
  category: 'tally',
  initialState: 0,
  events: { 'Counted.v2': 'The tally went up.' },
  upcasters: {
    Counted: ({ data }) => ({ type: 'Counted.v2', data: { step: (data as { by: number }).by } }),
  },
  decide: ({ data: { by } }, total) => {
    if (total + by > 100) throw new DomainError('conflict', 'tally/full', 'The tally is full');
    return by === 0 ? [] : [{ type: 'Counted.v2', data: { step: by } }];
  },
  evolve: (total, event) => total + event.data.step,
};

const count = (by: number): Count => ({
  type: 'Count',
  data: { by },
  at: '2024-04-20T00:00:00.000Z',
});

const as = (command: string, more: Partial<CommandContext> = {}): CommandContext => ({
  commandId: deriveId(command),
  actor: { subject: 'ana', role: 'operator' },
  correlationId: 'c-1',
  causationId: 'r-1',
  at: '2024-04-20T00:00:00.000Z',
  ...more,
});

describe('handling a command', () => {
  let streams: InMemoryStreams;
  let store: AggregateStore;
  beforeEach(() => {
    streams = new InMemoryStreams();
    store = new AggregateStore(streams);
  });

  it('appends what was decided with actor, cause and business time', async () => {
    const handled = await store.handle(tally, 'a', count(5), as('one', { reason: 'audit' }));
    expect(handled).toMatchObject({ state: 5, revision: 0n, replayed: false });
    expect(streams.log[0]).toMatchObject({
      type: 'Counted.v2',
      metadata: {
        commandId: deriveId('one'),
        actor: { subject: 'ana', role: 'operator' },
        occurredAt: '2024-04-20T00:00:00.000Z',
        $correlationId: 'c-1',
        $causationId: 'r-1',
        reason: 'audit',
      },
    });
  });

  it('reads a stream once and then appends on the state it knows', async () => {
    const reads = jest.spyOn(streams, 'readStream');
    for (let i = 0; i < 10; i += 1) await store.handle(tally, 'a', count(1), as(`c${i}`));
    expect(reads).toHaveBeenCalledTimes(1);
    expect((await store.load(tally, 'a')).state).toBe(10);
  });

  it('does not read a stream that is assumed new', async () => {
    const reads = jest.spyOn(streams, 'readStream');
    await store.handle(tally, 'a', count(1), as('one'), { assumeNew: true });
    expect(reads).not.toHaveBeenCalled();
  });

  it('corrects the assumption that a stream is new', async () => {
    await store.handle(tally, 'a', count(1), as('one'));
    const other = new AggregateStore(streams);
    const handled = await other.handle(tally, 'a', count(2), as('two'), { assumeNew: true });
    expect(handled).toMatchObject({ state: 3, revision: 1n });
  });

  it('answers a repeated command with its first outcome, also after others acted', async () => {
    const first = await store.handle(tally, 'a', count(1), as('one'));
    await store.handle(tally, 'a', count(2), as('two'));
    for (const again of [store, new AggregateStore(streams)]) {
      const repeated = await again.handle(tally, 'a', count(1), as('one'));
      expect(repeated).toMatchObject({
        replayed: true,
        events: [],
        revision: first.revision,
        position: first.position,
      });
    }
    expect(streams.log).toHaveLength(2);
  });

  it('forgets what it knows of a stream when the log was restored to an older state', async () => {
    await store.handle(tally, 'a', count(1), as('one'));
    const backup = new InMemoryStreams();
    const log = new AggregateStore(backup);
    await log.handle(tally, 'a', count(1), as('one'));
    await store.handle(tally, 'a', count(2), as('two'));
    jest.spyOn(streams, 'readStream').mockImplementation((...of) => backup.readStream(...of));
    jest.spyOn(streams, 'append').mockImplementation((...of) => backup.append(...of));
    expect(await store.handle(tally, 'a', count(4), as('three'))).toMatchObject({
      state: 5,
      revision: 1n,
    });
    expect((await store.load(tally, 'a', { fresh: true })).commands).toHaveLength(2);
  });

  it('refuses a known command id with another body', async () => {
    await store.handle(tally, 'a', count(1), as('one'));
    await expect(store.handle(tally, 'a', count(2), as('one'))).rejects.toThrow(CommandIdReused);
  });

  it('lets only one of two bodies through that race under one command id', async () => {
    const replicas = [new AggregateStore(streams), new AggregateStore(streams)];
    const outcomes = await Promise.allSettled(
      replicas.map((replica, i) => replica.handle(tally, 'a', count(i + 1), as('one'))),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(refused.reason).toBeInstanceOf(CommandIdReused);
    expect(streams.log).toHaveLength(1);
  });

  it('tells both of two equal tries the one outcome, whichever was written', async () => {
    const replicas = [new AggregateStore(streams), new AggregateStore(streams)];
    const handled = await Promise.all(
      replicas.map((replica, i) =>
        replica.handle(tally, 'a', count(1), as('one', { at: `2024-04-2${i}T00:00:00.000Z` })),
      ),
    );
    expect(handled.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    expect(handled[0]!.position).toBe(handled[1]!.position);
    expect(streams.log).toHaveLength(1);
  });

  it('changes nothing when there is nothing to change', async () => {
    const handled = await store.handle(tally, 'a', count(0), as('one'));
    expect(handled).toMatchObject({ revision: -1n, events: [], replayed: false });
    expect(streams.log).toHaveLength(0);
  });

  it('refuses only on a state that is up to date', async () => {
    const reset: typeof tally = {
      ...tally,
      evolve: (total, { data }) => (data.step < 0 ? 0 : total + data.step),
    };
    await store.handle(reset, 'a', count(90), as('one'));
    await new AggregateStore(streams).handle(reset, 'a', count(-1), as('two'));
    await expect(store.handle(reset, 'a', count(40), as('three'))).resolves.toMatchObject({
      state: 40,
    });
  });

  describe('with If-Match', () => {
    it('acts on the named revision only', async () => {
      await store.handle(tally, 'a', count(1), as('one'));
      await store.handle(tally, 'a', count(1), as('two', { expectedRevision: 0n }));
      await expect(
        store.handle(tally, 'a', count(1), as('three', { expectedRevision: 0n })),
      ).rejects.toThrow(RevisionMismatch);
    });

    it('does not refuse because its own state is behind', async () => {
      await store.handle(tally, 'a', count(1), as('one'));
      await new AggregateStore(streams).handle(tally, 'a', count(1), as('two'));
      const handled = await store.handle(tally, 'a', count(1), as('x', { expectedRevision: 1n }));
      expect(handled.revision).toBe(2n);
    });

    it('never decides again on a newer revision', async () => {
      await store.handle(tally, 'a', count(1), as('one'));
      const release = streams.stallNext('tally-a');
      const held = store.handle(tally, 'a', count(1), as('held', { expectedRevision: 0n }));
      await new AggregateStore(streams).handle(tally, 'a', count(1), as('two'));
      release();
      await expect(held).rejects.toThrow(RevisionMismatch);
    });
  });

  it('settles a lost reply when the command is sent again', async () => {
    streams.failFrom(1, 'after');
    await expect(store.handle(tally, 'a', count(1), as('one'))).rejects.toThrow(StoreUnavailable);
    streams.heal();
    const handled = await store.handle(tally, 'a', count(1), as('one'));
    expect(handled).toMatchObject({ replayed: true, state: 1 });
    expect(streams.log).toHaveLength(1);
  });

  it('survives a conflict storm of 50 writers that share nothing but the stream', async () => {
    const writers = Array.from({ length: 50 }, () => new AggregateStore(streams));
    const outcomes = await Promise.allSettled(
      writers.map((writer, i) => writer.handle(tally, 'a', count(3), as(`w${i}`))),
    );
    const accepted = outcomes.filter(({ status }) => status === 'fulfilled').length;
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const fair =
        outcome.reason instanceof TooMuchContention || outcome.reason instanceof DomainError;
      expect(fair).toBe(true);
    }
    expect(accepted).toBeGreaterThan(0);
    expect(streams.log).toHaveLength(accepted);
    const { state } = await new AggregateStore(streams).load(tally, 'a');
    expect(state).toBe(accepted * 3);
    expect(state).toBeLessThanOrEqual(100);
  });

  it('lets 50 writers of one process all through, one after another', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.handle(tally, 'a', count(1), as(`w${i}`))),
    );
    expect(outcomes.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 50 }, (_, i) => BigInt(i)),
    );
  });

  it('reads old shapes through their upcasters and refuses to guess at unknown ones', async () => {
    const metadata = { commandId: 'x', commandHash: 'h' } as never;
    await streams.append('tally-a', 'no_stream', [
      { id: '1', type: 'Counted', data: { by: 7 }, metadata },
    ]);
    expect((await store.load(tally, 'a')).state).toBe(7);
    await streams.append('tally-b', 'no_stream', [{ id: '2', type: 'Lost', data: {}, metadata }]);
    await expect(store.load(tally, 'b')).rejects.toThrow(UnreadableHistory);
  });

  it('passes over what others have put into a stream, where its aggregate has to go on', async () => {
    const metadata = { commandId: 'x', commandHash: 'h' } as never;
    await streams.append('tally-a', 'no_stream', [
      { id: '1', type: 'Lost', data: {}, metadata },
      { id: '2', type: 'Counted', data: { by: 7 }, metadata: {} as never },
      { id: '3', type: 'Counted', data: { by: 5 }, metadata },
    ]);
    const lenient = { ...tally, passesForeign: true } as const;
    expect(await store.load(lenient, 'a')).toMatchObject({ state: 5, revision: 2n });
    expect((await store.handle(lenient, 'a', count(1), as('w'))).revision).toBe(3n);
    await streams.append('tally-c', 'no_stream', [
      { id: '4', type: 'Lost', data: {}, metadata: {} as never },
    ]);
    for (const round of [1n, 2n]) {
      const { revision } = await store.load(lenient, 'c', { fresh: true });
      expect(revision).toBe(round - 1n);
      expect((await store.handle(lenient, 'c', count(1), as(`c${round}`))).revision).toBe(round);
    }
  });
});
