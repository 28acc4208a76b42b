import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import type { RateBasis, RateCard } from './rate-card.js';
import { clauses, fullCard, leastCards } from './rate-cards.fixture.js';
import { mustBeSoundCard } from './sound-rate-card.js';

// Cards put together from what is right and what is wrong, and rules read off their text alone.

const seldom = <T>(right: fc.Arbitrary<T>, ...wrong: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });

const clauseRef = seldom(fc.constantFrom(...clauses.map(({ ref }) => ref)), '9');
const percent = seldom(fc.constantFrom('0', '1.5', '50', '100.0'), '100.01', '250');
const money = seldom(fc.constantFrom('0', '15.5', '250000.00'), '0.001');
const quantity = fc.constantFrom('9', '10', '11.0', '11', '1000.25');
const some = <T>(...of: T[]) => fc.subarray(of);

const parts = {
  clauseRef,
  tiers: fc
    .uniqueArray(quantity, { minLength: 1, maxLength: 3 })
    .map((from) => from.map((above) => ({ above, rate: '0.05' }))),
  upliftPercent: percent,
  counted: fc.constantFrom('installed' as const, 'assigned' as const),
  minimum: fc.record({ amountPerMonth: money, clauseRef }),
  fees: fc.array(
    fc.record({
      kind: fc.constantFrom(...fullCard.fees).map(({ kind }) => kind),
      amount: money,
      clauseRef,
    }),
    { maxLength: 2 },
  ),
  uptime: fc.record({
    promisedPercent: percent,
    excusedCauses: seldom(some('fault', 'repair', 'curtailment'), ['rain'], ['fault', 'fault']),
    creditPercentPerPoint: percent,
    capPercent: percent,
    clauseRef,
  }),
  curtailmentCredit: fc.record({
    causes: seldom(some('grid', 'economic'), ['fault'], ['grid', 'grid']),
    sharePercent: percent,
    clauseRef,
  }),
  payment: fc.record({
    dueDays: fc.nat(30),
    clauseRef,
    ladder: fc.record({
      noticeDays: fc.nat(9),
      suspensionDays: seldom(fc.integer({ min: 10, max: 19 }), 0),
      terminationDays: seldom(fc.integer({ min: 20, max: 29 }), 10),
    }),
  }),
};
/** A few of the parts: of all of them one is nearly always wrong. */
const said = fc
  .subarray(Object.keys(parts) as (keyof typeof parts)[], { maxLength: 3 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, parts[name]]))));
const anyCard = fc
  .tuple(fc.constantFrom(...(Object.keys(leastCards) as RateBasis[])), said)
  .map(([basis, more]): RateCard => ({ ...leastCards[basis], ...more }));

/** Every text of a card with where it stands. */
const textsOf = (value: unknown, path: readonly string[] = []): [readonly string[], string][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => textsOf(inner, [...path, name]))
    : [[path, String(value)]];

const refusalOf = (card: RateCard): DomainError | undefined => {
  try {
    mustBeSoundCard(card, 'USD', clauses);
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
};

const has = (value: unknown, [first, ...rest]: readonly string[]): boolean =>
  first === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, first) &&
    has((value as Record<string, unknown>)[first], rest));

describe('a rate card, whatever it says', () => {
  it('is refused for a field that it has, or keeps the rules that its text shows', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(anyCard, (card) => {
        const refusal = refusalOf(card);
        seen[refusal ? 'refused' : 'accepted'] += 1;
        if (refusal) {
          const [, root, ...path] = refusal.pointer!.split('/');
          expect([root, has(card, path)]).toEqual(['rateCard', true]);
          return;
        }
        for (const [path, text] of textsOf(card)) {
          const name = path.at(-1)!;
          if (name === 'clauseRef') expect(clauses.map(({ ref }) => ref)).toContain(text);
          if (/percent/i.test(name)) expect(Number(text)).toBeLessThanOrEqual(100);
          if (/^amount/.test(name)) expect(text).toMatch(/^\d+(\.\d{1,2})?$/);
        }
        const above = (card.tiers ?? []).map((tier) => Number(tier.above));
        expect(above).toEqual([...new Set(above)].sort((one, other) => one - other));
        const {
          noticeDays = 0,
          suspensionDays = 1,
          terminationDays = 2,
        } = card.payment?.ladder ?? {};
        expect(noticeDays < suspensionDays && suspensionDays < terminationDays).toBe(true);
        const kinds = (card.fees ?? []).map(({ kind }) => kind);
        expect(new Set(kinds).size).toBe(kinds.length);
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(50);
  });
});
