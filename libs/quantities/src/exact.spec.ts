import fc from 'fast-check';
import { exact, ROUNDING_MODES, rounded } from './exact.js';

describe('an exact number', () => {
  it.each([
    ['halfUp', ['0.13', '0.12', '-0.13', '0.14', '0.00']],
    ['halfEven', ['0.12', '0.12', '-0.12', '0.14', '0.00']],
    ['down', ['0.12', '0.12', '-0.12', '0.13', '0.00']],
    ['up', ['0.13', '0.13', '-0.13', '0.14', '-0.01']],
  ] as const)('is rounded once, %s', (mode, told) => {
    const numbers = ['0.125', '0.1249', '-0.125', '0.135', '-0.001'];
    expect(numbers.map((number) => rounded(exact(number), 2, mode))).toEqual(told);
  });

  it('keeps what floating point loses', () => {
    expect(rounded(exact('0.1').add(exact('0.2')), 20)).toBe('0.30000000000000000000');
    expect(rounded(exact(1).div(exact(3)).mul(exact(3)), 0)).toBe('1');
  });

  it('is never further off than the last place says, and rounding again changes nothing', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        fc.integer({ min: 0, max: 12 }),
        fc.constantFrom(...ROUNDING_MODES),
        (numerator, denominator, scale, mode) => {
          const value = exact(numerator).div(exact(denominator));
          const text = rounded(value, scale, mode);
          const step = exact(1).div(exact(10n ** BigInt(scale)));
          const off = exact(text).sub(value).abs();
          const bound = mode === 'halfUp' || mode === 'halfEven' ? step.div(exact(2)) : step;
          expect(off.compare(bound)).toBeLessThanOrEqual(0);
          expect(rounded(exact(text), scale, mode)).toBe(text);
        },
      ),
    );
  });
});
