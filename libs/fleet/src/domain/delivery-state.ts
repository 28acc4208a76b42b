import { unreachable } from '@hostledger/eventsourcing';
import type {
  DeliveryAttributed,
  DeliveryEvent,
  DeliveryReconciled,
  DiscrepancyRaised,
  DiscrepancyResolved,
  ManifestRegistered,
} from './delivery-events.js';
import { emptyIdMap, getById, setById, type IdMap } from './delivery-ids.js';
import {
  addTotals,
  subtractTotals,
  unitsOf,
  type DeliveryTotals,
  type LineCounts,
  type ModelTotal,
} from './delivery-totals.js';
import {
  discrepancyIdOf,
  DISPUTES,
  hasArrived,
  isDispute,
  UNRECEIVED,
  type Discrepancy,
  type KnownDiscrepancy,
  type Resolution,
} from './discrepancy.js';

// State

export interface KnownDelivery extends LineCounts {
  readonly manifest: ManifestRegistered['data'];
  readonly chunks: ReadonlySet<number>;
  readonly byModel: readonly ModelTotal[];
  /** Lines found good by an inspection. */
  readonly good: ReadonlySet<number>;
  /** Received and looked at, whether found good or disputed. */
  readonly inspectedByModel: readonly ModelTotal[];
  /** Of those received, the ones with an open dispute. */
  readonly disputedByModel: readonly ModelTotal[];
  readonly extraByModel: readonly ModelTotal[];
  readonly returned: number;
  readonly waivedHashrateGhs: number;
  readonly discrepancies: IdMap<KnownDiscrepancy>;
  readonly amendments: number;
  /** Of the last amendment. */
  readonly amendedAt?: string;
  readonly attributed?: DeliveryAttributed['data'];
}

export type RegisteredDelivery =
  | ({ readonly status: 'receiving' } & KnownDelivery)
  | ({
      readonly status: 'reconciled';
      readonly report: DeliveryReconciled['data'];
    } & KnownDelivery);

export type Delivery = { readonly status: 'unknown' } | RegisteredDelivery;

/** The numbers as they are now. */
export const totalsOf = (
  delivery: KnownDelivery,
  status: RegisteredDelivery['status'],
): DeliveryTotals => {
  const { received, missing, refused, returned, waivedHashrateGhs } = delivery;
  const { byModel, inspectedByModel, disputedByModel, extraByModel } = delivery;
  const seen = status === 'reconciled' ? byModel : inspectedByModel;
  const acceptedByModel = subtractTotals(seen, disputedByModel);
  return {
    received,
    missing,
    refused,
    accepted: unitsOf(acceptedByModel),
    returned,
    extra: unitsOf(extraByModel),
    byModel,
    acceptedByModel,
    extraByModel,
    waivedHashrateGhs,
  };
};

// Evolve

const registered = (manifest: ManifestRegistered['data']): Delivery => ({
  status: 'receiving',
  manifest,
  chunks: new Set(),
  received: 0,
  missing: 0,
  refused: 0,
  byModel: [],
  good: new Set(),
  inspectedByModel: [],
  disputedByModel: [],
  extraByModel: [],
  returned: 0,
  waivedHashrateGhs: 0,
  discrepancies: emptyIdMap,
  amendments: 0,
});

export const evolve = (delivery: Delivery, event: DeliveryEvent): Delivery => {
  if (event.type === 'ManifestRegistered') return registered(event.data);
  if (delivery.status === 'unknown') return delivery;
  switch (event.type) {
    case 'LinesReceived': {
      const { chunk, received, missing, refused, byModel } = event.data;
      return {
        ...delivery,
        chunks: new Set(delivery.chunks).add(chunk),
        received: delivery.received + received,
        missing: delivery.missing + missing,
        refused: delivery.refused + refused,
        byModel: addTotals(delivery.byModel, byModel),
      };
    }
    case 'DiscrepancyRaised':
      return raise(delivery, event.data);
    case 'LinesInspected': {
      const { lines, byModel } = event.data;
      return {
        ...delivery,
        good: new Set([...delivery.good, ...lines]),
        inspectedByModel: addTotals(delivery.inspectedByModel, byModel),
      };
    }
    case 'ResolutionBegan':
      return change(delivery, event.data.discrepancyId, { status: 'resolving', begun: event.data });
    case 'ResolutionFailed':
      return change(delivery, event.data.discrepancyId, {
        status: 'open',
        failure: { code: event.data.code, message: event.data.detail },
      });
    case 'DiscrepancyResolved':
      return resolve(delivery, event.data);
    case 'DeliveryRecounted':
      return delivery;
    case 'DeliveryReconciled':
      return { ...delivery, status: 'reconciled', report: event.data };
    case 'DeliveryAmended':
      return {
        ...delivery,
        amendments: event.data.amendment,
        amendedAt: event.data.amendedAt,
      };
    case 'DeliveryAttributed':
      return { ...delivery, attributed: event.data };
    default:
      return unreachable(event);
  }
};

const change = (
  delivery: RegisteredDelivery,
  id: string,
  to: Partial<KnownDiscrepancy>,
): RegisteredDelivery => {
  const before = getById(delivery.discrepancies, id);
  if (!before) return delivery;
  return { ...delivery, discrepancies: setById(delivery.discrepancies, id, { ...before, ...to }) };
};

