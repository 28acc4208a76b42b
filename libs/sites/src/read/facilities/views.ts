import type { CurtailmentCause } from '../../domain/curtailments.js';
import { nothingFree, slotsView, type Free, type SlotsView } from '../views.js';
import type { CapacityRow, CurtailmentRow, FacilityRow, PowerRateRow } from './projection.js';

/** The power that racks may draw together. */
export class RacksView {
  /** Racks whose power is committed. */
  count: number;
  /** Those of them that are in service. */
  inService: number;
  /** Sum of their limits, in watts. */
  powerLimitWatts: number;
  /** By how much racks exceed their limits in force, together. */
  breachWatts: number;
  /** What is left of the envelope for further racks. */
  freeWatts: number;
}

/** What customers were promised. */
export class CapacityView {
  committedUnits: number;
  committedWatts: number;
  /** What is left of the envelope to allocate. */
  freeWatts: number;
}

export class PowerRateView {
  /**
   * First day on which it holds.
   * @example 2024-06-01
   */
  effectiveOn: string;
  /** @example 0.0450 */
  ratePerKwh: string;
  /** @example USD */
  currency: string;
  fixedAt: string;
  fixedBy: string;
}

/** By how much each exceeds a derated envelope. */
export class EnvelopeBreachView {
  /** The limits in force of the racks in service, together: derate racks to cure it. */
  rackLimitWatts: number;
  /** What customers were promised. */
  committedWatts: number;
  /** What machines draw, or are on their way to draw. */
  usedWatts: number;
}

export class FacilityDeratingView {
  /** @example The utility cut the feed */
  cause: string;
  /** When it is expected to be over. */
  expectedUntil?: string;
  breach: EnvelopeBreachView;
}

export class FacilityView {
  /** @example DENTON */
  facility: string;
  /** @example Denton, Texas */
  name: string;
  /** @example America/Chicago */
  timeZone: string;
  location?: string;
  /** Disposing: nothing comes to it any more, while it is looked whether it is empty. */
  status: FacilityRow['status'];
  openedAt: string;
  /** Who gave the site away. */
  acquiredFrom?: string;
  /** @example 2024-01-02 */
  acquiredOn?: string;
  /** Who takes, or took, the site over. */
  disposedTo?: string;
  /** @example 2024-06-01 */
  disposedOn?: string;
  /** Why the last disposal was abandoned. */
  disposalAbandonedFor?: string;
  /** Curtailments that are announced or in force. */
  openCurtailments: number;
  /**
   * In force.
   * @example 125000000
   */
  powerEnvelopeWatts: number;
  /** The envelope without any derating. */
  ratedEnvelopeWatts: number;
  /** While less can be drawn than the site is rated for. */
  derating?: FacilityDeratingView;
  /** In force today, by the calendar of the site. */
  powerRate?: PowerRateView;
  racks: RacksView;
  capacity: CapacityView;
  slots: SlotsView;
}

/** Capacity of a site that is held for an allocation to a customer. */
export class SiteAllocationView {
  allocationId: string;
  contractId: string;
  customerId: string;
  orderId: string;
  /** What is left of it after reductions. */
  units: number;
  powerWatts: number;
  /** @example 2024-06-01 */
  effectiveOn: string;
  committedAt: string;
}

