import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { InMemoryStreams, rowsOf } from '@hostledger/testing';
import { facilityAggregate, type FacilityCommand } from '../domain/facility.js';
import { rackAggregate, rackId, type RackCommand } from '../domain/rack.js';
import {
  beginDisposal,
  disposalsProcess,
  FacilityCensus,
  openDisposals,
  type Census,
  type OpenDisposal,
} from './disposal.js';

const at = '2024-06-01T00:00:00.000Z';
const facility = 'DENTON';
const racks = ['A', 'B'];
const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: key,
  actor: { subject: 'ada', role: 'operator' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});
const deed = {
  disposalId: 'disposal-1',
  to: 'Somebody',
  disposedOn: '2024-06-01',
  documentDigest: 'd'.repeat(64),
};

class Counted extends FacilityCensus {
  readonly asked: bigint[] = [];

  constructor(private readonly found: () => Census | Promise<Census>) {
    super();
  }

  count(_facility: string, atLeast: bigint): Promise<Census> {
    this.asked.push(atLeast);
    return Promise.resolve(this.found());
  }
}
const nothing: Census = { machines: 0, openDeliveries: 0 };
const empty = () => new Counted(() => nothing);
const machinesThere = () => new Counted(() => ({ machines: 1, openDeliveries: 0 }));

const atFacility = (streams: InMemoryStreams, command: FacilityCommand, key: string) =>
  new AggregateStore(streams).handle(facilityAggregate, facility, command, contextFor(key));
const atRack = (streams: InMemoryStreams, rack: string, command: RackCommand, key: string) =>
  new AggregateStore(streams).handle(
    rackAggregate,
    rackId(facility, rack),
    command,
    contextFor(key),
  );

const plan = (rack: string) => ({ rack, slotCount: 2, powerLimitWatts: 100 });

/** A site with two racks; only those named are in service. */
const site = async (inService = racks): Promise<InMemoryStreams> => {
  const streams = new InMemoryStreams();
  const names = { facility, name: 'Denton', timeZone: 'America/Chicago' };
  const open = { type: 'OpenFacility', data: { ...names, powerEnvelopeWatts: 1_000 }, at } as const;
  await atFacility(streams, open, 'open');
  const commit = { type: 'CommitRackPower', data: { racks: racks.map(plan) }, at } as const;
  await atFacility(streams, commit, 'commit');
  for (const rack of inService) {
    const data = { facility, ...plan(rack) };
    await atRack(streams, rack, { type: 'CommissionRack', data, at }, `commission ${rack}`);
  }
  return streams;
};

const reserve = (streams: InMemoryStreams, rack: string) =>
  atRack(
    streams,
    rack,
    {
      type: 'ReserveSlots',
      data: {
        reservations: [{ reservationId: 'r-1', slot: 1, serial: 'SERIAL1', powerWatts: 10 }],
        expiresAt: '2024-06-01T00:15:00.000Z',
      },
      at,
    },
    `reserve ${rack}`,
  );

const begin = (streams: InMemoryStreams) =>
  beginDisposal(new AggregateStore(streams), empty(), facility, deed, contextFor('dispose'));

/** What the worker does: perform every item that the log leaves open. */
const finish = async (streams: InMemoryStreams, census: FacilityCensus): Promise<void> => {
  const process = disposalsProcess(new AggregateStore(streams), census);
  for (const item of rowsOf<OpenDisposal>(openDisposals, streams.log)) {
    await process.perform(item, { at, signal: new AbortController().signal });
  }
};

const outcome = (streams: InMemoryStreams): string[] =>
  streams
    .events(`facility-${facility}`)
    .slice(2)
    .map(({ type }) => type);
const lastOf = (streams: InMemoryStreams, rack: string) =>
  streams.events(`rack-${facility}.${rack}`).at(-1)?.type;

