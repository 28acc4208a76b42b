import fc from 'fast-check';
import {
  anyInstant,
  anyLife,
  energized,
  installed,
  june,
  lifeOf,
  off,
  received,
  relocated,
} from './machine-life.fixture.js';
import { energyOf, segmentsOf, WATT_MS_PER_KWH } from './machine-usage.js';
import { addUsage, USAGE_GROUPS, type DayWindow, type Usage, type UsageGroup } from './usage.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The days of UTC from one on. */
const daysFrom = (from: string, count: number): DayWindow[] =>
  Array.from({ length: count }, (_, n) => {
    const [start, end] = [n, n + 1].map((day) =>
      new Date(Date.parse(from) + day * DAY_MS).toISOString(),
    );
    return { day: start!.slice(0, 10), from: start!, until: end! };
  });

const days = daysFrom(june(1), 30);
const month = { from: june(1), until: days.at(-1)!.until };
const moved = june(16, '12:00');
const life = lifeOf(
  received(june(1)),
  installed(june(2)),
  energized(june(3)),
  off(june(10, '22:00'), 'fault'),
  energized(june(11, '01:00')),
  off(moved, 'relocation'),
  relocated(moved, { facility: 'DALTON' }),
  energized(moved),
);

const usage = (per: UsageGroup, facts = life): ReadonlyMap<string, Usage> => {
  const totals = new Map<string, Usage>();
  addUsage(totals, segmentsOf(facts, month), per, days);
  return totals;
};
const kwh = ({ energyWattMs }: Usage): string =>
  `${energyWattMs / WATT_MS_PER_KWH}.${((energyWattMs * 1_000n) / WATT_MS_PER_KWH) % 1_000n}`;

describe('What a machine used', () => {
  it('in a month is one sum', () => {
    const [[, total]] = [...usage('total')] as [[string, Usage]];
    // 28 days but 3 h at 3,247 W.
    expect(kwh(total)).toBe('2172.243');
    expect(total).toMatchObject({
      ...{ machines: 1, energizedMs: 669 * HOUR_MS },
      ...{ windowMs: 672 * HOUR_MS, upMs: 669 * HOUR_MS },
      offMs: new Map([['fault', 3 * HOUR_MS]]),
    });
  });

  it('by day is cut at midnight', () => {
    const byDay = usage('day');
    expect(byDay.size).toBe(30);
    expect(byDay.get('2024-06-02')).toMatchObject({ machines: 1, energyWattMs: 0n, windowMs: 0 });
    expect(byDay.get('2024-06-10')).toMatchObject({ upMs: 22 * HOUR_MS, windowMs: DAY_MS });
    expect(byDay.get('2024-06-11')!.offMs).toEqual(new Map([['fault', HOUR_MS]]));
    expect(byDay.get('2024-06-16')).toMatchObject({ machines: 1, upMs: DAY_MS });
  });

  it('by facility is cut where it was moved', () => {
    const byFacility = usage('facility');
    expect([...byFacility.keys()]).toEqual(['DENTON', 'DALTON']);
    // From the 16th, 12:00, to the end of the 30th: 348 h at 3,247 W.
    expect(kwh(byFacility.get('DALTON')!)).toBe('1129.956');
  });

  it.each(USAGE_GROUPS)('adds up to the same by %s', (per) => {
    fc.assert(
      fc.property(anyLife, anyInstant, fc.integer({ min: 1, max: 40 }), (facts, at, count) => {
        const windows = daysFrom(`${at.slice(0, 10)}T00:00:00.000Z`, count);
        const whole = { from: windows[0]!.from, until: windows.at(-1)!.until };
        const segments = segmentsOf(facts, whole);
        const totals = new Map<string, Usage>();
        addUsage(totals, segments, per, windows);
        const sums = [...totals.values()];
        const drawn = sums.reduce((sum, { energyWattMs }) => sum + energyWattMs, 0n);
        expect(drawn).toBe(energyOf(segments));
        for (const { windowMs, upMs, offMs } of sums) {
          const offInAll = [...offMs.values()].reduce((sum, ms) => sum + ms, 0);
          expect(upMs + offInAll).toBe(windowMs);
        }
      }),
    );
  });
});
