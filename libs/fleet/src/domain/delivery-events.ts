import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';
import type { DeliveryTotals, LineCounts, ModelTotal } from './delivery-totals.js';
import type { Discrepancy, ResolutionBy } from './discrepancy.js';

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
    /** What the lines of a known model announce, missing ones included. */
    announcedByModel?: readonly ModelTotal[];
    /** Hashrate that is owed with this delivery; without it, what is announced. */
    contractedHashrateGhs?: number;
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
export type LinesInspected = DomainEvent<
  'LinesInspected',
  {
    deliveryId: string;
    /** The bulk operation that brought the findings. */
    operationId: string;
    /** Lines whose machines were found good for the first time. */
    lines: readonly number[];
    byModel: readonly ModelTotal[];
  }
>;
/** The machine is taken into the fleet, out of it or as another model before that is resolved. */
export type ResolutionBegan = DomainEvent<
  'ResolutionBegan',
  {
    deliveryId: string;
    contractId: string;
    customerId: string;
    facility: string;
    /** Line of the manifest; 0 for a machine that no line names. */
    line: number;
    /** Absent where it began before a machine could be taken as another model. */
    kind?: Discrepancy['kind'];
    serial: string;
    /** Of the machine that comes in or is sent back, or the one that it is taken as. */
    model: string;
    /** Of a machine that comes in. */
    damaged?: true;
  } & ResolutionBy
>;
export type ResolutionFailed = DomainEvent<
  'ResolutionFailed',
  {
    deliveryId: string;
    discrepancyId: string;
    code: string;
    /** The refusal in words. */
    detail: string;
  }
>;
export type DiscrepancyResolved = DomainEvent<
  'DiscrepancyResolved',
  {
    deliveryId: string;
    line: number;
    kind: Discrepancy['kind'];
    serial?: string;
    /** The machine that came in, one unit. */
    machine?: ModelTotal;
    /** Hashrate credited instead of delivered. */
    waivedHashrateGhs?: number;
  } & ResolutionBy
>;
/** Numbers after a change; the delivery was not reconciled yet. */
export type DeliveryRecounted = DomainEvent<
  'DeliveryRecounted',
  { deliveryId: string; contractId: string } & DeliveryTotals
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
  } & LineCounts &
    Partial<DeliveryTotals>
>;
/** Numbers after a change that came when the delivery was reconciled already. */
export type DeliveryAmended = DomainEvent<
  'DeliveryAmended',
  {
    deliveryId: string;
    contractId: string;
    customerId: string;
    facility: string;
    reference: string;
    /** Counted from 1; the highest holds. */
    amendment: number;
    lines: number;
    /** Rated, of what was received on lines of the manifest. */
    hashrateGhs: number;
    amendedAt: string;
  } & DeliveryTotals
>;

/** Its hashrate counts towards what was bought under a supply agreement, and under no other. */
export type DeliveryAttributed = DomainEvent<
  'DeliveryAttributed',
  {
    deliveryId: string;
    contractId: string;
    customerId: string;
    /** Supply agreement that it counts towards. */
    supplyAgreementId: string;
    /** Of the delivery then: what is reconciled counts at once, the other when it is. */
    status: 'receiving' | 'reconciled';
    /** The day on which it was accepted, where that is not the day of its reconciliation. */
    acceptedOn?: string;
  }
>;

export type DeliveryEvent =
  | ManifestRegistered
  | LinesReceived
  | DiscrepancyRaised
  | LinesInspected
  | ResolutionBegan
  | ResolutionFailed
  | DiscrepancyResolved
  | DeliveryRecounted
  | DeliveryReconciled
  | DeliveryAmended
  | DeliveryAttributed;

export const deliveryEvents: EventCatalogue<DeliveryEvent> = {
  ManifestRegistered: 'A manifest of machines for a contract arrived; its lines are received next.',
  LinesReceived: 'A part of the lines was counted at the dock: received, missing or refused.',
  DiscrepancyRaised: 'A line, or a machine that no line names, is not what it should be.',
  LinesInspected: 'Machines of the delivery were inspected and found good.',
  ResolutionBegan: 'A discrepancy is to be resolved by an act on the machine, which comes next.',
  ResolutionFailed: 'The machine refused that act; the discrepancy is open again.',
  DiscrepancyResolved: 'What was not as it should be was settled, by whom and why.',
  DeliveryRecounted: 'The numbers of a delivery that is not reconciled yet changed.',
  DeliveryReconciled:
    'Every line is accounted for; what was delivered is reported to the contract.',
  DeliveryAttributed: 'The delivery counts towards what was bought under a supply agreement.',
  DeliveryAmended: 'The numbers of a reconciled delivery changed; the report before it stands.',
};
