import fc from 'fast-check';
import { METERS, MONTHS, openedBooks, thirdsOf } from './books.fixture.js';
import { bases, histories } from './histories.fixture.js';

// Whatever is recorded late, corrected, restated or agreed on: what was closed stays as it was, and
// with what came beside it, it is what a computation from scratch comes to, to the cent.

it.each(bases)('%s: what was closed and what came beside it is a full recomputation', (basis) => {
  let closed = 0;
  let adjusted = 0;
  fc.assert(
    fc.property(histories(basis), ({ first, acts }) => {
      const books = openedBooks(first);
      const asClosed = new Map<string, string>();
      for (const act of acts) {
        const before = books.closedMonths().length;
        const position = books.now;
        act(books);
        for (const month of books.closedMonths()) {
          const lines = JSON.stringify(books.period(month).lines);
          if (!asClosed.has(month)) asClosed.set(month, lines);
          expect(lines).toBe(asClosed.get(month));
        }
        if (books.closedMonths().length === before) continue;
        for (const month of books.closedMonths()) {
          expect(books.charged(month)).toEqual(books.computed(month, position));
        }
      }
      closed += books.closedMonths().length;
      adjusted += books.statements.flatMap(({ lines }) =>
        lines.filter((one) => one.adjusts),
      ).length;
    }),
    { numRuns: 40 },
  );
  // The histories are worth something: months were closed, and adjusted.
  expect(closed).toBeGreaterThan(40);
  expect(adjusted).toBeGreaterThan(10);
});

it('a proposal is outdated once a close has found that what stands is true at a later position', () => {
  const share = { proceedsSharePercent: '50', paidIn: 'currency' } as const;
  const books = openedBooks({
    ...share,
    basis: 'proceedsShare',
    currency: 'USD',
    clauseRef: '4.2',
  });
  const [january = '', february = ''] = MONTHS;
  const tell = (amount: string) => {
    const [window] = thirdsOf(january);
    books.reading({ ...METERS[1]!, ...window!, amount, quality: 'measured' });
  };
  books.close();
  tell('2000000');
  books.propose(january);
  tell('1000000');
  books.agree(january, 1, '-5.00');
  books.close();
  expect(books.closedMonths()).toEqual([january, february]);
  books.approve(january);
  const position = books.now;
  books.close();
  expect(books.charged(january)).toEqual(books.computed(january, position));
});
