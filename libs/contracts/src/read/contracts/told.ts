import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { Sight } from '@hostledger/http';
import type { ContractEvent } from '../../domain/contract-events.js';

// What customers are told of the events of a contract, by the properties named here and no other.

const terms = [
  ...['contractId', 'version', 'effectiveOn', 'documentDigest', 'clauses', 'rateCard', 'kind'],
  ...['termEndsOn', 'caps', 'requiredDeposit', 'relocation', 'changes'],
];
const allocation = ['contractId', 'orderId', 'allocationId', 'facility', 'units', 'powerWatts'];
const assignment = ['contractId', 'orderId', 'allocationId', 'units', 'powerWatts'];
const delivered = [
  ...['contractId', 'deliveryId', 'reference', 'facility', 'lines', 'received', 'missing'],
  ...['refused', 'accepted', 'hashrateGhs', 'byModel'],
];
const deposit = ['contractId', 'depositId', 'amount', 'currency', 'reference'];
const ruling = ['contractId', 'ruling'];

const told: Partial<Record<ContractEvent['type'], readonly string[]>> = {
  ContractExecuted: ['contractId', 'executedOn', 'documentDigest', 'signatories'],
  TermsAdopted: terms,
  TermsCorrected: terms,
  ServiceOrderPlaced: [
    ...['contractId', 'orderId', 'reference', 'units', 'powerWatts', 'model', 'startsOn'],
    ...['basis', 'hashrateGhs'],
  ],
  CustomerAllocated: [...allocation, 'effectiveOn'],
  AllocationReduced: [...allocation, 'effectiveOn', 'reductionId', 'cause'],
  MachinesAssigned: assignment,
  AssignmentReleased: [...assignment, 'cause'],
  MinersDelivered: [...delivered, 'reconciledAt'],
  DeliveredMinersAmended: [...delivered, 'amendment', 'returned', 'extra', 'amendedAt'],
  DepositReceived: [...deposit, 'receivedOn'],
  DepositDrawn: [...deposit, 'drawId', 'drawnOn', 'cause'],
  DepositRefunded: [...deposit, 'refundId', 'refundedOn'],
  RelocationConsented: [
    ...['contractId', 'consentId', 'facilities', 'consentedOn', 'fromOn', 'untilOn'],
    'documentDigest',
  ],
  RelocationConsentWithdrawn: ['contractId', 'consentId', 'withdrawnOn', 'cause'],
  ContractActivated: ['contractId', 'activatedOn'],
  ServiceSuspended: ['contractId', 'suspendedOn', 'cause', 'clauseRef'],
  ServiceResumed: ['contractId', 'resumedOn'],
  TerminationNoticed: ['contractId', 'noticedOn', 'effectiveOn', 'by', 'clauseRef'],
  ContractTerminated: ['contractId', 'terminatedOn', 'cause'],
  ContractExpired: ['contractId', 'expiredOn'],
  ContractAssumed: [...ruling, 'assumedOn'],
  ContractRejected: [...ruling, 'rejectedOn'],
  PartyAssigned: ['contractId', 'toCustomerId', 'effectiveOn', 'documentDigest'],
};

/** Before it was signed it was negotiated on; the event of an assignment is the one's who takes it over. */
const ownersOf = (events: readonly RecordedEvent[]): readonly (string | undefined)[] => {
  let customerId: string | undefined;
  let isSigned = false;
  return (events as readonly (RecordedEvent & ContractEvent)[]).map((event) => {
    if (event.type === 'ContractDrafted') customerId = event.data.customerId;
    if (event.type === 'PartyAssigned') customerId = event.data.toCustomerId;
    isSigned ||= event.type === 'ContractExecuted';
    return isSigned ? customerId : undefined;
  });
};

export const toldToCustomers: Omit<Sight, 'scope'> = { told, ownersOf };