describe('a disposal', () => {
  it('is abandoned where a rack is not in service yet', async () => {
    const streams = await site(['A']);
    await begin(streams);
    await finish(streams, empty());
    expect(outcome(streams)).toEqual(['DisposalBegan', 'DisposalAbandoned']);
    expect(lastOf(streams, 'A')).toBe('RackReopened');
    expect(rowsOf(openDisposals, streams.log)).toEqual([]);
  });

  it('looks for machines as of a moment when every rack was closed', async () => {
    const streams = await site();
    await begin(streams);
    // It left for the site under a reservation that was given up just before the racks were closed.
    await reserve(streams, 'A');
    const release = { reservationIds: ['r-1'], cause: 'cancelled' };
    await atRack(streams, 'A', { type: 'ReleaseReservations', data: release, at }, 'release');
    const census = empty();
    await finish(streams, census);
    const closed = streams.log.filter(({ type }) => type === 'RackClosed');
    expect(closed).toHaveLength(2);
    for (const { position } of closed) expect(census.asked.at(-1)).toBeGreaterThanOrEqual(position);
  });

  it('does not wait for an allocation of which nothing is left', async () => {
    const streams = await site();
    const allocated = {
      allocationId: 'allocation-1',
      contractId: 'contract-1',
      customerId: 'customer-1',
      orderId: 'order-1',
      units: 1,
      powerWatts: 10,
      effectiveOn: '2024-06-01',
    };
    await atFacility(streams, { type: 'CommitCapacity', data: allocated, at }, 'capacity');
    const reduction = { reductionId: 'reduction-1', units: 1, powerWatts: 10 };
    const released = { allocationId: 'allocation-1', cause: 'reduced', reduction };
    await atFacility(streams, { type: 'ReleaseCapacity', data: released, at }, 'released');
    await expect(begin(streams)).resolves.toMatchObject({ state: { status: 'disposing' } });
  });

  it('that one owner gives up cannot be completed by another whose racks it opened', async () => {
    const streams = await site();
    await begin(streams);
    const [item] = rowsOf<OpenDisposal>(openDisposals, streams.log);
    const act = { at, signal: new AbortController().signal };
    const perform = (census: FacilityCensus) =>
      disposalsProcess(new AggregateStore(streams), census).perform(item!, act);

    // The old owner closed the racks and stalls over its look, which found nothing.
    const look = Promise.withResolvers<Census>();
    const old = perform(new Counted(() => look.promise));
    await untilQuiet(streams);
    // The new one finds a machine and stalls where it says so on the facility.
    const release = streams.stallNext(`facility-${facility}`);
    const current = perform(machinesThere());
    await untilQuiet(streams);
    look.resolve(nothing);
    await old;
    release();
    await current;

    expect(outcome(streams)).toEqual(['DisposalBegan', 'FacilityDisposed']);
    expect(racks.map((rack) => lastOf(streams, rack))).toEqual(['RackClosed', 'RackClosed']);
  });

  it('leaves no rack closed that a stalled owner closes after it was given up', async () => {
    const streams = await site();
    await begin(streams);
    const [item] = rowsOf<OpenDisposal>(openDisposals, streams.log);
    const act = { at, signal: new AbortController().signal };
    const release = streams.stallNext(`rack-${facility}.B`);
    const old = disposalsProcess(new AggregateStore(streams), empty()).perform(item!, act);
    await untilQuiet(streams);
    const later = { ...act, at: '2024-06-01T00:05:00.000Z' };
    await disposalsProcess(new AggregateStore(streams), machinesThere()).perform(item!, later);
    expect(rowsOf(openDisposals, streams.log)).toEqual([]);
    release();
    await old;

    await finish(streams, empty());
    expect(outcome(streams)).toEqual(['DisposalBegan', 'DisposalAbandoned']);
    expect(racks.map((rack) => lastOf(streams, rack))).toEqual(['RackReopened', 'RackReopened']);
    expect(rowsOf(openDisposals, streams.log)).toEqual([]);
  });
});

/** Until nobody appends any more: whoever is under way waits for something. */
const untilQuiet = async (streams: InMemoryStreams): Promise<void> => {
  let before = -1;
  while (before !== streams.appendCount()) {
    before = streams.appendCount();
    for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
  }
};
