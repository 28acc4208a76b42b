import { hashOf, type Aggregate, type DomainCommand } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import {
  contractEvents,
  type ContractDrafted,
  type ContractEvent,
  type ContractExecuted,
  type DeliveredMinersAmended,
  type MinersDelivered,
} from './contract-events.js';
import {
  balanceOf,
  evolve,
  termEndOf,
  type Contract,
  type KnownContract,
} from './contract-state.js';
import {
  assign,
  countLeavers,
  release,
  type Assignment,
  type Leaving,
  type Release,
} from './assignments.js';
import { mustHaveCome } from './days.js';
import {
  drawDeposit,
  mustBeSecured,
  receiveDeposit,
  refundDeposit,
  type Deposit,
  type Draw,
  type Refund,
} from './deposits.js';
import { beginsService, decideLifecycle, type LifecycleCommand } from './lifecycle.js';
import {
  abandon,
  allocate,
  placeOrder,
  reduce,
  type Abandonment,
  type Allocation,
  type Order,
  type Reduction,
} from './orders.js';
import { decideConsent, type ConsentCommand } from './relocation-clause.js';
import { contractUnknown, mustBeExecuted, refused } from './standing.js';
import {
  adoptTerms,
  correctTerms,
  mustCoverExecution,
  type Correction,
  type NewTerms,
} from './terms.js';

type Execution = Omit<ContractExecuted['data'], 'contractId'>;
type Delivery = Omit<MinersDelivered['data'], 'contractId' | 'customerId'>;
type Amendment = Omit<DeliveredMinersAmended['data'], 'contractId' | 'customerId' | 'change'>;

export type ContractCommand =
  | DomainCommand<'DraftContract', ContractDrafted['data']>
  | DomainCommand<'ExecuteContract', Execution>
  | DomainCommand<'AdoptTerms', NewTerms>
  | DomainCommand<'CorrectTerms', Correction>
  | DomainCommand<'PlaceOrder', Order>
  | DomainCommand<'AllocateCustomer', Allocation>
  /** The fence: afterwards the allocation can never be made. */
  | DomainCommand<'AbandonAllocation', Abandonment>
  | DomainCommand<'ReduceAllocation', Reduction>
  | DomainCommand<'AssignMachines', Assignment>
  | DomainCommand<'ReleaseAssignment', Release>
  | DomainCommand<'CountLeavers', Leaving>
  | DomainCommand<'RecordDelivery', Delivery>
  /** After the delivery was recorded; an older amendment changes nothing. */
  | DomainCommand<'AmendDelivery', Amendment>
  | DomainCommand<'ReceiveDeposit', Deposit>
  | DomainCommand<'DrawDeposit', Draw>
  | DomainCommand<'RefundDeposit', Refund>
  | ConsentCommand
  | LifecycleCommand;

const decide = (command: ContractCommand, contract: Contract): readonly ContractEvent[] => {
  if (command.type === 'DraftContract') return draft(command.data, contract);
  if (contract.status === 'unknown') throw contractUnknown();
  const today = dayIn(contract.timeZone, command.at);
  switch (command.type) {
    case 'ExecuteContract':
      return execute(command.data, contract, today);
    case 'AdoptTerms':
      return adoptTerms(command.data, contract);
    case 'CorrectTerms':
      return correctTerms(command.data, contract);
    case 'PlaceOrder':
      return placeOrder(command.data, contract);
    case 'AllocateCustomer':
      return allocate(command.data, contract);
    case 'AbandonAllocation':
      return abandon(command.data, contract);
    case 'ReduceAllocation':
      return reduce(command.data, contract);
    case 'AssignMachines':
      return assign(command.data, contract);
    case 'ReleaseAssignment':
      return release(command.data, contract);
    case 'CountLeavers':
      return countLeavers(command.data, contract);
    case 'RecordDelivery':
      return recordDelivery(command.data, contract);
    case 'AmendDelivery':
      return amendDelivery(command.data, contract);
    case 'ReceiveDeposit':
      return receiveDeposit(command.data, contract, today);
    case 'DrawDeposit':
      return drawDeposit(command.data, contract, today);
    case 'RefundDeposit':
      return refundDeposit(command.data, contract, today);
    case 'ConsentToRelocation':
    case 'WithdrawRelocationConsent':
      return decideConsent(command, contract, today);
    default: {
      const { contractId, customerId, lifecycle, acts } = mustBeExecuted(contract);
      const termEndsOn = termEndOf(contract);
      const living = { contractId, customerId, lifecycle, acts, today };
      const events = decideLifecycle(
        command,
        termEndsOn === undefined ? living : { ...living, termEndsOn },
      );
      events.forEach((event) => beginsService(event) && mustBeSecured(event, contract));
      return events;
    }
  }
};

const draft = (data: ContractDrafted['data'], contract: Contract): ContractEvent[] => {
  if (contract.status === 'unknown') return [{ type: 'ContractDrafted', data }];
  const { contractId } = data;
  throw refused('contract/already-drafted', `There is a contract ${contractId}`, { contractId });
};

const execute = (data: Execution, contract: KnownContract, today: string): ContractEvent[] => {
  const { executedOn } = data;
  if (contract.status === 'executed') {
    if (hashOf(executionOf(contract)) === hashOf(executionOf(data))) return [];
    throw refused(
      'contract/already-executed',
      `The contract was executed on ${contract.executedOn}, and what is recorded of it is not the same`,
      { executedOn: contract.executedOn },
    );
  }
  const first = contract.terms[0];
  if (!first) {
    throw refused('contract/no-terms', 'The contract has no terms that could be executed', {
      contractId: contract.contractId,
    });
  }
  mustHaveCome(executedOn, today, 'executedOn');
  mustCoverExecution(first.effectiveOn, executedOn, '/executedOn');
  return [{ type: 'ContractExecuted', data: { contractId: contract.contractId, ...data } }];
};

const executionOf = ({ executedOn, documentDigest, signatories }: Execution): Execution => ({
  executedOn,
  documentDigest,
  signatories,
});

const recordDelivery = (data: Delivery, contract: KnownContract): ContractEvent[] => {
  mustBeExecuted(contract);
  if (contract.deliveries.has(data.deliveryId)) return [];
  const { contractId, customerId } = contract;
  return [{ type: 'MinersDelivered', data: { contractId, customerId, ...data } }];
};

const amendDelivery = (data: Amendment, contract: KnownContract): ContractEvent[] => {
  const { contractId, customerId } = contract;
  const { deliveryId, amendment } = data;
  const before = contract.deliveries.get(deliveryId);
  if (!before) {
    const message = `Delivery ${deliveryId} was not reported to the contract yet`;
    throw refused('contract/delivery-unreported', message, { deliveryId });
  }
  if (amendment <= before.amendment) return [];
  const after = balanceOf(data, amendment);
  const change = {
    units: after.units - before.units,
    accepted: after.accepted - before.accepted,
    hashrateGhs: after.hashrateGhs - before.hashrateGhs,
    nameplateWatts: after.powerWatts - before.powerWatts,
  };
  return [{ type: 'DeliveredMinersAmended', data: { contractId, customerId, ...data, change } }];
};

/**
 * A hosting contract: terms in strict sequence, no more assigned than was allocated, no more
 * allocated than was ordered, no deposit below nothing.
 */
export const contractAggregate: Aggregate<Contract, ContractCommand, ContractEvent> = {
  category: 'hostingContract',
  initialState: { status: 'unknown' },
  events: contractEvents,
  decide,
  evolve,
};
