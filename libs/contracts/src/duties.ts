import { dutiesOfRoom } from '@hostledger/eventsourcing';
import type { ContractEvent } from './domain/contract-events.js';

const contract = (contractId: string): string => `contract ${contractId}`;

/**
 * The room refuses nobody their own terms: both parties sign on paper, whose digest is recorded. What
 * one subject recorded and executed alone is therefore told.
 */
export const contractsDuties = dutiesOfRoom<ContractEvent>({
  twoPersonActs: {
    'contracts/execution': {
      title: 'Execution of a contract',
      isEnforced: false,
      why: 'Both parties sign on paper; whoever records that may have recorded the terms, too',
    },
  },
  overrides: {
    'contracts/terms-corrected': 'Terms were replaced by what is said to have been agreed',
    'contracts/later-terms': 'A later version of the terms took force by the act of one subject',
    'contracts/deposit-released': 'A deposit, or a part of it, was paid back by one subject alone',
  },
  duties: {
    'contracts/adopts-terms': 'Records what is charged',
    'contracts/takes-deposits': 'Records deposits that came in',
    'contracts/refunds-deposits': 'Records deposits that were paid back',
    'contracts/allocates': 'Gives capacity to a customer',
  },
  conflicts: [
    {
      one: 'contracts/takes-deposits',
      other: 'contracts/refunds-deposits',
      why: 'A deposit that never came could be paid back',
    },
  ],
  acts: {
    // The first version is what is executed; later ones take force by their adoption alone.
    TermsAdopted: ({ data }) => [
      { kind: 'duty', name: 'contracts/adopts-terms', about: contract(data.contractId) },
      data.version === 1
        ? { kind: 'request', name: 'contracts/execution', about: contract(data.contractId) }
        : { kind: 'override', name: 'contracts/later-terms', about: contract(data.contractId) },
    ],
    TermsCorrected: ({ data }) => [
      { kind: 'duty', name: 'contracts/adopts-terms', about: contract(data.contractId) },
      {
        kind: 'override',
        name: 'contracts/terms-corrected',
        about: contract(data.contractId),
        reason: data.cause,
      },
    ],
    ContractExecuted: ({ data }) => [
      { kind: 'approval', name: 'contracts/execution', about: contract(data.contractId) },
    ],
    CustomerAllocated: ({ data }) => [
      { kind: 'duty', name: 'contracts/allocates', about: contract(data.contractId) },
    ],
    DepositReceived: ({ data }) => [
      { kind: 'duty', name: 'contracts/takes-deposits', about: contract(data.contractId) },
    ],
    DepositRefunded: ({ data }) => [
      { kind: 'duty', name: 'contracts/refunds-deposits', about: contract(data.contractId) },
      { kind: 'override', name: 'contracts/deposit-released', about: `deposit ${data.depositId}` },
    ],
  },
  noActs: {
    ContractRejected: 'A court decides it; it is recorded with its ruling',
    RelocationConsentWithdrawn: 'The customer decides it',
  },
});
