import type { PaymentTerms } from '@hostledger/contracts';
import { isBelowNothing, isNothing } from './amounts.js';
import { refused } from './period-close.js';
import type { PeriodEvent, StatementIssued } from './period-events.js';
import type { BillingPeriod } from './period-state.js';
import type { Total } from './statement.js';

export interface Issuing {
  readonly statementId: string;
  /** Taken from its series before. */
  readonly number: string;
}

/** Of the close, or of a restatement that was approved. */
export const issueStatement = (
  { statementId, number }: Issuing,
  period: BillingPeriod,
): PeriodEvent[] => {
  if (period.issued.has(statementId)) return [];
  const { closed } = period;
  const restatement = [...period.restatements.values()].find(
    ({ proposed, status }) => proposed.statementId === statementId && status === 'approved',
  );
  if (closed?.statementId === statementId) {
    return [issued({ ...closed, kind: 'statement', number })];
  }
  if (closed && restatement) {
    const { issuedOn = closed.issuedOn } = restatement;
    const { payment } = closed;
    const { proposed } = restatement;
    const due = payment && { payment };
    return [issued({ ...proposed, ...due, kind: 'restatement', number, issuedOn })];
  }
  throw refused('period/statement-unknown', 'There is no such statement to be issued', {
    statementId,
  });
};

type Said = Omit<StatementIssued['data'], 'dueOn'>;

const issued = ({ payment, ...said }: Said): PeriodEvent => {
  const { contractId, month, statementId, number, kind, customerId } = said;
  const { issuedOn, lineCount, totals } = said;
  const dueOn = payment && isToBePaid(totals) ? dueDay(issuedOn, payment) : undefined;
  return {
    type: 'StatementIssued',
    data: {
      ...{ contractId, month, statementId, number, kind, customerId, issuedOn },
      ...(dueOn !== undefined && { dueOn }),
      ...{ lineCount, totals },
      ...(payment && { payment }),
    },
  };
};

const isToBePaid = (totals: readonly Total[]): boolean =>
  totals.some(({ amount }) => !isNothing(amount) && !isBelowNothing(amount));

const DAY_MS = 86_400_000;

const dueDay = (issuedOn: string, { dueDays }: PaymentTerms): string =>
  new Date(Date.parse(issuedOn) + dueDays * DAY_MS).toISOString().slice(0, 10);
