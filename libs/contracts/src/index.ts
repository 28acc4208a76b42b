export {
  customerAggregate,
  type Customer,
  type CustomerCommand,
  type CustomerEvent,
  type CustomerRegistered,
} from './domain/customer.js';
export {
  contractAggregate,
  type AllocationAbandoned,
  type Clause,
  type Contract,
  type ContractCommand,
  type ContractDrafted,
  type ContractEvent,
  type ContractExecuted,
  type CustomerAllocated,
  type DeliveredModel,
  type ExecutedContract,
  type MinersDelivered,
  type ServiceOrderPlaced,
  type TermsAdopted,
} from './domain/hosting-contract.js';
export { hasEnded, type Lifecycle, type LifecycleEvent, type Stage } from './domain/lifecycle.js';
export type { RateBasis, RateCard } from './domain/rate-card.js';
export {
  ContractsApiModule,
  contractsAggregates,
  contractsProcesses,
  contractsProjections,
} from './contracts.module.js';
