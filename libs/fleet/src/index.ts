export {
  FleetApiModule,
  fleetBulkKinds,
  fleetProcesses,
  fleetProjections,
} from './fleet.module.js';
export {
  addTotals,
  deliveryAggregate,
  deliveryUnknown,
  totalsOf,
  type Delivery,
  type DeliveryAmended,
  type DeliveryAttributed,
  type DeliveryEvent,
  type DeliveryReconciled,
  type DiscrepancyRaised,
  type LinesReceived,
  type ManifestRegistered,
  type ModelTotal,
} from './domain/delivery.js';
export { reconcileDelivery, startDelivery } from './process/delivery.js';
export { FleetCensus, FleetCensusModule } from './read/census.js';
export {
  FleetWhereabouts,
  type MachineAtSite,
  type MachineWhereabouts,
  type TrueAt,
} from './read/whereabouts.js';
export type { MinerRetired, TitleTransferred } from './domain/miner-life.js';
export { DEENERGIZATION_CAUSES } from './domain/miner-power.js';
export type {
  MinerReturnedFromVendor,
  MinerSentToVendor,
  VendorPlace,
} from './domain/miner-repair.js';
export {
  facilityOf,
  minerAggregate,
  minerUnknown,
  normaliseSerial,
  type Miner,
  type MinerEvent,
  type MinerInstalled,
  type MinerReceived,
  type MinerRelocated,
  type Place,
  type RelocationAbandoned,
  type SlotPlace,
  type StoragePlace,
} from './domain/miner.js';
export {
  relocationAggregate,
  type Relocation,
  type RelocationEvent,
  type RelocationPlanned,
} from './domain/relocation.js';
export { destinationsOf, listMoves, planListed } from './process/relocation-plan.js';
export type { RelocationMoveRow, RelocationRow } from './read/relocations/projection.js';
export type { MinerArrived, MinerDeparted, TransitPlace } from './domain/miner-transit.js';
export { minerModel, minerModels, modelUnknown, type MinerModel } from './domain/models.js';
export { fleetParties } from './parties.js';
export type { MixDayRow } from './read/mix/days.js';
export type { MixRow } from './read/mix/projection.js';
export type { RackDayRow } from './read/mix/racks.js';
export { scrapeMachines } from './read/mix/metrics.js';
export { mixOn } from './read/mix/query.js';
export type { MinerRow } from './read/miners/projection.js';
export { fleetDuties } from './duties.js';
export { ownMiner } from './read/own.js';
