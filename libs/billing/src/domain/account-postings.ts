import type { AccountEvent } from './account-events.js';
import { negative } from './account-state.js';

// Each event of an account as a posting of two sides: what it comes to is zero in each currency.

/**
 * - `receivable`: what the customer owes. `unappliedCredit`: what was received and applied to nothing.
 * - the others: where it came from, or what became of it.
 */
export const ACCOUNT_BOOKS = [
  ...(['receivable', 'unappliedCredit', 'billed', 'lateFees', 'credited'] as const),
  ...(['cash', 'deposits', 'writtenOff', 'released'] as const),
] as const;
export type AccountBook = (typeof ACCOUNT_BOOKS)[number];

export interface Posting {
  readonly book: AccountBook;
  readonly currency: string;
  /** Decimal; more in the book above zero, less below. What leaves a customer's debt is below zero there. */
  readonly amount: string;
  /** Of what is receivable. */
  readonly statementId?: string;
}

/** The postings of an event; none where it changes nothing that is owed or held. */
export const postingsOf = (event: AccountEvent): readonly Posting[] => {
  switch (event.type) {
    case 'StatementEntered': {
      const { statementId, totals } = event.data;
      return totals.flatMap(({ currency, amount }) =>
        pair({ statementId, currency, amount }, 'receivable', 'billed'),
      );
    }
    case 'LateFeeCharged':
      return pair(event.data, 'receivable', 'lateFees');
    case 'CreditNoteIssued':
      return pair(event.data, 'credited', 'receivable');
    case 'PaymentReceived':
      return pair(event.data, 'cash', 'unappliedCredit');
    case 'PaymentApplied':
      return pair(event.data, 'unappliedCredit', 'receivable');
    case 'PaymentReversed': {
      const { currency, amount, restored, unapplied } = event.data;
      return [
        { book: 'cash', currency, amount: negative(amount) },
        { book: 'unappliedCredit', currency, amount: unapplied },
        ...restored.map((each): Posting => ({ book: 'receivable', currency, ...each })),
      ];
    }
    case 'StatementCreditApplied': {
      const { currency, amount, statementId, fromStatementId } = event.data;
      return [
        { book: 'receivable', currency, amount: negative(amount), statementId },
        { book: 'receivable', currency, amount, statementId: fromStatementId },
      ];
    }
    case 'DepositApplied':
      return pair(event.data, 'deposits', 'receivable');
    case 'WriteOffApproved':
      return pair(event.data, 'writtenOff', 'receivable');
    case 'ReceivableReleased': {
      const { statementId, amounts } = event.data;
      return amounts.flatMap((total) => pair({ statementId, ...total }, 'released', 'receivable'));
    }
    default:
      return [];
  }
};

interface Posted {
  readonly currency: string;
  readonly amount: string;
  readonly statementId?: string;
}

const pair = (posted: Posted, more: AccountBook, less: AccountBook): readonly Posting[] =>
  [more, less].map((book, index) => ({
    book,
    currency: posted.currency,
    amount: index === 0 ? posted.amount : negative(posted.amount),
    ...(book === 'receivable' &&
      posted.statementId !== undefined && { statementId: posted.statementId }),
  }));
