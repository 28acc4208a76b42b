import fc from 'fast-check';
import { AggregateStore, StoreUnavailable } from '@hostledger/eventsourcing';
import { kwhOf } from '../domain/meter-amounts.js';
import type { Reading } from '../domain/meter-readings.js';
import type { ReadingLine } from './meter-readings.js';
import { hour, MeterHouse } from './meters.fixture.js';

const HOURS_OF_JUNE = 720;
const STOOD_AT = 1_000_000n;

/** June cut at random hours, with what was used between them. */
const partition = fc
  .uniqueArray(fc.integer({ min: 1, max: HOURS_OF_JUNE - 1 }), { minLength: 1, maxLength: 12 })
  .chain((cuts) => {
    const ends = [...cuts.sort((a, b) => a - b), HOURS_OF_JUNE];
    const amounts = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), {
      minLength: ends.length,
      maxLength: ends.length,
    });
    return amounts.map((used) => linesOf(ends, used));
  });

const linesOf = (ends: readonly number[], used: readonly bigint[]): ReadingLine[] => {
  let register = STOOD_AT;
  return ends.map((end, index) => {
    register += used[index]!;
    return {
      from: hour(index === 0 ? 0 : ends[index - 1]!),
      until: hour(end),
      energyKwh: kwhOf(used[index]!.toString()),
      registerKwh: kwhOf(register.toString()),
    };
  });
};

/** Some lines of it, in any order, told by one process or by two at once, one of which may die. */
const told = fc.record({
  picks: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 8 }),
  others: fc.option(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 8 })),
  dies: fc.option(fc.record({ append: fc.integer({ min: 1, max: 6 }), after: fc.boolean() })),
});

const follow = (readings: readonly Reading[]): boolean =>
  readings.every(({ from }, index) => from === (readings[index - 1]?.until ?? hour(0)));

it('any order and repetition of uploads ends in the total that the register counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      partition,
      fc.array(told, { minLength: 1, maxLength: 5 }),
      async (june, uploads) => {
        const house = new MeterHouse();
        await house.open();
        const linesAt = (picks: readonly number[]) => picks.map((n) => june[n % june.length]!);
        for (const [index, { picks, others, dies }] of uploads.entries()) {
          const one = await house.upload(`upload ${index}`, linesAt(picks));
          const other = others && (await house.upload(`other ${index}`, linesAt(others)));
          if (dies) house.streams.failFrom(dies.append, dies.after ? 'after' : 'before');
          const perform = (operationId: string) =>
            house.perform(operationId, new AggregateStore(house.streams)).catch(survived);
          await Promise.all([perform(one), ...(other === null ? [] : [perform(other)])]);
          house.restart();
          for (const operationId of other === null ? [one] : [one, other]) {
            const refused = await house.perform(operationId);
            expect(refused.filter(({ code }) => code !== 'meter/gap')).toEqual([]);
          }
          expect(follow(await house.known('2024-06'))).toBe(true);
        }
        const last = await house.upload('all', june.toReversed());
        expect(await house.perform(last)).toEqual([]);
        const known = await house.known('2024-06');
        expect(follow(known)).toBe(true);
        expect(known).toHaveLength(june.length);
        const total = known.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
        expect(total).toBe(BigInt(known.at(-1)!.register!) - STOOD_AT);
      },
    ),
    { numRuns: 30, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
});

const survived = (error: unknown): void => {
  if (!(error instanceof StoreUnavailable)) throw error;
};
