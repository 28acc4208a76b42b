import fc from 'fast-check';
import { exact, EXACT_ZERO, rounded, type Exact } from '@hostledger/quantities';
import { profitPerDay, type Drawing, type MiningConditions } from './profitability.js';

/** After the halving of April 2024, subsidy alone. */
const halved: MiningConditions = {
  difficulty: '88100000000000',
  subsidySats: 312_500_000,
  feesSats: 0,
  price: '60000',
  currency: 'USD',
  poolFeePercent: '0',
  availabilityPercent: '100',
};

const told = (value: Exact | undefined, scale: number) =>
  value === undefined ? undefined : rounded(value, scale);
const bitcoin = (sats: Exact, scale: number) => told(sats.div(exact(100_000_000)), scale);
const cents = (rate: Exact | undefined) => told(rate?.mul(exact(100)), 2);

describe('what machines earn and cost in a day', () => {
  it.each([
    ['S19j Pro 104T', 104_000, 3068, '73.6', '0.0000742', '6.05', '0.77', '-1.44'],
    ['S19J XP 151T', 151_000, 3247, '77.9', '0.0001077', '8.30', '2.57', '0.23'],
    ['S21 200T', 200_000, 3500, '84.0', '0.0001427', '10.19', '4.36', '1.84'],
  ])(
    'is, for an %s after the halving of 2024',
    (_, hashrateGhs, powerWatts, energy, sats, rate, at5, at8) => {
      const machine = { hashrateGhs, powerWatts };
      const cheap = profitPerDay(machine, halved, '0.05');
      const dear = profitPerDay(machine, halved, '0.08');
      expect([
        told(cheap.energyKwh, 1),
        bitcoin(cheap.bitcoinSats, 7),
        cents(cheap.breakEvenRatePerKwh),
        told(cheap.margin, 2),
        told(dear.margin, 2),
      ]).toEqual([energy, sats, rate, at5, at8]);
    },
  );

  it('is 42.81 USD for a petahash a second', () => {
    const profit = profitPerDay({ hashrateGhs: 1_000_000, powerWatts: 0 }, halved, '0.05');
    expect(bitcoin(profit.bitcoinSats, 8)).toBe('0.00071356');
    expect(told(profit.revenue, 2)).toBe('42.81');
  });

  it('is not cut short on the way: where that gives 62.81 USD, it is 62.86', () => {
    const dearer = { ...halved, price: '88095' };
    const { bitcoinSats, revenue } = profitPerDay(
      { hashrateGhs: 1_000_000, powerWatts: 0 },
      dearer,
      '0.05',
    );
    const cut = rounded(bitcoinSats.div(exact(100_000_000)), 6, 'down');
    expect([told(exact(cut).mul(exact(dearer.price)), 2), told(revenue, 2)]).toEqual([
      '62.81',
      '62.86',
    ]);
  });

  it('is less by the fee of the pool, more by the fees of blocks, and in proportion to availability', () => {
    const machine = { hashrateGhs: 200_000, powerWatts: 3500 };
    const plain = profitPerDay(machine, halved, '0.05');
    const shared = profitPerDay(
      machine,
      { ...halved, feesSats: 31_250_000, poolFeePercent: '2.5', availabilityPercent: '80' },
      '0.05',
    );
    const factor = exact('1.1').mul(exact('0.975')).mul(exact('0.8'));
    expect(shared.bitcoinSats.equals(plain.bitcoinSats.mul(factor))).toBe(true);
    expect(shared.energyKwh.equals(exact('67.2'))).toBe(true);
    expect(shared.powerCost.equals(exact('3.36'))).toBe(true);
  });

  it('knows no break-even rate where no energy is drawn', () => {
    const profit = profitPerDay({ hashrateGhs: 0, powerWatts: 0 }, halved, '0.05');
    expect(profit.breakEvenRatePerKwh).toBeUndefined();
    expect(profit.margin.equals(EXACT_ZERO)).toBe(true);
  });
});

describe('the profit of machines, whatever the conditions', () => {
  const decimal = (max: number, places: number) =>
    fc
      .tuple(fc.integer({ min: 0, max }), fc.integer({ min: 1, max: 10 ** places - 1 }))
      .map(([units, part]) => `${units}.${String(part).padStart(places, '0')}`);
  const conditions: fc.Arbitrary<MiningConditions> = fc.record({
    difficulty: decimal(200_000_000_000_000, 2),
    subsidySats: fc.constantFrom(5_000_000_000, 625_000_000, 312_500_000, 156_250_000),
    feesSats: fc.integer({ min: 0, max: 1_000_000_000 }),
    price: decimal(1_000_000, 2),
    currency: fc.constant('USD'),
    poolFeePercent: decimal(9, 2),
    availabilityPercent: decimal(98, 3),
  });
  const rate = decimal(1, 6);
  const drawing: fc.Arbitrary<Drawing> = fc.record({
    hashrateGhs: fc.integer({ min: 0, max: 500_000 }),
    powerWatts: fc.integer({ min: 1, max: 10_000 }),
  });

  it('is the sum of the profits of each', () => {
    fc.assert(
      fc.property(
        fc.array(drawing, { minLength: 1, maxLength: 8 }),
        conditions,
        rate,
        (each, under, ratePerKwh) => {
          const sum = profitPerDay(
            {
              hashrateGhs: each.reduce((all, { hashrateGhs }) => all + BigInt(hashrateGhs), 0n),
              powerWatts: each.reduce((all, { powerWatts }) => all + BigInt(powerWatts), 0n),
            },
            under,
            ratePerKwh,
          );
          const profits = each.map((one) => profitPerDay(one, under, ratePerKwh));
          for (const member of [
            'energyKwh',
            'bitcoinSats',
            'revenue',
            'powerCost',
            'margin',
          ] as const) {
            const total = profits.reduce((all, profit) => all.add(profit[member]), EXACT_ZERO);
            expect(total.equals(sum[member])).toBe(true);
          }
        },
      ),
    );
  });

  it('has no margin at the break-even rate, some below it and a loss above it', () => {
    const earning = fc.record({
      hashrateGhs: fc.integer({ min: 1, max: 500_000 }),
      powerWatts: fc.integer({ min: 1, max: 10_000 }),
    });
    fc.assert(
      fc.property(earning, conditions, rate, (machine, under, step) => {
        const { breakEvenRatePerKwh, energyKwh, revenue } = profitPerDay(machine, under, '0');
        const even = breakEvenRatePerKwh ?? EXACT_ZERO;
        expect(revenue.sub(energyKwh.mul(even)).equals(EXACT_ZERO)).toBe(true);
        const at = (by: Exact) => profitPerDay(machine, under, by.toFraction()).margin;
        expect(at(even).equals(EXACT_ZERO)).toBe(true);
        expect(at(even.sub(exact(step))).compare(EXACT_ZERO)).toBe(1);
        expect(at(even.add(exact(step))).compare(EXACT_ZERO)).toBe(-1);
      }),
    );
  });

  it('earns half after a halving, at the same cost', () => {
    fc.assert(
      fc.property(drawing, conditions, rate, (machine, under, ratePerKwh) => {
        const before = profitPerDay(machine, { ...under, feesSats: 0 }, ratePerKwh);
        const after = profitPerDay(
          machine,
          { ...under, feesSats: 0, subsidySats: under.subsidySats / 2 },
          ratePerKwh,
        );
        expect(after.revenue.mul(exact(2)).equals(before.revenue)).toBe(true);
        expect(after.powerCost.equals(before.powerCost)).toBe(true);
      }),
    );
  });
});
