import { exact, rounded } from '@hostledger/quantities';
import { computePeriod } from './compute-period.js';
import { day, fact, inputsOf, january, running, source, terms, told } from './rating.fixture.js';

const card = { basis: 'nameplateKwh', ratePerKwh: '0.075', clauseRef: '4.1' } as const;

describe('Energy at rated power', () => {
  it('of one S19J XP over January at $0.075 is 3.247 kW × 744 h = 2415.768 kWh, $181.18', () => {
    const { rated, shortcomings } = computePeriod(inputsOf([terms(card)], [running('A', 10)]));
    expect(shortcomings).toEqual([]);
    expect(rated).toEqual([
      {
        line: {
          key: 'nameplateKwh/ND1/v1/all',
          component: 'nameplateKwh',
          description: 'Energy at rated power, ND1',
          facility: 'ND1',
          termsVersion: 1,
          clauseRef: '4.1',
          window: january,
          quantity: '2415.768',
          unit: 'kWh',
          rate: '0.075',
          // 2415.768 × 0.075 = 181.1826
          exactAmount: '905913/5000',
          rounding: { mode: 'halfUp', scale: 2 },
          amount: '181.18',
          currency: 'USD',
        },
        exactQuantity: '301971/125',
        steps: [
          '744 machine-hours × 3247 W ÷ 1000 = 2415.768 kWh',
          '2415.768 kWh × 0.075 USD = 181.1826, rounded 181.18',
        ],
        sources: [source(1), source(10), source(11), source(12)],
      },
    ]);
  });

  it('is what the hosting-fee clause [S30] computes with an average of operational miners', () => {
    // Twenty units: one was off from the 11th to the 16th, five days of 31.
    const off = [
      ...running('U00', 100),
      fact('U00', 103, 'deenergized', day(11), { cause: 'hostFault' }),
      fact('U00', 104, 'energized', day(16)),
    ];
    const others = Array.from({ length: 19 }, (_, n) => running(`U${n + 1}`, 200 + 10 * n));
    const { rated } = computePeriod(inputsOf([terms(card)], [off, ...others]));
    // weighted-average operational miners × $/kWh × nameplate W × 24 × days ÷ 1000
    const average = exact(19).add(exact(26).div(exact(31)));
    const fee = average
      .mul(exact('0.075'))
      .mul(exact(3247 * 24 * 31))
      .div(exact(1000));
    expect(rated[0]!.line.exactAmount).toBe(`${fee.n}/${fee.d}`);
    // 615 machine-days × 24 h × 3.247 kW = 47,925.72 kWh; × 0.075 = 3,594.429
    expect([rounded(fee, 3), ...told(rated)]).toEqual([
      '3594.429',
      'nameplateKwh/ND1/v1/all: 47925.72 kWh × 0.075 = 3594.43',
    ]);
  });

  it('with 7 % on top is what small hosts bill [S41][S42]', () => {
    // 2415.768 × 1.07 = 2584.87176 kWh; × 0.10 = 258.487176
    const raised = { ...card, ratePerKwh: '0.10', upliftPercent: '7' };
    const { rated } = computePeriod(inputsOf([terms(raised)], [running('A', 10)]));
    expect(told(rated)).toEqual(['nameplateKwh/ND1/v1/all: 2584.87176 kWh × 0.10 = 258.49']);
    expect(rated[0]!.steps[1]).toBe('+ 7 % of 2415.768 = 2584.87176 kWh');
  });

  it('goes from one site to the other at the instant of the cut-over', () => {
    const life = [
      ...running('A', 10, 1000),
      fact('A', 13, 'placed', day(11), { placeKind: 'slot', facility: 'TX1', moved: true }),
    ];
    // 10 days and 21 days of 1 kW.
    expect(told(computePeriod(inputsOf([terms(card)], [life])).rated)).toEqual([
      'nameplateKwh/ND1/v1/all: 240 kWh × 0.075 = 18.00',
      'nameplateKwh/TX1/v1/all: 504 kWh × 0.075 = 37.80',
    ]);
  });

  it('counts another power profile from when it was set', () => {
    const life = [
      ...running('A', 10, 3000),
      fact('A', 13, 'profileChanged', day(31), { powerWatts: 2000 }),
    ];
    const { rated } = computePeriod(inputsOf([terms(card)], [life]));
    // 30 days × 24 h × 3 kW + 24 h × 2 kW
    expect(told(rated)).toEqual(['nameplateKwh/ND1/v1/all: 2208 kWh × 0.075 = 165.60']);
    expect(rated[0]!.steps.slice(0, 3)).toEqual([
      '24 machine-hours × 2000 W ÷ 1000 = 48 kWh',
      '720 machine-hours × 3000 W ÷ 1000 = 2160 kWh',
      'together 2208 kWh',
    ]);
  });

  it('is rated by each version of the terms while that was in force', () => {
    const dearer = { ...card, ratePerKwh: '0.08' };
    const versions = [
      terms(card, 1, { from: january.from, until: day(16, 12) }),
      terms(dearer, 2, { from: day(16, 12), until: january.until }),
    ];
    expect(told(computePeriod(inputsOf(versions, [running('A', 10, 1000)])).rated)).toEqual([
      'nameplateKwh/ND1/v1/all: 372 kWh × 0.075 = 27.90',
      'nameplateKwh/ND1/v2/all: 372 kWh × 0.08 = 29.76',
    ]);
  });

  it('does not charge machines of other contracts, nor one that is off', () => {
    const sold = [
      ...running('A', 10),
      fact('A', 13, 'titleTransferred', '2023-12-20T00:00:00.000Z', { contractId: 'another' }),
    ];
    const off = [...running('B', 20), fact('B', 23, 'deenergized', '2023-12-31T00:00:00.000Z')];
    expect(computePeriod(inputsOf([terms(card)], [sold, off])).rated).toEqual([]);
  });
});