/** The other dispute that the machine of a line may have. */
const siblingOf = (
  { discrepancies }: KnownDelivery,
  { line, kind }: Pick<Discrepancy, 'line' | 'kind'>,
): KnownDiscrepancy | undefined =>
  getById(
    discrepancies,
    discrepancyIdOf({ line, kind: kind === 'damaged' ? 'wrongModel' : 'damaged' }),
  );

const raise = (
  delivery: RegisteredDelivery,
  { deliveryId: _, ...discrepancy }: DiscrepancyRaised['data'],
): RegisteredDelivery => {
  const id = discrepancyIdOf(discrepancy);
  const known: KnownDiscrepancy = { ...discrepancy, discrepancyId: id, status: 'open' };
  const after = { ...delivery, discrepancies: setById(delivery.discrepancies, id, known) };
  const { line, machine } = discrepancy;
  if (!isDispute(known) || !machine) return after;
  const sibling = siblingOf(delivery, known);
  return {
    ...after,
    inspectedByModel: wasInspected(delivery, line)
      ? delivery.inspectedByModel
      : addTotals(delivery.inspectedByModel, [machine]),
    disputedByModel: isOpen(sibling)
      ? delivery.disputedByModel
      : addTotals(delivery.disputedByModel, [machine]),
  };
};

/** Looked at: found good, disputed, or come in when an earlier discrepancy was resolved. */
export const wasInspected = ({ good, discrepancies }: KnownDelivery, line: number): boolean =>
  good.has(line) ||
  DISPUTES.some((kind) => getById(discrepancies, discrepancyIdOf({ line, kind }))?.machine) ||
  UNRECEIVED.some((kind) => {
    const settled = getById(discrepancies, discrepancyIdOf({ line, kind }));
    return settled !== undefined && hasArrived(settled);
  });

const isOpen = (discrepancy: KnownDiscrepancy | undefined): boolean =>
  discrepancy !== undefined && discrepancy.status !== 'resolved';

const resolve = (
  delivery: RegisteredDelivery,
  {
    discrepancyId,
    resolution,
    serial,
    machine,
    waivedHashrateGhs = 0,
  }: DiscrepancyResolved['data'],
): RegisteredDelivery => {
  const before = getById(delivery.discrepancies, discrepancyId);
  if (!before || before.status === 'resolved') return delivery;
  const settled = change(delivery, discrepancyId, {
    status: 'resolved',
    resolution,
    ...(serial === undefined ? {} : { settledSerial: serial }),
  });
  const waived = {
    ...settled,
    waivedHashrateGhs: settled.waivedHashrateGhs + waivedHashrateGhs,
  };
  if (isDispute(before)) return settleDispute(waived, before, resolution);
  if (!machine) return waived;
  return before.kind === 'unexpected'
    ? { ...waived, extraByModel: addTotals(waived.extraByModel, [machine]) }
    : arrive(waived, before, machine);
};

/** A line that was missing or refused has its machine after all. */
const arrive = (
  delivery: RegisteredDelivery,
  { kind }: KnownDiscrepancy,
  machine: ModelTotal,
): RegisteredDelivery => ({
  ...delivery,
  received: delivery.received + 1,
  missing: delivery.missing - (kind === 'missing' ? 1 : 0),
  refused: delivery.refused - (kind === 'missing' ? 0 : 1),
  byModel: addTotals(delivery.byModel, [machine]),
  inspectedByModel: addTotals(delivery.inspectedByModel, [machine]),
});

const settleDispute = (
  delivery: RegisteredDelivery,
  dispute: KnownDiscrepancy,
  resolution: Resolution,
): RegisteredDelivery => {
  const { machine, found } = dispute;
  if (!machine) return delivery;
  const sibling = siblingOf(delivery, dispute);
  const undisputed = isOpen(sibling)
    ? delivery
    : { ...delivery, disputedByModel: subtractTotals(delivery.disputedByModel, [machine]) };
  if (resolution === 'returned') {
    return sibling?.resolution === 'returned' ? undisputed : sendBack(undisputed, machine);
  }
  return found && resolution !== 'corrected'
    ? swap(undisputed, sibling, machine, found)
    : undisputed;
};

const sendBack = (delivery: RegisteredDelivery, machine: ModelTotal): RegisteredDelivery => ({
  ...delivery,
  received: delivery.received - 1,
  refused: delivery.refused + 1,
  returned: delivery.returned + 1,
  byModel: subtractTotals(delivery.byModel, [machine]),
  inspectedByModel: subtractTotals(delivery.inspectedByModel, [machine]),
});

/** The machine counts as the model that it was found to be. */
const swap = (
  delivery: RegisteredDelivery,
  sibling: KnownDiscrepancy | undefined,
  machine: ModelTotal,
  found: ModelTotal,
): RegisteredDelivery => {
  const counted = {
    ...delivery,
    byModel: addTotals(subtractTotals(delivery.byModel, [machine]), [found]),
    inspectedByModel: addTotals(subtractTotals(delivery.inspectedByModel, [machine]), [found]),
  };
  if (!sibling) return counted;
  const disputedByModel = isOpen(sibling)
    ? addTotals(subtractTotals(counted.disputedByModel, [machine]), [found])
    : counted.disputedByModel;
  return change({ ...counted, disputedByModel }, sibling.discrepancyId, { machine: found });
};
