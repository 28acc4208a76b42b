import fc from 'fast-check';
import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { BillingInputs } from '../inputs.js';
import type { MachineFact } from '../machine-facts.js';
import { segmentsOf, wattMs, WATT_MS_PER_KWH } from '../machine-usage.js';
import { computePeriod } from './compute-period.js';
import { curtailment, fact, inputsOf, january, receipt, source, terms } from './rating.fixture.js';

// What a programme paid for a curtailment is money that came once. Whatever contracts share in it, in
// whatever order they are closed: their parts together are never more than that, to the cent.

const CONTRACTS = ['c-1', 'c-2', 'c-3', 'c-4'] as const;
const HOUR_MS = 3_600_000;
const atHour = (hour: number): string =>
  new Date(Date.parse(january.from) + hour * HOUR_MS).toISOString();
/** The curtailment may begin before the month, and end after it. */
const window = {
  from: fc.integer({ min: -100, max: 600 }),
  hours: fc.integer({ min: 1, max: 300 }),
};

/** A machine that is off for it at any time, and may come to another contract meanwhile, or after. */
const life = fc.record({
  contractId: fc.constantFrom(...CONTRACTS),
  powerWatts: fc.integer({ min: 900, max: 6_000 }),
  off: fc.integer({ min: -120, max: 650 }),
  hours: fc.integer({ min: 1, max: 400 }),
  assigned: fc.option(
    fc.record({
      contractId: fc.constantFrom(...CONTRACTS),
      hour: fc.integer({ min: -150, max: 1_000 }),
    }),
  ),
});

const given = fc.record({
  lives: fc.array(life, { minLength: 1, maxLength: 8 }),
  lasts: fc.record(window),
  /** Often less than what machines avoided at rated power, sometimes far more. */
  avoidedWh: fc.oneof(
    fc.integer({ min: 1, max: 300_000 }),
    fc.integer({ min: 1, max: 20_000_000 }),
  ),
  cents: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 10_000_000 })),
  shares: fc.array(
    fc.oneof(
      fc.constant('100'),
      fc.integer({ min: 1, max: 1_000 }).map((one) => String(one / 10)),
    ),
    { minLength: CONTRACTS.length, maxLength: CONTRACTS.length },
  ),
});
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

const factsOf = ({ lives }: Given): MachineFact[][] =>
  lives.map(({ contractId, powerWatts, off, hours, assigned }, n) => {
    const happened = [
      { hour: off, kind: 'deenergized' as const, more: { curtailmentId: 'curtailment-1' } },
      { hour: off + hours, kind: 'energized' as const, more: {} },
      ...(assigned
        ? [{ ...assigned, kind: 'assigned' as const, more: { contractId: assigned.contractId } }]
        : []),
    ].toSorted((one, other) => one.hour - other.hour);
    return [
      fact(`S${n}`, 1_000 * (n + 1), 'received', atHour(-200), {
        ...{ contractId, customerId: 'customer', placeKind: 'slot', facility: 'ND1', powerWatts },
      }),
      fact(`S${n}`, 1_000 * (n + 1) + 1, 'energized', atHour(-199)),
      ...happened.map(({ hour, kind, more }, index) =>
        fact(`S${n}`, 1_000 * (n + 1) + 2 + index, kind, atHour(hour), more),
      ),
    ];
  });

/** As a contract reads them: its own machines up to the end of its month, and all that were off. */
const inputsFor = (
  { lasts, avoidedWh, cents, shares }: Given,
  contractId: string,
  all: readonly MachineFact[][],
): BillingInputs => {
  const own = all
    .map((one) => one.filter(({ at }) => at < january.until))
    .filter((one) => one.some((told) => told.contractId === contractId));
  const sharePercent = shares[CONTRACTS.indexOf(contractId as (typeof CONTRACTS)[number])]!;
  const credit = { causes: ['demandResponse'], sharePercent, clauseRef: '8.2' };
  const card = { basis: 'nameplateKwh', ratePerKwh: '0', curtailmentCredit: credit } as const;
  const [startsAt, endedAt] = [atHour(lasts.from), atHour(lasts.from + lasts.hours)];
  return inputsOf([terms(card)], own, {
    contractId,
    curtailed: new Map(all.map((one) => [one[0]!.serial, one])),
    curtailments: [curtailment({ startsAt, endedAt, energyAvoidedWh: avoidedWh })],
    receipts: [
      receipt({ amount: (cents / 100).toFixed(2), receivedOn: '2024-01-31', source: source(950) }),
    ],
  });
};

const creditOf = (known: Given, contractId: string, facts = factsOf(known)) =>
  computePeriod(inputsFor(known, contractId, facts)).rated.filter(
    ({ line }) => line.component === 'curtailmentCredit',
  );

const sumOf = (amounts: readonly string[]): Exact =>
  amounts.reduce((sum, amount) => sum.add(exact(amount)), EXACT_ZERO);

describe('The parts of all contracts in a receipt', () => {
  it('are never more than the receipt together, as they are rounded', () => {
    let scaled = 0;
    fc.assert(
      fc.property(given, (known) => {
        const credits = CONTRACTS.flatMap((id) => creditOf(known, id));
        const together = sumOf(credits.map(({ line }) => line.amount)).neg();
        const received = exact(known.cents).div(exact(100));
        expect(together.compare(received)).toBeLessThanOrEqual(0);
        // Nor any by more than its percentage of its part, which together are no more either.
        const parts = sumOf(credits.map(({ exactQuantity }) => exactQuantity));
        expect(parts.compare(received)).toBeLessThanOrEqual(0);
        if (credits.length > 1 && parts.compare(received) === 0) scaled += 1;
      }),
      { numRuns: 300 },
    );
    // Whole receipts were shared out among several.
    expect(scaled).toBeGreaterThan(20);
  });

  it('are by what the machines of each avoided, and the same in whatever order they are read', () => {
    fc.assert(
      fc.property(given, (known) => {
        const { lasts, avoidedWh, cents } = known;
        const window = { from: atHour(lasts.from), until: atHour(lasts.from + lasts.hours) };
        const off = factsOf(known)
          .flatMap((life) => segmentsOf(life, window))
          .filter(({ curtailmentId }) => curtailmentId !== undefined);
        const avoided = (contractId?: string) =>
          off
            .filter((one) => contractId === undefined || one.contractId === contractId)
            .reduce((sum, one) => sum + wattMs(one), 0n);
        const measured = (BigInt(avoidedWh) * WATT_MS_PER_KWH) / 1_000n;
        const divisor = avoided() > measured ? avoided() : measured;
        for (const id of CONTRACTS) {
          const credits = creditOf(known, id);
          expect(creditOf(known, id, factsOf(known).toReversed())).toEqual(credits);
          const part = exact(cents)
            .mul(exact(avoided(id)))
            .div(exact(100n * divisor));
          const [credit] = credits;
          expect(exact(credit?.exactQuantity ?? '0').equals(part)).toBe(true);
        }
      }),
    );
  });

  it('depend on the events that they name, also of machines of others, and on no others', () => {
    fc.assert(
      fc.property(given, (known) => {
        for (const id of CONTRACTS) {
          for (const { line, sources } of creditOf(known, id)) {
            const named = new Set(sources.map(({ eventId }) => eventId));
            const left = factsOf(known)
              .map((life) => life.filter(({ source: { eventId } }) => named.has(eventId)))
              .filter(({ length }) => length > 0);
            expect(creditOf(known, id, left).map((one) => one.line)).toEqual([line]);
          }
        }
      }),
    );
  });
});
