import { specOf } from '@hostledger/testing';
import type { ContractEvent, OrderBasis, OrderCaps } from './contract-events.js';
import { contractAggregate, type ContractCommand } from './hosting-contract.js';

const { given } = specOf(contractAggregate);
const at = '2024-01-01T12:00:00Z';
const contractId = 'contract-1';
const customerId = 'customer-1';
const digest = 'a'.repeat(64);

const drafted: ContractEvent = {
  type: 'ContractDrafted',
  data: {
    contractId,
    customerId,
    reference: 'HA-1',
    title: 'Hosting agreement',
    timeZone: 'America/Chicago',
    currency: 'USD',
  },
};
const termsData = (effectiveOn: string, caps?: OrderCaps) => ({
  effectiveOn,
  documentDigest: digest,
  clauses: [],
  rateCard: { basis: 'nameplateKwh' as const, currency: 'USD', ratePerKwh: '0.07' },
  ...(caps && { caps }),
});
const terms = (version: number, effectiveOn: string, caps?: OrderCaps): ContractEvent => ({
  type: 'TermsAdopted',
  data: { contractId, version, ...termsData(effectiveOn, caps) },
});
const executed: ContractEvent = {
  type: 'ContractExecuted',
  data: { contractId, executedOn: '2023-01-01', documentDigest: digest, signatories: [] },
};
const orderData = (n: number, units: number, basis?: OrderBasis, startsOn = '2023-10-01') => ({
  orderId: `order-${n}`,
  reference: `SO-${n}`,
  units,
  powerWatts: 1_000,
  startsOn,
  ...(basis && { basis }),
});
const ordered = (...of: Parameters<typeof orderData>): ContractEvent => ({
  type: 'ServiceOrderPlaced',
  data: { contractId, customerId, ...orderData(...of) },
});
const order = (...of: Parameters<typeof orderData>): ContractCommand => ({
  type: 'PlaceOrder',
  data: orderData(...of),
  at,
});
const allocationData = (n: number, units = 60, powerWatts = 600, effectiveOn = '2024-01-01') => ({
  allocationId: `allocation-${n}`,
  orderId: 'order-1',
  facility: 'DENTON',
  units,
  powerWatts,
  effectiveOn,
});
const allocated = (...of: Parameters<typeof allocationData>): ContractEvent => ({
  type: 'CustomerAllocated',
  data: { contractId, customerId, ...allocationData(...of) },
});
const allocate = (...of: Parameters<typeof allocationData>): ContractCommand => ({
  type: 'AllocateCustomer',
  data: allocationData(...of),
  at,
});
const reductionData = (units: number, powerWatts: number, effectiveOn = '2024-07-01') => ({
  allocationId: 'allocation-1',
  reductionId: 'reduction-1',
  units,
  powerWatts,
  effectiveOn,
  cause: 'given back',
});
const reduce = (...of: Parameters<typeof reductionData>): ContractCommand => ({
  type: 'ReduceAllocation',
  data: reductionData(...of),
  at,
});
const reduced = (...of: Parameters<typeof reductionData>): ContractEvent => ({
  type: 'AllocationReduced',
  data: {
    contractId,
    customerId,
    orderId: 'order-1',
    facility: 'DENTON',
    ...reductionData(...of),
  },
});
const assignmentData = (n: number, units = 10, powerWatts = 100) => ({
  allocationId: 'allocation-1',
  assignmentId: `assignment-${n}`,
  units,
  powerWatts,
});
const assign = (...of: Parameters<typeof assignmentData>): ContractCommand => ({
  type: 'AssignMachines',
  data: assignmentData(...of),
  at,
});
const assigned = (...of: Parameters<typeof assignmentData>): ContractEvent => ({
  type: 'MachinesAssigned',
  data: { contractId, customerId, orderId: 'order-1', ...assignmentData(...of) },
});
const release = (n: number, units?: number, powerWatts?: number): ContractCommand => ({
  type: 'ReleaseAssignment',
  data: {
    assignmentId: `assignment-${n}`,
    cause: 'retired',
    ...(units !== undefined && { units }),
    ...(powerWatts !== undefined && { powerWatts }),
  },
  at,
});
const released = (n: number, units: number, powerWatts: number): ContractEvent => ({
  type: 'AssignmentReleased',
  data: {
    contractId,
    orderId: 'order-1',
    allocationId: 'allocation-1',
    assignmentId: `assignment-${n}`,
    units,
    powerWatts,
    cause: 'retired',
  },
});
const suspended: ContractEvent = {
  type: 'ServiceSuspended',
  data: { contractId, suspendedOn: '2024-02-01', cause: 'nonPayment' },
};
const terminated: ContractEvent = {
  type: 'ContractTerminated',
  data: { contractId, terminatedOn: '2024-06-01', cause: 'mutual' },
};
const signed = [drafted, terms(1, '2023-01-01'), executed] as const;
const holding = [...signed, ordered(1, 100), allocated(1)] as const;

