import { Module } from '@nestjs/common';
import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import { customerAggregate } from './domain/customer.js';
import { contractAggregate } from './domain/hosting-contract.js';
import './http/problems.js';
import { allocationsProcess } from './process/allocation.js';
import { reductionsProcess } from './process/reduction.js';
import { contractsProjection } from './read/contracts/projection.js';
import { contractsQuery } from './read/contracts/query.js';
import { customersProjection } from './read/customers/projection.js';
import { customersQuery } from './read/customers/query.js';
import { adoptTerms } from './write/adopt-terms.js';
import { allocateCustomer } from './write/allocate-customer.js';
import { customerStanding } from './write/customer-standing.js';
import { changeContract } from './write/change-contract.js';
import { deposits } from './write/deposits.js';
import { draftContract } from './write/draft-contract.js';
import { executeContract } from './write/execute-contract.js';
import { contractLifecycle } from './write/lifecycle.js';
import { placeOrder } from './write/place-order.js';
import { registerCustomer } from './write/register-customer.js';
import { relocationConsents } from './write/relocation-consents.js';

const slices = [
  registerCustomer,
  customerStanding,
  draftContract,
  changeContract,
  executeContract,
  contractLifecycle,
  adoptTerms,
  placeOrder,
  allocateCustomer,
  deposits,
  relocationConsents,
  customersQuery,
  contractsQuery,
];

/** Every route of the room. The app provides the command bus, the store and the read models. */
@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
export class ContractsApiModule {}

/** Whose events this room writes, for the event catalogue. */
export const contractsAggregates = [customerAggregate, contractAggregate] as const;

export const contractsProjections: readonly Projection[] = [
  customersProjection,
  contractsProjection,
];

export const contractsProcesses = (store: AggregateStore): readonly DurableProcess<never>[] => [
  allocationsProcess(store),
  reductionsProcess(store),
];
