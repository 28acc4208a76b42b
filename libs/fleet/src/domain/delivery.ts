import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

// Events

/** Machines of one model, added up. */
export interface ModelTotal {
  readonly model: string;
  readonly units: number;
  readonly hashrateGhs: number;
  readonly nameplateWatts: number;
}

/** What a part of a manifest came to: received + missing + refused are its lines. */
export interface LineCounts {
  readonly received: number;
  /** On the manifest, not at the dock. */
  readonly missing: number;
  /** Not taken into the fleet: malformed, of an unknown model, or a serial that exists. */
  readonly refused: number;
}

export type DiscrepancyKind =
  'duplicateSerial' | 'duplicateInManifest' | 'unknownModel' | 'malformed' | 'missing' | 'damaged';

export interface Discrepancy {
  readonly line: number;
  readonly kind: DiscrepancyKind;
  /** Absent where the line has no legible one. */
  readonly serial?: string;
  readonly detail: string;
}

export type ManifestRegistered = DomainEvent<
  'ManifestRegistered',
  {
    deliveryId: string;
    /** The bulk operation that receives the lines. */
    operationId: string;
    contractId: string;
    customerId: string;
    facility: string;
    reference: string;
    /** All lines of the manifest, those refused at upload included. */
    lineCount: number;
    refusedAtUpload: number;
    /** SHA-256 (hex) of the manifest as uploaded. */
    digest: string;
  }
>;
export type LinesReceived = DomainEvent<
  'LinesReceived',
  { deliveryId: string; chunk: number; byModel: readonly ModelTotal[] } & LineCounts
>;
export type DiscrepancyRaised = DomainEvent<
  'DiscrepancyRaised',
  { deliveryId: string } & Discrepancy
>;
export type DeliveryReconciled = DomainEvent<
  'DeliveryReconciled',
  {
    deliveryId: string;
    contractId: string;
    customerId: string;
    facility: string;
    reference: string;
    lines: number;
    hashrateGhs: number;
    byModel: readonly ModelTotal[];
    reconciledAt: string;
  } & LineCounts
>;

export type DeliveryEvent =
  ManifestRegistered | LinesReceived | DiscrepancyRaised | DeliveryReconciled;

export const deliveryEvents: EventCatalogue<DeliveryEvent> = {
  ManifestRegistered: 'A manifest of machines for a contract arrived; its lines are received next.',
  LinesReceived: 'A part of the lines was counted at the dock: received, missing or refused.',
  DiscrepancyRaised: 'A line is not what it should be.',
  DeliveryReconciled:
    'Every line is accounted for; what was delivered is reported to the contract.',
};

// State

interface KnownDelivery extends LineCounts {
  readonly manifest: ManifestRegistered['data'];
  readonly chunks: ReadonlySet<number>;
  readonly byModel: readonly ModelTotal[];
}

export type Delivery =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'receiving' } & KnownDelivery)
  | ({
      readonly status: 'reconciled';
      readonly report: DeliveryReconciled['data'];
    } & KnownDelivery);

// Evolve

const evolve = (delivery: Delivery, event: DeliveryEvent): Delivery => {
  if (event.type === 'ManifestRegistered') {
    return {
      status: 'receiving',
      manifest: event.data,
      chunks: new Set(),
      received: 0,
      missing: 0,
      refused: 0,
      byModel: [],
    };
  }
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
      return delivery;
    case 'DeliveryReconciled':
      return { ...delivery, status: 'reconciled', report: event.data };
    default:
      return unreachable(event);
  }
};

/** Joins totals per model, ordered by model, so that equal deliveries read equal. */
export const addTotals = (...parts: readonly (readonly ModelTotal[])[]): ModelTotal[] => {
  const totals = new Map<string, ModelTotal>();
  for (const { model, units, hashrateGhs, nameplateWatts } of parts.flat()) {
    const before = totals.get(model);
    totals.set(model, {
      model,
      units: units + (before?.units ?? 0),
      hashrateGhs: hashrateGhs + (before?.hashrateGhs ?? 0),
      nameplateWatts: nameplateWatts + (before?.nameplateWatts ?? 0),
    });
  }
  return [...totals.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
};

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
  | DomainCommand<'ReconcileDelivery', { deliveryId: string }>;

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
    case 'ReconcileDelivery':
      return delivery.status === 'reconciled' ? [] : [reconcile(delivery, command.at)];
    default:
      return unreachable(command);
  }
};

const linesOf = ({ received, missing, refused }: LineCounts): number =>
  received + missing + refused;

const reconcile = (delivery: KnownDelivery, reconciledAt: string): DeliveryReconciled => {
  const { manifest, received, missing, refused, byModel } = delivery;
  const { deliveryId, contractId, customerId, facility, reference, lineCount } = manifest;
  const recorded = linesOf(delivery);
  if (recorded !== lineCount) {
    throw new DomainError(
      'conflict',
      'delivery/still-receiving',
      `${recorded} of ${lineCount} lines are accounted for; reconcile when the operation is complete`,
      { deliveryId, operationId: manifest.operationId, lines: lineCount, recorded },
    );
  }
  return {
    type: 'DeliveryReconciled',
    data: {
      deliveryId,
      contractId,
      customerId,
      facility,
      reference,
      lines: lineCount,
      received,
      missing,
      refused,
      hashrateGhs: byModel.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0),
      byModel,
      reconciledAt,
    },
  };
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

/** A delivery: received + missing + refused come to the lines of its manifest. */
export const deliveryAggregate: Aggregate<Delivery, DeliveryCommand, DeliveryEvent> = {
  category: 'delivery',
  initialState: { status: 'unknown' },
  events: deliveryEvents,
  decide,
  evolve,
};
