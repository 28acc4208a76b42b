import { specOf } from '@hostledger/testing';
import { isCurtailed } from './curtailments.js';
import {
  facilityAggregate,
  type Facility,
  type FacilityCommand,
  type FacilityEvent,
  type OperatingFacility,
} from './facility.js';

// Windows in which a site, or some of its racks, draw less.

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

type Of<Type extends FacilityCommand['type']> = Extract<FacilityCommand, { type: Type }>['data'];
const command = <Type extends FacilityCommand['type']>(
  type: Type,
  data: Of<Type>,
): FacilityCommand => ({ type, data, at }) as FacilityCommand;

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
