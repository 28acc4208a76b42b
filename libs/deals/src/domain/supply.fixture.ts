import { supplyAggregate, type NewAgreement, type SupplyCommand } from './supply-agreement.js';
import type {
  ConsiderationLegAdded,
  ConsiderationValued,
  SupplyAgreed,
  SupplyEvent,
} from './supply-events.js';
import type { KnownSupply, Supply } from './supply-state.js';

// The announced deal: 27,000 S19J XP of 151 TH/s for 77 million, 23.1 of it in cash.

export const AT = '2024-02-01T12:00:00.000Z';
export const DIGEST = 'd'.repeat(64);
const agreementId = 'agreement';

export const agreed: SupplyAgreed['data'] = {
  agreementId,
  reference: 'APA-2023-09-05',
  title: 'Asset purchase agreement',
  seller: 'Bitmain',
  buyer: 'Core Scientific',
  agreedOn: '2023-09-05',
  timeZone: 'America/Chicago',
  currency: 'USD',
  price: '77000000.00',
  documentDigest: DIGEST,
  lines: [
    {
      line: 1,
      model: 'S19JXP-151',
      unitHashrateGhs: 151_000,
      contractedHashrateGhs: 4_077_000_000,
      units: 27_000,
    },
  ],
  options: [
    {
      option: 1,
      model: 'S21-200',
      unitHashrateGhs: 200_000,
      hashrateGhs: 1_000_000_000,
      pricePerTh: '17.50',
      expiresOn: '2024-06-30',
    },
  ],
  recordedBy: 'ada',
};

const instalments = [
  { instalment: 1, dueOn: '2023-09-30', amount: '11550000.00' },
  { instalment: 2, dueOn: '2023-12-31', amount: '11550000.00' },
];
const valuation = { authority: 'Bankruptcy court', dueOn: '2023-12-31' };
const cash = { kind: 'cash', face: '23100000.00', description: 'Cash', instalments } as const;
const equity = { kind: 'equity', face: '53900000.00', description: 'Stock', valuation } as const;
export const overdueAt = '2024-01-01T06:00:00.000Z';

export const agree = (
  over: Partial<NewAgreement> = {},
): Extract<SupplyCommand, { type: 'AgreeSupply' }> => ({
  type: 'AgreeSupply',
  data: { ...agreed, legs: [cash, { ...equity, overdueAt }], ...over },
  at: AT,
});

const addedOn = agreed.agreedOn;
const legAdded = (leg: number, said: typeof cash | typeof equity): ConsiderationLegAdded => ({
  type: 'ConsiderationLegAdded',
  data: { agreementId, leg, ...said, addedOn },
});

/** What {@link agree} leads to. */
export const agreement: readonly SupplyEvent[] = [
  { type: 'SupplyAgreed', data: agreed },
  legAdded(1, cash),
  legAdded(2, equity),
  {
    type: 'ValuationPending',
    data: { agreementId, leg: 2, ...valuation, pendingFrom: addedOn, overdueAt },
  },
];

export const valuationOf = (over: Partial<Valuation['data']> = {}): Valuation => ({
  type: 'ValueConsideration',
  data: {
    leg: 2,
    valuationId: 'valuation-1',
    valuedOn: '2024-01-16',
    pricePerShare: '5.0208926',
    rounding: 'halfUp',
    documentDigest: DIGEST,
    ...over,
  },
  at: AT,
});
type Valuation = Extract<SupplyCommand, { type: 'ValueConsideration' }>;

export const missed: SupplyEvent = {
  type: 'ValuationDeadlineMissed',
  data: { agreementId, leg: 2, ...valuation, missedOn: '2024-01-01' },
};

export const valued: ConsiderationValued = {
  type: 'ConsiderationValued',
  data: {
    agreementId,
    ...valuationOf().data,
    face: '53900000.00',
    shares: 10_735_143,
    value: '53900000.05',
    remainder: '-0.05',
  },
};

export const accepted = (
  deliveryId: string,
  units: number,
  over: Partial<Extract<SupplyEvent, { type: 'HashrateAccepted' }>['data']> = {},
): Extract<SupplyEvent, { type: 'HashrateAccepted' }> => ({
  type: 'HashrateAccepted',
  data: {
    agreementId,
    deliveryId,
    contractId: 'contract',
    amendment: 0,
    acceptedOn: '2023-12-20',
    byModel: [{ model: 'S19JXP-151', units, hashrateGhs: units * 151_000 }],
    waivedHashrateGhs: 0,
    ...over,
  },
});

export const stateAfter = (...events: readonly SupplyEvent[]): KnownSupply => {
  const state = events.reduce<Supply>(supplyAggregate.evolve, supplyAggregate.initialState);
  if (state.status === 'unknown') throw new Error('Nothing was agreed');
  return state;
};
