import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded, rowsOf } from '@hostledger/testing';
import fc from 'fast-check';
import { command, enter, historyOf, january, pay } from '../domain/account.fixture.js';
import { openedBooks } from '../domain/books.fixture.js';
import { floatsIn } from '../domain/decimals.fixture.js';
import { bases, histories } from '../domain/histories.fixture.js';
import { accountsProjection } from './accounts/projection.js';
import { machineFactsProjection } from './machine-facts/projection.js';
import { metersProjection } from './meters/projection.js';
import { periodsProjection } from './periods/projection.js';

// What billing keeps to be read. There is no column of floats (`ColumnType`); nor is there one in its JSON, or
// a text that is not the decimal it stands for.

const kept = [accountsProjection, periodsProjection, metersProjection, machineFactsProjection];

/** In the rows of all tables that the events come to; a column of whole numbers takes nothing else. */
const floatsKept = (events: readonly RecordedEvent[]): string[] =>
  kept.flatMap(({ tables }) =>
    tables.flatMap((fold) => {
      const { name, columns } = fold.table;
      const told = (row: object) =>
        Object.fromEntries(Object.entries(row).filter(([column]) => columns[column] !== 'integer'));
      return floatsIn(rowsOf<object>(fold, events).map(told), `/${name}`);
    }),
  );

it.each(bases)('%s: what is read of periods and statements has none', (basis) => {
  let rows = 0;
  fc.assert(
    fc.property(histories(basis), ({ first, acts }) => {
      const books = openedBooks(first);
      for (const act of acts) act(books);
      rows += books.periodEvents.length;
      expect(floatsKept(books.periodEvents)).toEqual([]);
    }),
    { numRuns: 10 },
  );
  expect(rows).toBeGreaterThan(0);
});

const cents = fc
  .bigInt({ min: 1n, max: 10n ** 16n })
  .map((n) => `${n / 100n}.${(n % 100n).toString().padStart(2, '0')}`);

it('what is read of an account has none, however large and odd the amounts', () => {
  fc.assert(
    fc.property(cents, cents, fc.integer({ min: 2, max: 28 }), (amount, paid, day) => {
      const on = `2024-04-${String(day).padStart(2, '0')}`;
      const entry = {
        ...january,
        totals: [{ currency: 'USD', amount }],
        lateFee: { percentPerMonth: '1.5', graceDays: 10 },
      };
      const events = historyOf(
        enter(entry),
        pay(paid, on, { receivedOn: on }),
        command('ChargeLateFees', { throughOn: '2024-05-31' }, '2024-06-01'),
      );
      const stream = 'billingAccount-contract';
      const rows = rowsOf(accountsProjection.tables[1]!, recorded(stream, events));
      expect(rows.length).toBeGreaterThan(1);
      expect(floatsKept(recorded(stream, events))).toEqual([]);
    }),
  );
});
