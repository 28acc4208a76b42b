import { tableFold } from '@hostledger/eventsourcing';
import type {
  CreditNoteIssued,
  LateFeeCharged,
  LateFeeNoteIssued,
} from '../../domain/account-events.js';
import { negative } from '../../domain/amounts.js';
import type { Total } from '../../domain/statement.js';

// What is sent beside the statements of months, under numbers of the same series.

/** A credit note under its number, beside the statement that it is for. */
export interface CreditNoteRow {
  readonly credit_note_id: string;
  readonly number: string;
  readonly contract_id: string;
  readonly customer_id: string;
  readonly statement_id: string;
  readonly issued_on: string;
  /** What is given back, below zero. */
  readonly totals: readonly Total[];
  /** Of the statement, where it is for one. */
  readonly line: number | null;
  readonly late_fee_id: string | null;
  readonly reason: string;
  /** Of the event, in digits. */
  readonly position: string;
}

// Whose a note is, its statement says: events of before contracts passed to others name the account's customer.

export const creditNotes = tableFold<CreditNoteRow, CreditNoteIssued>({
  table: {
    name: 'billing_credit_notes',
    columns: {
      credit_note_id: 'text',
      number: 'text',
      contract_id: 'text',
      customer_id: 'text',
      statement_id: 'text',
      issued_on: 'date',
      totals: 'jsonb',
      line: 'integer',
      late_fee_id: 'text',
      reason: 'text',
      position: 'text',
    },
    key: ['credit_note_id'],
    nullable: ['line', 'late_fee_id'],
    indexes: [['number'], ['contract_id', 'number'], ['customer_id', 'number']],
    insertOnly: true,
  },
  keys: { CreditNoteIssued: ({ data }) => [{ credit_note_id: data.creditNoteId }] },
  evolve: (_, { data, position }) => ({
    credit_note_id: data.creditNoteId,
    number: data.number,
    contract_id: data.contractId,
    customer_id: data.customerId,
    statement_id: data.statementId,
    issued_on: data.issuedOn,
    totals: [{ currency: data.currency, amount: negative(data.amount) }],
    line: data.line ?? null,
    late_fee_id: data.lateFeeId ?? null,
    reason: data.reason,
    position: position.toString(),
  }),
});

/** A late fee, and its note beside the statement that was overdue. */
export interface LateFeeNoteRow {
  readonly late_fee_id: string;
  /** Null until it is issued. */
  readonly number: string | null;
  readonly contract_id: string;
  readonly customer_id: string;
  readonly statement_id: string;
  /** YYYY-MM of the last day that it is for. */
  readonly month: string;
  readonly issued_on: string;
  readonly totals: readonly Total[];
  /** What it was computed from, and how. */
  readonly charged: LateFeeCharged['data'];
  /** Of the charge, in digits. */
  readonly position: string;
  /** Of the issue. */
  readonly issued_position: bigint | null;
}

const ofLateFee = ({ data }: { data: { lateFeeId: string } }) => [{ late_fee_id: data.lateFeeId }];

export const lateFeeNotes = tableFold<LateFeeNoteRow, LateFeeCharged | LateFeeNoteIssued>({
  table: {
    name: 'billing_late_fee_notes',
    columns: {
      late_fee_id: 'text',
      number: 'text',
      contract_id: 'text',
      customer_id: 'text',
      statement_id: 'text',
      month: 'text',
      issued_on: 'date',
      totals: 'jsonb',
      charged: 'jsonb',
      position: 'text',
      issued_position: 'bigint',
    },
    key: ['late_fee_id'],
    nullable: ['number', 'issued_position'],
    indexes: [
      ['number'],
      ['contract_id', 'number'],
      ['customer_id', 'number'],
      ['month', 'number'],
    ],
  },
  keys: { LateFeeCharged: ofLateFee, LateFeeNoteIssued: ofLateFee },
  evolve: (row, event) => {
    if (event.type === 'LateFeeNoteIssued') {
      const { number, customerId: customer_id } = event.data;
      return row && { ...row, number, customer_id, issued_position: event.position };
    }
    const { data, position } = event;
    return {
      late_fee_id: data.lateFeeId,
      number: null,
      contract_id: data.contractId,
      customer_id: data.customerId,
      statement_id: data.statementId,
      month: data.throughOn.slice(0, 7),
      issued_on: data.chargedOn,
      totals: [{ currency: data.currency, amount: data.amount }],
      charged: data,
      position: position.toString(),
      issued_position: null,
    };
  },
});
