import type { Claim } from './account-figures.js';
import type { Line } from './line.js';
import type { Closing, Beginning } from './period-close.js';
import { billingPeriodAggregate, type PeriodCommand } from './billing-period.js';
import type { PeriodEvent } from './period-events.js';
import type { BillingPeriod } from './period-state.js';
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
    startsAt: '2024-03-01T06:00:00.000Z',
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

/** What commands in this order come to. */
export const after = (...commands: readonly PeriodCommand[]): PeriodEvent[] => {
  const events: PeriodEvent[] = [];
  let state = billingPeriodAggregate.initialState;
  for (const command of commands) {
    const more = billingPeriodAggregate.decide(command, state);
    events.push(...more);
    state = more.reduce(billingPeriodAggregate.evolve, state);
  }
  return events;
};

export const command = <T extends PeriodCommand['type']>(
  type: T,
  data: Extract<PeriodCommand, { type: T }>['data'],
): PeriodCommand => ({ type, data, at: AT }) as PeriodCommand;

export const issue = command('IssueStatement', {
  statementId: 'statement-1',
  number: '2024-000001',
});
export const into = { month: '2024-04', closeId: 'close-2', statementId: 'statement-2' };
export const post = (
  lines?: readonly Line[],
  change: { position?: string; closeId?: string; pinned?: readonly string[] } = {},
) =>
  command('PostAdjustments', {
    ...ofMonth,
    into: { ...into, ...(change.closeId !== undefined && { closeId: change.closeId }) },
    position: change.position ?? '2000',
    ...(change.pinned && { pinned: change.pinned }),
    ...(lines && { recomputed: { inputsDigest: 'e'.repeat(64), lines } }),
  });
export const agree = (
  amount: string,
  change: { line?: number; adjustmentId?: string; claims?: readonly Claim[] } = {},
) =>
  command('AgreeAdjustment', {
    ...ofMonth,
    adjustmentId: 'adjustment-1',
    line: 2,
    amount,
    reason: 'Goodwill',
    clauseRef: '9.9',
    agreedBy: 'bea',
    claims: [],
    ...change,
  });
export const propose = (
  lines: readonly Line[],
  change: { position?: string; restatementId?: string } = {},
) =>
  command('ProposeRestatement', {
    ...ofMonth,
    restatementId: 'restatement-1',
    statementId: 'statement-r',
    customerId: 'customer',
    position: '3000',
    inputsDigest: 'f'.repeat(64),
    reason: 'A meter was read wrongly',
    proposedBy: 'bea',
    lines,
    ...change,
  });
export const approve = (approvedBy: string, restatementId = 'restatement-1') =>
  command('ApproveRestatement', { ...ofMonth, restatementId, approvedBy, issuedOn: '2024-06-01' });
export const reject = command('RejectRestatement', {
  ...ofMonth,
  restatementId: 'restatement-1',
  rejectedBy: 'ada',
  reason: 'Not so',
});

export const stateAfter = (...commands: readonly PeriodCommand[]): BillingPeriod =>
  after(...commands).reduce(billingPeriodAggregate.evolve, billingPeriodAggregate.initialState);