describe('an order', () => {
  it('is counted in units, unless it says power or critical IT load', () => {
    given(...signed)
      .when(order(1, 0))
      .thenRejects('contract/order-without-units', '/units');
    given(...signed)
      .when(order(1, 0, 'criticalItLoad'))
      .then(ordered(1, 0, 'criticalItLoad'));
    given(...signed, ordered(1, 0, 'power'))
      .when(allocate(1, 5_000, 1_000))
      .then(allocated(1, 5_000, 1_000));
    given(...signed, ordered(1, 0, 'power'))
      .when(allocate(1, 1, 1_001))
      .thenRejects('contract/order-exceeded', '/powerWatts');
  });

  it('stays, with all others, under the caps of the terms in force while it runs', () => {
    const capped = [drafted, terms(1, '2023-01-01', { units: 150, powerWatts: 5_000 }), executed];
    given(...capped, ordered(1, 100))
      .when(order(2, 50))
      .then(ordered(2, 50));
    given(...capped, ordered(1, 100))
      .when(order(2, 51))
      .thenRejects('contract/cap-exceeded', '/units');
    const raised = [...capped, terms(2, '2024-01-01')];
    given(...raised, ordered(1, 100))
      .when(order(2, 51, 'units', '2024-01-01'))
      .then(ordered(2, 51, 'units', '2024-01-01'));
    given(...raised, ordered(1, 100))
      .when(order(2, 51, 'units', '2023-12-31'))
      .thenRejects('contract/cap-exceeded', '/units');
  });

  it('comes, with all others, to figures that are exact in JSON', () => {
    given(...signed, ordered(1, 999_999_999))
      .when(order(2, 1))
      .then(ordered(2, 1));
    given(...signed, ordered(1, 999_999_999))
      .when(order(2, 2))
      .thenRejects('contract/orders-too-large', '/units');
    const rated = (n: number, hashrateGhs: number) => ({ ...orderData(n, 1), hashrateGhs });
    const most = 1_000_000_000_000_000;
    const placed: ContractEvent = {
      type: 'ServiceOrderPlaced',
      data: { contractId, customerId, ...rated(1, most) },
    };
    given(...signed)
      .when({ type: 'PlaceOrder', data: rated(1, most), at })
      .then(placed);
    given(...signed, placed)
      .when({ type: 'PlaceOrder', data: rated(2, 1), at })
      .thenRejects('contract/orders-too-large', '/hashrateGhs');
  });

  it('is not undercut by later caps', () => {
    const adopt = (caps: OrderCaps): ContractCommand => ({
      type: 'AdoptTerms',
      data: termsData('2024-01-01', caps),
      at,
    });
    given(...signed, ordered(1, 100))
      .when(adopt({ powerWatts: 999 }))
      .thenRejects('contract/cap-below-orders', '/caps/powerWatts');
    given(...signed, ordered(1, 100))
      .when(adopt({ units: 100 }))
      .then(terms(2, '2024-01-01', { units: 100 }));
  });
});

