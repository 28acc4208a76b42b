import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { InMemoryStreams, rowsOf, type FaultPoint } from '@hostledger/testing';
import { facilityAggregate, type RackPlan } from '../domain/facility.js';
import { commissionRacks, pendingRacks, rackCommissioningProcess } from './rack-commissioning.js';

const at = '2024-06-01T00:00:00.000Z';
const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: key,
  actor: { subject: 'ada', role: 'operator' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});
const plans: RackPlan[] = ['A', 'B', 'C'].map((rack) => ({
  rack,
  slotCount: 10,
  powerLimitWatts: 100,
}));

const openedSite = async (): Promise<InMemoryStreams> => {
  const streams = new InMemoryStreams();
  const data = {
    facility: 'DENTON',
    name: 'Denton',
    timeZone: 'America/Chicago',
    powerEnvelopeWatts: 300,
  };
  const command = { type: 'OpenFacility', data, at } as const;
  await new AggregateStore(streams).handle(
    facilityAggregate,
    'DENTON',
    command,
    contextFor('open'),
  );
  return streams;
};

/** What the worker does: perform every item that the log leaves open. */
const finish = async (streams: InMemoryStreams): Promise<void> => {
  const process = rackCommissioningProcess(new AggregateStore(streams));
  type Item = Parameters<typeof process.perform>[0];
  for (const item of rowsOf<Item>(pendingRacks, streams.log)) {
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};

const inService = (streams: InMemoryStreams): string[] =>
  plans.flatMap(({ rack }) => streams.events(`rack-DENTON.${rack}`)).map(({ type }) => type);

describe('commissioning racks', () => {
  it('commits their power, puts each into service, and leaves nothing to do', async () => {
    const streams = await openedSite();
    await commissionRacks(new AggregateStore(streams), 'DENTON', plans, contextFor('racks'));
    expect(streams.events('facility-DENTON')[1]).toEqual({
      type: 'RackPowerCommitted',
      data: { facility: 'DENTON', racks: plans },
    });
    expect(streams.events('rack-DENTON.A')).toEqual([
      { type: 'RackCommissioned', data: { facility: 'DENTON', ...plans[0] } },
    ]);
    expect(rowsOf(pendingRacks, streams.log)).toEqual([]);
    expect(new Set(streams.log.map(({ id }) => id)).size).toBe(streams.log.length);
  });

  it('waits for whoever began before the worker steps in', async () => {
    const streams = await openedSite();
    streams.failFrom(2, 'before');
    const begun = commissionRacks(
      new AggregateStore(streams),
      'DENTON',
      plans,
      contextFor('racks'),
    );
    await expect(begun).rejects.toThrow('died');
    const dueAt = rowsOf<{ due_at: string }>(pendingRacks, streams.log).map((item) => item.due_at);
    expect(dueAt).toEqual(plans.map(() => '2024-06-01T00:00:30.000Z'));
  });

  const deaths = [1, 2, 3, 4].flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  );

  it.each(deaths)('is finished once after a death at append %i, %s it', async (append, point) => {
    const streams = await openedSite();
    const context = contextFor('racks');
    streams.failFrom(append, point);
    const begun = commissionRacks(new AggregateStore(streams), 'DENTON', plans, context);
    await expect(begun).rejects.toThrow();
    streams.heal();
    const intended = streams.events('facility-DENTON').length === 2;

    await finish(streams);
    expect(inService(streams)).toEqual(intended ? plans.map(() => 'RackCommissioned') : []);
    expect(rowsOf(pendingRacks, streams.log)).toEqual([]);

    await commissionRacks(new AggregateStore(streams), 'DENTON', plans, context);
    await finish(streams);
    expect(inService(streams)).toEqual(plans.map(() => 'RackCommissioned'));
    expect(streams.events('facility-DENTON')).toHaveLength(2);
  });

  it('keeps the actor of whoever asked for it', async () => {
    const streams = await openedSite();
    streams.failFrom(2, 'before');
    const begun = commissionRacks(new AggregateStore(streams), 'DENTON', plans, contextFor('r'));
    await expect(begun).rejects.toThrow();
    streams.heal();
    await finish(streams);
    const commissioned = streams.log.filter(({ type }) => type === 'RackCommissioned');
    expect(commissioned.map(({ metadata }) => metadata.actor.subject)).toEqual(
      Array(3).fill('ada'),
    );
  });
});
