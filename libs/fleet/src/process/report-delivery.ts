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
import { contractAggregate, type MinersDelivered } from '@hostledger/contracts';
import type { DeliveryReconciled } from '../domain/delivery.js';

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
  const counts = { lines, received, missing, refused, hashrateGhs, byModel, reconciledAt };
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
