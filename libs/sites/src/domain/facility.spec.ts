import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import {
  facilityAggregate,
  type Facility,
  type FacilityCommand,
  type FacilityEvent,
  type RackPlan,
} from './facility.js';

const { given } = specOf(facilityAggregate);

const at = '2024-06-01T00:00:00Z';
const denton = {
  facility: 'DENTON',
  name: 'Denton',
  timeZone: 'America/Chicago',
  powerEnvelopeWatts: 1_000,
};
const opened: FacilityEvent = { type: 'FacilityOpened', data: denton };
const plan = (rack: string, powerLimitWatts: number): RackPlan => ({
  rack,
  slotCount: 10,
  powerLimitWatts,
});
const racksCommitted = (...racks: RackPlan[]): FacilityEvent => ({
  type: 'RackPowerCommitted',
  data: { facility: 'DENTON', racks },
});
const commitRacks = (...racks: RackPlan[]): FacilityCommand => ({
  type: 'CommitRackPower',
  data: { racks },
  at,
});
const allocation = (n: number, powerWatts: number) => ({
  allocationId: `allocation-${n}`,
  contractId: 'contract-1',
  customerId: 'customer-1',
  orderId: 'order-1',
  units: 2,
  powerWatts,
  effectiveOn: '2024-07-01',
});
const committed = (n: number, powerWatts: number): FacilityEvent => ({
  type: 'CapacityCommitted',
  data: { facility: 'DENTON', ...allocation(n, powerWatts) },
});
const released = (n: number, powerWatts: number): FacilityEvent => ({
  type: 'CapacityReleased',
  data: {
    facility: 'DENTON',
    allocationId: `allocation-${n}`,
    units: 2,
    powerWatts,
    cause: 'contract/order-exceeded',
  },
});
const commit = (n: number, powerWatts: number): FacilityCommand => ({
  type: 'CommitCapacity',
  data: allocation(n, powerWatts),
  at,
});
const release = (n: number): FacilityCommand => ({
  type: 'ReleaseCapacity',
  data: { allocationId: `allocation-${n}`, cause: 'contract/order-exceeded' },
  at,
});

describe('opening a facility', () => {
  const open: FacilityCommand = { type: 'OpenFacility', data: denton, at };

  it('happens once under a code', () => {
    given().when(open).then(opened);
    given(opened).when(open).thenRejects('facility/already-open', '/facility');
  });
});

describe('committing power to racks', () => {
  it('takes all of them within the power envelope', () => {
    given(opened)
      .when(commitRacks(plan('A', 600), plan('B', 400)))
      .then(racksCommitted(plan('A', 600), plan('B', 400)));
  });

  it('takes none of them beyond it', () => {
    given(opened)
      .when(commitRacks(plan('A', 600), plan('B', 401)))
      .thenRejects('facility/power-envelope-exceeded', '/racks');
    given(opened, racksCommitted(plan('A', 600)))
      .when(commitRacks(plan('B', 401)))
      .thenRejects('facility/power-envelope-exceeded');
  });

  it('leaves racks with the same data as they are', () => {
    given(opened, racksCommitted(plan('A', 600)))
      .when(commitRacks(plan('A', 600), plan('B', 400)))
      .then(racksCommitted(plan('B', 400)));
    given(opened, racksCommitted(plan('A', 600)))
      .when(commitRacks(plan('A', 600)))
      .thenNothing();
  });

  it('refuses a rack code that is named twice or has other data, pointing at it', () => {
    given(opened)
      .when(commitRacks(plan('A', 1), plan('A', 1)))
      .thenRejects('facility/rack-named-twice', '/racks/1/rack');
    given(opened, racksCommitted(plan('A', 600)))
      .when(commitRacks(plan('B', 1), plan('A', 601)))
      .thenRejects('facility/rack-exists', '/racks/1/rack');
  });

  it('splits many racks into events of bounded size', () => {
    const many = Array.from({ length: 900 }, (_, n) => plan(`RACK-${n}`, 1));
    given(opened)
      .when(commitRacks(...many))
      .then(
        racksCommitted(...many.slice(0, 400)),
        racksCommitted(...many.slice(400, 800)),
        racksCommitted(...many.slice(800)),
      );
  });

  it('needs an open facility', () => {
    given()
      .when(commitRacks(plan('A', 1)))
      .thenRejects('facility/unknown');
  });
});

