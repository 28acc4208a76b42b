import fc from 'fast-check';
import { anyInstant, anyLife } from './machine-life.fixture.js';
import { energyOf, segmentsOf, told } from './machine-usage.js';
import { NO_CAUSE, uptimeOf } from './uptime.js';

// Over random lives of machines.

const HOUR_MS = 3_600_000;
const ages = { from: '2000-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z' };
/** A window of some of the days of a life, and instants that cut it. */
const cuts = fc.uniqueArray(anyInstant, { minLength: 2, maxLength: 6 }).map((all) => all.sort());

const windowsOf = (instants: readonly string[]) =>
  instants.slice(1).map((until, index) => ({ from: instants[index]!, until }));

it('Stretches have no gap and no overlap from the reception to the retirement', () => {
  fc.assert(
    fc.property(anyLife, (facts) => {
      const segments = segmentsOf(facts, ages);
      const end = told(facts).find(({ kind }) => kind === 'retired')?.at ?? ages.until;
      const first = facts[0]!.at;
      if (first >= end) return expect(segments).toEqual([]);
      expect(segments[0]!.from).toBe(first);
      expect(segments.at(-1)!.until).toBe(end);
      segments.forEach(({ from, until }, index) => {
        expect(from < until).toBe(true);
        if (index > 0) expect(from).toBe(segments[index - 1]!.until);
      });
    }),
  );
});

it('What was drawn in a window is the sum of what was drawn in the parts it is cut into', () => {
  fc.assert(
    fc.property(anyLife, cuts, (facts, instants) => {
      const whole = { from: instants[0]!, until: instants.at(-1)! };
      const parts = windowsOf(instants).map((window) => energyOf(segmentsOf(facts, window)));
      expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(energyOf(segmentsOf(facts, whole)));
    }),
  );
});

it('In which order the facts are given does not matter', () => {
  fc.assert(
    fc.property(
      anyLife.chain((facts) =>
        fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
      ),
      ([facts, shuffled]) => expect(segmentsOf(shuffled, ages)).toEqual(segmentsOf(facts, ages)),
    ),
  );
});

it('What happens after a window changes nothing in it', () => {
  fc.assert(
    fc.property(anyLife, cuts, (facts, instants) => {
      const [from, until] = [instants[0]!, instants.at(-1)!];
      const known = told(facts).filter(({ at }) => at < until);
      expect(segmentsOf(known, { from, until })).toEqual(segmentsOf(facts, { from, until }));
    }),
  );
});

it('Time up, excused and unexcused are the window, and no instant has two causes', () => {
  const excused = fc
    .subarray(['curtailment', 'fault', 'repair', 'nonPayment', 'maintenance', 'relocation'])
    .map((causes) => new Set(causes));
  fc.assert(
    fc.property(anyLife, cuts, excused, (facts, instants, causes) => {
      const [from, until] = [instants[0]!, instants.at(-1)!];
      const segments = segmentsOf(facts, { from, until });
      const { windowMs, upMs, excusedMs, unexcusedMs, byCause } = uptimeOf(segments, causes);
      expect(upMs + excusedMs + unexcusedMs).toBe(windowMs);
      expect(Math.min(upMs, excusedMs, unexcusedMs)).toBeGreaterThanOrEqual(0);
      expect(windowMs).toBeLessThanOrEqual(Date.parse(until) - Date.parse(from));
      const off = [...byCause.values()].reduce((sum, ms) => sum + ms, 0);
      expect(off).toBe(windowMs - upMs);
      // Counted again, hour by hour: lives change at full hours.
      const spans = segments.map((one) => [Date.parse(one.from), Date.parse(one.until)] as const);
      let hoursUp = 0;
      let hoursExcused = 0;
      for (let at = Date.parse(from); at < Date.parse(until); at += HOUR_MS) {
        const there = segments.filter((_, n) => spans[n]![0] <= at && at < spans[n]![1]);
        if (there.length > 1) throw new Error(`${there.length} stretches at ${at}`);
        const [one] = there;
        if (!one?.commissioned) continue;
        if (one.energized) hoursUp += 1;
        else if (causes.has(one.cause ?? NO_CAUSE)) hoursExcused += 1;
      }
      expect([upMs, excusedMs]).toEqual([hoursUp * HOUR_MS, hoursExcused * HOUR_MS]);
    }),
  );
});
