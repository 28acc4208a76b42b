import type { RecordedEvent } from '@hostledger/eventsourcing';
import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { AccountEvent, LateFeeCharged, LateStretch } from './account-events.js';
import { lateFees } from './account-late-fees.js';
import { dayLater } from './account-ladder.js';
import { evolveAccount, type Account } from './account-state.js';
import { startOfDay } from './months.js';
import { decimal } from './rating/charge.js';
import type { LateFeeFor, PaperLine } from './statement.js';

// A late fee as a paper: what it says, how it is computed, and from which events.

/** A late fee with what its statement says. */
export interface ChargedFor {
  readonly charged: LateFeeCharged['data'];
  /** Of the statement that was overdue. */
  readonly number: string;
  readonly dueOn: string;
  /** IANA name; that of the contract. */
  readonly timeZone: string;
  /** Of the terms that the statement is to be paid by; absent where no version was in force any more. */
  readonly termsVersion?: number;
}

export const lateFeeFor = ({ charged, number, dueOn }: ChargedFor): LateFeeFor => {
  const { statementId, fromOn, throughOn, percentPerMonth, stretches } = charged;
  return { statementId, number, dueOn, fromOn, throughOn, percentPerMonth, stretches };
};

/** What was overdue, as if for a whole month: overdue × days ÷ days in the month. */
const monthly = ({ overdue, days, daysInMonth }: LateStretch): Exact =>
  exact(overdue).mul(days).div(daysInMonth);

const monthlySum = (stretches: readonly LateStretch[]): Exact =>
  stretches.reduce((sum, stretch) => sum.add(monthly(stretch)), EXACT_ZERO);

/** One line: what was overdue, for a month, at a percentage. */
export const lateFeeLine = (of: ChargedFor): Omit<PaperLine, 'number'> => {
  const { charged, number, dueOn, timeZone, termsVersion } = of;
  const { statementId, currency, amount, fromOn, throughOn, clauseRef, rounding } = charged;
  return {
    ...{ key: `lateFee/${statementId}/${currency}/${fromOn}`, component: 'lateFee' },
    description:
      `Late fee on statement ${number}, due on ${dueOn}, ` +
      `for what was overdue from ${fromOn} to ${throughOn}`,
    ...(termsVersion !== undefined && { termsVersion }),
    ...(clauseRef !== undefined && { clauseRef }),
    window: {
      from: startOfDay(timeZone, fromOn),
      until: startOfDay(timeZone, dayLater(throughOn, 1)),
    },
    ...{ quantity: decimal(monthlySum(charged.stretches)), unit: 'moneyMonth' },
    ...{ rate: charged.percentPerMonth, exactAmount: charged.exactAmount },
    ...{ rounding, amount, currency },
  };
};

/** The formula with its numbers, a step for each stretch of days and the last for the whole. */
export const lateFeeSteps = ({ charged }: Pick<ChargedFor, 'charged'>): string[] => {
  const { currency, percentPerMonth, stretches, exactAmount, carried, amount } = charged;
  const sum = decimal(monthlySum(stretches));
  return [
    ...stretches.map((stretch) => {
      const { fromOn, throughOn, overdue, days, daysInMonth } = stretch;
      const formula = `${overdue} ${currency} × ${days} of ${daysInMonth} days`;
      return `Overdue from ${fromOn} to ${throughOn}: ${formula} = ${decimal(monthly(stretch))} ${currency} for a month`;
    }),
    `${sum} ${currency} for a month × ${percentPerMonth} % = ${decimal(exact(exactAmount))}` +
      (carried === undefined ? '' : `, with ${decimal(exact(carried))} of the fees before it`) +
      `, rounded ${amount}`,
  ];
};

const told = (recorded: RecordedEvent): AccountEvent => recorded as unknown as AccountEvent;

export interface LateFeeAgain {
  /** As it was charged. */
  readonly charged: LateFeeCharged['data'];
  /** As it comes out of its sources; undefined where none does. */
  readonly again?: LateFeeCharged['data'];
  /** Every event that it depends on, in the order of the log. */
  readonly sources: readonly RecordedEvent[];
}

/**
 * Computes a late fee once more from the events that it depends on, and from no others.
 * @param events of the account's stream, from the first on.
 * @returns undefined where no such fee was charged.
 */
export const lateFeeAgain = (
  events: readonly RecordedEvent[],
  lateFeeId: string,
): LateFeeAgain | undefined => {
  const at = events.findIndex((one) => {
    const event = told(one);
    return event.type === 'LateFeeCharged' && event.data.lateFeeId === lateFeeId;
  });
  if (at < 0) return undefined;
  const { data: charged } = told(events[at]!) as LateFeeCharged;
  const sources = sourcesOf(events.slice(0, at), charged);
  const account = sources.map(told).reduce(evolveAccount, { status: 'unknown' } as Account);
  if (account.status === 'unknown') return { charged, sources };
  const [again] = lateFees(account, charged.throughOn, charged.chargedOn)
    .flatMap((event) => (event.type === 'LateFeeCharged' ? [event.data] : []))
    .filter(({ currency }) => currency === charged.currency);
  return { charged, sources, ...(again && { again }) };
};

/**
 * What was recorded of the statement before, and whose account it is in: what it asks for, what was paid
 * and given back by the last day, what bounced or was disputed, and the fee before this one.
 */
const sourcesOf = (
  before: readonly RecordedEvent[],
  fee: LateFeeCharged['data'],
): RecordedEvent[] => {
  const { throughOn } = fee;
  const events = before.map(told);
  const isHere = ({ statementId, currency }: Place): boolean =>
    statementId === fee.statementId && currency === fee.currency;
  const payments = new Set<string>();
  const disputes = new Set<string>();
  let feeBefore: AccountEvent | undefined;
  for (const event of events) {
    const { type, data } = event;
    if (type === 'PaymentApplied' && isHere(data) && data.appliedOn <= throughOn) {
      payments.add(data.paymentId);
    }
    if (type === 'DisputeRaised' && isHere(data) && data.raisedOn <= throughOn) {
      if (data.lateFeeId === undefined) disputes.add(data.disputeId);
    }
    if (type === 'LateFeeCharged' && isHere(data)) feeBefore = event;
  }
  const isSource = (event: AccountEvent): boolean => {
    const { type, data } = event;
    switch (type) {
      case 'AccountOpened':
        return true;
      case 'StatementEntered':
        return data.statementId === fee.statementId;
      case 'PaymentReceived':
      case 'PaymentReversed':
        return payments.has(data.paymentId);
      case 'PaymentApplied':
        return isHere(data) && data.appliedOn <= throughOn;
      case 'StatementCreditApplied': {
        const from = { ...data, statementId: data.fromStatementId };
        return (isHere(data) || isHere(from)) && data.appliedOn <= throughOn;
      }
      case 'DisputeRaised':
      case 'DisputeResolved':
        return disputes.has(data.disputeId);
      case 'CreditNoteBegan':
        return data.disputeId !== undefined && disputes.has(data.disputeId);
      case 'CreditNoteIssued':
        return isHere(data) && data.issuedOn <= throughOn && data.lateFeeId === undefined;
      case 'DepositApplied':
        return isHere(data) && data.drawnOn <= throughOn;
      case 'WriteOffApproved':
        return isHere(data) && data.approvedOn <= throughOn && data.lateFeeId === undefined;
      case 'LateFeeCharged':
        return event === feeBefore;
      default:
        return false;
    }
  };
  return before.filter((_, index) => isSource(events[index]!));
};

interface Place {
  readonly statementId: string;
  readonly currency: string;
}
