import fc from 'fast-check';
import { computePeriod } from './compute-period.js';
import {
  curtailment,
  day,
  fact,
  inputsOf,
  january,
  powerRate,
  running,
  source,
  terms,
  told,
} from './rating.fixture.js';
import { slicesOf } from './slice.js';
import { uptimeOf } from './uptime-credit.js';

/** The template of [S36]: 95 % promised, curtailment, weather and utility failure excluded. */
const uptime = {
  ...{ promisedPercent: '95', excusedCauses: ['curtailment', 'weather', 'utilityFailure'] },
  ...{ creditPercentPerPoint: '2', capPercent: '15', clauseRef: '7.1' },
};
const card = {
  basis: 'flatPerUnit',
  ratePerUnitMonth: '310',
  counted: 'installed',
  uptime,
} as const;

type Card = Parameters<typeof terms>[0];

/** Off for whole days of January, for causes. */
const off = (serial: string, position: number, ...spells: [number, number, string][]) => [
  ...running(serial, position),
  ...spells.flatMap(([from, until, cause], n) => [
    fact(serial, position + 3 + 2 * n, 'deenergized', day(from), { cause }),
    fact(serial, position + 4 + 2 * n, 'energized', day(until)),
  ]),
];

describe('A credit for uptime', () => {
  it('gives back a percentage of the charges for each point that is missing', () => {
    // 31 days, 1 excused, 3 not: 27 ÷ 30 = 90 % up, 5 points × 2 % = 10 % of 310
    const life = off('A', 10, [2, 3, 'curtailment'], [10, 13, 'hostFault']);
    const { rated } = computePeriod(inputsOf([terms(card)], [life]));
    expect(told(rated)).toEqual([
      'flatPerUnit/ND1/v1/all: 1 unitMonth × 310 = 310.00',
      'uptimeCredit/-/v1/all: 31 money × -100 = -31.00',
    ]);
    expect(rated[1]).toMatchObject({
      line: {
        description: 'Credit for uptime of 90 % where 95 % was promised',
        clauseRef: '7.1',
      },
      steps: [
        '648 machine-hours up, 24 excused (curtailment, weather, utilityFailure)',
        '648 ÷ (744 - 24) = 90 % up',
        '5 points missing to 95 % × 2 % a point = 10 %',
        '310 USD charged × 10 % = 31',
        '31 USD × -100 % = -31, rounded -31.00',
      ],
    });
    expect(rated[1]!.sources.map(({ position }) => Number(position))).toEqual([
      ...[1, 10, 11, 12, 13, 14, 15, 16],
    ]);
  });

  it('looks at all machines together', () => {
    // 3 of 62 machine-days are missing: 95.16 % up, the promise is kept.
    const lives = [off('A', 10, [10, 13, 'hostFault']), running('B', 30)];
    const { rated } = computePeriod(inputsOf([terms(card)], lives));
    expect(told(rated, 'uptimeCredit')).toEqual(['uptimeCredit/-/v1/all: 0 money × 0 = 0.00']);
    expect(rated[1]!.line.description).toBe('Credit for uptime of 95.16 % where 95 % was promised');
  });

  it('does not go beyond its cap', () => {
    const { rated } = computePeriod(inputsOf([terms(card)], [off('A', 10, [2, 22, 'hostFault'])]));
    // 15 % of 310
    expect(told(rated, 'uptimeCredit')).toEqual([
      'uptimeCredit/-/v1/all: 46.5 money × -100 = -46.50',
    ]);
    expect(rated[1]!.steps).toContain('at most 15 %');
  });

  it('of the hosting cost alone, once a unit is offline for more than 5 % [S37]', () => {
    // Off for 3.1 of 31 days, 10 %: 5 points beyond what is allowed, 1 % each.
    const compass = { ...uptime, excusedCauses: [], creditPercentPerPoint: '1', capPercent: '100' };
    const life = [
      ...running('A', 10),
      fact('A', 13, 'deenergized', day(10), { cause: 'hostFault' }),
      fact('A', 14, 'energized', new Date(Date.parse(day(13)) + 8_640_000).toISOString()),
    ];
    const { rated } = computePeriod(inputsOf([terms({ ...card, uptime: compass })], [life]));
    // 5 % of 310
    expect(told(rated, 'uptimeCredit')).toEqual([
      'uptimeCredit/-/v1/all: 15.5 money × -100 = -15.50',
    ]);
  });

  it('does not exist where all of the time is excused', () => {
    const gone = off('A', 10).concat(
      fact('A', 13, 'deenergized', '2023-12-31T00:00:00.000Z', { cause: 'weather' }),
    );
    const { rated } = computePeriod(inputsOf([terms(card)], [gone]));
    expect(told(rated, 'uptimeCredit')).toEqual(['uptimeCredit/-/v1/all: 0 money × 0 = 0.00']);
    expect(rated[1]!.steps).toContain('all of the time is excused');
  });

  it('does not count a machine before it first drew power', () => {
    const installed = running('B', 30).slice(0, 2);
    const { rated } = computePeriod(inputsOf([terms(card)], [running('A', 10), installed]));
    expect(told(rated, 'uptimeCredit')).toEqual(['uptimeCredit/-/v1/all: 0 money × 0 = 0.00']);
    expect(told(computePeriod(inputsOf([terms(card)], [installed])).rated, 'uptimeCredit')).toEqual(
      [],
    );
  });

  it('is one of power cost and fee together where power is passed on', () => {
    const passed = { basis: 'passThrough', serviceFeePerKwh: '0.01', uptime } as const;
    const life = [
      ...running('A', 10, 1000),
      fact('A', 13, 'deenergized', day(28, 22), { cause: 'hostFault' }),
    ];
    const { rated } = computePeriod(
      inputsOf([terms(passed)], [life], { powerRates: [powerRate('0.05', 40)] }),
    );
    // 670 h up of 744: 90.053763 %; 4.946237 points × 2 % = 9.892473 % of 33.50 + 6.70
    expect(told(rated, 'uptimeCredit')).toEqual([
      'uptimeCredit/-/v1/all: 3.976774 money × -100 = -3.98',
    ]);
  });

  it.each([
    ['demandResponse', ['curtailment'], '0 money × 0 = 0.00'],
    // 10 ÷ 31 of the month: 27.26 points, at most 15 % of 310
    ['maintenance', ['curtailment'], '46.5 money × -100 = -46.50'],
    ['maintenance', ['curtailment', 'maintenance'], '0 money × 0 = 0.00'],
  ])('is due or not for a curtailment for %s where %j is excused', (cause, causes, due) => {
    const life = [
      ...running('A', 10),
      fact('A', 13, 'deenergized', day(10), {
        ...{ cause: 'curtailment', curtailmentId: 'curtailment-1' },
      }),
      fact('A', 14, 'energized', day(20)),
    ];
    const promised = { ...card, uptime: { ...uptime, excusedCauses: causes } };
    const curtailments = [curtailment({ cause, endedAt: day(20) })];
    const { rated } = computePeriod(inputsOf([terms(promised)], [life], { curtailments }));
    expect(told(rated, 'uptimeCredit')).toEqual([`uptimeCredit/-/v1/all: ${due}`]);
    expect(rated.at(-1)!.sources).toContainEqual(source(900));
  });

  describe('of a month in which terms change', () => {
    const firstHalf = { from: january.from, until: day(16, 12) };
    const secondHalf = { from: day(16, 12), until: january.until };
    const whole = { ...card, proration: 'wholeMonth' } as const;
    // 3.1 of 31 days, all of them in the second half: 90 % up in the month, 80 % in the half.
    const life = [
      ...running('A', 10),
      fact('A', 13, 'deenergized', day(20), { cause: 'hostFault' }),
      fact('A', 14, 'energized', new Date(Date.parse(day(23)) + 8_640_000).toISOString()),
    ];
    const credited = (first: Card, second: Card) =>
      computePeriod(inputsOf([terms(first, 1, firstHalf), terms(second, 2, secondHalf)], [life]))
        .rated;

    it('is one of the month where the promise stays the same', () => {
      const renumbered = {
        ...card,
        uptime: { ...uptime, promisedPercent: '95.0', clauseRef: '9.1' },
      };
      const rated = credited(card, renumbered);
      // 5 points × 2 % of 155 + 155
      expect(told(rated)).toEqual([
        'flatPerUnit/ND1/v1/all: 0.5 unitMonth × 310 = 155.00',
        'flatPerUnit/ND1/v2/all: 0.5 unitMonth × 310 = 155.00',
        'uptimeCredit/-/v2/all: 31 money × -100 = -31.00',
      ]);
      expect(rated.at(-1)!.line).toMatchObject({ clauseRef: '9.1', window: january });
      expect(rated.at(-1)!.sources).toEqual(
        expect.arrayContaining([1, 2, 13].map((position) => source(position))),
      );
    });

    it('does not go by a half that was charged nothing, as its month was paid whole before', () => {
      expect(told(credited(whole, whole))).toEqual([
        'flatPerUnit/ND1/v1/all: 1 unitMonth × 310 = 310.00',
        'uptimeCredit/-/v2/all: 31 money × -100 = -31.00',
      ]);
    });

    it('is one of its own part for each promise', () => {
      const higher = { ...card, uptime: { ...uptime, promisedPercent: '99' } };
      // All up in the first half; 19 points × 2 % = 38 %, at most 15 % of 155 in the second.
      expect(told(credited(card, higher), 'uptimeCredit')).toEqual([
        'uptimeCredit/-/v1/all: 0 money × 0 = 0.00',
        'uptimeCredit/-/v2/all: 23.25 money × -100 = -23.25',
      ]);
    });
  });

  it('never exceeds what was charged, and up + excused + unexcused is the window', () => {
    const spell = fc.tuple(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom('curtailment', 'hostFault', 'weather'),
    );
    const life = fc.array(spell, { maxLength: 3 });
    const percents = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(
        fc.array(life, { minLength: 1, maxLength: 4 }),
        percents,
        percents,
        (lives, point, cap) => {
          const promise = {
            ...uptime,
            promisedPercent: '99.9',
            creditPercentPerPoint: `${point}`,
            capPercent: `${cap}`,
          };
          const machines = lives.map((spells, n) => off(`M${n}`, 100 * (n + 1), ...inTurn(spells)));
          const inputs = inputsOf([terms({ ...card, uptime: promise })], machines);
          const { upMs, excusedMs, unexcusedMs, windowMs } = uptimeOf(
            slicesOf(inputs)[0]!,
            promise.excusedCauses,
          );
          expect(upMs + excusedMs + unexcusedMs).toBe(windowMs);
          expect(windowMs).toBe(BigInt(lives.length) * 744n * 3_600_000n);
          const [charge, credit] = computePeriod(inputs).rated.map(({ line }) =>
            line.amount.replace('.', ''),
          );
          expect(BigInt(credit!)).toBeLessThanOrEqual(0n);
          expect(-BigInt(credit!)).toBeLessThanOrEqual(BigInt(charge!));
        },
      ),
    );
  });
});

/** Spells one after the other: each begins when the one before is over. */
const inTurn = (spells: readonly [number, number, string][]): [number, number, string][] => {
  let free = 1;
  return spells.flatMap(([from, days, cause]) => {
    const begin = Math.max(from, free);
    const end = Math.min(begin + days, 31);
    if (begin >= end) return [];
    free = end + 1;
    return [[begin, end, cause] as [number, number, string]];
  });
};
