import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import { type ContractEvent } from './contract-events.js';
import { type Contract } from './contract-state.js';
import { contractAggregate, type ContractCommand } from './hosting-contract.js';
import type { RateCard } from './rate-card.js';

const { given } = specOf(contractAggregate);

const at = '2023-09-25T12:00:00Z';
const contractId = 'contract-1';
const customerId = 'customer-1';
const draftData = {
  contractId,
  customerId,
  reference: 'HA-2023-09',
  title: 'Hosting agreement',
  timeZone: 'America/Chicago',
  currency: 'USD',
};
const signed = {
  executedOn: '2023-09-25',
  documentDigest: 'a'.repeat(64),
  signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
};
const termsData = (effectiveOn: string, rateCard: Partial<RateCard> = {}) => ({
  effectiveOn,
  documentDigest: 'b'.repeat(64),
  clauses: [{ ref: '4.1', title: 'Fees', text: 'The customer pays per kWh.' }],
  rateCard: { basis: 'nameplateKwh' as const, currency: 'USD', ratePerKwh: '0.075', ...rateCard },
});
const orderData = (n: number, units = 100, powerWatts = 1_000) => ({
  orderId: `order-${n}`,
  reference: `SO-${n}`,
  units,
  powerWatts,
  startsOn: '2023-10-01',
});
const allocationData = (n: number, units = 10, powerWatts = 100, orderId = 'order-1') => ({
  allocationId: `allocation-${n}`,
  orderId,
  facility: 'DENTON',
  units,
  powerWatts,
  effectiveOn: '2023-10-01',
});
const abandonData = (n: number) => ({
  allocationId: `allocation-${n}`,
  orderId: 'order-1',
  facility: 'DENTON',
  code: 'contract/order-exceeded',
  detail: 'No units left',
});
const deliveryData = (n: number) => ({
  deliveryId: `delivery-${n}`,
  reference: 'BATCH-1',
  facility: 'DENTON',
  lines: 3,
  received: 2,
  missing: 1,
  refused: 0,
  hashrateGhs: 302_000,
  byModel: [{ model: 'S19JXP-151', units: 2, hashrateGhs: 302_000, nameplateWatts: 6_494 }],
  reconciledAt: at,
});

const drafted: ContractEvent = { type: 'ContractDrafted', data: draftData };
const executed: ContractEvent = { type: 'ContractExecuted', data: { contractId, ...signed } };
const adopted = (version: number, effectiveOn: string): ContractEvent => ({
  type: 'TermsAdopted',
  data: { contractId, version, ...termsData(effectiveOn) },
});
const ordered: ContractEvent = {
  type: 'ServiceOrderPlaced',
  data: { contractId, customerId, ...orderData(1) },
};
const allocated = (n: number, units = 10, powerWatts = 100): ContractEvent => ({
  type: 'CustomerAllocated',
  data: { contractId, customerId, ...allocationData(n, units, powerWatts) },
});
const abandoned = (n: number): ContractEvent => ({
  type: 'AllocationAbandoned',
  data: { contractId, ...abandonData(n) },
});
const delivered = (n: number): ContractEvent => ({
  type: 'MinersDelivered',
  data: { contractId, customerId, ...deliveryData(n) },
});
const inForce = [drafted, adopted(1, '2023-09-25'), executed] as const;

const draft: ContractCommand = { type: 'DraftContract', data: draftData, at };
const execute = (change: Partial<typeof signed> = {}): ContractCommand => ({
  type: 'ExecuteContract',
  data: { ...signed, ...change },
  at,
});
const adopt = (effectiveOn: string, rateCard?: Partial<RateCard>): ContractCommand => ({
  type: 'AdoptTerms',
  data: termsData(effectiveOn, rateCard),
  at,
});
const order: ContractCommand = { type: 'PlaceOrder', data: orderData(1), at };
const allocate = (
  n: number,
  change: Partial<ReturnType<typeof allocationData>> = {},
): ContractCommand => ({
  type: 'AllocateCustomer',
  data: { ...allocationData(n), ...change },
  at,
});
const abandon = (n: number): ContractCommand => ({
  type: 'AbandonAllocation',
  data: abandonData(n),
  at,
});
const deliver = (n: number): ContractCommand => ({
  type: 'RecordDelivery',
  data: deliveryData(n),
  at,
});

describe('drafting and executing a contract', () => {
  it('opens it for negotiation, once', () => {
    given().when(draft).then(drafted);
    given(drafted).when(draft).thenRejects('contract/already-drafted');
  });

  it('records its execution, once', () => {
    const agreed = [drafted, adopted(1, '2023-09-25')] as const;
    given(...agreed)
      .when(execute())
      .then(executed);
    given(...agreed, executed)
      .when(execute())
      .thenNothing();
    given(...agreed, executed)
      .when(execute({ executedOn: '2023-09-26' }))
      .thenRejects('contract/already-executed');
  });

  it('refuses everything for a contract that is not there', () => {
    for (const command of [execute(), adopt('2023-09-25'), order, allocate(1), abandon(1)]) {
      given().when(command).thenRejects('contract/unknown');
    }
  });
});