describe('committing capacity to an allocation', () => {
  it('stays within the power envelope', () => {
    given(opened).when(commit(1, 1_000)).then(committed(1, 1_000));
    given(opened, committed(1, 600))
      .when(commit(2, 401))
      .thenRejects('facility/capacity-exceeded', '/powerWatts');
  });

  it('happens once', () => {
    given(opened, committed(1, 1_000)).when(commit(1, 1_000)).thenNothing();
  });

  it('can be given back, once, and not taken up again', () => {
    given(opened, committed(1, 1_000)).when(release(1)).then(released(1, 1_000));
    given(opened, committed(1, 1_000), released(1, 1_000)).when(release(1)).thenNothing();
    given(opened, committed(1, 1_000), released(1, 1_000))
      .when(commit(1, 1_000))
      .thenRejects('facility/capacity-released');
    given(opened, committed(1, 1_000), released(1, 1_000))
      .when(commit(2, 1_000))
      .then(committed(2, 1_000));
    given(opened).when(release(1)).thenNothing();
  });

  it('can be given back in part, each part once, by a reduction of the allocation', () => {
    const reduction = { reductionId: 'reduction-1', units: 1, powerWatts: 400 };
    const reduce: FacilityCommand = {
      type: 'ReleaseCapacity',
      data: { allocationId: 'allocation-1', cause: 'reduced', reduction },
      at,
    };
    const reduced: FacilityEvent = {
      type: 'CapacityReleased',
      data: { facility: 'DENTON', allocationId: 'allocation-1', cause: 'reduced', ...reduction },
    };
    given(opened, committed(1, 1_000)).when(reduce).then(reduced);
    given(opened, committed(1, 1_000), reduced).when(reduce).thenNothing();
    given(opened, committed(1, 1_000), reduced)
      .when(commit(2, 401))
      .thenRejects('facility/capacity-exceeded', '/powerWatts');
    given(opened, committed(1, 1_000), reduced).when(commit(2, 400)).then(committed(2, 400));
    given(opened).when(reduce).thenNothing();
  });
});

describe('a facility, whatever it is asked', () => {
  const rackPlan = fc.record({
    rack: fc.constantFrom('A', 'B', 'C', 'D', 'E'),
    slotCount: fc.constantFrom(10, 20),
    powerLimitWatts: fc.integer({ min: 1, max: 500 }),
  });
  const number = fc.integer({ min: 1, max: 8 });
  const disposalId = fc.constantFrom('d1', 'd2', 'd3');
  const anyCommand: fc.Arbitrary<FacilityCommand> = fc.oneof(
    fc.array(rackPlan, { maxLength: 3 }).map((racks) => commitRacks(...racks)),
    fc.tuple(number, fc.integer({ min: 1, max: 700 })).map(([n, watts]) => commit(n, watts)),
    number.map(release),
    fc.integer({ min: 1, max: 1_500 }).map((powerEnvelopeWatts): FacilityCommand => ({
      type: 'ChangePowerEnvelope',
      data: { powerEnvelopeWatts, cause: 'any' },
      at,
    })),
    disposalId.map((id): FacilityCommand => ({
      type: 'CompleteDisposal',
      data: { disposalId: id },
      at,
    })),
    disposalId.map((id): FacilityCommand => ({
      type: 'AbandonDisposal',
      data: { disposalId: id, reason: 'any' },
      at,
    })),
    disposalId.map((id): FacilityCommand => ({
      type: 'BeginDisposal',
      data: {
        disposalId: id,
        to: 'Somebody',
        disposedOn: '2024-06-01',
        documentDigest: 'd'.repeat(64),
      },
      at,
    })),
  );

  it('commits neither racks nor capacity beyond its envelope, each once, and none while it is disposed of', () => {
    const { decide, evolve, initialState } = facilityAggregate;
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        let state: Facility = evolve(initialState, opened);
        const rackWatts = new Map<string, number>();
        const capacity = new Map<string, number>();
        const everCommitted = new Set<string>();
        let envelope = 1_000;
        let fenced = false;
        for (const command of commands) {
          const events = decisionOf(() => decide(command, state));
          for (const { type, data } of events) {
            if (type !== 'DisposalAbandoned' && type !== 'FacilityDisposed') {
              expect(fenced).toBe(false);
            }
            if (type === 'DisposalBegan') {
              expect(capacity.size).toBe(0);
              fenced = true;
            } else if (type === 'DisposalAbandoned') {
              fenced = false;
            } else if (type === 'PowerEnvelopeChanged') {
              expect(data.fromWatts).toBe(envelope);
              envelope = data.powerEnvelopeWatts;
            } else if (type === 'RackPowerCommitted') {
              for (const { rack, powerLimitWatts } of data.racks) {
                expect(rackWatts.has(rack)).toBe(false);
                rackWatts.set(rack, powerLimitWatts);
              }
            } else if (type === 'CapacityCommitted') {
              expect(everCommitted.has(data.allocationId)).toBe(false);
              everCommitted.add(data.allocationId);
              capacity.set(data.allocationId, data.powerWatts);
            } else if (type === 'CapacityReleased') {
              expect(capacity.get(data.allocationId)).toBe(data.powerWatts);
              capacity.delete(data.allocationId);
            }
          }
          state = events.reduce(evolve, state);
          expect(sum(rackWatts)).toBeLessThanOrEqual(envelope);
          expect(sum(capacity)).toBeLessThanOrEqual(envelope);
        }
      }),
    );
  });

  const sum = (watts: ReadonlyMap<string, number>): number =>
    [...watts.values()].reduce((total, each) => total + each, 0);

  const decisionOf = (decide: () => readonly FacilityEvent[]): readonly FacilityEvent[] => {
    try {
      return decide();
    } catch (error) {
      if (error instanceof DomainError) return [];
      throw error;
    }
  };
});
