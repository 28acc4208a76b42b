import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type {
  AdjustmentAgreed,
  AdjustmentPosted,
  PeriodClosed,
  PeriodCloseRefused,
  PeriodEvent,
  RestatementProposed,
} from '../../domain/period-events.js';
import type { RestatementStatus } from '../../domain/period-state.js';
import type { StatementKind, StatementLine, Total } from '../../domain/statement.js';
import { creditNotes, lateFeeNotes } from './notes.js';

/** `refused`: it can be tried again. `closed`: the statement has no number yet. */
export const PERIOD_STATUSES = ['closing', 'refused', 'closed', 'issued'] as const;
export type PeriodStatus = (typeof PERIOD_STATUSES)[number];

/** On which later statement a month was adjusted. */
export interface AdjustedIn {
  readonly month: string;
  readonly statementId: string;
  readonly position: string;
}

export interface AgreementNote extends Omit<AdjustmentAgreed['data'], 'contractId' | 'month'> {
  readonly agreedAt: string;
  /** The statement that took it up. */
  readonly statementId?: string;
}

export interface RestatementNote extends Omit<
  RestatementProposed['data'],
  'contractId' | 'month' | 'customerId'
> {
  readonly status: RestatementStatus;
  readonly proposedAt: string;
  readonly decidedBy?: string;
  readonly decidedAt?: string;
  readonly rejectedFor?: string;
}

/** A month of a contract of which a close was begun. */
export interface PeriodRow {
  readonly contract_id: string;
  readonly month: string;
  readonly customer_id: string;
  readonly status: PeriodStatus;
  readonly statement_id: string;
  /** Pinned by the last close that was begun, in digits. */
  readonly position: string;
  readonly began_at: string;
  readonly begun_by: string;
  readonly closed_at: string | null;
  readonly refused: PeriodCloseRefused['data'] | null;
  readonly closed: PeriodClosed['data'] | null;
  readonly adjusted_in: readonly AdjustedIn[];
  readonly agreements: readonly AgreementNote[];
  readonly restatements: readonly RestatementNote[];
  /** Of the stream. */
  readonly revision: number;
}

const ofPeriod = ({ data }: { data: { contractId: string; month: string } }) => [
  { contract_id: data.contractId, month: data.month },
];

const periods = tableFold<PeriodRow, PeriodEvent>({
  table: {
    name: 'billing_periods',
    columns: {
      contract_id: 'text',
      month: 'text',
      customer_id: 'text',
      status: 'text',
      statement_id: 'text',
      position: 'text',
      began_at: 'timestamptz',
      begun_by: 'text',
      closed_at: 'timestamptz',
      refused: 'jsonb',
      closed: 'jsonb',
      adjusted_in: 'jsonb',
      agreements: 'jsonb',
      restatements: 'jsonb',
      revision: 'integer',
    },
    key: ['contract_id', 'month'],
    nullable: ['closed_at', 'refused', 'closed'],
    indexes: [
      ['customer_id', 'month', 'contract_id'],
      ['status', 'month', 'contract_id'],
      ['month', 'contract_id'],
    ],
  },
  keys: {
    PeriodCloseBegan: ofPeriod,
    PeriodCloseRefused: ofPeriod,
    PeriodClosed: ofPeriod,
    StatementIssued: ofPeriod,
    AdjustmentPosted: ofPeriod,
    AdjustmentAgreed: ofPeriod,
    RestatementProposed: ofPeriod,
    RestatementApproved: ofPeriod,
    RestatementRejected: ofPeriod,
  },
  evolve: (row, event) => {
    const revision = Number(event.revision);
    if (event.type === 'PeriodCloseBegan') {
      const { contractId, month, customerId, statementId, position, begunBy } = event.data;
      return {
        ...{ contract_id: contractId, month, customer_id: customerId, status: 'closing' },
        ...{ statement_id: statementId, position, began_at: event.recordedAt },
        ...{ begun_by: begunBy, closed_at: null, refused: null, closed: null },
        ...{ adjusted_in: [], agreements: [], restatements: [], revision },
      };
    }
    return row && { ...changed(row, event), revision };
  },
});

const changed = (row: PeriodRow, event: Recorded<PeriodEvent>): PeriodRow => {
  switch (event.type) {
    case 'PeriodCloseRefused':
      return { ...row, status: 'refused', refused: event.data };
    case 'PeriodClosed':
      return { ...row, status: 'closed', closed: event.data, closed_at: event.recordedAt };
    case 'StatementIssued':
      return event.data.statementId === row.statement_id ? { ...row, status: 'issued' } : row;
    case 'AdjustmentPosted':
      return adjusted(row, event.data);
    case 'AdjustmentAgreed': {
      const { contractId: _, month: __, ...agreed } = event.data;
      const agreement = { ...agreed, agreedAt: event.recordedAt };
      return { ...row, agreements: [...row.agreements, agreement] };
    }
    case 'RestatementProposed': {
      const { contractId: _, month: __, customerId: ___, ...proposed } = event.data;
      const note = { ...proposed, status: 'proposed' as const, proposedAt: event.recordedAt };
      return { ...row, restatements: [...row.restatements, note] };
    }
    case 'RestatementApproved': {
      const { restatementId, approvedBy } = event.data;
      return decided(row, restatementId, {
        ...{ status: 'approved', decidedBy: approvedBy, decidedAt: event.recordedAt },
      });
    }
    case 'RestatementRejected': {
      const { restatementId, rejectedBy, reason } = event.data;
      return decided(row, restatementId, {
        ...{ status: 'rejected', decidedBy: rejectedBy, decidedAt: event.recordedAt },
        rejectedFor: reason,
      });
    }
    default:
      return row;
  }
};

