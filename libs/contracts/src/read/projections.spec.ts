import { recorded, rowsOf } from '@hostledger/testing';
import type { ContractEvent } from '../domain/contract-events.js';
import { contracts } from './contracts/contracts-table.js';
import { contractAllocations, contractOrders } from './contracts/orders-tables.js';
import { contractDeliveries, contractTerms } from './contracts/papers-tables.js';
import { customers } from './customers/projection.js';

const contractId = 'contract-1';
const customerId = 'customer-1';
const documentDigest = 'd'.repeat(64);
const clauses = [{ ref: '4.1', title: 'Fees', text: 'Per kWh.' }];
const rateCard = { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.075' } as const;
const order = { orderId: 'order-1', reference: 'SO-1', units: 27_000, powerWatts: 90_000_000 };
const allocated = { orderId: 'order-1', units: 15_000, powerWatts: 49_000_000 };
const delivered = {
  deliveryId: 'delivery-1',
  reference: 'BATCH-1',
  facility: 'DENTON',
  lines: 27_000,
  received: 26_990,
  missing: 8,
  refused: 2,
  hashrateGhs: 4_075_490_000,
  reconciledAt: '2024-06-03T00:00:00Z',
};
const byModel = [
  { model: 'S19JXP-151', units: 26_990, hashrateGhs: 4_075_490_000, nameplateWatts: 87_636_530 },
];

const history: ContractEvent[] = [
  {
    type: 'ContractDrafted',
    data: {
      contractId,
      customerId,
      reference: 'HA-1',
      title: 'Hosting agreement',
      timeZone: 'America/Chicago',
      currency: 'USD',
    },
  },
  {
    type: 'TermsAdopted',
    data: { contractId, version: 1, effectiveOn: '2023-09-25', documentDigest, clauses, rateCard },
  },
  {
    type: 'ContractExecuted',
    data: { contractId, executedOn: '2023-09-25', documentDigest, signatories: [] },
  },
  {
    type: 'ServiceOrderPlaced',
    data: { contractId, customerId, ...order, model: 'S19JXP-151', startsOn: '2023-10-01' },
  },
  {
    type: 'CustomerAllocated',
    data: {
      contractId,
      customerId,
      allocationId: 'allocation-1',
      facility: 'DENTON',
      effectiveOn: '2023-10-01',
      ...allocated,
    },
  },
  {
    type: 'AllocationAbandoned',
    data: {
      contractId,
      allocationId: 'allocation-2',
      orderId: 'order-1',
      facility: 'DENTON',
      code: 'contract/order-exceeded',
      detail: 'Nothing left',
    },
  },
  { type: 'MinersDelivered', data: { contractId, customerId, ...delivered, byModel } },
];
const log = recorded(`hostingContract-${contractId}`, history);

describe('contracts', () => {
  it('begin as drafts that hold nothing', () => {
    expect(rowsOf(contracts, log.slice(0, 1))).toMatchObject([
      { contract_id: contractId, status: 'drafted', terms_version: 0, ordered_units: 0n },
    ]);
  });

  it('tell what they hold: ordered, allocated, delivered', () => {
    expect(rowsOf(contracts, log)).toEqual([
      {
        contract_id: contractId,
        customer_id: customerId,
        reference: 'HA-1',
        title: 'Hosting agreement',
        time_zone: 'America/Chicago',
        currency: 'USD',
        status: 'executed',
        stage: 'executed',
        stage_since: '2023-09-25',
        ends_on: null,
        assumed_on: null,
        term_ends_on: null,
        term_ends: [null],
        drafted_at: '2024-06-01T00:00:00.000Z',
        executed_on: '2023-09-25',
        document_digest: documentDigest,
        signatories: [],
        terms_version: 1,
        ordered_units: 27_000n,
        ordered_watts: 90_000_000n,
        later_ordered: [],
        contracted_hashrate_ghs: null,
        allocated_units: 15_000n,
        allocated_watts: 49_000_000n,
        later_allocated: [],
        assigned_units: 0n,
        assigned_watts: 0n,
        announced_units: 0n,
        announced_watts: 0n,
        announced_hashrate_ghs: 0n,
        delivered_units: 26_990n,
        delivered_watts: 87_636_530n,
        delivered_hashrate_ghs: 4_075_490_000n,
        accepted_units: 26_990n,
        energized_units: 0n,
        energized_watts: 0n,
        energized_hashrate_ghs: 0n,
        deposit_held: '0.00',
        revision: 6n,
      },
    ]);
  });

  it('follow their life, and whoever they pass to', () => {
    const ruling = { court: 'S.D. Tex. Bankr.', docket: '22-90341', documentDigest };
    const lived: ContractEvent[] = [
      { type: 'ContractActivated', data: { contractId, activatedOn: '2023-10-01' } },
      {
        type: 'TerminationNoticed',
        data: { contractId, noticedOn: '2023-11-01', effectiveOn: '2024-01-30', by: 'customer' },
      },
      {
        type: 'PartyAssigned',
        data: {
          contractId,
          fromCustomerId: customerId,
          toCustomerId: 'customer-2',
          effectiveOn: '2023-12-01',
          documentDigest,
        },
      },
      { type: 'ContractRejected', data: { contractId, rejectedOn: '2024-01-03', ruling } },
    ];
    const after = (count: number) =>
      rowsOf(
        contracts,
        recorded(`hostingContract-${contractId}`, [...history, ...lived.slice(0, count)]),
      );
    expect(after(1)).toMatchObject([{ stage: 'active', stage_since: '2023-10-01' }]);
    expect(after(2)).toMatchObject([{ stage: 'active', ends_on: '2024-01-30' }]);
    expect(after(3)).toMatchObject([{ customer_id: 'customer-2', stage_since: '2023-12-01' }]);
    expect(after(4)).toMatchObject([{ stage: 'rejected', stage_since: '2024-01-03' }]);
  });

  it('have terms', () => {
    expect(rowsOf(contractTerms, log)).toEqual([
      {
        contract_id: contractId,
        version: 1,
        effective_on: '2023-09-25',
        document_digest: documentDigest,
        clauses,
        rate_card: rateCard,
        kind: 'original',
        required_deposit: null,
        relocation: null,
        term_ends_on: null,
        caps: null,
        changes: null,
        adopted_at: '2024-06-01T00:00:01.000Z',
        corrected_at: null,
        correction_cause: null,
      },
    ]);
  });

  it('have orders with what is allocated of them', () => {
    expect(rowsOf(contractOrders, log)).toEqual([
      {
        contract_id: contractId,
        order_id: 'order-1',
        reference: 'SO-1',
        basis: 'units',
        units: 27_000,
        power_watts: 90_000_000n,
        hashrate_ghs: null,
        model: 'S19JXP-151',
        starts_on: '2023-10-01',
        placed_at: '2024-06-01T00:00:03.000Z',
        allocated_units: 15_000n,
        allocated_watts: 49_000_000n,
        later_allocated: [],
        assigned_units: 0n,
        assigned_watts: 0n,
      },
    ]);
  });

  it('have allocations, not those given up', () => {
    expect(rowsOf(contractAllocations, log)).toEqual([
      {
        contract_id: contractId,
        allocation_id: 'allocation-1',
        order_id: 'order-1',
        facility: 'DENTON',
        units: 15_000,
        power_watts: 49_000_000n,
        effective_on: '2023-10-01',
        allocated_at: '2024-06-01T00:00:04.000Z',
        allocated_units: 15_000n,
        allocated_watts: 49_000_000n,
        assigned_units: 0n,
        assigned_watts: 0n,
        reductions: [],
      },
    ]);
  });

  it('have deliveries', () => {
    expect(rowsOf(contractDeliveries, log)).toMatchObject([
      { delivery_id: 'delivery-1', received: 26_990, missing: 8, refused: 2, by_model: byModel },
    ]);
  });
});

describe('customers', () => {
  it('are known by their names', () => {
    const bitmain = { customerId, name: 'Bitmain', legalName: 'Bitmain Limited', country: 'US' };
    const registered = { type: 'CustomerRegistered', data: bitmain };
    expect(rowsOf(customers, recorded(`customer-${customerId}`, [registered]))).toEqual([
      {
        customer_id: customerId,
        name: 'Bitmain',
        legal_name: 'Bitmain Limited',
        country: 'US',
        standing: 'good',
        standing_cause: null,
        successor_id: null,
        succeeded_on: null,
        registered_at: '2024-06-01T00:00:00.000Z',
        revision: 0n,
      },
    ]);
  });
});