describe('adopting terms', () => {
  it('numbers the versions in the order of their effective dates', () => {
    given(drafted).when(adopt('2023-09-25')).then(adopted(1, '2023-09-25'));
    given(...inForce)
      .when(adopt('2024-01-01'))
      .then(adopted(2, '2024-01-01'));
  });

  it('refuses terms that do not take effect after the latest', () => {
    given(...inForce, adopted(2, '2024-01-01'))
      .when(adopt('2024-01-01'))
      .thenRejects('contract/terms-not-later', '/effectiveOn');
  });

  it('leaves no day of an executed contract without terms', () => {
    given(drafted).when(execute()).thenRejects('contract/no-terms');
    given(drafted, executed)
      .when(adopt('2023-09-26'))
      .thenRejects('contract/terms-after-execution', '/effectiveOn');
    given(drafted, adopted(1, '2023-09-26'))
      .when(execute())
      .thenRejects('contract/terms-after-execution', '/executedOn');
    given(drafted, executed).when(adopt('2023-09-25')).then(adopted(1, '2023-09-25'));
  });

  it('needs a term that ends after it began, and clauses that are told apart', () => {
    const said = (change: object): ContractCommand => ({
      type: 'AdoptTerms',
      data: { ...termsData('2023-09-25'), ...change },
      at,
    });
    given(drafted)
      .when(said({ termEndsOn: '2023-09-24' }))
      .thenRejects('contract/term-backwards', '/termEndsOn');
    const clause = { ref: '4.1', title: 'Fees', text: 'Per kWh.' };
    given(drafted)
      .when(said({ clauses: [clause, { ...clause, ref: '4.2' }, clause] }))
      .thenRejects('contract/clause-repeated', '/clauses/2/ref');
    const correct = { ...termsData('2023-09-25'), version: 1, cause: 'misread' };
    const { effectiveOn: _, ...correction } = correct;
    given(...inForce)
      .when({ type: 'CorrectTerms', data: { ...correction, termEndsOn: '2023-09-24' }, at })
      .thenRejects('contract/term-backwards', '/termEndsOn');
  });

  it('requires deposits that can be paid in the currency of the contract', () => {
    const requiring = (requiredDeposit: string): ContractCommand => ({
      type: 'AdoptTerms',
      data: { ...termsData('2023-09-25'), requiredDeposit },
      at,
    });
    given(drafted)
      .when(requiring('100.001'))
      .thenRejects('contract/money-too-fine', '/requiredDeposit');
    const agreed = adopted(1, '2023-09-25') as Extract<ContractEvent, { type: 'TermsAdopted' }>;
    given(drafted)
      .when(requiring('100.0100'))
      .then({ ...agreed, data: { ...agreed.data, requiredDeposit: '100.0100' } });
  });

  it('needs the rates of its basis, no others, in the currency of the contract', () => {
    given(drafted)
      .when(adopt('2023-09-25', { basis: 'flatPerUnit' }))
      .thenRejects('contract/rate-foreign', '/rateCard/ratePerKwh');
    given(drafted)
      .when(adopt('2023-09-25', { serviceFeePerKwh: '0.01' }))
      .thenRejects('contract/rate-foreign', '/rateCard/serviceFeePerKwh');
    given(drafted)
      .when(adopt('2023-09-25', { ratePerKwh: undefined }))
      .thenRejects('contract/rate-missing', '/rateCard/ratePerKwh');
    given(drafted)
      .when(adopt('2023-09-25', { currency: 'EUR' }))
      .thenRejects('contract/currency-mismatch', '/rateCard/currency');
  });
});

describe('placing an order', () => {
  it('needs an executed contract and happens once', () => {
    given(...inForce)
      .when(order)
      .then(ordered);
    given(...inForce, ordered)
      .when(order)
      .thenNothing();
    given(drafted).when(order).thenRejects('contract/not-executed');
  });
});

