import type { Line } from './line.js';
import type { Closing, Beginning } from './period-close.js';
import type { PeriodCommand } from './billing-period.js';
import type { AdjustmentLine } from './standing.js';
import type { StatementLine } from './statement.js';

// A month of a contract in specs: March 2024, closed at the beginning of April.

export const CONTRACT = 'c0000000-0000-4000-8000-000000000001';
export const CUSTOMER = 'c0000000-0000-4000-8000-000000000002';
export const MONTH = '2024-03';
export const AT = '2024-04-02T12:00:00.000Z';
export const ofMonth = { contractId: CONTRACT, month: MONTH };

export const line = (amount: string, change: Partial<Line> = {}): Line => ({
  key: 'nameplateKwh/DENTON/v1',
  component: 'nameplateKwh',
  description: 'Energy at rated power, DENTON',
  facility: 'DENTON',
  termsVersion: 1,
  clauseRef: '4.2',
  window: { from: '2024-03-01T06:00:00.000Z', until: '2024-04-01T05:00:00.000Z' },
  quantity: '2415.768',
  unit: 'kWh',
  rate: '0.075',
  exactAmount: '1811826/10000',
  rounding: { mode: 'halfUp', scale: 2 },
  amount,
  currency: 'USD',
  ...change,
});

export const repair = (amount: string): Line =>
  line(amount, { key: 'repair/DENTON/v1', component: 'repair', unit: 'case', clauseRef: '6.1' });

export const numbered = (...lines: readonly (Line | AdjustmentLine)[]): StatementLine[] =>
  lines.map((one, index) => ({ number: index + 1, ...one }));

export const begin = (change: Partial<Beginning> = {}, at = AT): PeriodCommand => ({
  type: 'BeginClose',
  data: {
    ...ofMonth,
    closeId: 'close-1',
    statementId: 'statement-1',
    customerId: CUSTOMER,
    timeZone: 'America/Chicago',
    currency: 'USD',
    position: '1000',
    issuedOn: '2024-04-02',
    firstMonth: '2024-02',
    begunBy: 'bea',
    endsAt: '2024-04-01T05:00:00.000Z',
    previousIssued: true,
    ...change,
  },
  at,
});

export const close = (change: Partial<Closing> = {}): PeriodCommand => ({
  type: 'ClosePeriod',
  data: {
    ...ofMonth,
    closeId: 'close-1',
    customerId: CUSTOMER,
    timeZone: 'America/Chicago',
    currency: 'USD',
    position: '1000',
    terms: [
      {
        version: 1,
        eventId: 'terms-1',
        from: '2024-03-01T06:00:00.000Z',
        until: '2024-04-01T05:00:00.000Z',
      },
    ],
    inputsDigest: 'd'.repeat(64),
    lines: numbered(line('181.18'), repair('50.00')),
    payment: { dueDays: 7, clauseRef: '5.1' },
    ...change,
  },
  at: AT,
});
