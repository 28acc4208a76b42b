import type { KnownMeter } from './meter.js';
import { monthWindow } from './meter-months.js';
import type { NewReading } from './meter-month.js';
import type { ReadingFacts } from './meter-readings.js';

// June 2024 of a meter in Texas: five hours behind UTC.

export const meter: KnownMeter = {
  status: 'known',
  meterId: 'DENTON-A-07',
  contractId: 'contract-1',
  facility: 'DENTON',
  kind: 'energy',
  unit: 'Wh',
  startsAt: '2024-01-10T06:00:00.000Z',
  timeZone: 'America/Chicago',
  reference: 'ION8650-1907A412',
};

export const factsOf = (change: Partial<ReadingFacts> = {}): ReadingFacts => ({
  meter,
  month: '2024-06',
  window: monthWindow('America/Chicago', '2024-06'),
  estimation: [{ effectiveOn: '2023-09-25', agreed: false }],
  ...change,
});

/** The n-th day of June begins. */
export const day = (n: number, hour = 0): string =>
  new Date(Date.UTC(2024, 5, n, 5 + hour)).toISOString();

/** Of the days from one until before another. */
export const reading = (
  from: number,
  until: number,
  amount: number,
  more: Partial<NewReading> = {},
): NewReading => ({ from: day(from), until: day(until), amount: String(amount), ...more });
