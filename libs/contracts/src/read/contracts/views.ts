import type { OrderBasis, TermsKind } from '../../domain/contract-events.js';
import { minus, NOTHING } from '../../domain/contract-state.js';
import type { Stage } from '../../domain/lifecycle.js';
import type { ConsentRule, CostClass, RelocationClause } from '../../domain/relocation-clause.js';
import type { ContractRow } from './contracts-table.js';
import { onDay } from './later.js';
import type { AllocationRow, DepositRow, OrderRow } from './orders-tables.js';
import type { ConsentRow, ContractDeliveryRow, TermsRow } from './papers-tables.js';
import { rateCardView, type RateCardView } from './rate-card-view.js';

/** Machines and the power they need together. */
export class AmountView {
  /** @example 27000 */
  units: number;
  /** @example 87669000 */
  powerWatts: number;
}

export class DeliveredView extends AmountView {
  /** Rated. */
  hashrateGhs: number;
}

export class AcceptedView {
  /** @example 26990 */
  units: number;
}

export class SignatoryView {
  party: string;
  name: string;
  title?: string;
}

export class ContractView {
  contractId: string;
  customerId: string;
  /** @example HA-2023-09 */
  reference: string;
  title: string;
  /** @example America/Chicago */
  timeZone: string;
  /** @example USD */
  currency: string;
  status: 'drafted' | 'executed';
  /** Where an executed contract is in its life. */
  stage?: Stage;
  /** The day of the last act on it. */
  since?: string;
  /** By notice: the day the contract can end on. */
  endsOn?: string;
  /** When a court allowed it to be kept. */
  assumedOn?: string;
  /** Last day of the term, where the terms name one. */
  termEndsOn?: string;
  draftedAt: string;
  /** @example 2023-09-25 */
  executedOn?: string;
  documentDigest?: string;
  signatories: SignatoryView[];
  /** The latest version of the terms; 0 before the first. */
  termsVersion: number;
  /** By orders that have begun today, in the time zone of the contract. */
  ordered: AmountView;
  /** Rated, of all orders together, in GH/s; absent while none names it. */
  contractedHashrateGhs?: number;
  /** In effect today; a reduction counts from its day on. */
  allocated: AmountView;
  /** Taken up by machines. */
  assigned: AmountView;
  /** By the manifests that arrived, of models known by then. */
  announced: DeliveredView;
  /** Received, with what came beside the lines of the manifests. */
  delivered: DeliveredView;
  /** Received and found good. */
  accepted: AcceptedView;
  /** Machines that draw power under it now. */
  energized: DeliveredView;
  /** Of all deposits together, in the currency of the contract. */
  depositHeld: string;
}

/** @param today in the time zone of the contract. */
export const contractView = (row: ContractRow, today: string): ContractView => ({
  contractId: row.contract_id,
  customerId: row.customer_id,
  reference: row.reference,
  title: row.title,
  timeZone: row.time_zone,
  currency: row.currency,
  status: row.status,
  ...(row.stage === null ? {} : { stage: row.stage }),
  ...(row.stage_since === null ? {} : { since: row.stage_since }),
  ...(row.ends_on === null ? {} : { endsOn: row.ends_on }),
  ...(row.assumed_on === null ? {} : { assumedOn: row.assumed_on }),
  ...(row.term_ends_on === null ? {} : { termEndsOn: row.term_ends_on }),
  draftedAt: row.drafted_at,
  ...(row.executed_on === null ? {} : { executedOn: row.executed_on }),
  ...(row.document_digest === null ? {} : { documentDigest: row.document_digest }),
  signatories: [...row.signatories],
  termsVersion: row.terms_version,
  ordered: onDay({ units: row.ordered_units, watts: row.ordered_watts }, row.later_ordered, today),
  ...(row.contracted_hashrate_ghs !== null && {
    contractedHashrateGhs: Number(row.contracted_hashrate_ghs),
  }),
  allocated: allocatedOn(row, today),
  delivered: {
    units: Number(row.delivered_units),
    powerWatts: Number(row.delivered_watts),
    hashrateGhs: Number(row.delivered_hashrate_ghs),
  },
  assigned: { units: Number(row.assigned_units), powerWatts: Number(row.assigned_watts) },
  announced: {
    units: Number(row.announced_units),
    powerWatts: Number(row.announced_watts),
    hashrateGhs: Number(row.announced_hashrate_ghs),
  },
  accepted: { units: Number(row.accepted_units) },
  energized: {
    units: Number(row.energized_units),
    powerWatts: Number(row.energized_watts),
    hashrateGhs: Number(row.energized_hashrate_ghs),
  },
  depositHeld: row.deposit_held,
});

