import { specOf } from '@hostledger/testing';
import { facilityAggregate, type FacilityCommand, type FacilityEvent } from './facility.js';

// What happens to a site beside its racks and its customers.

const { given } = specOf(facilityAggregate);

const at = '2024-06-01T00:00:00.000Z';
const facility = 'DENTON';
const opened: FacilityEvent = {
  type: 'FacilityOpened',
  data: { facility, name: 'Denton', timeZone: 'America/Chicago', powerEnvelopeWatts: 1_000 },
};
const racks: FacilityEvent = {
  type: 'RackPowerCommitted',
  data: {
    facility,
    racks: ['A', 'B'].map((rack) => ({ rack, slotCount: 4, powerLimitWatts: 300 })),
  },
};
const promised: FacilityEvent = {
  type: 'CapacityCommitted',
  data: {
    facility,
    allocationId: 'allocation-1',
    contractId: 'contract-1',
    customerId: 'customer-1',
    orderId: 'order-1',
    units: 2,
    powerWatts: 700,
    effectiveOn: '2024-07-01',
  },
};
const documentDigest = 'd'.repeat(64);

type Of<Type extends FacilityCommand['type']> = Extract<FacilityCommand, { type: Type }>['data'];
const command = <Type extends FacilityCommand['type']>(
  type: Type,
  data: Of<Type>,
): FacilityCommand => ({ type, data, at }) as FacilityCommand;

describe('the power envelope', () => {
  const change = (powerEnvelopeWatts: number) =>
    command('ChangePowerEnvelope', { powerEnvelopeWatts, cause: 'second transformer' });
  const changed = (fromWatts: number, powerEnvelopeWatts: number): FacilityEvent => ({
    type: 'PowerEnvelopeChanged',
    data: { facility, fromWatts, powerEnvelopeWatts, cause: 'second transformer' },
  });

  it('grows at any time, and shrinks as far as racks and customers need it', () => {
    given(opened).when(change(2_000)).then(changed(1_000, 2_000));
    given(opened).when(change(1_000)).thenNothing();
    given(opened, racks).when(change(600)).then(changed(1_000, 600));
    given(opened, racks)
      .when(change(599))
      .thenRejects('facility/power-envelope-in-use', '/powerEnvelopeWatts');
    given(opened, racks, promised)
      .when(change(699))
      .thenRejects('facility/power-envelope-in-use', '/powerEnvelopeWatts');
  });

  it('is what racks and customers share from then on', () => {
    const more = command('CommitRackPower', {
      racks: [{ rack: 'C', slotCount: 1, powerLimitWatts: 1 }],
    });
    given(opened, racks, changed(1_000, 600))
      .when(more)
      .thenRejects('facility/power-envelope-exceeded', '/racks');
  });
});

describe('an envelope that shrinks below what it has to hold', () => {
  const derate = (powerEnvelopeWatts: number, more: object = {}) =>
    command('DerateFacility', { powerEnvelopeWatts, cause: 'utility', ...more });
  const derated = (powerEnvelopeWatts: number, fromWatts: number, more: object = {}) =>
    ({
      type: 'FacilityDerated',
      data: {
        facility,
        fromWatts,
        ratedWatts: 1_000,
        powerEnvelopeWatts,
        cause: 'utility',
        ...more,
      },
    }) satisfies FacilityEvent;
  const restored: FacilityEvent = {
    type: 'FacilityRestored',
    data: { facility, powerEnvelopeWatts: 1_000, fromWatts: 500 },
  };

  it('is derated, again by every news, and restored', () => {
    const until = { expectedUntil: '2024-06-03T00:00:00.000Z' };
    given(opened, racks, promised).when(derate(500)).then(derated(500, 1_000));
    given(opened, derated(500, 1_000)).when(derate(500)).thenNothing();
    given(opened, derated(500, 1_000))
      .when(derate(500, until))
      .then(derated(500, 500, until));
    given(opened, derated(500, 1_000)).when(derate(400)).then(derated(400, 500));
    given(opened).when(derate(1_000)).thenRejects('facility/not-derated', '/powerEnvelopeWatts');
    given(opened, derated(500, 1_000)).when(command('RestoreFacility', {})).then(restored);
    given(opened).when(command('RestoreFacility', {})).thenNothing();
    given(opened, derated(500, 1_000), restored).when(derate(500)).then(derated(500, 1_000));
  });

  it('takes neither racks nor promises until they fit', () => {
    const { facility: _, ...promise } = promised.data as Of<'CommitCapacity'> & {
      facility: string;
    };
    const commit = (powerWatts: number) =>
      command('CommitCapacity', { ...promise, allocationId: 'allocation-2', powerWatts });
    const rack = (powerLimitWatts: number) =>
      command('CommitRackPower', { racks: [{ rack: 'C', slotCount: 1, powerLimitWatts }] });
    given(opened, racks, promised, derated(500, 1_000))
      .when(rack(1))
      .thenRejects('facility/power-envelope-exceeded', '/racks');
    given(opened, racks, promised, derated(500, 1_000))
      .when(commit(1))
      .thenRejects('facility/capacity-exceeded', '/powerWatts');
    given(opened, derated(500, 1_000))
      .when(rack(501))
      .thenRejects('facility/power-envelope-exceeded');
    given(opened, derated(500, 1_000), restored)
      .when(commit(1_000))
      .then({
        type: 'CapacityCommitted',
        data: { facility, ...promise, allocationId: 'allocation-2', powerWatts: 1_000 },
      });
  });

  it('is rated anew above its derating alone, which stays in force', () => {
    const change = (powerEnvelopeWatts: number) =>
      command('ChangePowerEnvelope', { powerEnvelopeWatts, cause: 'more' });
    const changed: FacilityEvent = {
      type: 'PowerEnvelopeChanged',
      data: { facility, fromWatts: 1_000, powerEnvelopeWatts: 2_000, cause: 'more' },
    };
    given(opened, derated(500, 1_000))
      .when(change(500))
      .thenRejects('facility/derated', '/powerEnvelopeWatts');
    given(opened, derated(500, 1_000)).when(change(2_000)).then(changed);
    given(opened, derated(500, 1_000), changed)
      .when(
        command('CommitRackPower', {
          racks: [{ rack: 'C', slotCount: 1, powerLimitWatts: 501 }],
        }),
      )
      .thenRejects('facility/power-envelope-exceeded');
    given(opened, derated(500, 1_000), changed)
      .when(command('RestoreFacility', {}))
      .then({
        type: 'FacilityRestored',
        data: { facility, powerEnvelopeWatts: 2_000, fromWatts: 500 },
      });
  });
});

