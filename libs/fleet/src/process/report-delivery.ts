import {
  contextOfEvent,
  processItemColumns,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import {
  contractAggregate,
  type DeliveredMinersAmended,
  type MinersDelivered,
} from '@hostledger/contracts';
import type { DeliveryReconciled } from '../domain/delivery.js';
import type { DeliveryAmended } from '../domain/delivery-events.js';
import { addTotals, hashrateOf } from '../domain/delivery-totals.js';

/** Whoever reconciled reports at once; only after this long is it our turn. */
const GRACE_MS = 30_000;

/** Tells the contract what was delivered; resolves to the position. Asking twice is harmless. */
export const reportDelivery = async (
  store: AggregateStore,
  report: DeliveryReconciled['data'],
  context: CommandContext,
): Promise<bigint> => {
  const { contractId, deliveryId, reference, facility, lines, received, missing, refused } = report;
  const { hashrateGhs, byModel, reconciledAt } = report;
  const accepted = report.accepted === undefined ? {} : { accepted: report.accepted };
  const more = { ...accepted, hashrateGhs, byModel, reconciledAt };
  const counts = { lines, received, missing, refused, ...more };
  const data = { deliveryId, reference, facility, ...counts };
  const command = { type: 'RecordDelivery', data, at: context.at } as const;
  const step = stepOf(context, 'report');
  return (await store.handle(contractAggregate, contractId, command, step)).position;
};

export interface UnreportedDelivery extends ProcessItem {
  readonly report: DeliveryReconciled['data'];
  /** Of the command that reconciled. */
  readonly context: CommandContext;
}

/** Pure: deliveries reconciled and not yet on their contract. */
export const unreportedDeliveries = tableFold<
  UnreportedDelivery,
  DeliveryReconciled | MinersDelivered
>({
  table: {
    name: 'deliveries_to_report',
    columns: { ...processItemColumns, report: 'jsonb', context: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    DeliveryReconciled: ({ data }) => [{ item_id: data.deliveryId }],
    MinersDelivered: ({ data }) => [{ item_id: data.deliveryId }],
  },
  evolve: (_, event) =>
    event.type === 'MinersDelivered'
      ? undefined
      : {
          item_id: event.data.deliveryId,
          due_at: new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString(),
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
          report: event.data,
          context: contextOfEvent(event),
        },
});

/** Reports what a crash left unreported. */
export const deliveryReportsProcess = (
  store: AggregateStore,
): DurableProcess<UnreportedDelivery> => ({
  name: 'delivery_reports',
  version: 1,
  items: unreportedDeliveries,
  perform: async ({ report, context }) => {
    await reportDelivery(store, report, context);
  },
});

/** An amendment that its contract does not know yet; `item_id` is the delivery's id. */
export interface UnreportedAmendment extends ProcessItem {
  readonly amended: DeliveryAmended['data'];
  /** Of the command that amended. */
  readonly context: CommandContext;
}

/** Pure: of each delivery the last amendment, until the contract follows it. */
export const unreportedAmendments = tableFold<
  UnreportedAmendment,
  DeliveryAmended | DeliveredMinersAmended
>({
  table: {
    name: 'amendments_to_report',
    columns: { ...processItemColumns, amended: 'jsonb', context: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    DeliveryAmended: ({ data }) => [{ item_id: data.deliveryId }],
    DeliveredMinersAmended: ({ data }) => [{ item_id: data.deliveryId }],
  },
  evolve: (row, event) => {
    if (event.type === 'DeliveredMinersAmended') {
      return row && event.data.amendment >= row.amended.amendment ? undefined : row;
    }
    return {
      item_id: event.data.deliveryId,
      due_at: event.recordedAt,
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      amended: event.data,
      context: contextOfEvent(event),
    };
  },
});

/** Lets contracts follow what changes of deliveries that they know. */
export const deliveryAmendmentsProcess = (
  store: AggregateStore,
): DurableProcess<UnreportedAmendment> => ({
  name: 'delivery_amendments',
  version: 1,
  items: unreportedAmendments,
  // Where the report itself is still on its way the contract refuses, and this is tried again.
  perform: async ({ amended, context }) => {
    const { contractId, deliveryId, reference, facility, amendment, amendedAt } = amended;
    const { lines, received, missing, refused, accepted, returned, extra } = amended;
    const byModel = addTotals(amended.byModel, amended.extraByModel);
    const data = {
      ...{ deliveryId, reference, facility, amendment, amendedAt },
      ...{ lines, received, missing, refused, accepted, returned, extra },
      hashrateGhs: hashrateOf(byModel),
      byModel,
    };
    const command = { type: 'AmendDelivery', data, at: amendedAt } as const;
    const step = stepOf(context, 'amend', amendment);
    await store.handle(contractAggregate, contractId, command, step);
  },
});
