import type { RateCard } from '@hostledger/contracts';
import type {
  BillingInputs,
  CurtailmentFact,
  MeterFact,
  PowerRateInForce,
  PriceInForce,
  ProgrammeReceipt,
  ReadingFact,
  Source,
  TermsInForce,
} from '../inputs.js';
import type { Component, Rated } from '../line.js';
import type { MachineFact, MachineFactKind } from '../machine-facts.js';

/** January 2024 in UTC: 744 hours. */
export const january = { from: '2024-01-01T00:00:00.000Z', until: '2024-02-01T00:00:00.000Z' };

/** An instant of that month: `day(16)` is its middle but for half a day. */
export const day = (ofMonth: number, hour = 0): string =>
  new Date(Date.UTC(2024, 0, ofMonth, hour)).toISOString();

export const source = (position: number): Source => ({
  eventId: `event-${position}`,
  stream: 'log',
  revision: position,
  position: String(position),
});

/** A fact of a machine; the position says which of two at one instant was first. */
export const fact = (
  serial: string,
  position: number,
  kind: MachineFactKind,
  at: string,
  more: Partial<MachineFact> = {},
): MachineFact => ({ serial, kind, at, source: source(position), ...more });

export const CONTRACT = 'contract-1';

/** In a slot of a site under the contract, and drawing power, since last December. */
export const running = (
  serial: string,
  position: number,
  powerWatts = 3247,
  facility = 'ND1',
): MachineFact[] => [
  fact(serial, position, 'received', '2023-12-01T00:00:00.000Z', {
    ...{ contractId: CONTRACT, customerId: 'customer-1', placeKind: 'storage', facility },
    powerWatts,
  }),
  fact(serial, position + 1, 'placed', '2023-12-02T00:00:00.000Z', { placeKind: 'slot', facility }),
  fact(serial, position + 2, 'energized', '2023-12-03T00:00:00.000Z'),
];

export const terms = (
  rateCard: Omit<RateCard, 'currency'>,
  version = 1,
  window = january,
): TermsInForce => ({
  ...window,
  version,
  clauses: [{ ref: '4.1', title: 'Hosting fee', text: 'as the rate card has it' }],
  rateCard: { currency: 'USD', ...rateCard },
  source: source(version),
});

export const inputsOf = (
  given: readonly TermsInForce[],
  lives: readonly (readonly MachineFact[])[] = [],
  more: Partial<BillingInputs> = {},
): BillingInputs => ({
  contractId: CONTRACT,
  customerId: 'customer-1',
  timeZone: 'UTC',
  currency: 'USD',
  month: '2024-01',
  period: january,
  position: '1000000',
  terms: given,
  machines: new Map(lives.map((facts) => [facts[0]!.serial, facts])),
  allocations: [],
  powerRates: [],
  curtailments: [],
  receipts: [],
  meters: [],
  readings: [],
  prices: [],
  ...more,
});

export const meter = (
  meterId: string,
  position: number,
  kind: 'energy' | 'proceeds' = 'energy',
  window = january,
  facility = 'ND1',
): MeterFact => ({ meterId, facility, kind, window, source: source(position) });

export const reading = (
  meterId: string,
  position: number,
  amount: string,
  window = january,
  more: Partial<ReadingFact> = {},
): ReadingFact => ({
  ...{ meterId, facility: 'ND1', kind: 'energy', amount, quality: 'measured', ...window },
  source: source(position),
  ...more,
});

export const powerRate = (
  ratePerKwh: string,
  position: number,
  window = january,
  facility = 'ND1',
): PowerRateInForce => ({
  ...{ facility, ratePerKwh, currency: 'USD', source: source(position) },
  ...window,
});

export const price = (text: string, position: number, window = january): PriceInForce => ({
  ...{ price: text, currency: 'USD', source: source(position) },
  ...window,
});

export const curtailment = (more: Partial<CurtailmentFact> = {}): CurtailmentFact => ({
  ...{ curtailmentId: 'curtailment-1', facility: 'ND1', cause: 'demandResponse' },
  ...{ startsAt: day(10), endedAt: day(11), sources: [source(900)] },
  ...more,
});

export const receipt = (more: Partial<ProgrammeReceipt> = {}): ProgrammeReceipt => ({
  ...{ receiptId: 'receipt-1', curtailmentId: 'curtailment-1', facility: 'ND1' },
  ...{ amount: '1000', currency: 'USD', receivedOn: '2024-01-20', source: source(950) },
  ...more,
});

/** What a reader looks at first: key, quantity, rate, amount. */
export const told = (rated: readonly Rated[], component?: Component): string[] =>
  rated
    .filter(({ line }) => component === undefined || line.component === component)
    .map(
      ({ line }) => `${line.key}: ${line.quantity} ${line.unit} × ${line.rate} = ${line.amount}`,
    );