export class SiteAllocationList {
  items: SiteAllocationView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class PowerRateList {
  items: PowerRateView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class CurtailmentView {
  curtailmentId: string;
  /** Absent for the whole site. */
  racks?: string[];
  cause: CurtailmentCause;
  startsAt: string;
  expectedEndAt?: string;
  /** Absent while it is open. */
  endedAt?: string;
  /** It never began. */
  cancelledAt?: string;
  cancelledFor?: string;
  sheddingWatts?: number;
  /** Not drawn because of it, in whole Wh, as it was told last. */
  energyAvoidedWh?: number;
  declaredBy: string;
}

export class CurtailmentList {
  items: CurtailmentView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class FacilityList {
  items: FacilityView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const allocationView = (row: CapacityRow): SiteAllocationView => ({
  allocationId: row.allocation_id,
  contractId: row.contract_id,
  customerId: row.customer_id,
  orderId: row.order_id,
  units: Number(row.units),
  powerWatts: Number(row.power_watts),
  effectiveOn: row.effective_on,
  committedAt: row.committed_at,
});

export const powerRateView = (row: PowerRateRow): PowerRateView => ({
  effectiveOn: row.effective_on,
  ratePerKwh: row.rate_per_kwh,
  currency: row.currency,
  fixedAt: row.fixed_at,
  fixedBy: row.fixed_by,
});

export const curtailmentView = (row: CurtailmentRow): CurtailmentView => ({
  curtailmentId: row.curtailment_id,
  ...(row.racks === null ? {} : { racks: [...row.racks] }),
  cause: row.cause,
  startsAt: row.starts_at,
  ...(row.expected_end_at === null ? {} : { expectedEndAt: row.expected_end_at }),
  ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  ...(row.cancelled_at === null ? {} : { cancelledAt: row.cancelled_at }),
  ...(row.cancelled_for === null ? {} : { cancelledFor: row.cancelled_for }),
  ...(row.shedding_watts === null ? {} : { sheddingWatts: Number(row.shedding_watts) }),
  ...(row.energy_avoided_wh === null ? {} : { energyAvoidedWh: Number(row.energy_avoided_wh) }),
  declaredBy: row.declared_by,
});

export const facilityView = (
  row: FacilityRow,
  rate: PowerRateRow | undefined,
  breachWatts: bigint,
): FacilityView => ({
  facility: row.facility,
  name: row.name,
  timeZone: row.time_zone,
  ...(row.location === null ? {} : { location: row.location }),
  status: row.status,
  openedAt: row.opened_at,
  ...(row.acquired_from === null ? {} : { acquiredFrom: row.acquired_from }),
  ...(row.acquired_on === null ? {} : { acquiredOn: row.acquired_on }),
  ...(row.disposed_to === null ? {} : { disposedTo: row.disposed_to }),
  ...(row.disposed_on === null ? {} : { disposedOn: row.disposed_on }),
  ...(row.abandoned_for === null ? {} : { disposalAbandonedFor: row.abandoned_for }),
  openCurtailments: row.open_curtailments,
  powerEnvelopeWatts: Number(inForce(row)),
  ratedEnvelopeWatts: Number(row.power_envelope_watts),
  ...deratingOf(row),
  ...(rate && { powerRate: powerRateView(rate) }),
  racks: {
    count: row.racks,
    inService: row.racks_in_service,
    powerLimitWatts: Number(row.rack_limit_watts),
    breachWatts: Number(breachWatts),
    freeWatts: above(inForce(row), row.rack_limit_watts),
  },
  capacity: {
    committedUnits: Number(row.committed_units),
    committedWatts: Number(row.committed_watts),
    freeWatts: above(inForce(row), row.committed_watts),
  },
  slots: slotsView(row.status === 'disposed' ? 0n : row.slots, freeOf(row, breachWatts), row),
});

const inForce = (row: FacilityRow): bigint => row.derated_watts ?? row.power_envelope_watts;

const usedOf = (row: FacilityRow): bigint => row.reserved_watts + row.occupied_watts;

const above = (watts: bigint, other: bigint): number => (watts > other ? Number(watts - other) : 0);

const deratingOf = (row: FacilityRow): { derating?: FacilityDeratingView } => {
  if (row.derated_watts === null) return {};
  const breach = {
    rackLimitWatts: above(row.in_service_limit_watts, row.derated_watts),
    committedWatts: above(row.committed_watts, row.derated_watts),
    usedWatts: above(usedOf(row), row.derated_watts),
  };
  const until = row.derated_until === null ? {} : { expectedUntil: row.derated_until };
  return { derating: { cause: row.derated_for!, ...until, breach } };
};

/** Nothing comes to a site that is being disposed of, nor beyond the envelope in force. */
const freeOf = (row: FacilityRow, breachWatts: bigint): Free => {
  if (row.status !== 'open') return nothingFree;
  const ofRacks = row.in_service_limit_watts - usedOf(row) + breachWatts;
  const ofSite = BigInt(above(inForce(row), usedOf(row)));
  return {
    slots: row.slots - row.slots_reserved - row.slots_occupied,
    watts: ofRacks < ofSite ? ofRacks : ofSite,
  };
};
