import type { RateBasis, RateCard } from './rate-card.js';

/** Clauses that the cards below refer to. */
export const clauses = [
  { ref: '4.1', title: 'Hosting fee', text: 'The customer pays per kWh of nameplate.' },
  { ref: '4.2', title: 'Payment', text: 'Statements are due within seven days.' },
  { ref: '4.4', title: 'Other fees', text: 'As listed in Exhibit B.' },
  { ref: '6.1', title: 'Uptime', text: 'The host keeps the machines up.' },
  { ref: '6.2', title: 'Curtailment', text: 'What it brings is shared.' },
];

/** As they stand in logs from before cards could say more than a rate. */
export const oldCards: Readonly<Record<string, string>> = {
  nameplateKwh: '{"basis":"nameplateKwh","currency":"USD","ratePerKwh":"0.0750"}',
  meteredKwh: '{"basis":"meteredKwh","currency":"USD","ratePerKwh":"0.062"}',
  passThrough: '{"basis":"passThrough","currency":"USD","serviceFeePerKwh":"0.01500"}',
  flatPerUnit: '{"basis":"flatPerUnit","currency":"USD","ratePerUnitMonth":"180"}',
  flatPerKw: '{"basis":"flatPerKw","currency":"USD","ratePerKwMonth":"95.5"}',
  proceedsShare: '{"basis":"proceedsShare","currency":"USD","proceedsSharePercent":"12.5"}',
};

/** The least that a card of each basis says. */
export const leastCards: Readonly<Record<RateBasis, RateCard>> = {
  nameplateKwh: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0750' },
  meteredKwh: { basis: 'meteredKwh', currency: 'USD', ratePerKwh: '0.062' },
  passThrough: { basis: 'passThrough', currency: 'USD', serviceFeePerKwh: '0.015' },
  flatPerUnit: { basis: 'flatPerUnit', currency: 'USD', ratePerUnitMonth: '180' },
  flatPerKw: { basis: 'flatPerKw', currency: 'USD', ratePerKwMonth: '95.5' },
  criticalItLoad: { basis: 'criticalItLoad', currency: 'USD', ratePerKwMonth: '130' },
  proceedsShare: { basis: 'proceedsShare', currency: 'USD', proceedsSharePercent: '12.5' },
  profitShare: { basis: 'profitShare', currency: 'USD', profitSharePercent: '50' },
};

/** All that a card by nameplate can say. */
export const fullCard = {
  ...leastCards.nameplateKwh,
  clauseRef: '4.1',
  tiers: [
    { above: '5000000', rate: '0.0700' },
    { above: '10000000.5', rate: '0.06875' },
  ],
  upliftPercent: '7',
  minimum: { amountPerMonth: '250000.00', clauseRef: '4.1' },
  fees: [
    { kind: 'setUp', amount: '15.00', clauseRef: '4.4' },
    { kind: 'relocation', amount: '20.00', clauseRef: '4.4' },
    { kind: 'storage', amount: '0.25', clauseRef: '4.4' },
    { kind: 'repair', amount: '75', clauseRef: '4.4' },
  ],
  uptime: {
    promisedPercent: '95',
    excusedCauses: ['curtailment', 'customerRequest'],
    creditPercentPerPoint: '2',
    capPercent: '30',
    clauseRef: '6.1',
  },
  curtailmentCredit: {
    causes: ['grid', 'demandResponse'],
    sharePercent: '50',
    creditPerKwh: '0.03125',
    clauseRef: '6.2',
  },
  payment: {
    dueDays: 7,
    clauseRef: '4.2',
    lateFee: { percentPerMonth: '1.5', graceDays: 5 },
    ladder: { noticeDays: 5, suspensionDays: 10, terminationDays: 30 },
  },
} satisfies RateCard;