describe('an allocation', () => {
  it('takes effect while its order runs, and not before', () => {
    given(...signed, ordered(1, 100))
      .when(allocate(1, 60, 600, '2023-10-01'))
      .then(allocated(1, 60, 600, '2023-10-01'));
    given(...signed, ordered(1, 100))
      .when(allocate(1, 60, 600, '2023-09-30'))
      .thenRejects('contract/allocation-before-order', '/effectiveOn');
  });

  it('takes effect by the last day of the term', () => {
    const ending = signed.map((event) =>
      event.type === 'TermsAdopted'
        ? { ...event, data: { ...event.data, termEndsOn: '2024-12-31' } }
        : event,
    );
    given(...ending, ordered(1, 100))
      .when(allocate(1, 60, 600, '2024-12-31'))
      .then(allocated(1, 60, 600, '2024-12-31'));
    given(...ending, ordered(1, 100))
      .when(allocate(1, 60, 600, '2025-01-01'))
      .thenRejects('contract/allocation-after-term', '/effectiveOn');
  });
});

describe('a cap in units', () => {
  const capped = [drafted, terms(1, '2023-01-01', { units: 50 }), executed] as const;
  const inPower = [...capped, ordered(1, 0, 'power')] as const;

  it('binds what is allocated of an order in power, which names none', () => {
    given(...inPower)
      .when(allocate(1, 50))
      .then(allocated(1, 50));
    given(...inPower)
      .when(allocate(1, 51))
      .thenRejects('contract/cap-exceeded', '/units');
    given(...inPower, allocated(1, 30, 300))
      .when(allocate(2, 21, 200))
      .thenRejects('contract/cap-exceeded', '/units');
  });

  it('binds while the version is in force, and lets go what was given back', () => {
    const raised = [...inPower, terms(2, '2024-07-01', { units: 80 })] as const;
    given(...raised)
      .when(allocate(1, 80, 800, '2024-07-01'))
      .then(allocated(1, 80, 800, '2024-07-01'));
    given(...raised)
      .when(allocate(1, 80, 800, '2024-06-30'))
      .thenRejects('contract/cap-exceeded', '/units');
    given(...inPower, allocated(1, 50, 500), reduced(30, 300))
      .when(allocate(2, 30, 300, '2024-07-01'))
      .then(allocated(2, 30, 300, '2024-07-01'));
    given(...inPower, allocated(1, 50, 500), reduced(30, 300))
      .when(allocate(2, 30, 300, '2024-06-30'))
      .thenRejects('contract/cap-exceeded', '/units');
  });

  it('is not adopted below what is allocated meanwhile', () => {
    const adopt = (units: number, effectiveOn: string): ContractCommand => ({
      type: 'AdoptTerms',
      data: termsData(effectiveOn, { units }),
      at,
    });
    const power = [...signed, ordered(1, 0, 'power'), allocated(1), reduced(20, 200)] as const;
    given(...power)
      .when(adopt(59, '2024-06-30'))
      .thenRejects('contract/cap-below-allocations', '/caps/units');
    given(...power)
      .when(adopt(40, '2024-07-01'))
      .then(terms(2, '2024-07-01', { units: 40 }));
  });
});

describe('reducing an allocation', () => {
  it('says by how much and from when, once', () => {
    given(...holding)
      .when(reduce(20, 200))
      .then(reduced(20, 200));
    given(...holding, reduced(20, 200))
      .when(reduce(20, 200))
      .thenNothing();
  });

  it('frees the order from that day on, and not before', () => {
    const later = [...holding, reduced(60, 600)];
    given(...later)
      .when(allocate(2, 100, 1_000, '2024-07-01'))
      .then(allocated(2, 100, 1_000, '2024-07-01'));
    given(...later)
      .when(allocate(2, 41, 400, '2024-06-30'))
      .thenRejects('contract/order-exceeded', '/units');
    given(...later, allocated(2, 100, 1_000, '2024-07-01'))
      .when(allocate(3, 1, 1, '2024-01-01'))
      .thenRejects('contract/order-exceeded', '/units');
  });

  it('is possible after the end, not before the allocation, and not by more than it holds', () => {
    given(...holding, terminated)
      .when(reduce(60, 600))
      .then(reduced(60, 600));
    given(...holding)
      .when(reduce(20, 200, '2023-12-31'))
      .thenRejects('contract/reduction-before-allocation', '/effectiveOn');
    given(...holding)
      .when(reduce(61, 600))
      .thenRejects('contract/reduction-exceeds-allocation', '/units');
    given(...holding)
      .when(reduce(60, 599))
      .thenRejects('contract/reduction-uneven', '/powerWatts');
    given(...signed, ordered(1, 100))
      .when(reduce(1, 1))
      .thenRejects('contract/allocation-unknown');
  });

  it('takes something', () => {
    given(...holding)
      .when(reduce(0, 0))
      .thenRejects('contract/reduction-of-nothing', '/units');
    given(...holding)
      .when(reduce(0, 1))
      .then(reduced(0, 1));
  });

  it('leaves what machines are assigned to', () => {
    given(...holding, assigned(1))
      .when(reduce(50, 500))
      .then(reduced(50, 500));
    given(...holding, assigned(1))
      .when(reduce(51, 500))
      .thenRejects('contract/allocation-in-use', '/units');
    given(...holding, assigned(1))
      .when(reduce(50, 501))
      .thenRejects('contract/allocation-in-use', '/powerWatts');
  });
});

