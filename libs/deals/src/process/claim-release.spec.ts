import {
  AggregateStore,
  CommandIdReused,
  deriveId,
  hashOf,
  RevisionMismatch,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { InMemoryStreams, rowsOf, type FaultPoint } from '@hostledger/testing';
import { settlementAggregate, type SettlementCommand } from '../domain/settlement.js';
import {
  approval,
  at,
  cashLeg,
  claimLeg,
  digest,
  proposal,
  waiver,
} from '../domain/settlement.fixture.js';
import {
  claimReleasesProcess,
  pendingReleases,
  releaseClaim,
  type ClaimRelease,
  type PendingRelease,
} from './claim-release.js';

const contextFor = (key: string, body: unknown = key): CommandContext => ({
  commandId: deriveId(key),
  requestHash: hashOf(body),
  actor: { subject: 'ana', role: 'commercial' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});

/** Two approved settlements that name the same claim, spelled in two ways. */
const ready = async (): Promise<InMemoryStreams> => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  for (const [index, reference] of ['POC 425', 'poc  425'].entries()) {
    const settlementId = `s${index + 1}`;
    const claim = { ...claimLeg.claim!, reference };
    const legs = [cashLeg, { ...claimLeg, claim }];
    const commands: SettlementCommand[] = [
      { type: 'ProposeSettlement', data: { ...proposal, settlementId, legs }, at },
      { type: 'ApproveSettlement', data: approval, at },
    ];
    for (const command of commands) {
      const context = contextFor(`${command.type} ${settlementId}`);
      await store.handle(settlementAggregate, settlementId, command, context);
    }
  }
  return streams;
};

const release = (key: string, settlementId = 's1', change: Partial<ClaimRelease> = {}) => ({
  settlementId,
  leg: 2,
  releaseId: deriveId(key, 'release'),
  releasedOn: '2023-11-21',
  documentDigest: digest,
  ...change,
});
const begin = (streams: InMemoryStreams, key: string, settlementId = 's1') =>
  releaseClaim(new AggregateStore(streams), release(key, settlementId), contextFor(key));

/** What the worker does: perform every item that the log leaves open. */
const finish = async (streams: InMemoryStreams): Promise<void> => {
  const process = claimReleasesProcess(new AggregateStore(streams));
  for (const item of rowsOf<PendingRelease>(pendingReleases, streams.log)) {
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};

const SET_UP = 4;
const told = (streams: InMemoryStreams): string[] =>
  streams.log
    .filter(({ stream, revision }) => stream.startsWith('claim-') || revision >= BigInt(SET_UP))
    .map(({ stream, type }) => `${stream.replace(/^claim-.*/, 'claim')} ${type}`);
const waive = (streams: InMemoryStreams, settlementId = 's1') =>
  new AggregateStore(streams).handle(
    settlementAggregate,
    settlementId,
    { type: 'WaiveLeg', data: { ...waiver, leg: 2 }, at },
    contextFor('waive'),
  );

describe('releasing a claim', () => {
  it('binds the claim, then the settlement says that it was released', async () => {
    const streams = await ready();
    await begin(streams, 'a');
    expect(told(streams)).toEqual(['claim ClaimBound', 'settlement-s1 ClaimReleased']);
    expect(rowsOf(pendingReleases, streams.log)).toEqual([]);
    expect(new Set(streams.log.map(({ id }) => id)).size).toBe(streams.log.length);
  });

  it('is done once, under whatever settlement and however it is spelled', async () => {
    const streams = await ready();
    await begin(streams, 'a');
    await expect(begin(streams, 'b', 's2')).rejects.toMatchObject({
      code: 'settlement/claim-released',
      details: { settlementId: 's1', leg: 2 },
    });
    await finish(streams);
    expect(told(streams)).toEqual(['claim ClaimBound', 'settlement-s1 ClaimReleased']);
  });

  it('told again in the same words changes nothing, in others is refused', async () => {
    const streams = await ready();
    const first = await begin(streams, 'a');
    expect(await begin(streams, 'a')).toMatchObject({ revision: first.revision, replayed: true });
    expect((await begin(streams, 'b')).events).toEqual([]);
    const store = new AggregateStore(streams);
    const other = release('c', 's1', { releasedOn: '2023-11-22' });
    await expect(releaseClaim(store, other, contextFor('c'))).rejects.toMatchObject({
      code: 'settlement/leg-ended',
    });
    await expect(
      releaseClaim(store, release('a'), contextFor('a', 'another body')),
    ).rejects.toThrow(CommandIdReused);
    expect(told(streams)).toHaveLength(2);
  });

  it.each<[string, Partial<ClaimRelease>]>([
    ['settlement/unknown', { settlementId: 's9' }],
    ['settlement/leg-unknown', { leg: 9 }],
    ['settlement/no-claim-leg', { leg: 1 }],
    ['settlement/act-too-early', { releasedOn: '2023-11-01' }],
    ['settlement/act-in-future', { releasedOn: '2024-02-02' }],
  ])('refused by %s, it leaves no trace', async (code, change) => {
    const streams = await ready();
    const refused = releaseClaim(
      new AggregateStore(streams),
      release('a', 's1', change),
      contextFor('a'),
    );
    await expect(refused).rejects.toMatchObject({ code });
    expect(told(streams)).toEqual([]);
  });

  it('honours If-Match before the claim is bound', async () => {
    const streams = await ready();
    const store = new AggregateStore(streams);
    const stale = { ...contextFor('a'), expectedRevision: 2n };
    await expect(releaseClaim(store, release('a'), stale)).rejects.toThrow(RevisionMismatch);
    expect(told(streams)).toEqual([]);
    const current = { ...contextFor('a'), expectedRevision: 3n };
    expect(await releaseClaim(store, release('a'), current)).toMatchObject({ revision: 4n });
  });
});

describe('a release whose process dies', () => {
  const deaths = [1, 2].flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  );
  it.each(deaths)('at append %i, %s it, is made once', async (append, point) => {
    const streams = await ready();
    streams.failFrom(append, point);
    await expect(begin(streams, 'a')).rejects.toThrow();
    streams.heal();
    const intended = told(streams).length > 0;
    await finish(streams);
    await finish(streams);
    const made = ['claim ClaimBound', 'settlement-s1 ClaimReleased'];
    expect(told(streams)).toEqual(intended ? made : []);
    await begin(streams, 'a');
    expect(told(streams)).toEqual(made);
  });

  it.each(deaths)(
    'and whose leg was waived meanwhile, frees the claim (%i, %s)',
    async (n, point) => {
      const streams = await ready();
      streams.failFrom(2, 'before');
      await expect(begin(streams, 'a')).rejects.toThrow();
      streams.heal();
      await waive(streams);
      streams.failFrom(n, point);
      await expect(finish(streams)).rejects.toThrow();
      streams.heal();
      await finish(streams);
      const given = [
        'claim ClaimBound',
        'settlement-s1 LegWaived',
        'settlement-s1 ClaimReleaseAbandoned',
        'claim ClaimUnbound',
      ];
      expect(told(streams)).toEqual(given);
      expect(rowsOf(pendingReleases, streams.log)).toEqual([]);
      await expect(begin(streams, 'a')).rejects.toMatchObject({
        code: 'settlement/release-abandoned',
      });
      await begin(streams, 'b', 's2');
      expect(told(streams).slice(given.length)).toEqual([
        'claim ClaimBound',
        'settlement-s2 ClaimReleased',
      ]);
    },
  );
});

/** Waits until so many appends were begun from now on; the last of them may be stalled. */
const countingAppends = (streams: InMemoryStreams) => {
  const before = streams.appendCount();
  return async (appends: number): Promise<void> => {
    for (let turn = 0; streams.appendCount() < before + appends; turn += 1) {
      if (turn > 1_000) throw new Error(`${appends} appends were expected`);
      await Promise.resolve();
    }
  };
};

describe('releases that meet', () => {
  it('of one claim under two settlements: one of them is made', async () => {
    const streams = await ready();
    const both = await Promise.allSettled([begin(streams, 'a'), begin(streams, 'b', 's2')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await finish(streams);
    expect(told(streams).filter((each) => each.endsWith('ClaimReleased'))).toHaveLength(1);
  });

  it('a writer that stalled past the end of its release cannot make it any more', async () => {
    const streams = await ready();
    const go = streams.stallNext('settlement-s1');
    const appended = countingAppends(streams);
    const stalled = begin(streams, 'a');
    const refused = expect(stalled).rejects.toMatchObject({ code: 'settlement/release-abandoned' });
    await appended(2);
    await waive(streams);
    await finish(streams);
    await begin(streams, 'b', 's2');
    go();
    await refused;
    await finish(streams);
    expect(told(streams)).toEqual([
      'claim ClaimBound',
      'settlement-s1 LegWaived',
      'settlement-s1 ClaimReleaseAbandoned',
      'claim ClaimUnbound',
      'claim ClaimBound',
      'settlement-s2 ClaimReleased',
    ]);
  });

  it('with If-Match that another act overtook: the release is given up, and can be asked anew', async () => {
    const streams = await ready();
    const go = streams.stallNext('settlement-s1');
    const appended = countingAppends(streams);
    const guarded = { ...contextFor('a'), expectedRevision: 3n };
    const stalled = releaseClaim(new AggregateStore(streams), release('a'), guarded);
    const refused = expect(stalled).rejects.toThrow(RevisionMismatch);
    await appended(2);
    const pay = {
      leg: 1,
      performanceId: 'p',
      performedOn: '2023-11-10',
      amount: '1.00',
      reference: 'W',
    };
    await new AggregateStore(streams).handle(
      settlementAggregate,
      's1',
      { type: 'PerformLeg', data: pay, at },
      contextFor('pay'),
    );
    go();
    await refused;
    await expect(begin(streams, 'a')).rejects.toMatchObject({
      code: 'settlement/release-abandoned',
    });
    await begin(streams, 'b');
    expect(told(streams).at(-1)).toBe('settlement-s1 ClaimReleased');
  });
});
