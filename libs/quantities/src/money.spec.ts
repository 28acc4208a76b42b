import { amountText, isPayable, placesOf } from './money.js';

describe('an amount of money', () => {
  it('has as many decimal places as its currency, and zeros beyond', () => {
    expect(['USD', 'JPY', 'KWD', 'CLF'].map(placesOf)).toEqual([2, 0, 3, 4]);
    for (const [amount, currency] of [
      ['100', 'USD'],
      ['100.01', 'USD'],
      ['100.0100', 'USD'],
      ['100', 'JPY'],
      ['0.001', 'KWD'],
      ['0.0001', 'CLF'],
    ] as const) {
      expect(isPayable(amount, currency)).toBe(true);
    }
    for (const [amount, currency] of [
      ['100.001', 'USD'],
      ['100.1', 'JPY'],
      ['0.0001', 'KWD'],
    ] as const) {
      expect(isPayable(amount, currency)).toBe(false);
    }
  });

  it('is told with two places, or more where they say something', () => {
    expect([0n, 5n, 12_300n, 10_000n, -9_500n].map(amountText)).toEqual([
      '0.00',
      '0.0005',
      '1.23',
      '1.00',
      '-0.95',
    ]);
  });
});
