import {
  claimCommandKey,
  contextOfEvent,
  processItemColumns,
  RevisionMismatch,
  stepOf,
  streamName,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import {
  addTotals,
  deliveryAggregate,
  deliveryUnknown,
  totalsOf,
  type Delivery,
  type DeliveryAmended,
  type DeliveryAttributed,
  type DeliveryReconciled,
} from '@hostledger/fleet';
import { dayIn } from '@hostledger/quantities';
import { supplyAggregate } from '../domain/supply-agreement.js';
import type { HashrateAccepted } from '../domain/supply-events.js';
import { mustBeKnown, mustBeOpen, mustHaveCome } from '../domain/supply-refusals.js';

/** Whoever attributed counts at once; only after this long is it our turn. */
const GRACE_MS = 30_000;
const NEVER = '9999-12-31T00:00:00.000Z';

/**
 * Has a delivery count towards an agreement. The delivery says so first (the intent: it counts for
 * one agreement only), then the agreement counts what was accepted, now or once it is reconciled.
 * What a crash leaves uncounted, and every amendment, is counted by the process
 * `supply_acceptances`.
 * @throws DomainError `supply/unknown`, `supply/completed`, `delivery/unknown`,
 *   `delivery/attributed`.
 */
export const attributeDelivery = async (
  store: AggregateStore,
  agreementId: string,
  { deliveryId, acceptedOn }: { readonly deliveryId: string; readonly acceptedOn?: string },
  context: CommandContext,
): Promise<AttributedReply> => {
  const { state, revision } = await store.load(supplyAggregate, agreementId, { fresh: true });
  const supply = mustBeKnown(state);
  const delivery = await store.load(deliveryAggregate, deliveryId, { fresh: true });
  if (delivery.state.status === 'unknown') throw deliveryUnknown(deliveryId);
  const { expectedRevision, ...unguarded } = context;
  if (delivery.state.attributed?.supplyAgreementId !== agreementId) {
    mustBeOpen(supply);
    if (expectedRevision !== undefined && expectedRevision !== revision) {
      const stream = streamName(supplyAggregate, agreementId);
      throw new RevisionMismatch(stream, expectedRevision, revision);
    }
  }
  const today = dayIn(supply.timeZone, context.at);
  if (acceptedOn !== undefined) mustHaveCome(acceptedOn, today, supply, 'acceptedOn');
  const accepted = acceptedOn === undefined ? {} : { acceptedOn };
  const data = { deliveryId, supplyAgreementId: agreementId, ...accepted };
  const command = { type: 'AttributeDelivery', data, at: context.at } as const;
  deliveryAggregate.decide(command, delivery.state);
  await claimCommandKey(store, context);
  const attributed = await store.handle(deliveryAggregate, deliveryId, command, unguarded);
  const { position, replayed } = attributed;
  const counted = await countAccepted(store, agreementId, attributed.state, unguarded);
  if (!counted) return { revision, position, replayed };
  return { ...counted, replayed, position: later(counted.position, position) };
};

/** Of the agreement; the position is the later one of the two streams. */
export interface AttributedReply {
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
}

const later = (one: bigint, other: bigint): bigint => (one > other ? one : other);

/** Tells the agreement the numbers as they are; `undefined` if there are none yet. */
const countAccepted = async (
  store: AggregateStore,
  agreementId: string,
  delivery: Delivery,
  context: CommandContext,
): Promise<{ readonly revision: bigint; readonly position: bigint } | undefined> => {
  if (delivery.status !== 'reconciled') return undefined;
  const { manifest, report, amendments: amendment, amendedAt, attributed } = delivery;
  const { deliveryId, contractId } = manifest;
  const { acceptedByModel, extraByModel, waivedHashrateGhs } = totalsOf(delivery, 'reconciled');
  const { timeZone } = mustBeKnown((await store.load(supplyAggregate, agreementId)).state);
  const data = {
    ...{ deliveryId, contractId, amendment, waivedHashrateGhs },
    firstOn: attributed?.acceptedOn ?? dayIn(timeZone, report.reconciledAt),
    amendedOn: dayIn(timeZone, amendedAt ?? report.reconciledAt),
    byModel: addTotals(acceptedByModel, extraByModel).map(
      ({ nameplateWatts: _, ...counted }) => counted,
    ),
  };
  const command = { type: 'CountAccepted', data, at: context.at } as const;
  const step = stepOf(context, 'count', amendment);
  const { revision, position } = await store.handle(supplyAggregate, agreementId, command, step);
  return { revision, position };
};

/** A delivery that counts towards an agreement; `item_id` is its id. */
export interface AttributedDelivery extends ProcessItem {
  readonly agreement_id: string;
  /** Of the delivery's numbers as they are; -1 until it is reconciled. */
  readonly amendment: number;
  /** Of those that the agreement has counted; -1 for none. */
  readonly counted: number;
  /** Of the command that attributed it. */
  readonly context: CommandContext;
}

const ofDelivery = ({ data }: { data: { deliveryId: string } }) => [{ item_id: data.deliveryId }];

/** Pure: deliveries whose numbers an agreement follows; due while it is behind them. */
export const attributedDeliveries = tableFold<
  AttributedDelivery,
  DeliveryAttributed | DeliveryReconciled | DeliveryAmended | HashrateAccepted
>({
  table: {
    name: 'supply_deliveries_to_count',
    columns: {
      ...processItemColumns,
      agreement_id: 'text',
      amendment: 'integer',
      counted: 'integer',
      context: 'jsonb',
    },
    key: ['item_id'],
  },
  keys: {
    DeliveryAttributed: ofDelivery,
    DeliveryReconciled: ofDelivery,
    DeliveryAmended: ofDelivery,
    HashrateAccepted: ofDelivery,
  },
  evolve: (row, event) => {
    if (event.type === 'DeliveryAttributed') {
      const { deliveryId, supplyAgreementId, status } = event.data;
      const due = Date.parse(event.recordedAt) + GRACE_MS;
      return {
        item_id: deliveryId,
        due_at: status === 'reconciled' ? new Date(due).toISOString() : NEVER,
        cause_id: event.id,
        correlation_id: event.metadata.$correlationId,
        agreement_id: supplyAgreementId,
        amendment: status === 'reconciled' ? 0 : -1,
        counted: -1,
        context: contextOfEvent(event),
      };
    }
    if (!row) return undefined;
    const next = { ...row };
    if (event.type === 'HashrateAccepted')
      next.counted = Math.max(row.counted, event.data.amendment);
    else next.amendment = event.type === 'DeliveryAmended' ? event.data.amendment : 0;
    return { ...next, due_at: next.amendment > next.counted ? event.recordedAt : NEVER };
  },
});

/** Lets agreements follow the numbers of their deliveries. */
export const supplyAcceptancesProcess = (
  store: AggregateStore,
): DurableProcess<AttributedDelivery> => ({
  name: 'supply_acceptances',
  version: 1,
  items: attributedDeliveries,
  perform: async ({ item_id, agreement_id, context }, { at }) => {
    const { state } = await store.load(deliveryAggregate, item_id, { fresh: true });
    await countAccepted(store, agreement_id, state, { ...context, at });
  },
});
