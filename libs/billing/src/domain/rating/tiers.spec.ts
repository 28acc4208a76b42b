import { computePeriod } from './compute-period.js';
import { inputsOf, meter, reading, terms, told, january } from './rating.fixture.js';

const card = {
  basis: 'meteredKwh',
  ratePerKwh: '0.08',
  tiers: [
    { above: '1000', rate: '0.07' },
    { above: '2500', rate: '0.06' },
  ],
} as const;

const metered = (energy: Record<string, string>) =>
  inputsOf([terms(card)], [], {
    meters: Object.keys(energy).map((site, n) => meter(site, 20 + n, 'energy', january, site)),
    readings: Object.entries(energy).map(([facility, amount], n) =>
      reading(facility, 30 + n, amount, january, { facility }),
    ),
  });

describe('Tiers', () => {
  it('are marginal: each unit costs the rate of the tier that it is in', () => {
    // 1000 × 0.08 + 1500 × 0.07 + 500 × 0.06
    expect(told(computePeriod(metered({ ND1: '3000000' })).rated)).toEqual([
      'meteredKwh/ND1/v1/above0: 1000 kWh × 0.08 = 80.00',
      'meteredKwh/ND1/v1/above1000: 1500 kWh × 0.07 = 105.00',
      'meteredKwh/ND1/v1/above2500: 500 kWh × 0.06 = 30.00',
    ]);
  });

  it('go by the quantity at all facilities, which fill them in the order of their codes', () => {
    const { rated } = computePeriod(metered({ TX1: '1400000', GA1: '800000', ND1: '800000' }));
    expect(told(rated)).toEqual([
      'meteredKwh/GA1/v1/above0: 800 kWh × 0.08 = 64.00',
      'meteredKwh/ND1/v1/above0: 200 kWh × 0.08 = 16.00',
      'meteredKwh/ND1/v1/above1000: 600 kWh × 0.07 = 42.00',
      'meteredKwh/TX1/v1/above1000: 900 kWh × 0.07 = 63.00',
      'meteredKwh/TX1/v1/above2500: 500 kWh × 0.06 = 30.00',
    ]);
    expect(rated[2]!.steps.at(-2)).toBe(
      'of this what is above 1000 up to 2500 in the month, facilities before it took 800',
    );
  });

  it('do not begin at their limit but above it', () => {
    expect(told(computePeriod(metered({ ND1: '1000000' })).rated)).toEqual([
      'meteredKwh/ND1/v1/above0: 1000 kWh × 0.08 = 80.00',
    ]);
  });

  it('tell a facility that took nothing in the tier that it would have begun', () => {
    expect(told(computePeriod(metered({ GA1: '1000000', ND1: '0' })).rated)).toEqual([
      'meteredKwh/GA1/v1/above0: 1000 kWh × 0.08 = 80.00',
      'meteredKwh/ND1/v1/above1000: 0 kWh × 0.07 = 0.00',
    ]);
  });
});
