export type { ClaimEvent } from './domain/claim.js';
export {
  DealsApiModule,
  dealsAggregates,
  dealsProcesses,
  dealsProjections,
} from './deals.module.js';
export { settlementAggregate, type SettlementCommand } from './domain/settlement.js';
export type { SettlementEvent } from './domain/settlement-events.js';
export type { Settlement } from './domain/settlement-state.js';
export {
  clearanceId,
  siteClearanceAggregate,
  type ClearanceEvent,
} from './domain/site-clearance.js';
export { unvaluedLegs, type UnvaluedLeg } from './domain/unvalued-legs.js';
export type { SupplyAgreementRow } from './read/supply-agreements/projection.js';
export { settlementParties } from './settlements.js';
export { dealsDuties } from './duties.js';
