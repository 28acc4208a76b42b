import { InMemoryStreams } from '@hostledger/testing';
import { AggregateStore } from './aggregate-store.js';
import { claimCommandKey, contextOfEvent } from './command-key.js';
import { deriveId, hashOf, type CommandContext } from './context.js';
import { CommandIdReused } from './errors.js';

const contextFor = (body: unknown): CommandContext => ({
  commandId: deriveId('a key'),
  requestHash: hashOf(body),
  actor: { subject: 'ada', role: 'operator' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at: '2024-06-01T00:00:00Z',
  expectedRevision: 7n,
});

describe('claiming a command key', () => {
  it('binds it to one request, also across processes', async () => {
    const streams = new InMemoryStreams();
    await claimCommandKey(new AggregateStore(streams), contextFor({ facility: 'DENTON' }));
    for (const store of [new AggregateStore(streams), new AggregateStore(streams)]) {
      await claimCommandKey(store, contextFor({ facility: 'DENTON' }));
      const other = claimCommandKey(store, contextFor({ facility: 'MARBLE' }));
      await expect(other).rejects.toThrow(CommandIdReused);
    }
    expect(streams.log).toHaveLength(1);
  });

  it('lets one of two that claim at once with different requests go on', async () => {
    const streams = new InMemoryStreams();
    const outcomes = await Promise.allSettled(
      ['DENTON', 'MARBLE'].map((facility) =>
        claimCommandKey(new AggregateStore(streams), contextFor({ facility })),
      ),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('costs one append and no read', async () => {
    const streams = new InMemoryStreams();
    const read = jest.spyOn(streams, 'readStream');
    await claimCommandKey(new AggregateStore(streams), contextFor({}));
    expect(streams.appendCount()).toBe(1);
    expect(read).not.toHaveBeenCalled();
  });
});

describe('the context of an event', () => {
  it('goes on with the command that wrote it', async () => {
    const streams = new InMemoryStreams();
    await claimCommandKey(new AggregateStore(streams), { ...contextFor({}), reason: 'why' });
    const [claimed] = streams.log;
    expect(contextOfEvent(claimed!)).toEqual({
      commandId: claimed!.metadata.commandId,
      requestHash: hashOf({}),
      actor: { subject: 'ada', role: 'operator' },
      correlationId: 'correlation-1',
      causationId: claimed!.id,
      at: '2024-06-01T00:00:00Z',
      reason: 'why',
    });
  });
});