const allocatedOn = (
  row: Pick<OrderRow, 'allocated_units' | 'allocated_watts' | 'later_allocated'>,
  day: string,
): AmountView =>
  onDay({ units: row.allocated_units, watts: row.allocated_watts }, row.later_allocated, day);

export class OrderView extends AmountView {
  orderId: string;
  /** @example SO-1 */
  reference: string;
  /** @example S19JXP-151 */
  model?: string;
  /** Rated, of all its machines together, where it was agreed on. */
  hashrateGhs?: number;
  /** @example 2023-10-01 */
  startsOn: string;
  placedAt: string;
  /** What it is counted in: with `units` both units and watts bind, otherwise watts alone. */
  basis: OrderBasis;
  /** Of this order, in effect today. */
  allocated: AmountView;
  /** Of this order, taken up by machines. */
  assigned: AmountView;
}

export const orderView = (row: OrderRow, today: string): OrderView => ({
  orderId: row.order_id,
  reference: row.reference,
  basis: row.basis,
  units: row.units,
  powerWatts: Number(row.power_watts),
  ...(row.model === null ? {} : { model: row.model }),
  ...(row.hashrate_ghs === null ? {} : { hashrateGhs: Number(row.hashrate_ghs) }),
  startsOn: row.starts_on,
  placedAt: row.placed_at,
  allocated: allocatedOn(row, today),
  assigned: { units: Number(row.assigned_units), powerWatts: Number(row.assigned_watts) },
});

/** What the contract is, with its orders. */
export class ContractDetails extends ContractView {
  orders: OrderView[];
}

export class ClauseView {
  /** @example "4.1" */
  ref: string;
  title: string;
  text: string;
}

export class OrderCapsView {
  units?: number;
  powerWatts?: number;
}

/** What the terms say of machines that are to be moved to another site. */
export class RelocationClauseView {
  /**
   * One of the clauses.
   * @example 5.2
   */
  clauseRef: string;
  /** Sites that the machines may stand at; any where it is absent. */
  facilities?: string[];
  /** What the utility rate there may be, against that of the site they leave. */
  costClass?: CostClass;
  consent: ConsentRule;
}

/** What a version of the terms says. */
export class TermsSaidView {
  /** @example 1 */
  version: number;
  /** In force from this day on, until the next version is. */
  effectiveOn: string;
  documentDigest: string;
  clauses: ClauseView[];
  rateCard: RateCardView;
  kind: TermsKind;
  /** Last day of the term, where these terms name one. */
  termEndsOn?: string;
  /** The most that may be ordered while these terms are in force. */
  caps?: OrderCapsView;
  /**
   * Held in deposits before service begins or goes on, in the currency of the contract.
   * @example "7800000.00"
   */
  requiredDeposit?: string;
  /** Where machines may be moved; to any site where it is absent. */
  relocation?: RelocationClauseView;
  /** What is different from the version before. */
  changes?: string;
}

export class TermsView extends TermsSaidView {
  adoptedAt: string;
  /** Of the last correction, where what had been recorded was wrong. */
  correctedAt?: string;
  correctionCause?: string;
}

export const relocationClauseView = ({
  facilities,
  ...clause
}: RelocationClause): RelocationClauseView => ({
  ...clause,
  ...(facilities && { facilities: [...facilities] }),
});

export const termsView = (row: TermsRow): TermsView => ({
  version: row.version,
  effectiveOn: row.effective_on,
  documentDigest: row.document_digest,
  clauses: [...row.clauses],
  rateCard: rateCardView(row.rate_card),
  kind: row.kind,
  ...(row.term_ends_on !== null && { termEndsOn: row.term_ends_on }),
  ...(row.caps !== null && { caps: row.caps }),
  ...(row.required_deposit !== null && { requiredDeposit: row.required_deposit }),
  ...(row.relocation !== null && { relocation: relocationClauseView(row.relocation) }),
  ...(row.changes !== null && { changes: row.changes }),
  adoptedAt: row.adopted_at,
  ...(row.corrected_at !== null && { correctedAt: row.corrected_at }),
  ...(row.correction_cause !== null && { correctionCause: row.correction_cause }),
});

export class ReductionView extends AmountView {
  reductionId: string;
  /** @example 2024-07-01 */
  effectiveOn: string;
  cause: string;
}

