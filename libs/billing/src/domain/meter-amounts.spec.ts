import fc from 'fast-check';
import { amountsIn, KWH, kwhOf, toldIn, whOf } from './meter-amounts.js';
import { monthAfter, monthOf, monthWindow } from './meter-months.js';

describe('energy', () => {
  it.each([
    ['0', '0', '0.000'],
    ['1', '1000', '1.000'],
    ['0.5', '500', '0.500'],
    ['1234.567', '1234567', '1234.567'],
    ['007.05', '7050', '7.050'],
    ['999999999999999.999', '999999999999999999', '999999999999999.999'],
  ])('of %s kWh is %s Wh, written as %s', (kwh, wh, written) => {
    expect(whOf(kwh)).toBe(wh);
    expect(kwhOf(wh)).toBe(written);
  });

  it('comes back to the last Wh', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), (wh) => {
        const kwh = kwhOf(wh.toString());
        expect(kwh).toMatch(KWH);
        expect(whOf(kwh)).toBe(wh.toString());
      }),
    );
  });

  it('is told in kWh, proceeds in satoshi, never both', () => {
    expect(amountsIn('energy', { energyKwh: '1.5', registerKwh: '12' })).toEqual({
      amount: '1500',
      register: '12000',
    });
    expect(amountsIn('energy', { satoshi: '5' })).toBeUndefined();
    expect(amountsIn('energy', { energyKwh: '1', registerSatoshi: '5' })).toBeUndefined();
    expect(amountsIn('proceeds', { satoshi: '0625' })).toEqual({ amount: '625' });
    expect(amountsIn('proceeds', { satoshi: '1', energyKwh: '1' })).toBeUndefined();
    expect(amountsIn('proceeds', {})).toBeUndefined();
    expect(toldIn('energy', { amount: '1500', register: '12000' })).toEqual({
      energyKwh: '1.500',
      registerKwh: '12.000',
    });
    expect(toldIn('proceeds', { amount: '625' })).toEqual({ satoshi: '625' });
  });
});

describe('months', () => {
  it('follow each other', () => {
    expect(monthAfter('2024-12', 1)).toBe('2025-01');
    expect(monthAfter('2024-01', -1)).toBe('2023-12');
    expect(monthAfter('2024-06', -18)).toBe('2022-12');
    expect(monthAfter('2024-06', 0)).toBe('2024-06');
  });

  it('are those of their zone, an hour shorter or longer where clocks are put', () => {
    expect(monthWindow('America/Chicago', '2024-03')).toEqual({
      from: '2024-03-01T06:00:00.000Z',
      until: '2024-04-01T05:00:00.000Z',
    });
    expect(monthOf('America/Chicago', '2024-04-01T04:59:59.999Z')).toBe('2024-03');
    expect(monthOf('America/Chicago', '2024-04-01T05:00:00.000Z')).toBe('2024-04');
  });
});
