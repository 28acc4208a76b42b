import fc from 'fast-check';
import { billedAt, earnedBy, issuedBy, pendingOf, unbilledMonths, type Billed } from './accrual.js';
import { isNothing, sumOf } from './amounts.js';
import { FIRST_MONTH, openedBooks, ZONE, type Books } from './books.fixture.js';
import { bases, dayOf, histories } from './histories.fixture.js';
import type { Line } from './line.js';
import { startOfDay } from './months.js';
import { keyOfAgreement } from './period-changes.js';
import type { Adjusts } from './statement.js';

// Whatever was closed, adjusted, restated or agreed on, and on whatever day it is asked: what
// statements issued by then have, and what is accrued, are together what all months come to by the end
// of the day as far as is known, and what was agreed on. To the cent, month by month and key by key.

const dayAfter = (day: string): string =>
  new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

const earned = (books: Books, month: string, on: string) =>
  earnedBy(books.inputs(month), on, startOfDay(ZONE, dayAfter(on)));

/** What is on statements, as the route for accruals reads it. */
const billedOf = (books: Books, month: string, on: string): Billed => {
  const issued = issuedBy(books.statements, on);
  const { statementId, lines } = issued.find(
    (one) => one.kind === 'statement' && one.month === month,
  )!;
  const agreements = [...books.period(month).agreements.values()].map(({ agreed }) => agreed);
  return {
    ...{ month, statementId, lines },
    later: issued.flatMap((one) => one.lines.filter(({ adjusts }) => adjusts?.month === month)),
    agreed: agreements.filter(({ adjustmentId }) => books.agreedOn.get(adjustmentId)! <= on),
  };
};

type Sums = Map<string, string>;

const add = (
  sums: Sums,
  month: string,
  lines: readonly (Pick<Line, 'key' | 'currency' | 'amount'> & { readonly adjusts?: Adjusts })[],
): void => {
  for (const { key, currency, amount, adjusts } of lines) {
    const subject = `${adjusts?.month ?? month} ${currency} ${key}`;
    sums.set(subject, sumOf(sums.get(subject) ?? '0', amount));
  }
};

const withoutNothing = (sums: Sums): Sums =>
  new Map([...sums].filter(([, amount]) => !isNothing(amount)).toSorted());

const pendings = { lateFact: 0, agreed: 0 };
let quiet = 0;

it.each(bases)('%s: statements and accruals of a day are a full recomputation', (basis) => {
  fc.assert(
    fc.property(
      histories(basis),
      fc.array(fc.integer({ min: 0, max: 200 }).map(dayOf), { minLength: 3, maxLength: 5 }),
      ({ first, acts }, days) => {
        const books = openedBooks(first);
        for (const act of acts) act(books);
        for (const on of days) {
          const months = unbilledMonths({ firstMonth: FIRST_MONTH }, on, new Set());
          const anew = new Map(months.map((month) => [month, earned(books, month, on)]));
          const told: Sums = new Map();
          const issued = issuedBy(books.statements, on);
          for (const { month, lines } of issued) add(told, month, lines);
          const closed = issued.filter(({ kind }) => kind === 'statement').map((one) => one.month);
          for (const month of unbilledMonths({ firstMonth: FIRST_MONTH }, on, new Set(closed))) {
            add(told, month, anew.get(month)!.lines);
          }
          const computed: Sums = new Map();
          for (const month of closed) {
            const since = billedAt(month, books.statements, on);
            const isSame = since !== undefined && !books.mayHaveChanged(month, since, books.now);
            if (isSame) quiet += 1;
            const billed = billedOf(books, month, on);
            const pending = pendingOf(billed, isSame ? undefined : anew.get(month));
            add(told, month, pending);
            for (const { adjusts } of pending) pendings[adjusts.cause] += 1;
            for (const one of billed.agreed) {
              add(computed, month, [{ ...one, key: keyOfAgreement(one) }]);
            }
          }
          for (const [month, { lines }] of anew) add(computed, month, lines);
          expect(withoutNothing(told)).toEqual(withoutNothing(computed));
        }
      },
    ),
    { numRuns: 20 },
  );
});

// Of all bases together, since each has histories by chance.
it('the histories were worth something: there was what no statement has, of either kind', () => {
  expect(pendings.lateFact).toBeGreaterThan(20);
  expect(pendings.agreed).toBeGreaterThan(0);
  expect(quiet).toBeGreaterThan(0);
});
