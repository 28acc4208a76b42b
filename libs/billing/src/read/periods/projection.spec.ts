import { recorded, rowsOf } from '@hostledger/testing';
import { billingPeriodAggregate, type PeriodCommand } from '../../domain/billing-period.js';
import { begin, close, line, ofMonth, repair } from '../../domain/period.fixture.js';
import type { Posting } from '../../domain/period-changes.js';
import type { PeriodEvent } from '../../domain/period-events.js';
import {
  periodsTables,
  type PeriodRow,
  type StatementLineRow,
  type StatementRow,
} from './projection.js';

const at = '2024-06-01T12:00:00.000Z';
const command = <T extends PeriodCommand['type']>(
  type: T,
  data: Extract<PeriodCommand, { type: T }>['data'],
): PeriodCommand => ({ type, data, at }) as PeriodCommand;

const issue = (statementId: string, number: string) =>
  command('IssueStatement', { statementId, number });
const agree = command('AgreeAdjustment', {
  ...{ ...ofMonth, adjustmentId: 'adjustment', line: 2, amount: '-5.00' },
  ...{ reason: 'Goodwill', agreedBy: 'bea', claims: [] },
});
const post = command('PostAdjustments', {
  ...{ ...ofMonth, position: '2000' },
  into: { month: '2024-04', closeId: 'close-2', statementId: 'statement-2' },
  recomputed: { inputsDigest: 'e'.repeat(64), lines: [line('170.00'), repair('50.00')] },
});
const restatement = { ...ofMonth, restatementId: 'restatement' };
const propose = command('ProposeRestatement', {
  ...{ ...restatement, statementId: 'statement-r', customerId: 'customer', position: '3000' },
  ...{ inputsDigest: 'f'.repeat(64), reason: 'Read wrongly', proposedBy: 'bea' },
  lines: [line('200.00'), repair('50.00')],
});
const approve = command('ApproveRestatement', {
  ...{ ...restatement, issuedOn: '2024-06-01', approvedBy: 'ida' },
});

/** The events of a month's stream, after commands in this order. */
const log = (...commands: readonly PeriodCommand[]) => {
  const events: PeriodEvent[] = [];
  for (const one of commands) {
    const state = events.reduce(billingPeriodAggregate.evolve, billingPeriodAggregate.initialState);
    events.push(...billingPeriodAggregate.decide(one, state));
  }
  return recorded('billingPeriod-contract.2024-03', events);
};

const periodAfter = (...commands: readonly PeriodCommand[]) =>
  rowsOf<PeriodRow>(periodsTables.periods, log(...commands))[0]!;
const statementsAfter = (...commands: readonly PeriodCommand[]) =>
  rowsOf<StatementRow>(periodsTables.statements, log(...commands));

it('A month is closing, closed, and issued', () => {
  expect(periodAfter(begin())).toMatchObject({ status: 'closing', begun_by: 'bea', closed: null });
  expect(periodAfter(begin(), close())).toMatchObject({ status: 'closed', revision: 2 });
  const issued = periodAfter(begin(), close(), issue('statement-1', '2024-000001'));
  expect(issued).toMatchObject({ status: 'issued', closed: { lineCount: 2 } });
});

it('A close that was refused says why, until it is tried again', () => {
  const refuse = command('RefuseClose', {
    ...{ ...ofMonth, closeId: 'close-1', statementId: 'statement-1' },
    ...{
      code: 'period/discrepancies-open',
      detail: 'A gap',
      shortcomings: [],
      shortcomingCount: 1,
    },
  });
  expect(periodAfter(begin(), refuse)).toMatchObject({
    ...{ status: 'refused', refused: { detail: 'A gap' } },
  });
  const again = begin({ closeId: 'close-2' });
  expect(periodAfter(begin(), refuse, again)).toMatchObject({ status: 'closing', refused: null });
});

it('What comes after the close is noted beside it', () => {
  const row = periodAfter(begin(), close(), agree, post, propose, approve);
  expect(row).toMatchObject({
    status: 'closed',
    adjusted_in: [{ month: '2024-04', statementId: 'statement-2', position: '2000' }],
    agreements: [{ adjustmentId: 'adjustment', statementId: 'statement-2' }],
    restatements: [{ status: 'approved', proposedBy: 'bea', decidedBy: 'ida' }],
  });
});

it('A month that was computed anew and comes to the same is not adjusted', () => {
  const recomputed = { inputsDigest: 'e'.repeat(64), lines: [line('181.18'), repair('50.00')] };
  const unchanged = command('PostAdjustments', { ...(post.data as Posting), recomputed });
  const row = periodAfter(begin(), close(), unchanged);
  expect(row).toMatchObject({ adjusted_in: [], revision: 3 });
});

it('A statement is that of the close, or of a restatement, once it has a number', () => {
  expect(statementsAfter(begin(), close())).toMatchObject([{ status: 'closed', number: null }]);
  const number = issue('statement-1', '2024-000001');
  expect(statementsAfter(begin(), close(), number)).toMatchObject([
    { status: 'issued', number: '2024-000001', issued_on: '2024-04-02', due_on: '2024-04-09' },
  ]);
  const restated = [begin(), close(), number, propose];
  expect(statementsAfter(...restated)[1]).toMatchObject({ status: 'proposed', number: null });
  const reject = command('RejectRestatement', {
    ...{ ...restatement, rejectedBy: 'ida', reason: 'No' },
  });
  expect(statementsAfter(...restated, reject)[1]).toMatchObject({ status: 'rejected' });
  const another = issue('statement-r', '2024-000002');
  expect(statementsAfter(...restated, approve, another)[1]).toMatchObject({
    ...{ status: 'issued', kind: 'restatement', totals: [{ amount: '18.82' }] },
  });
});

it('Its lines are kept by their numbers, with the month that they adjust', () => {
  const rows = rowsOf<StatementLineRow>(periodsTables.lines, log(begin(), close(), propose));
  expect(rows).toMatchObject([
    { statement_id: 'statement-1', number: 1, adjusts_month: null, line: { amount: '181.18' } },
    { statement_id: 'statement-1', number: 2, adjusts_month: null, line: { amount: '50.00' } },
    { statement_id: 'statement-r', number: 1, adjusts_month: '2024-03', line: { amount: '18.82' } },
  ]);
});
