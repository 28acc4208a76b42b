import fc from 'fast-check';
import type { RateCard } from '@hostledger/contracts';
import type { BillingInputs, TermsInForce, Window } from '../inputs.js';
import type { MachineFact, MachineFactKind } from '../machine-facts.js';
import {
  CONTRACT,
  curtailment,
  fact,
  inputsOf,
  january,
  meter,
  powerRate,
  price,
  reading,
  receipt,
  source,
  terms,
} from './rating.fixture.js';

// Random months: lives of machines, what meters told, rates and prices that changed meanwhile.

type Card = Omit<RateCard, 'currency'>;

const SITES = ['GA1', 'ND1', 'TX1'] as const;
const HOUR_MS = 3_600_000;
/** Hours of January and some of the month before it and after it. */
export const HOURS = { first: -200, last: 900, ofMonth: 744 } as const;

export const atHour = (hour: number): string =>
  new Date(Date.parse(january.from) + hour * HOUR_MS).toISOString();

const watts = fc.integer({ min: 900, max: 5555 });
const site = fc.constantFrom(...SITES);

/** What may happen to a machine after it was received. */
const happening = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'energized' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('deenergized' as const),
      cause: fc.constantFrom('hostFault', 'weather', 'curtailment'),
      curtailmentId: fc.constantFrom('curtailment-1', 'curtailment-2'),
    }),
  },
  fc.record({ kind: fc.constant('profileChanged' as const), powerWatts: watts }),
  fc.record({
    kind: fc.constant('placed' as const),
    placeKind: fc.constantFrom('slot' as const, 'storage' as const),
    facility: site,
    moved: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('titleTransferred' as const),
    contractId: fc.constantFrom(CONTRACT, CONTRACT, 'another'),
  }),
  fc.constant({ kind: 'repairClosed' } as const),
  fc.constant({ kind: 'assigned' } as const),
);

/** Facts of some machines, at whole hours so that an hour can be looked at on its own. */
export const lives: fc.Arbitrary<MachineFact[][]> = fc
  .array(
    fc.tuple(
      fc.record({ powerWatts: watts, facility: site }),
      fc.array(fc.tuple(fc.integer({ min: HOURS.first, max: HOURS.last }), happening), {
        maxLength: 12,
      }),
    ),
    { maxLength: 5 },
  )
  .map((machines) =>
    machines.map(([born, happened], n) => [
      fact(`S${n}`, 1000 * (n + 1), 'received', atHour(HOURS.first - 1), {
        ...{ ...born, contractId: CONTRACT, placeKind: 'slot' },
      }),
      ...happened.map(([hour, { kind, ...more }], index) =>
        fact(`S${n}`, 1000 * (n + 1) + index + 1, kind, atHour(hour), more),
      ),
    ]),
  );

/** Of machines of others that were off for a curtailment. */
const curtailedLives: fc.Arbitrary<MachineFact[][]> = fc
  .array(
    fc.record({
      powerWatts: watts,
      from: fc.integer({ min: 100, max: 260 }),
      hours: fc.integer({ min: 1, max: 400 }),
    }),
    { maxLength: 3 },
  )
  .map((machines) =>
    machines.map(({ powerWatts, from, hours }, n) => {
      const told = (
        index: number,
        kind: MachineFactKind,
        at: string,
        more: Partial<MachineFact> = {},
      ) => fact(`X${n}`, 20_000 + 10 * n + index, kind, at, more);
      return [
        told(0, 'received', atHour(HOURS.first - 2), {
          ...{ powerWatts, facility: 'ND1', contractId: 'another', placeKind: 'slot' },
        }),
        told(1, 'energized', atHour(HOURS.first - 1)),
        told(2, 'deenergized', atHour(from), {
          ...{ cause: 'curtailment', curtailmentId: 'curtailment-1' },
        }),
        told(3, 'energized', atHour(from + hours)),
      ];
    }),
  );

