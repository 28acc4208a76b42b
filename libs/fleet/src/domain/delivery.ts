import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
} from '@hostledger/eventsourcing';
import {
  deliveryEvents,
  type DeliveryAttributed,
  type DeliveryEvent,
  type DeliveryReconciled,
  type DiscrepancyRaised,
  type ManifestRegistered,
} from './delivery-events.js';
import { evolve, totalsOf, type Delivery, type RegisteredDelivery } from './delivery-state.js';
import { hashrateOf, linesOf, type LineCounts, type ModelTotal } from './delivery-totals.js';
import { inspect, mustBeCounted, type InspectionData } from './discrepancy-inspection.js';
import {
  beginResolutions,
  finishResolutions,
  type FinishData,
  type ResolveData,
} from './discrepancy-resolution.js';
import type { Discrepancy } from './discrepancy.js';

export * from './delivery-events.js';
export { totalsOf, type Delivery, type RegisteredDelivery } from './delivery-state.js';
export * from './delivery-totals.js';
export * from './discrepancy.js';

// Commands

export type DeliveryCommand =
  | DomainCommand<'RegisterManifest', ManifestRegistered['data']>
  /** Once per chunk; a chunk that is counted already changes nothing. */
  | DomainCommand<
      'RecordLines',
      {
        deliveryId: string;
        chunk: number;
        byModel: readonly ModelTotal[];
        discrepancies: readonly Discrepancy[];
      } & LineCounts
    >
  | DomainCommand<'RecordInspection', InspectionData>
  | DomainCommand<'BeginResolutions', ResolveData>
  | DomainCommand<'FinishResolutions', FinishData>
  | DomainCommand<'ReconcileDelivery', { deliveryId: string }>
  | DomainCommand<
      'AttributeDelivery',
      { deliveryId: string; supplyAgreementId: string; acceptedOn?: string }
    >;

// Decide

const decide = (command: DeliveryCommand, delivery: Delivery): readonly DeliveryEvent[] => {
  if (command.type === 'RegisterManifest') {
    return delivery.status === 'unknown'
      ? [{ type: 'ManifestRegistered', data: command.data }]
      : [];
  }
  if (delivery.status === 'unknown') throw deliveryUnknown(command.data.deliveryId);
  switch (command.type) {
    case 'RecordLines': {
      const { discrepancies, ...counts } = command.data;
      if (delivery.chunks.has(counts.chunk)) return [];
      const after = linesOf(delivery) + linesOf(counts);
      if (after > delivery.manifest.lineCount) throw tooManyLines(delivery.manifest, after);
      const { deliveryId } = counts;
      return [
        { type: 'LinesReceived', data: counts },
        ...discrepancies.map((discrepancy): DiscrepancyRaised => {
          return { type: 'DiscrepancyRaised', data: { deliveryId, ...discrepancy } };
        }),
      ];
    }
    case 'RecordInspection':
      return inspect(command.data, delivery, command.at);
    case 'BeginResolutions':
      return beginResolutions(command.data, delivery, command.at);
    case 'FinishResolutions':
      return finishResolutions(command.data, delivery, command.at);
    case 'ReconcileDelivery':
      return delivery.status === 'reconciled' ? [] : [reconcile(delivery, command.at)];
    case 'AttributeDelivery':
      return attribute(delivery, command.data);
    default:
      return unreachable(command);
  }
};

/** What was bought once is not counted for two agreements. */
const attribute = (
  { status, manifest, attributed }: RegisteredDelivery,
  data: { deliveryId: string; supplyAgreementId: string; acceptedOn?: string },
): DeliveryAttributed[] => {
  const { contractId, customerId } = manifest;
  if (attributed?.supplyAgreementId === data.supplyAgreementId) {
    if (data.acceptedOn === undefined || data.acceptedOn === attributed.acceptedOn) return [];
    throw new DomainError(
      'conflict',
      'delivery/attributed-otherwise',
      'The delivery counts towards the agreement already, from another day',
      { acceptedOn: attributed.acceptedOn },
      '/acceptedOn',
    );
  }
  if (!attributed) {
    return [{ type: 'DeliveryAttributed', data: { ...data, contractId, customerId, status } }];
  }
  const { deliveryId, supplyAgreementId } = attributed;
  throw new DomainError(
    'conflict',
    'delivery/attributed',
    `The delivery counts towards supply agreement ${supplyAgreementId} already`,
    { deliveryId, supplyAgreementId },
  );
};

const reconcile = (delivery: RegisteredDelivery, reconciledAt: string): DeliveryReconciled => {
  mustBeCounted(delivery);
  const { manifest, byModel } = delivery;
  const { deliveryId, contractId, customerId, facility, reference, lineCount } = manifest;
  const report = {
    deliveryId,
    contractId,
    customerId,
    facility,
    reference,
    lines: lineCount,
    hashrateGhs: hashrateOf(byModel),
    reconciledAt,
  };
  // Whoever does not complain by now has accepted.
  return { type: 'DeliveryReconciled', data: { ...report, ...totalsOf(delivery, 'reconciled') } };
};

export const deliveryUnknown = (deliveryId: string): DomainError =>
  new DomainError('notFound', 'delivery/unknown', `There is no delivery ${deliveryId}`, {
    deliveryId,
  });

const tooManyLines = (
  { deliveryId, lineCount }: ManifestRegistered['data'],
  recorded: number,
): DomainError =>
  new DomainError(
    'conflict',
    'delivery/too-many-lines',
    `${recorded} lines were counted of a manifest that has ${lineCount}`,
    { deliveryId, lines: lineCount, recorded },
  );

/** A delivery: received + missing + refused come to the lines of its manifest, whatever is resolved. */
export const deliveryAggregate: Aggregate<Delivery, DeliveryCommand, DeliveryEvent> = {
  category: 'delivery',
  initialState: { status: 'unknown' },
  events: deliveryEvents,
  decide,
  evolve,
};
