import { deriveId } from '@hostledger/eventsourcing';
import { recorded } from '@hostledger/testing';
import type { ContractEvent } from '../domain/contract-events.js';

// A log with contracts of every kind that is asked for: with amendments, growing, large.

export const customerId = deriveId('bitmain');
export const otherCustomerId = deriveId('celsius');
export const contractId = deriveId('contract');
export const orderId = deriveId('order');
export const documentDigest = 'd'.repeat(64);
export const clauses = [{ ref: '4.1', title: 'Fees', text: 'Per kWh.' }];
export const rateCard = { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0750' } as const;
export const byModel = [
  { model: 'S19JXP-151', units: 3, hashrateGhs: 453_000, nameplateWatts: 9_741 },
];

const drafted = (id: string, customer: string, reference = 'HA-1'): ContractEvent => ({
  type: 'ContractDrafted',
  data: {
    contractId: id,
    customerId: customer,
    reference,
    title: 'Hosting agreement',
    timeZone: 'America/Chicago',
    currency: 'USD',
  },
});
const adopted = (version: number, effectiveOn: string, more = {}): ContractEvent => ({
  type: 'TermsAdopted',
  data: { contractId, version, effectiveOn, documentDigest, clauses, rateCard, ...more },
});
export const amendment = {
  termEndsOn: '2026-12-31',
  caps: { powerWatts: 100_000_000 },
  requiredDeposit: '7800000.00',
  relocation: {
    clauseRef: '4.1',
    facilities: ['DENTON', 'PECOS'],
    costClass: 'equalOrLower',
    consent: 'required',
  },
  changes: 'A deposit is required',
};
export const consent = {
  consentId: deriveId('consent'),
  facilities: ['PECOS'],
  consentedOn: '2024-04-22',
  fromOn: '2024-05-01',
  untilOn: '2024-07-31',
  documentDigest,
};
export const history: ContractEvent[] = [
  drafted(contractId, customerId),
  adopted(1, '2023-09-25'),
  {
    type: 'ContractExecuted',
    data: {
      contractId,
      executedOn: '2023-09-25',
      documentDigest,
      signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
    },
  },
  {
    type: 'ServiceOrderPlaced',
    data: {
      contractId,
      customerId,
      orderId,
      reference: 'SO-1',
      units: 27_000,
      powerWatts: 90_000_000,
      hashrateGhs: 4_077_000_000,
      startsOn: '2023-10-01',
    },
  },
  {
    type: 'CustomerAllocated',
    data: {
      contractId,
      customerId,
      orderId,
      allocationId: deriveId('allocation'),
      facility: 'DENTON',
      units: 15_000,
      powerWatts: 49_000_000,
      effectiveOn: '2023-10-01',
    },
  },
  {
    type: 'MinersDelivered',
    data: {
      contractId,
      customerId,
      deliveryId: deriveId('delivery'),
      reference: 'BATCH-1',
      facility: 'DENTON',
      lines: 5,
      received: 3,
      missing: 1,
      refused: 1,
      hashrateGhs: 453_000,
      byModel,
      reconciledAt: '2024-06-03T00:00:00.000Z',
    },
  },
  adopted(2, '2024-01-01', amendment),
  {
    type: 'RelocationConsented',
    data: { contractId, customerId, ...consent },
  },
  {
    type: 'RelocationConsentWithdrawn',
    data: {
      contractId,
      customerId,
      consentId: consent.consentId,
      withdrawnOn: '2024-05-20',
      cause: 'Sold',
    },
  },
];
/** A contract with what takes effect on days to come: it is read on 31 December 2024. */
export const growingId = deriveId('contract', 'growing');
const whole = { contractId: growingId, customerId: deriveId('growing'), orderId: 'order-1' };
const allocatedFrom = (n: number, effectiveOn: string): ContractEvent => {
  const place = {
    allocationId: deriveId('allocation', n),
    facility: n === 1 ? 'DENTON' : 'MARBLE',
  };
  const data = { ...whole, ...place, units: 60, powerWatts: 600, effectiveOn };
  return { type: 'CustomerAllocated', data };
};
const reducedFrom = (reductionId: string, effectiveOn: string): ContractEvent => {
  const place = { allocationId: deriveId('allocation', 1), facility: 'DENTON', reductionId };
  const data = { ...whole, ...place, units: 10, powerWatts: 100, effectiveOn, cause: 'sold' };
  return { type: 'AllocationReduced', data };
};
const orderedFrom = (orderId: string, startsOn: string): ContractEvent => {
  const amount = { units: 200, powerWatts: 2_000 };
  const data = { ...whole, orderId, ...amount, reference: `SO-${orderId}`, startsOn };
  return { type: 'ServiceOrderPlaced', data };
};
const growing: ContractEvent[] = [
  drafted(growingId, deriveId('growing')),
  orderedFrom('order-1', '2024-05-01'),
  orderedFrom('order-2', '2025-01-01'),
  allocatedFrom(1, '2024-05-01'),
  allocatedFrom(2, '2025-01-01'),
  reducedFrom('reduction-1', '2024-12-31'),
  reducedFrom('reduction-2', '2025-01-01'),
  {
    type: 'MachinesAssigned',
    data: {
      ...whole,
      allocationId: deriveId('allocation', 1),
      assignmentId: 'assignment-1',
      units: 5,
      powerWatts: 50,
    },
  },
];

/** So many orders that their units together need more than 32 bits. */
export const largeId = deriveId('contract', 'large');
const many = Array.from({ length: 216 }, (_, n): ContractEvent => {
  const names = { contractId: largeId, customerId: deriveId('large'), orderId: `order-${n}` };
  const amount = { units: 10_000_000, powerWatts: 1_000 };
  const data = { ...names, ...amount, reference: `SO-${n}`, startsOn: '2023-10-01' };
  return { type: 'ServiceOrderPlaced', data };
});
const registered = (id: string, name: string) =>
  recorded(`customer-${id}`, [
    {
      type: 'CustomerRegistered',
      data: { customerId: id, name, legalName: `${name} Limited`, country: 'US' },
    },
  ]);
export const log = [
  ...registered(otherCustomerId, 'Celsius'),
  ...registered(customerId, 'Bitmain'),
  ...recorded(`hostingContract-${contractId}`, history),
  ...['a', 'b'].flatMap((name) => {
    const id = deriveId('contract', name);
    return recorded(`hostingContract-${id}`, [drafted(id, otherCustomerId)]);
  }),
  ...recorded(`hostingContract-${growingId}`, growing),
  ...recorded(`hostingContract-${largeId}`, [
    drafted(largeId, deriveId('large'), 'HA-LARGE'),
    ...many,
  ]),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));
