// @ts-check
// Writes the readings of this scenario beside itself, or into the directory given. The same bytes
// every time: run it after a change, and commit the result.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HOUR_MS = 3_600_000;
/** What 12,000 machines of 3,247 W draw in an hour, about. */
const USUAL_WH = 38_964_000;
/** Up or down, in steps, as an hour is hotter or colder. */
const SWING_WH = 1_200_000;

/**
 * Months of America/Chicago, with the hour that clocks skipped in March. The register is told from April
 * on: an hour of March is corrected, which no register that was told could be out by.
 */
const months = [
  {
    name: 'readings-2022-03.csv',
    from: '2022-03-01T06:00:00.000Z',
    until: '2022-04-01T05:00:00.000Z',
    hasRegister: false,
  },
  {
    name: 'readings-2022-04.csv',
    from: '2022-04-01T05:00:00.000Z',
    until: '2022-05-01T05:00:00.000Z',
    hasRegister: true,
  },
];

const kwh = (/** @type {number} */ wh) => {
  const digits = String(wh).padStart(4, '0');
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
};

/** The register of the meter as the first month begins. */
let register = 1_204_881_250;
let hour = 0;
const directory = process.argv[2] ?? import.meta.dirname;
for (const { name, from, until, hasRegister } of months) {
  const columns = ['from', 'until', 'energyKwh', ...(hasRegister ? ['registerKwh'] : [])];
  const lines = [columns.join(',')];
  for (let at = Date.parse(from); at < Date.parse(until); at += HOUR_MS) {
    const wh = USUAL_WH - SWING_WH + ((hour * 104_729) % (2 * SWING_WH + 1));
    register += wh;
    hour += 1;
    const [begun, ended] = [at, at + HOUR_MS].map((instant) => new Date(instant).toISOString());
    lines.push([begun, ended, kwh(wh), ...(hasRegister ? [kwh(register)] : [])].join(','));
  }
  writeFileSync(join(directory, name), `${lines.join('\n')}\n`);
}
