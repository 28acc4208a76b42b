import type { RateBasis, RateCard } from '@hostledger/contracts';
import fc from 'fast-check';
import {
  adopted,
  CONTRACT,
  corrected,
  CUSTOMER,
  METERS,
  MONTHS,
  SITES,
  thirdsOf,
  type Books,
} from './books.fixture.js';

// Random histories: what happens to machines, is read, fixed, allocated, agreed on, closed and revised.

/** Something that is recorded, or done. */
export type Act = (books: Books) => void;

const cents = (most: number) =>
  fc.integer({ min: 1, max: most }).map((value) => (value / 10_000).toFixed(4));
const percent = fc.integer({ min: 1, max: 100 }).map(String);

const cardOf: Record<RateBasis, fc.Arbitrary<Partial<RateCard>>> = {
  nameplateKwh: fc.record({ ratePerKwh: cents(2_000), upliftPercent: percent }),
  meteredKwh: fc.record({ ratePerKwh: cents(2_000), estimation: fc.constant('nameplate') }),
  passThrough: fc.record({ serviceFeePerKwh: cents(500), estimation: fc.constant('nameplate') }),
  flatPerUnit: fc.record({
    ratePerUnitMonth: cents(2_000_000),
    counted: fc.constantFrom('energized', 'installed', 'assigned'),
    proration: fc.constantFrom('time', 'wholeMonth'),
  }),
  flatPerKw: fc.record({ ratePerKwMonth: cents(1_000_000) }),
  criticalItLoad: fc.record({ ratePerKwMonth: cents(1_000_000) }),
  proceedsShare: fc.record({
    proceedsSharePercent: percent,
    paidIn: fc.constantFrom('bitcoin', 'currency'),
  }),
  profitShare: fc.record({ profitSharePercent: percent, estimation: fc.constant('nameplate') }),
};
export const bases = Object.keys(cardOf) as RateBasis[];

const extras: fc.Arbitrary<Partial<RateCard>> = fc.record(
  {
    minimum: fc.record({ amountPerMonth: cents(5_000_000), clauseRef: fc.constant('4.2') }),
    fees: fc.constantFrom(
      [{ kind: 'relocation', amount: '25.00', clauseRef: '4.2' }] as const,
      [{ kind: 'storage', amount: '0.35', clauseRef: '4.2' }] as const,
    ),
    uptime: fc.constant({
      promisedPercent: '98',
      excusedCauses: ['curtailment'],
      creditPercentPerPoint: '2',
      capPercent: '30',
      clauseRef: '4.2',
    }),
  },
  { requiredKeys: [] },
);

const card = (basis: RateBasis): fc.Arbitrary<RateCard> =>
  fc.tuple(cardOf[basis], extras).map(([rates, more]) => ({
    basis,
    currency: 'USD',
    clauseRef: '4.2',
    ...rates,
    ...more,
  }));

/** Of 2024; the first one is 0. */
export const dayOf = (day: number): string =>
  new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
const aDay = fc.integer({ min: 0, max: 118 }).map(dayOf);
const anInstant = fc
  .integer({ min: 0, max: 119 * 24 * 60 - 1 })
  .map((minute) => new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString());
const site = fc.constantFrom(...SITES);
const serial = fc.constantFrom('M1', 'M2', 'M3');

const happens: fc.Arbitrary<Act> = fc
  .tuple(serial, anInstant, site, fc.constantFrom('on', 'off', 'move', 'profile', 'store'))
  .map(([name, at, facility, what]) => (books: Books) => {
    const of = { serial: name, at };
    if (what === 'on') books.fact({ ...of, kind: 'energized' });
    if (what === 'off') books.fact({ ...of, kind: 'deenergized', cause: 'fault' });
    if (what === 'profile') books.fact({ ...of, kind: 'profileChanged', powerWatts: 3_010 });
    if (what === 'move') {
      books.fact({ ...of, kind: 'placed', placeKind: 'slot', facility, moved: true });
    }
    if (what === 'store') books.fact({ ...of, kind: 'placed', placeKind: 'storage', facility });
  });

