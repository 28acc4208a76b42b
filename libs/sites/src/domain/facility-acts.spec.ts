import { specOf } from '@hostledger/testing';
import { isCurtailed } from './curtailments.js';
import {
  facilityAggregate,
  type Facility,
  type FacilityCommand,
  type FacilityEvent,
  type OperatingFacility,
} from './facility.js';

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

describe('a curtailment', () => {
  const window = {
    curtailmentId: 'curtailment-1',
    scope: { kind: 'racks', racks: ['A'] },
    cause: 'grid',
    startsAt: '2024-06-01T14:00:00.000Z',
  } as const;
  const declared: FacilityEvent = { type: 'CurtailmentDeclared', data: { facility, ...window } };
  const over = { curtailmentId: 'curtailment-1', endedAt: '2024-06-01T18:00:00.000Z' };
  const ended: FacilityEvent = { type: 'CurtailmentEnded', data: { facility, ...over } };
  const declare = (more: Partial<Of<'DeclareCurtailment'>> = {}) =>
    command('DeclareCurtailment', { ...window, ...more });

  it('is declared for racks or for the whole site, and ended once', () => {
    given(opened, racks).when(declare()).then(declared);
    given(opened, racks, declared).when(declare()).thenNothing();
    given(opened, racks, declared).when(command('EndCurtailment', over)).then(ended);
    given(opened, racks, declared, ended).when(command('EndCurtailment', over)).thenNothing();
    given(opened, racks, declared, ended).when(declare()).thenNothing();
  });

  it('that is over is not over otherwise', () => {
    const end = (more: object) => command('EndCurtailment', { ...over, ...more });
    given(opened, racks, declared, ended)
      .when(end({ endedAt: '2024-06-05T18:00:00.000Z' }))
      .thenRejects('facility/curtailment-ended', '/endedAt');
    given(opened, racks, declared, ended)
      .when(end({ energyAvoidedWh: 1_000 }))
      .thenRejects('facility/curtailment-ended', '/energyAvoidedWh');
  });

  it('is measured once it is over, and what was told last holds', () => {
    const measure = (energyAvoidedWh: number, cause?: string) => {
      const told = { curtailmentId: 'curtailment-1', energyAvoidedWh };
      return command('MeasureCurtailment', { ...told, ...(cause !== undefined && { cause }) });
    };
    const measured = (energyAvoidedWh: number, cause?: string): FacilityEvent => ({
      type: 'CurtailmentMeasured',
      data: {
        ...{ facility, curtailmentId: 'curtailment-1', energyAvoidedWh },
        ...(cause !== undefined && { cause }),
      },
    });
    const before = [opened, racks, declared, ended];
    given(...before)
      .when(measure(1_000))
      .then(measured(1_000));
    given(...before, measured(1_000))
      .when(measure(1_000))
      .thenNothing();
    given(...before, measured(1_000))
      .when(measure(1_100))
      .thenRejects('facility/curtailment-measured', '/cause');
    given(...before, measured(1_000))
      .when(measure(1_100, 'Read again'))
      .then(measured(1_100, 'Read again'));
    given(...before, measured(1_000), measured(1_100, 'Read again'))
      .when(measure(1_000, 'It was right'))
      .then(measured(1_000, 'It was right'));
    const told = { ...over, energyAvoidedWh: 900 };
    const endedSo: FacilityEvent = { type: 'CurtailmentEnded', data: { facility, ...told } };
    given(opened, racks, declared, endedSo).when(measure(900)).thenNothing();
    given(opened, racks, declared, endedSo)
      .when(measure(901))
      .thenRejects('facility/curtailment-measured');
    given(opened, racks, declared, endedSo, measured(901, 'Read again'))
      .when(command('EndCurtailment', told))
      .thenNothing();
  });

  it('is not measured before it is over, or where it never was', () => {
    const measure = command('MeasureCurtailment', {
      curtailmentId: 'curtailment-1',
      energyAvoidedWh: 0,
    });
    const cancelled: FacilityEvent = {
      type: 'CurtailmentCancelled',
      data: { facility, curtailmentId: 'curtailment-1', cancelledAt: at, cause: 'rain' },
    };
    given(opened, racks).when(measure).thenRejects('facility/curtailment-unknown');
    given(opened, racks, declared).when(measure).thenRejects('facility/curtailment-not-ended');
    given(opened, racks, declared, cancelled)
      .when(measure)
      .thenRejects('facility/curtailment-cancelled');
  });

  it('holds racks while it is open, and afterwards those of its time', () => {
    const cancelled: FacilityEvent = {
      type: 'CurtailmentCancelled',
      data: { facility, curtailmentId: 'curtailment-1', cancelledAt: at, cause: 'rain' },
    };
    const holds = (rack: string, last: FacilityEvent, then?: string): boolean => {
      const site = [opened, racks, declared, last].reduce<Facility>(
        facilityAggregate.evolve,
        facilityAggregate.initialState,
      );
      return isCurtailed(site as OperatingFacility, rack, 'curtailment-1', then);
    };
    expect([holds('A', racks), holds('B', racks), holds('A', ended)]).toEqual([true, false, false]);
    const times = ['13:59:59.999', '14:00:00.000', '17:59:59.999', '18:00:00.000'];
    const instants = times.map((time) => `2024-06-01T${time}Z`);
    expect(instants.map((then) => holds('A', ended, then))).toEqual([false, true, true, false]);
    expect(instants.map((then) => holds('A', racks, then))).toEqual([false, true, true, true]);
    expect(instants.some((then) => holds('B', ended, then))).toBe(false);
    expect(instants.some((then) => holds('A', cancelled, then))).toBe(false);
  });

  it('names racks of the site, and ends after it began', () => {
    given(opened, racks)
      .when(declare({ scope: { kind: 'racks', racks: ['A', 'Z'] } }))
      .thenRejects('facility/rack-unknown', '/racks/1');
    given(opened, racks)
      .when(declare({ expectedEndAt: window.startsAt }))
      .thenRejects('facility/curtailment-backwards', '/expectedEndAt');
    given(opened, racks, declared)
      .when(command('EndCurtailment', { ...over, endedAt: '2024-06-01T13:59:59.999Z' }))
      .thenRejects('facility/curtailment-backwards', '/endedAt');
    given(opened, racks)
      .when(command('EndCurtailment', over))
      .thenRejects('facility/curtailment-unknown');
  });

  it.each([
    ['the same rack', { kind: 'racks', racks: ['B', 'A'] }],
    ['the whole site', { kind: 'facility' }],
  ] as const)('for one cause is open once for %s', (_, scope) => {
    given(opened, racks, declared)
      .when(declare({ curtailmentId: 'curtailment-2', scope }))
      .thenRejects('facility/curtailment-open', '/startsAt');
    const startsAt = over.endedAt;
    given(opened, racks, declared, ended)
      .when(declare({ curtailmentId: 'curtailment-2', scope, startsAt }))
      .then({
        type: 'CurtailmentDeclared',
        data: { facility, ...window, curtailmentId: 'curtailment-2', scope, startsAt },
      });
  });

  it.each([
    ['reaches into it', { startsAt: '2024-06-01T17:59:59.999Z' }],
    ['may last until then', { startsAt: '2024-06-01T13:00:00.000Z' }],
    [
      'is announced to reach into it',
      { startsAt: '2024-06-01T13:00:00.000Z', expectedEndAt: '2024-06-01T14:00:00.001Z' },
    ],
  ])('told of after one that is over does not overlap with it: one that %s', (_, more) => {
    given(opened, racks, declared, ended)
      .when(declare({ curtailmentId: 'curtailment-2', ...more }))
      .thenRejects('facility/curtailment-overlaps', '/startsAt');
  });

  it('told of late ends where one that is over began, at the latest', () => {
    const early = {
      ...window,
      curtailmentId: 'curtailment-2',
      startsAt: '2024-06-01T13:00:00.000Z',
      expectedEndAt: window.startsAt,
    };
    const told: FacilityEvent = { type: 'CurtailmentDeclared', data: { facility, ...early } };
    const end = (endedAt: string) =>
      command('EndCurtailment', { curtailmentId: 'curtailment-2', endedAt });
    given(opened, racks, declared, ended).when(command('DeclareCurtailment', early)).then(told);
    given(opened, racks, declared, ended, told)
      .when(end('2024-06-01T14:00:00.001Z'))
      .thenRejects('facility/curtailment-overlaps', '/endedAt');
    given(opened, racks, declared, ended, told)
      .when(end(window.startsAt))
      .then({
        type: 'CurtailmentEnded',
        data: { facility, curtailmentId: 'curtailment-2', endedAt: window.startsAt },
      });
  });

  describe('that is announced', () => {
    const announced: FacilityEvent = {
      type: 'CurtailmentDeclared',
      data: { facility, ...window, expectedEndAt: '2024-06-01T18:00:00.000Z' },
    };
    const next = (startsAt: string, expectedEndAt?: string) => ({
      ...window,
      curtailmentId: 'curtailment-2',
      startsAt,
      ...(expectedEndAt !== undefined && { expectedEndAt }),
    });
    const nextDeclared = (startsAt: string, expectedEndAt?: string): FacilityEvent => ({
      type: 'CurtailmentDeclared',
      data: { facility, ...next(startsAt, expectedEndAt) },
    });

    it.each([
      ['before it', '2024-06-01T08:00:00.000Z', window.startsAt],
      ['after it', '2024-06-01T18:00:00.000Z', undefined],
    ])('leaves room for another of its cause %s', (_, startsAt, expectedEndAt) => {
      given(opened, racks, announced)
        .when(command('DeclareCurtailment', next(startsAt, expectedEndAt)))
        .then(nextDeclared(startsAt, expectedEndAt));
    });

    it.each([
      ['may last into it', '2024-06-01T08:00:00.000Z', undefined],
      ['lasts into it', '2024-06-01T08:00:00.000Z', '2024-06-01T14:00:00.001Z'],
      ['begins within it', '2024-06-01T17:59:59.999Z', '2024-06-02T00:00:00.000Z'],
    ])('leaves none for one that %s', (_, startsAt, expectedEndAt) => {
      given(opened, racks, announced)
        .when(command('DeclareCurtailment', next(startsAt, expectedEndAt)))
        .thenRejects('facility/curtailment-open', '/startsAt');
    });

    it('ends later than announced only where no other one is', () => {
      const late = { curtailmentId: 'curtailment-1', endedAt: '2024-06-01T18:00:00.001Z' };
      const endedLate: FacilityEvent = { type: 'CurtailmentEnded', data: { facility, ...late } };
      given(opened, racks, announced).when(command('EndCurtailment', late)).then(endedLate);
      given(opened, racks, announced, nextDeclared('2024-06-01T18:00:00.000Z'))
        .when(command('EndCurtailment', late))
        .thenRejects('facility/curtailment-open', '/endedAt');
    });

    it('can be cancelled before it begins, once, and leaves all its time to others', () => {
      const calledOff = {
        curtailmentId: 'curtailment-1',
        cancelledAt: '2024-06-01T13:59:59.999Z',
        cause: 'called off',
      };
      const cancelled: FacilityEvent = {
        type: 'CurtailmentCancelled',
        data: { facility, ...calledOff },
      };
      const cancel = (more: object = {}) => command('CancelCurtailment', { ...calledOff, ...more });
      given(opened, racks, announced).when(cancel()).then(cancelled);
      given(opened, racks, announced, cancelled).when(cancel()).thenNothing();
      given(opened, racks, announced, cancelled)
        .when(cancel({ cause: 'another' }))
        .thenRejects('facility/curtailment-cancelled');
      given(opened, racks, announced, cancelled)
        .when(command('EndCurtailment', over))
        .thenRejects('facility/curtailment-cancelled');
      given(opened, racks, announced)
        .when(cancel({ cancelledAt: window.startsAt }))
        .thenRejects('facility/curtailment-begun', '/cancelledAt');
      given(opened, racks, announced, ended)
        .when(cancel())
        .thenRejects('facility/curtailment-ended');
      given(opened, racks).when(cancel()).thenRejects('facility/curtailment-unknown');
      given(opened, racks, announced, cancelled)
        .when(command('DeclareCurtailment', next(window.startsAt)))
        .then(nextDeclared(window.startsAt));
    });
  });

  it('may overlap with one of another cause, or of another rack', () => {
    for (const more of [
      { cause: 'economic' } as const,
      { scope: { kind: 'racks', racks: ['B'] } } as const,
    ]) {
      given(opened, racks, declared)
        .when(declare({ curtailmentId: 'curtailment-2', ...more }))
        .then({
          type: 'CurtailmentDeclared',
          data: { facility, ...window, curtailmentId: 'curtailment-2', ...more },
        });
    }
  });
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
