import type { AllocatedPower } from '../inputs.js';
import { computePeriod } from './compute-period.js';
import { day, fact, inputsOf, january, running, source, terms, told } from './rating.fixture.js';

const perUnit = { basis: 'flatPerUnit', ratePerUnitMonth: '155', clauseRef: '4.1' } as const;
const perKw = { basis: 'flatPerKw', ratePerKwMonth: '62', clauseRef: '4.1' } as const;
const firstHalf = { from: january.from, until: day(16, 12) };
const secondHalf = { from: day(16, 12), until: january.until };

/** Installed, and then drawing power from noon of the 16th: half of the month. */
const late = (serial: string, position: number, powerWatts = 3000) => [
  ...running(serial, position, powerWatts).slice(0, 2),
  fact(serial, position + 2, 'energized', day(16, 12)),
];

describe('A flat fee for each machine', () => {
  it('counts the time that each drew power of the time of the month', () => {
    const { rated } = computePeriod(inputsOf([terms(perUnit)], [running('A', 10), late('B', 20)]));
    expect(told(rated)).toEqual(['flatPerUnit/ND1/v1/all: 1.5 unitMonth × 155 = 232.50']);
    expect(rated[0]!.steps[0]).toBe('1116 machine-hours ÷ 744 h of the month = 1.5 unit-months');
  });

  it('is for the whole month irrespective of days where the terms say so: Compass [S37-S40]', () => {
    const { rated } = computePeriod(
      inputsOf([terms({ ...perUnit, proration: 'wholeMonth' })], [running('A', 10), late('B', 20)]),
    );
    expect(told(rated)).toEqual(['flatPerUnit/ND1/v1/all: 2 unitMonth × 155 = 310.00']);
    expect(rated[0]!.sources).toEqual([
      ...[source(1), source(10), source(11), source(12)],
      ...[source(20), source(21), source(22)],
    ]);
  });

  it('counts machines in slots, or that took up a part of an allocation, where the terms say so', () => {
    const [received, placed] = running('B', 20, 3000);
    const assigned = [
      ...[received!, placed!, fact('B', 22, 'assigned', day(1, 12))],
      fact('B', 23, 'energized', day(16, 12)),
    ];
    const count = (counted: 'energized' | 'installed' | 'assigned') =>
      told(computePeriod(inputsOf([terms({ ...perUnit, counted })], [assigned])).rated);
    expect(count('energized')).toEqual(['flatPerUnit/ND1/v1/all: 0.5 unitMonth × 155 = 77.50']);
    expect(count('installed')).toEqual(['flatPerUnit/ND1/v1/all: 1 unitMonth × 155 = 155.00']);
    // All but 12 h of 744: 61 ÷ 62 of the month.
    expect(count('assigned')).toEqual([
      'flatPerUnit/ND1/v1/all: 0.983871 unitMonth × 155 = 152.50',
    ]);
  });

  describe('for whole months', () => {
    const whole = { ...perUnit, proration: 'wholeMonth' } as const;
    const dearer = { ...whole, ratePerUnitMonth: '200' } as const;

    it('is charged once, by the version in force when the machine was first counted', () => {
      const { rated } = computePeriod(
        inputsOf(
          [terms(whole, 1, firstHalf), terms(dearer, 2, secondHalf)],
          [running('A', 10), late('B', 20)],
        ),
      );
      expect(told(rated)).toEqual([
        'flatPerUnit/ND1/v1/all: 1 unitMonth × 155 = 155.00',
        'flatPerUnit/ND1/v2/all: 1 unitMonth × 200 = 200.00',
      ]);
    });

    it('is not charged again by time under a later version', () => {
      const { rated } = computePeriod(
        inputsOf(
          [
            terms(whole, 1, firstHalf),
            terms({ ...perUnit, ratePerUnitMonth: '200' }, 2, secondHalf),
          ],
          [running('A', 10), late('B', 20)],
        ),
      );
      expect(told(rated)).toEqual([
        'flatPerUnit/ND1/v1/all: 1 unitMonth × 155 = 155.00',
        'flatPerUnit/ND1/v2/all: 0.5 unitMonth × 200 = 100.00',
      ]);
    });

    it('leaves a machine by time that was charged by time earlier in the month', () => {
      const { rated } = computePeriod(
        inputsOf(
          [terms(perUnit, 1, firstHalf), terms(dearer, 2, secondHalf)],
          [running('A', 10), late('B', 20)],
        ),
      );
      // A: half a month under each; B: a whole one under the second.
      expect(told(rated)).toEqual([
        'flatPerUnit/ND1/v1/all: 0.5 unitMonth × 155 = 77.50',
        'flatPerUnit/ND1/v2/all: 1.5 unitMonth × 200 = 300.00',
      ]);
    });

    it('is charged where the machine was first counted, though it moved later', () => {
      const moved = [
        ...running('A', 10),
        fact('A', 13, 'placed', day(5), { placeKind: 'slot', facility: 'TX1', moved: true }),
      ];
      expect(told(computePeriod(inputsOf([terms(whole)], [moved])).rated)).toEqual([
        'flatPerUnit/ND1/v1/all: 1 unitMonth × 155 = 155.00',
      ]);
    });
  });
});

describe('A flat fee for each kW', () => {
  it('counts rated power by time', () => {
    const { rated } = computePeriod(
      inputsOf([terms(perKw)], [running('A', 10, 3000), late('B', 20, 3500)]),
    );
    // 3 + 3.5 ÷ 2 kW-months
    expect(told(rated)).toEqual(['flatPerKw/ND1/v1/all: 4.75 kWMonth × 62 = 294.50']);
    expect(rated[0]!.steps.slice(0, 3)).toEqual([
      '744 machine-hours × 3000 W ÷ 1000 ÷ 744 h = 3 kW-months',
      '372 machine-hours × 3500 W ÷ 1000 ÷ 744 h = 1.75 kW-months',
      'together 4.75 kW-months',
    ]);
  });

  it('counts the power that a machine had when it was first counted, for a whole month', () => {
    const tuned = [
      ...running('A', 10, 3000),
      fact('A', 13, 'profileChanged', day(2), { powerWatts: 2500 }),
    ];
    const { rated } = computePeriod(
      inputsOf([terms({ ...perKw, proration: 'wholeMonth' })], [tuned]),
    );
    expect(told(rated)).toEqual(['flatPerKw/ND1/v1/all: 3 kWMonth × 62 = 186.00']);
  });
});

describe('Critical IT load', () => {
  const allocated = (powerWatts: number, from: string, position: number): AllocatedPower => ({
    ...{ allocationId: `allocation-${position}`, facility: 'TX1', units: 0, powerWatts },
    ...{ from, until: january.until, sources: [source(position)] },
  });

  it('is charged by allocated kW and time, used or not: 15 MW, and 15 more on a condition [S28]', () => {
    const initial = allocated(15_000_000, january.from, 5);
    const conditional = allocated(15_000_000, day(16, 12), 6);
    const { rated } = computePeriod(
      inputsOf([terms({ basis: 'criticalItLoad', ratePerKwMonth: '130' })], [], {
        allocations: [conditional, initial],
      }),
    );
    // 15,000 + 15,000 ÷ 2 kW-months
    expect(told(rated)).toEqual(['criticalItLoad/TX1/v1/all: 22500 kWMonth × 130 = 2925000.00']);
    expect(rated[0]!.sources).toEqual([source(1), source(5), source(6)]);
    expect(rated[0]!.steps[1]).toBe(
      '2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z: 15000000 W ÷ 1000 × 372 h ÷ 744 h of the month = 7500 kW-months',
    );
  });
});