/** January cut at some hours. */
const pieces = (most: number): fc.Arbitrary<Window[]> =>
  fc
    .uniqueArray(fc.integer({ min: 1, max: HOURS.ofMonth - 1 }), { maxLength: most })
    .map((hours) => {
      const bounds = [0, ...hours.toSorted((a, b) => a - b), HOURS.ofMonth].map(atHour);
      return bounds.slice(1).map((until, n) => ({ from: bounds[n]!, until }));
    });

const decimals = (most: number, places: number): fc.Arbitrary<string> =>
  fc
    .integer({ min: 0, max: most * 10 ** places })
    .map((digits) => String(digits).padStart(places + 1, '0'))
    .map((digits) => `${digits.slice(0, -places)}.${digits.slice(-places)}`);

const quality = fc.constantFrom('measured' as const, 'estimated' as const);
const amounts = fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 10n }), quality, fc.boolean()), {
  minLength: 12,
  maxLength: 12,
});

const readings = (kind: 'energy' | 'proceeds', meterId: string, position: number) =>
  fc.tuple(pieces(8), amounts).map(([windows, told]) =>
    windows.flatMap((window, n) => {
      const [amount, how, isTold] = told[n]!;
      const more = { kind, facility: 'ND1', quality: how };
      return isTold || kind === 'proceeds'
        ? [reading(meterId, position + n, String(amount), window, more)]
        : [];
    }),
  );

/** All that a period is computed from but the terms. */
export const facts: fc.Arbitrary<Partial<BillingInputs> & { lives: MachineFact[][] }> = fc
  .record({
    lives,
    others: curtailedLives,
    energy: readings('energy', 'M1', 100),
    proceeds: readings('proceeds', 'pool', 200),
    rates: fc.tuple(pieces(3), fc.array(decimals(1, 4), { minLength: 4, maxLength: 4 })),
    prices: fc.tuple(pieces(5), fc.array(decimals(70_000, 2), { minLength: 6, maxLength: 6 })),
    allocated: fc.array(fc.tuple(pieces(1), fc.integer({ min: 0, max: 10 ** 8 }), site)),
    // Less than what machines avoided at rated power, or more.
    avoided: fc.oneof(fc.integer({ min: 1, max: 10 ** 5 }), fc.integer({ min: 1, max: 10 ** 7 })),
    received: fc.tuple(decimals(100_000, 2), fc.integer({ min: 10, max: 31 })),
  })
  .map(({ energy, proceeds, rates, prices, allocated, avoided, received, others, ...rest }) => ({
    ...rest,
    curtailed: new Map(others.map((life) => [life[0]!.serial, life])),
    meters: [meter('M1', 90), meter('pool', 91, 'proceeds')],
    readings: [...energy, ...proceeds],
    powerRates: SITES.flatMap((facility, n) =>
      rates[0].map((window, k) => powerRate(rates[1][k]!, 300 + 10 * n + k, window, facility)),
    ),
    prices: prices[0].map((window, n) => price(prices[1][n]!, 400 + n, window)),
    allocations: allocated.map(([[window], powerWatts, facility], n) => ({
      ...{ allocationId: `allocation-${n}`, facility, units: 0, powerWatts, ...window! },
      sources: [source(500 + n)],
    })),
    curtailments: [
      curtailment({ energyAvoidedWh: avoided }),
      curtailment({
        ...{ curtailmentId: 'curtailment-2', cause: 'maintenance', sources: [source(901)] },
        ...{ startsAt: atHour(-50), endedAt: atHour(300) },
      }),
    ],
    receipts: [receipt({ amount: received[0], receivedOn: `2024-01-${received[1]}` })],
  }));