describe('allocating capacity to the customer', () => {
  it('takes from the order until nothing is left', () => {
    given(...inForce, ordered)
      .when(allocate(1))
      .then(allocated(1));
    given(...inForce, ordered, allocated(1, 90, 900))
      .when(allocate(2))
      .then(allocated(2));
  });

  it('refuses units or watts beyond the order', () => {
    given(...inForce, ordered, allocated(1, 90, 900))
      .when(allocate(2, { units: 11 }))
      .thenRejects('contract/order-exceeded', '/units');
    given(...inForce, ordered, allocated(1, 90, 900))
      .when(allocate(2, { powerWatts: 101 }))
      .thenRejects('contract/order-exceeded', '/powerWatts');
  });

  it('needs the order, an executed contract, and terms in force that day', () => {
    given(...inForce)
      .when(allocate(1))
      .thenRejects('contract/order-unknown', '/orderId');
    given(drafted).when(allocate(1)).thenRejects('contract/not-executed');
    given(drafted, executed, ordered)
      .when(allocate(1))
      .thenRejects('contract/no-terms-in-force', '/effectiveOn');
    given(drafted, adopted(1, '2023-01-01'), executed, ordered)
      .when(allocate(1, { effectiveOn: '2023-09-24' }))
      .thenRejects('contract/no-terms-in-force', '/effectiveOn');
  });

  it('happens once', () => {
    given(...inForce, ordered, allocated(1))
      .when(allocate(1))
      .thenNothing();
  });

  it('can be given up instead, for good', () => {
    given(...inForce, ordered)
      .when(abandon(1))
      .then(abandoned(1));
    given(...inForce, ordered, abandoned(1))
      .when(abandon(1))
      .thenNothing();
    given(...inForce, ordered, abandoned(1))
      .when(allocate(1))
      .thenRejects('contract/allocation-abandoned');
    given(...inForce, ordered, allocated(1))
      .when(abandon(1))
      .thenNothing();
  });
});

describe('recording a delivery', () => {
  it('reports it on the contract, once', () => {
    given(...inForce)
      .when(deliver(1))
      .then(delivered(1));
    given(...inForce, delivered(1))
      .when(deliver(1))
      .thenNothing();
    given(...inForce, delivered(1))
      .when(deliver(2))
      .then(delivered(2));
    given(drafted).when(deliver(1)).thenRejects('contract/not-executed');
  });
});

describe('a contract, whatever it is asked', () => {
  const day = fc
    .integer({ min: 20, max: 30 })
    .map((of) => `2023-09-${String(of).padStart(2, '0')}`);
  const few = fc.integer({ min: 1, max: 5 });
  const anyCommand: fc.Arbitrary<ContractCommand> = fc.oneof(
    day.map((executedOn) => execute({ executedOn })),
    day.map((effectiveOn) => adopt(effectiveOn)),
    few.map((n): ContractCommand => ({ type: 'PlaceOrder', data: orderData(n), at })),
    {
      weight: 4,
      arbitrary: fc.record({ n: few, o: few, units: few, watts: few, day }).map(anyAllocation),
    },
    few.map(abandon),
    few.map(deliver),
  );

  function anyAllocation(of: { n: number; o: number; units: number; watts: number; day: string }) {
    const { n, o, units, watts, day: effectiveOn } = of;
    const data = allocationData(n, units * 15, watts * 150, `order-${o}`);
    return { type: 'AllocateCustomer', data: { ...data, effectiveOn }, at } as const;
  }

  it('allocates at most what was ordered, under terms in strict sequence, each thing once', () => {
    const { decide, evolve, initialState } = contractAggregate;
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        let state: Contract = evolve(initialState, drafted);
        const history: ContractEvent[] = [];
        for (const command of commands) {
          const events = decisionOf(() => decide(command, state));
          history.push(...events);
          state = events.reduce(evolve, state);
        }
        audit(history);
      }),
    );
  });

  /** The rules over the history alone, without the aggregate's own state. */
  const audit = (history: readonly ContractEvent[]): void => {
    const terms = history.filter((event) => event.type === 'TermsAdopted');
    expect(terms.map(({ data }) => data.version)).toEqual(terms.map((_, index) => index + 1));
    const effective = terms.map(({ data }) => data.effectiveOn);
    expect(effective).toEqual([...new Set(effective)].sort());
    const executions = history.filter((event) => event.type === 'ContractExecuted');
    expect(executions.length).toBeLessThanOrEqual(1);
    for (const { data } of executions) {
      if (effective[0]) expect(effective[0] <= data.executedOn).toBe(true);
    }
    const allocations = history.filter((event) => event.type === 'CustomerAllocated');
    const givenUp = history.filter((event) => event.type === 'AllocationAbandoned');
    const ended = [...allocations, ...givenUp].map(({ data }) => data.allocationId);
    expect(new Set(ended).size).toBe(ended.length);
    for (const { data } of history.filter((event) => event.type === 'ServiceOrderPlaced')) {
      const of = allocations.filter((event) => event.data.orderId === data.orderId);
      expect(of.reduce((sum, event) => sum + event.data.units, 0)).toBeLessThanOrEqual(data.units);
      expect(of.reduce((sum, event) => sum + event.data.powerWatts, 0)).toBeLessThanOrEqual(
        data.powerWatts,
      );
    }
  };

  const decisionOf = (decide: () => readonly ContractEvent[]): readonly ContractEvent[] => {
    try {
      return decide();
    } catch (error) {
      if (error instanceof DomainError) return [];
      throw error;
    }
  };
});