describe('assigning machines to an allocation', () => {
  it('takes from it until nothing is left', () => {
    given(...holding)
      .when(assign(1))
      .then(assigned(1));
    given(...holding, assigned(1, 50, 500))
      .when(assign(2, 11, 100))
      .thenRejects('contract/allocation-exceeded', '/units');
    given(...holding, assigned(1, 50, 500))
      .when(assign(2, 10, 101))
      .thenRejects('contract/allocation-exceeded', '/powerWatts');
    given(...holding, reduced(20, 200))
      .when(assign(1, 41, 400))
      .thenRejects('contract/allocation-exceeded', '/units');
  });

  it('happens once, while the contract is in good standing', () => {
    given(...holding, assigned(1))
      .when(assign(1))
      .thenNothing();
    given(...holding, suspended)
      .when(assign(1))
      .thenRejects('contract/suspended');
    given(...signed)
      .when(assign(1))
      .thenRejects('contract/allocation-unknown', '/allocationId');
  });

  it('can be released, in parts or at once, for good', () => {
    given(...holding, assigned(1))
      .when(release(1, 4, 40))
      .then(released(1, 4, 40));
    given(...holding, assigned(1), released(1, 4, 40))
      .when(release(1))
      .then(released(1, 6, 60));
    given(...holding, assigned(1), released(1, 4, 40))
      .when(release(1, 7, 60))
      .thenRejects('contract/assignment-exceeded', '/units');
    given(...holding, assigned(1), released(1, 10, 100))
      .when(release(1))
      .thenNothing();
    given(...holding, assigned(1), released(1, 10, 100))
      .when(assign(1))
      .thenRejects('contract/assignment-released');
    given(...holding, assigned(1), released(1, 10, 100))
      .when(assign(2, 60, 600))
      .then(assigned(2, 60, 600));
    given(...holding)
      .when(release(1))
      .thenRejects('contract/assignment-unknown');
  });

  it('counts each machine that gives it up once, in the order of the log', () => {
    const leavers = (...positions: string[]): ContractCommand => ({
      type: 'CountLeavers',
      data: {
        assignmentId: 'assignment-1',
        leavers: positions.map((position) => ({ position, powerWatts: 10 })),
        cause: 'retired',
      },
      at,
    });
    const counted = (units: number, upTo: string): ContractEvent => {
      const event = released(1, units, units * 10);
      return { ...event, data: { ...event.data, upTo } } as ContractEvent;
    };
    given(...holding, assigned(1))
      .when(leavers('7', '12'))
      .then(counted(2, '12'));
    given(...holding, assigned(1), counted(2, '12'))
      .when(leavers('7', '12'))
      .thenNothing();
    given(...holding, assigned(1), counted(2, '12'))
      .when(leavers('12', '120'))
      .then(counted(1, '120'));
  });

  it('ends with its last unit, whatever watts are left', () => {
    given(...holding, assigned(1), released(1, 9, 80))
      .when(release(1, 1, 10))
      .then(released(1, 1, 20));
  });
});
