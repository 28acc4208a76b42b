import { DomainError } from '@hostledger/eventsourcing';
import type { DraftedContract, ExecutedContract, KnownContract } from './contract-state.js';
import { contractEnded, hasEnded, type Lifecycle } from './lifecycle.js';

// What a contract must be for something to be recorded on it, and the refusals where it is not.

export const refused = (
  code: string,
  message: string,
  details: Record<string, unknown> = {},
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);

export const notFound = (
  code: string,
  message: string,
  details: Record<string, unknown> = {},
  pointer?: string,
): DomainError => new DomainError('notFound', code, message, details, pointer);

export const contractUnknown = (): DomainError =>
  notFound('contract/unknown', 'There is no such contract');

export const notExecuted = ({ contractId }: DraftedContract): DomainError =>
  refused('contract/not-executed', 'The contract has not been executed', { contractId });

export const mustBeExecuted = (contract: KnownContract): ExecutedContract => {
  if (contract.status === 'drafted') throw notExecuted(contract);
  return contract;
};

export const mustGoOn = (contract: KnownContract): void => {
  if (contract.status === 'drafted' || !hasEnded(contract.lifecycle)) return;
  throw contractEnded(contract.contractId, contract.lifecycle);
};

/** Why nothing new is begun under the contract; `undefined` while it is in good standing. */
export const serviceRefusal = (
  contractId: string,
  lifecycle: Lifecycle,
): DomainError | undefined => {
  if (hasEnded(lifecycle)) return contractEnded(contractId, lifecycle);
  const { stage, since, endsOn } = lifecycle;
  if (stage === 'suspended') {
    return refused('contract/suspended', `Service is suspended since ${since}`, { since });
  }
  if (endsOn === undefined) return undefined;
  return refused('contract/noticed', `By notice the contract ends on ${endsOn}`, { endsOn });
};

export const mustServe = ({ contractId, lifecycle }: ExecutedContract): void => {
  const refusal = serviceRefusal(contractId, lifecycle);
  if (refusal) throw refusal;
};