it('what energy costs is fixed for a day, and again', () => {
  const rate = { ratePerKwh: '0.0450', currency: 'USD', effectiveOn: '2024-06-01' };
  const fixed: FacilityEvent = { type: 'PowerRateFixed', data: { facility, ...rate } };
  given(opened).when(command('FixPowerRate', rate)).then(fixed);
  given(opened, fixed)
    .when(command('FixPowerRate', { ...rate, ratePerKwh: '0.0440' }))
    .then({ type: 'PowerRateFixed', data: { facility, ...rate, ratePerKwh: '0.0440' } });
});

describe('a site that changes hands', () => {
  const deed = {
    disposalId: 'disposal-1',
    to: 'Priority Power Management LLC',
    disposedOn: '2024-06-01',
    documentDigest,
  };
  const began: FacilityEvent = { type: 'DisposalBegan', data: { facility, ...deed } };
  const disposed: FacilityEvent = { type: 'FacilityDisposed', data: { facility, ...deed } };
  const abandoned: FacilityEvent = {
    type: 'DisposalAbandoned',
    data: { facility, disposalId: 'disposal-1', reason: '1 machines are there' },
  };
  const begin = command('BeginDisposal', deed);
  const complete = command('CompleteDisposal', { disposalId: 'disposal-1' });
  const abandon = command('AbandonDisposal', {
    disposalId: 'disposal-1',
    reason: '1 machines are there',
  });

  it('is acquired once', () => {
    const from = { from: 'Celsius Mining LLC', acquiredOn: '2024-01-02', documentDigest };
    const acquired: FacilityEvent = { type: 'FacilityAcquired', data: { facility, ...from } };
    given(opened).when(command('AcquireFacility', from)).then(acquired);
    given(opened, acquired).when(command('AcquireFacility', from)).thenNothing();
    for (const [field, other] of [
      ['from', 'Somebody else'],
      ['acquiredOn', '2024-01-03'],
      ['documentDigest', 'e'.repeat(64)],
    ] as const) {
      given(opened, acquired)
        .when(command('AcquireFacility', { ...from, [field]: other }))
        .thenRejects('facility/already-acquired', `/${field}`);
    }
  });

  it('is disposed of, or is not and operated as before', () => {
    given(opened, racks).when(begin).then(began);
    given(opened, began).when(begin).thenNothing();
    given(opened, began).when(complete).then(disposed);
    given(opened, began, disposed).when(complete).thenNothing();
    given(opened, began).when(abandon).then(abandoned);
    given(opened, began, abandoned).when(abandon).thenNothing();
    given(opened, began, abandoned).when(complete).thenNothing();
    given(opened, began, abandoned).when(begin).thenNothing();
    given(opened, began, abandoned)
      .when(command('BeginDisposal', { ...deed, disposalId: 'disposal-2' }))
      .then({ type: 'DisposalBegan', data: { facility, ...deed, disposalId: 'disposal-2' } });
  });

  it('has to be free of what customers were promised', () => {
    given(opened, promised).when(begin).thenRejects('facility/capacity-committed');
  });

  it.each([
    ['being disposed of', [began], 'facility/disposal-begun'],
    ['disposed of', [began, disposed], 'facility/disposed'],
  ] as const)('takes nothing while it is %s', (_, history, code) => {
    const { facility: __, ...promise } = promised.data;
    for (const asked of [
      command('CommitRackPower', { racks: [{ rack: 'C', slotCount: 1, powerLimitWatts: 1 }] }),
      command('CommitCapacity', promise as Of<'CommitCapacity'>),
      command('ChangePowerEnvelope', { powerEnvelopeWatts: 2_000, cause: 'more' }),
      command('DerateFacility', { powerEnvelopeWatts: 500, cause: 'utility' }),
      command('BeginDisposal', { ...deed, disposalId: 'disposal-2' }),
      command('FixPowerRate', { ratePerKwh: '0.04', currency: 'USD', effectiveOn: '2024-06-01' }),
      command('DeclareCurtailment', {
        curtailmentId: 'curtailment-1',
        scope: { kind: 'facility' },
        cause: 'grid',
        startsAt: '2024-06-01T14:00:00.000Z',
      }),
    ]) {
      given(opened, racks, ...history)
        .when(asked)
        .thenRejects(code);
    }
  });
});
