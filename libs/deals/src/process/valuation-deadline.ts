import {
  processContext,
  processItemColumns,
  tableFold,
  type AggregateStore,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { supplyAggregate } from '../domain/supply-agreement.js';
import type {
  ConsiderationValued,
  ValuationDeadlineMissed,
  ValuationPending,
} from '../domain/supply-events.js';

/** A leg that is to be valued; due once the last day for it is over. */
export interface PendingValuation extends ProcessItem {
  readonly agreement_id: string;
  readonly leg: number;
}

const ofLeg = ({ data }: { data: { agreementId: string; leg: number } }) => [
  { item_id: `${data.agreementId}.${data.leg}` },
];

/** Pure: the timers that run. */
export const pendingValuations = tableFold<
  PendingValuation,
  ValuationPending | ConsiderationValued | ValuationDeadlineMissed
>({
  table: {
    name: 'valuations_to_await',
    columns: { ...processItemColumns, agreement_id: 'text', leg: 'integer' },
    key: ['item_id'],
  },
  keys: {
    ValuationPending: ofLeg,
    ConsiderationValued: ofLeg,
    ValuationDeadlineMissed: ofLeg,
  },
  evolve: (_row, event, key) => {
    if (event.type !== 'ValuationPending') return undefined;
    const { agreementId, leg, overdueAt } = event.data;
    return {
      item_id: key.item_id ?? '',
      due_at: overdueAt,
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      agreement_id: agreementId,
      leg,
    };
  },
});

const NAME = 'valuation_deadlines';

/** Says that the day for a valuation passed without one. */
export const valuationDeadlinesProcess = (
  store: AggregateStore,
): DurableProcess<PendingValuation> => ({
  name: NAME,
  version: 1,
  items: pendingValuations,
  perform: async ({ cause_id, correlation_id, agreement_id, leg }, { at }) => {
    const cause = { id: cause_id, correlationId: correlation_id };
    const command = { type: 'MissValuationDeadline', data: { leg }, at } as const;
    const context = processContext(NAME, cause, at, leg);
    await store.handle(supplyAggregate, agreement_id, command, context);
  },
});
