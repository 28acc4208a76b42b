import {
  contextOfEvent,
  processItemColumns,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import type { StatementEntered } from '../domain/account-events.js';
import type {
  PeriodCloseBegan,
  PeriodCloseRefused,
  RestatementApproved,
} from '../domain/period-events.js';
import type { InputTools } from '../read/inputs/ports.js';
import { issueAndEnter, performClose } from './period-close.js';

/** A statement that is on its way; `item_id` is its id. */
export interface StatementUnderway extends ProcessItem {
  readonly contract_id: string;
  readonly month: string;
  /** Of the attempt to close the month; null for the statement of a restatement. */
  readonly close_id: string | null;
  /** Of who began the close, or approved the restatement. */
  readonly context: CommandContext;
}

type Followed = PeriodCloseBegan | PeriodCloseRefused | RestatementApproved | StatementEntered;

const ofStatement = ({ data }: { data: { statementId: string } }) => [
  { item_id: data.statementId },
];

/** Pure: a statement is done once it is on the account of its contract. */
export const statementsUnderway = tableFold<StatementUnderway, Followed>({
  table: {
    name: 'billing_statements_underway',
    columns: {
      ...processItemColumns,
      contract_id: 'text',
      month: 'text',
      close_id: 'text',
      context: 'jsonb',
    },
    key: ['item_id'],
    nullable: ['close_id'],
  },
  keys: {
    PeriodCloseBegan: ofStatement,
    PeriodCloseRefused: ofStatement,
    RestatementApproved: ofStatement,
    StatementEntered: ofStatement,
  },
  evolve: (_, event) => {
    if (event.type !== 'PeriodCloseBegan' && event.type !== 'RestatementApproved') return undefined;
    return {
      item_id: event.data.statementId,
      due_at: event.recordedAt,
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      contract_id: event.data.contractId,
      month: event.data.month,
      close_id: event.type === 'PeriodCloseBegan' ? event.data.closeId : null,
      context: contextOfEvent(event),
    };
  },
});

/** Computes closes that have begun, and brings their statements, and those of restatements, to the account. */
export const periodClosesProcess = (
  store: AggregateStore,
  tools: InputTools,
): DurableProcess<StatementUnderway> => ({
  name: 'period_closes',
  version: 1,
  items: statementsUnderway,
  perform: async ({ item_id, contract_id, month, close_id, context }, { at, signal }) => {
    const contractId = contract_id;
    const act = { ...context, at };
    if (close_id === null) await issueAndEnter(store, { contractId, month }, item_id, act);
    else await performClose(store, tools, { contractId, month, closeId: close_id }, act, signal);
  },
});