const adjusted = (
  row: PeriodRow,
  { into, position, chunk, lines: { length }, agreed }: AdjustmentPosted['data'],
): PeriodRow => {
  const { month, statementId } = into;
  const entry = { month, statementId, position };
  const taken = new Set(agreed);
  return {
    ...row,
    adjusted_in: chunk === 1 && length > 0 ? [...row.adjusted_in, entry] : row.adjusted_in,
    agreements: row.agreements.map((one) =>
      taken.has(one.adjustmentId) ? { ...one, statementId } : one,
    ),
  };
};

const decided = (
  row: PeriodRow,
  restatementId: string,
  outcome: Partial<RestatementNote>,
): PeriodRow => ({
  ...row,
  restatements: row.restatements.map((one) =>
    one.restatementId === restatementId ? { ...one, ...outcome } : one,
  ),
});

/** `proposed` and `rejected` are restatements; what is only `closed` waits for its number. */
export type StatementStatus = 'proposed' | 'rejected' | 'closed' | 'issued';

export interface StatementRow {
  readonly statement_id: string;
  readonly status: StatementStatus;
  readonly kind: StatementKind;
  /** Null until it is issued. */
  readonly number: string | null;
  readonly contract_id: string;
  readonly customer_id: string;
  readonly month: string;
  readonly issued_on: string | null;
  readonly due_on: string | null;
  /** Log position of its issue; numbers of two years may come in another order. */
  readonly issued_position: bigint | null;
  readonly totals: readonly Total[];
  readonly line_count: number;
  /** In digits. */
  readonly position: string;
  readonly inputs_digest: string;
  readonly lines_digest: string;
}

const ofStatement = ({ data }: { data: { statementId: string } }) => [
  { statement_id: data.statementId },
];

const statements = tableFold<StatementRow, PeriodEvent>({
  table: {
    name: 'billing_statements',
    columns: {
      statement_id: 'text',
      status: 'text',
      kind: 'text',
      number: 'text',
      contract_id: 'text',
      customer_id: 'text',
      month: 'text',
      issued_on: 'date',
      due_on: 'date',
      issued_position: 'bigint',
      totals: 'jsonb',
      line_count: 'integer',
      position: 'text',
      inputs_digest: 'text',
      lines_digest: 'text',
    },
    key: ['statement_id'],
    nullable: ['number', 'issued_on', 'due_on', 'issued_position'],
    indexes: [
      ['status', 'number'],
      ['contract_id', 'number'],
      ['customer_id', 'number'],
      ['month', 'number'],
    ],
  },
  keys: {
    PeriodClosed: ofStatement,
    RestatementProposed: ofStatement,
    RestatementApproved: ofStatement,
    RestatementRejected: ofStatement,
    StatementIssued: ofStatement,
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'PeriodClosed':
        return { ...begun(event.data), status: 'closed', kind: 'statement' };
      case 'RestatementProposed':
        return { ...begun(event.data), status: 'proposed', kind: 'restatement' };
      case 'RestatementApproved':
        return row && { ...row, status: 'closed' };
      case 'RestatementRejected':
        return row && { ...row, status: 'rejected' };
      case 'StatementIssued': {
        const { number, issuedOn, dueOn } = event.data;
        const issued = { number, issued_on: issuedOn, due_on: dueOn ?? null };
        const { position: issued_position } = event;
        return row && { ...row, ...issued, issued_position, status: 'issued' };
      }
      default:
        return row;
    }
  },
});

const begun = (
  data: PeriodClosed['data'] | RestatementProposed['data'],
): Omit<StatementRow, 'status' | 'kind'> => ({
  statement_id: data.statementId,
  number: null,
  contract_id: data.contractId,
  customer_id: data.customerId,
  month: data.month,
  issued_on: null,
  due_on: null,
  issued_position: null,
  totals: data.totals,
  line_count: data.lineCount,
  position: data.position,
  inputs_digest: data.inputsDigest,
  lines_digest: data.linesDigest,
});

export interface StatementLineRow {
  readonly statement_id: string;
  readonly number: number;
  readonly contract_id: string;
  /** Of the statement. */
  readonly month: string;
  /** The closed month that the line adjusts or restates. */
  readonly adjusts_month: string | null;
  readonly line: StatementLine;
}

type Listed = Extract<PeriodEvent, { data: { lines: readonly StatementLine[] } }>;

const ofLines = ({ data }: { data: Listed['data'] }) =>
  data.lines.map(({ number }) => ({ statement_id: data.statementId, number }));

const lines = tableFold<StatementLineRow, Listed>({
  table: {
    name: 'billing_statement_lines',
    columns: {
      statement_id: 'text',
      number: 'integer',
      contract_id: 'text',
      month: 'text',
      adjusts_month: 'text',
      line: 'jsonb',
    },
    key: ['statement_id', 'number'],
    nullable: ['adjusts_month'],
    indexes: [['contract_id', 'adjusts_month', 'statement_id', 'number']],
    insertOnly: true,
  },
  keys: { PeriodLinesRecorded: ofLines, RestatementLinesRecorded: ofLines },
  evolve: (_, { data }, { number }) => {
    // Lines are numbered through, also from one event to the next.
    const line = data.lines[number! - data.lines[0]!.number]!;
    return {
      statement_id: data.statementId,
      number: line.number,
      contract_id: data.contractId,
      month: data.month,
      adjusts_month: line.adjusts?.month ?? null,
      line,
    };
  },
});

export const periodsTables = { periods, statements, lines, creditNotes, lateFeeNotes };

export const periodsProjection: Projection = {
  name: 'billing_periods',
  version: 3,
  tables: [periods, statements, lines, creditNotes, lateFeeNotes],
};