const extras = fc.record(
  {
    fees: fc.constant([
      { kind: 'setUp', amount: '75.015', clauseRef: '5.1' },
      { kind: 'relocation', amount: '40', clauseRef: '5.2' },
      { kind: 'storage', amount: '0.335', clauseRef: '5.3' },
      { kind: 'repair', amount: '120', clauseRef: '5.4' },
    ] as const),
    curtailmentCredit: fc.constantFrom(
      { causes: ['demandResponse'], sharePercent: '33.3', clauseRef: '8.1' },
      {
        causes: ['demandResponse', 'maintenance'],
        sharePercent: '60',
        creditPerKwh: '0.155',
        clauseRef: '8.2',
      },
    ),
  },
  { requiredKeys: [] },
);

const flat = fc.record({
  counted: fc.constantFrom('energized' as const, 'installed' as const, 'assigned' as const),
  proration: fc.constantFrom('time' as const, 'wholeMonth' as const),
});
const estimation = fc.constantFrom({}, { estimation: 'nameplate' as const });
const kwh = decimals(1, 5);
const month = decimals(500, 3);

/** Cards of which the parts of a month add up to the month. */
export const linearCards: fc.Arbitrary<Card> = fc
  .oneof(
    fc
      .record({ ratePerKwh: kwh, upliftPercent: decimals(20, 2) })
      .map((card) => ({ ...card, basis: 'nameplateKwh' as const })),
    fc
      .tuple(kwh, estimation)
      .map(([ratePerKwh, more]) => ({ ratePerKwh, ...more, basis: 'meteredKwh' as const })),
    fc
      .tuple(kwh, estimation)
      .map(([fee, more]) => ({ serviceFeePerKwh: fee, ...more, basis: 'passThrough' as const })),
    fc
      .tuple(month, flat)
      .map(([rate, more]) => ({ ratePerUnitMonth: rate, ...more, basis: 'flatPerUnit' as const })),
    fc
      .tuple(month, flat)
      .map(([rate, more]) => ({ ratePerKwMonth: rate, ...more, basis: 'flatPerKw' as const })),
    month.map((rate) => ({ ratePerKwMonth: rate, basis: 'criticalItLoad' as const })),
    fc
      .tuple(decimals(99, 3), fc.constantFrom('currency' as const, 'bitcoin' as const))
      .map(([percent, paidIn]) => ({
        proceedsSharePercent: percent,
        paidIn,
        basis: 'proceedsShare' as const,
      })),
  )
  .chain((card) => extras.map((more): Card => ({ ...card, ...more })));

const uptime = {
  ...{
    promisedPercent: '99.5',
    excusedCauses: ['weather', 'curtailment'],
    creditPercentPerPoint: '1.75',
  },
  ...{ capPercent: '33', clauseRef: '7.1' },
};
const tiers = [
  { above: '1.5', rate: '0.0715' },
  { above: '1500', rate: '0.0333' },
];

/** Any card, also with tiers, a minimum and a promise. */
export const cards: fc.Arbitrary<Card> = fc
  .oneof(
    linearCards,
    decimals(99, 2).map((percent): Card => ({ profitSharePercent: percent, basis: 'profitShare' })),
  )
  .chain((card) => {
    const minimum = month.map((amount) => ({ amountPerMonth: amount, clauseRef: '6.1' }));
    const more = fc.record(
      { uptime: fc.constant(uptime), tiers: fc.constant(tiers), minimum },
      { requiredKeys: [] },
    );
    return more.map((other): Card => ({ ...card, ...other }));
  });

/** Versions of the terms over January, one after the other; the first card comes first. */
export const versions = (given: fc.Arbitrary<Card>): fc.Arbitrary<TermsInForce[]> =>
  fc
    .tuple(pieces(3), fc.array(given, { minLength: 4, maxLength: 4 }))
    .map(([windows, drawn]) => windows.map((window, n) => terms(drawn[n]!, n + 1, window)));

export const cut = pieces(3);

export const inputsWith = (
  given: readonly TermsInForce[],
  { lives: machines, ...more }: Partial<BillingInputs> & { lives: MachineFact[][] },
): BillingInputs => inputsOf(given, machines, more);