const isRead: fc.Arbitrary<Act> = fc
  .record({
    meter: fc.constantFrom(...METERS),
    month: fc.constantFrom(...MONTHS),
    third: fc.integer({ min: 0, max: 2 }),
    // Often what it was at first: what is told late is taken back later.
    amount: fc.oneof(fc.constantFrom(0, 1_000_000), fc.integer({ min: 0, max: 9_000_000 })),
  })
  .map(({ meter, month, third, amount }) => (books: Books) => {
    const window = thirdsOf(month)[third]!;
    books.reading({ ...meter, ...window, amount: String(amount), quality: 'measured' });
  });

const isFixed: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(site, cents(1_500), aDay).map(
    ([facility, ratePerKwh, effectiveOn]) =>
      (books: Books) =>
        books.facilityEvent(facility, {
          type: 'PowerRateFixed',
          data: { facility, ratePerKwh, currency: 'USD', effectiveOn },
        }),
  ),
  fc.tuple(fc.integer({ min: 20_000, max: 70_000 }), anInstant).map(
    ([price, at]) =>
      (books: Books) =>
        books.price(String(price), at),
  ),
);

const isAllocated: fc.Arbitrary<Act> = fc
  .tuple(site, aDay, fc.integer({ min: 1, max: 5 }), fc.uuid())
  .map(
    ([facility, effectiveOn, units, allocationId]) =>
      (books: Books) =>
        books.contractEvent({
          type: 'CustomerAllocated',
          data: {
            ...{
              contractId: CONTRACT,
              customerId: CUSTOMER,
              orderId: 'order',
              allocationId,
              facility,
            },
            ...{ units, powerWatts: units * 3_500, effectiveOn },
          },
        }),
  );

/** Versions take effect in the middle of a month, each after the one before. */
const agreesOnTerms = (basis: RateBasis): fc.Arbitrary<Act> =>
  fc
    .tuple(card(basis), fc.integer({ min: 1, max: 3 }), fc.boolean())
    .map(([rateCard, pick, isNew]) => (books: Books) => {
      const versions = books.versions();
      const effectiveOn = dayOf(14 + 31 * (versions - 1));
      if (isNew && versions < 4) books.contractEvent(adopted(versions + 1, effectiveOn, rateCard));
      else {
        const version = Math.min(pick, versions);
        const on = version === 1 ? '2024-01-01' : dayOf(14 + 31 * (version - 2));
        books.contractEvent(corrected(version, on, rateCard));
      }
    });

const closes = fc.constant<Act>((books) => {
  if (books.closedMonths().length < 4) books.close();
});

const isRevised: fc.Arbitrary<Act> = fc
  .tuple(
    fc.nat(),
    fc.constantFrom('propose', 'approve', 'agree'),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: -500, max: 500 }),
  )
  .map(([pick, act, line, cent]) => (books: Books) => {
    const months = books.closedMonths();
    const month = months[pick % Math.max(1, months.length)];
    if (month === undefined) return;
    if (act === 'propose') books.propose(month);
    else if (act === 'approve') books.approve(month);
    else books.agree(month, line, (cent / 100).toFixed(2));
  });

/** A card to begin with, and what happens in four months. */
export const histories = (basis: RateBasis) =>
  fc.record({
    first: card(basis),
    acts: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: happens },
        { weight: 4, arbitrary: isRead },
        { weight: 2, arbitrary: isFixed },
        { weight: 1, arbitrary: isAllocated },
        { weight: 2, arbitrary: agreesOnTerms(basis) },
        { weight: 3, arbitrary: closes },
        { weight: 4, arbitrary: isRevised },
      ),
      { minLength: 20, maxLength: 60 },
    ),
  });