/** What is left of it today: reductions count from their day on. */
export class AllocationView extends AmountView {
  allocationId: string;
  orderId: string;
  /** @example DENTON */
  facility: string;
  /** @example 2023-10-01 */
  effectiveOn: string;
  allocatedAt: string;
  /** As it was made. */
  original: AmountView;
  /** Of it, taken up by machines. */
  assigned: AmountView;
  reductions: ReductionView[];
}

export const allocationView = (row: AllocationRow, today: string): AllocationView => ({
  allocationId: row.allocation_id,
  orderId: row.order_id,
  facility: row.facility,
  ...onDay(
    { units: row.allocated_units, watts: row.allocated_watts },
    row.reductions.map((by) => ({ on: by.effectiveOn, ...minus(NOTHING, by) })),
    today,
  ),
  effectiveOn: row.effective_on,
  allocatedAt: row.allocated_at,
  original: { units: row.units, powerWatts: Number(row.power_watts) },
  assigned: { units: Number(row.assigned_units), powerWatts: Number(row.assigned_watts) },
  reductions: [...row.reductions],
});

export class DeliveredModelView {
  /** @example S19JXP-151 */
  model: string;
  units: number;
  hashrateGhs: number;
  /** Of all of them together. */
  nameplateWatts: number;
}

export class ContractDeliveryView {
  deliveryId: string;
  reference: string;
  /** @example DENTON */
  facility: string;
  /** Of the manifest: received, missing and refused. */
  lines: number;
  received: number;
  missing: number;
  refused: number;
  /** Received and found good. */
  accepted: number;
  /** Of those refused: received at first and sent back. */
  returned: number;
  /** Taken in although no line named them. */
  extra: number;
  /** How often the numbers changed after the report. */
  amendments: number;
  /** Rated, of what was received. */
  hashrateGhs: number;
  nameplateWatts: number;
  byModel: DeliveredModelView[];
  reconciledAt: string;
  amendedAt?: string;
}

export const deliveryView = (row: ContractDeliveryRow): ContractDeliveryView => ({
  deliveryId: row.delivery_id,
  reference: row.reference,
  facility: row.facility,
  lines: row.lines,
  received: row.received,
  missing: row.missing,
  refused: row.refused,
  accepted: row.accepted,
  returned: row.returned,
  extra: row.extra,
  amendments: row.amendments,
  hashrateGhs: Number(row.hashrate_ghs),
  nameplateWatts: Number(row.nameplate_watts),
  byModel: [...row.by_model],
  reconciledAt: row.reconciled_at,
  ...(row.amended_at === null ? {} : { amendedAt: row.amended_at }),
});

export class DepositMovementView {
  kind: 'draw' | 'refund';
  id: string;
  /** @example 1000.00 */
  amount: string;
  /** @example 2024-06-01 */
  on: string;
  reference: string;
  /** What a draw was kept for. */
  cause?: string;
}

export class DepositView {
  depositId: string;
  reference: string;
  /** @example USD */
  currency: string;
  /** As received. */
  amount: string;
  /** What is left of it. */
  balance: string;
  /** @example 2024-06-01 */
  receivedOn: string;
  movements: DepositMovementView[];
}

export const depositView = (row: DepositRow): DepositView => ({
  depositId: row.deposit_id,
  reference: row.reference,
  currency: row.currency,
  amount: row.amount,
  balance: row.balance,
  receivedOn: row.received_on,
  movements: [...row.movements],
});

/** A consent of the customer to machines being brought to other sites. */
export class RelocationConsentView {
  consentId: string;
  /** Sites that machines may be brought to. */
  facilities: string[];
  /** @example 2024-05-01 */
  consentedOn: string;
  /** First day on which machines may be moved under it. */
  fromOn: string;
  /** Last such day; it holds until it is withdrawn where it is absent. */
  untilOn?: string;
  documentDigest: string;
  /** From this day on nothing is moved under it. */
  withdrawnOn?: string;
  withdrawnFor?: string;
}

export const consentView = (row: ConsentRow): RelocationConsentView => ({
  consentId: row.consent_id,
  facilities: [...row.facilities],
  consentedOn: row.consented_on,
  fromOn: row.from_on,
  ...(row.until_on !== null && { untilOn: row.until_on }),
  documentDigest: row.document_digest,
  ...(row.withdrawn_on !== null && { withdrawnOn: row.withdrawn_on }),
  ...(row.withdrawn_for !== null && { withdrawnFor: row.withdrawn_for }),
});
