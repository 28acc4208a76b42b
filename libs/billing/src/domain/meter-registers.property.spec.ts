import fc from 'fast-check';
import { factsOf, meter } from './meter-month.fixture.js';
import { meterMonthAggregate, type NewReading } from './meter-month.js';
import { registerAfter, registerBefore } from './meter-registers.js';

const STOOD_AT = 1_000n;
const at = '2024-07-05T00:00:00.000Z';
const { initialState, decide, evolve } = meterMonthAggregate;

const dayOf = (n: number): string => new Date(Date.UTC(2024, 5, n, 5)).toISOString();

/** Days of June, each with what was used, and whether it tells the register. */
const days = fc.array(
  fc.record({ used: fc.bigInt({ min: 0n, max: 10n ** 9n }), tells: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 12,
  },
);

const readingsOf = (told: readonly { readonly used: bigint; readonly tells: boolean }[]) => {
  let register = STOOD_AT;
  return told.map(({ used, tells }, index): NewReading => {
    register += used;
    const about = { from: dayOf(index + 1), until: dayOf(index + 2), amount: used.toString() };
    return { ...about, ...(tells && { register: register.toString() }) };
  });
};

/** Each by itself, one after the other. @returns the code of the first refusal, if there is one. */
const refusalOf = (readings: readonly NewReading[]): string | undefined => {
  const before = { at: dayOf(1), register: STOOD_AT.toString(), exact: true };
  const facts = factsOf({ meter, before });
  let state = initialState;
  try {
    for (const reading of readings) {
      const data = { facts, readings: [reading], digest: 'd', operationId: 'o' };
      const events = decide({ type: 'AcceptReadings', data, at }, state);
      state = events.reduce(evolve, state);
    }
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
  return undefined;
};

it('A register that is told is the sum of all that was told before, whichever are left out', () => {
  const off = fc.bigInt({ min: -5n, max: 5n }).filter((difference) => difference !== 0n);
  fc.assert(
    fc.property(days, fc.nat(), off, (told, pick, difference) => {
      const readings = readingsOf(told);
      expect(refusalOf(readings)).toBeUndefined();
      const tellers = readings.filter(({ register }) => register !== undefined);
      const wrong = tellers[pick % Math.max(1, tellers.length)];
      if (!wrong) return;
      const register = (BigInt(wrong.register!) + difference).toString();
      const changed = readings.map((one) => (one === wrong ? { ...one, register } : one));
      expect(refusalOf(changed)).toMatch(/^meter\/(register-mismatch|below-previous)$/);
    }),
  );
});

it('Counted back from where it was counted to, a register stands where it stood', () => {
  fc.assert(
    fc.property(days, (told) => {
      const readings = readingsOf(told).map(({ from, until, amount }) => ({ from, until, amount }));
      const stood = { at: dayOf(1), register: STOOD_AT.toString(), exact: true };
      const ends = readings.reduce((register, reading) => registerAfter(register, reading)!, stood);
      expect(readings.reduceRight(registerBefore, ends)).toEqual(stood);
    }),
  );
});
