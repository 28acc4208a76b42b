export {
  FACILITY_CODE,
  facilityAggregate,
  type CapacityCommitted,
  type CapacityReleased,
  type Facility,
  type FacilityCommand,
  type FacilityEvent,
  type FacilityOpened,
  type OpenFacility,
  type OperatingFacility,
  type PowerRateFixed,
  type RackPlan,
  type RackPowerCommitted,
} from './domain/facility.js';
export { isCurtailed, type CurtailmentCause } from './domain/curtailments.js';
export {
  RACK_CODE,
  rackAggregate,
  rackId,
  reservationRefusal,
  type CommissionedRack,
  type Rack,
  type RackCommand,
  type RackCommissioned,
  type RackEvent,
  type ReservationExpired,
  type ReservationReleased,
  type SlotHold,
  type SlotOccupied,
  type SlotReservation,
  type SlotReserved,
  type SlotVacated,
  type Vacation,
} from './domain/rack.js';
export type {
  RackDerated,
  RackRestored,
  SlotPowerChange,
  SlotPowerChanged,
} from './domain/rack-power.js';
export { FacilityCensus, mustBeInOperation, type Census } from './process/disposal.js';
export {
  SitesApiModule,
  sitesAggregates,
  sitesProcesses,
  sitesProjections,
} from './sites.module.js';
export { sitesParties } from './parties.js';
export type { FacilityRow } from './read/facilities/projection.js';
export type { RackRow, SlotRow } from './read/racks/projection.js';
export { sitesDuties } from './duties.js';
