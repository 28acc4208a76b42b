export {
  customerAggregate,
  customerUnknown,
  type Customer,
  type CustomerCommand,
  type CustomerEvent,
  type CustomerRegistered,
} from './domain/customer.js';
export {
  assignmentRefusal,
  type Assignment,
  type Leaver,
  type Release,
} from './domain/assignments.js';
export {
  type AllocationAbandoned,
  type AllocationReduced,
  type AssignmentReleased,
  type Clause,
  type ContractDrafted,
  type ContractEvent,
  type ContractExecuted,
  type CustomerAllocated,
  type DeliveredModel,
  type DepositDrawn,
  type DepositReceived,
  type DepositRefunded,
  type MachinesAssigned,
  type DeliveredMinersAmended,
  type MinersDelivered,
  type ServiceOrderPlaced,
  type TermsAdopted,
  type TermsCorrected,
} from './domain/contract-events.js';
export {
  type AllocationBalance,
  type Contract,
  type ExecutedContract,
} from './domain/contract-state.js';
export { contractAggregate, type ContractCommand } from './domain/hosting-contract.js';
export { hasEnded, type Lifecycle, type LifecycleEvent, type Stage } from './domain/lifecycle.js';
export {
  EXCUSABLE_CAUSES,
  type CountedMachines,
  type CurtailmentCredit,
  type Fee,
  type FeeKind,
  type LateFeeTerms,
  type MinimumCharge,
  type PaymentLadder,
  type PaymentTerms,
  type Proration,
  type RateBasis,
  type RateCard,
  type RateTier,
  type UptimePromise,
} from './domain/rate-card.js';
export {
  isConsentedOn,
  type ConsentRule,
  type CostClass,
  type RelocationClause,
} from './domain/relocation-clause.js';
export { contractOnDay, type ContractOnDay } from './domain/as-of.js';
export { contractUnknown } from './domain/standing.js';
export type { ContractRow } from './read/contracts/contracts-table.js';
export type { CustomerRow } from './read/customers/projection.js';
export type { DepositRow } from './read/contracts/orders-tables.js';
export type { ConsentRow, TermsRow } from './read/contracts/papers-tables.js';
export { assignMachines, countLeavers, releaseAssignment } from './process/assignment.js';
export {
  ContractsApiModule,
  contractsAggregates,
  contractsProcesses,
  contractsProjections,
} from './contracts.module.js';
export { ownContract, ownCustomer } from './read/own.js';
export { contractsParties } from './parties.js';
export { contractsDuties } from './duties.js';
