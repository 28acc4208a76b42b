import { rowsOf, type FaultPoint } from '@hostledger/testing';
import { asBilled, command, contractId, enter } from '../domain/account.fixture.js';
import { AccountBooks, contextFor } from './account-books.fixture.js';
import {
  creditNotesProcess,
  issueCreditNote,
  pendingCreditNotes,
  resolveDispute,
} from './credit-note.js';

const ON = '2024-03-10';
const note = {
  ...{ contractId, creditNoteId: 'n1', statementId: 's1', currency: 'USD', amount: '100.00' },
  ...{ reason: 'Uptime', billed: asBilled },
};

let books: AccountBooks;
let from: number;
/** Who has a number of the year, in the order of the series. */
const series = () =>
  books.streams
    .events('statementSeries-2024')
    .map(({ data }) => (data as { statementId: string }).statementId);
const issue = (key = 'note') => issueCreditNote(books.store, note, contextFor(key, ON));
const finish = () => books.work(creditNotesProcess, pendingCreditNotes, '2024-03-11');
const MADE = ['CreditNoteBegan', 'StatementNumberAssigned', 'CreditNoteIssued'];

beforeEach(async () => {
  books = await AccountBooks.open();
  await books.do(enter());
  from = books.streams.log.length;
});

it('is decided on, numbered and counted', async () => {
  const first = await issue();
  expect(books.told(from)).toEqual(MADE);
  expect(books.streams.log.at(-1)).toMatchObject({ data: { number: '2024-000001', issuedOn: ON } });
  expect(await books.balance()).toBe('900.00');
  expect(await issue()).toMatchObject({ revision: first.revision, replayed: true });
  await issue('another key');
  expect(books.told(from)).toEqual(MADE);
  expect(rowsOf(pendingCreditNotes, books.streams.log)).toEqual([]);
});

it('that is refused takes no number', async () => {
  const much = { ...note, amount: '1000.01' };
  const refused = issueCreditNote(books.store, much, contextFor('much', ON));
  await expect(refused).rejects.toMatchObject({ code: 'account/credit-exceeded' });
  expect(series()).toEqual([]);
  expect(books.told(from)).toEqual([]);
});

it('is what a dispute that is upheld comes to', async () => {
  const dispute = {
    ...{ disputeId: 'd1', statementId: 's1', currency: 'USD', amount: '250.00' },
    ...{ reason: 'Meters', raisedOn: ON },
  };
  await books.do(command('RaiseDispute', dispute, ON));
  const resolution = {
    ...{ contractId, disputeId: 'd1', outcome: 'upheld' as const, resolvedOn: ON },
    ...{ reason: 'Meters were wrong', creditNoteId: 'n2', billed: asBilled },
  };
  await resolveDispute(books.store, resolution, contextFor('resolve', ON));
  expect(books.told(from)).toEqual(['DisputeRaised', 'DisputeResolved', ...MADE]);
  expect(await books.balance()).toBe('750.00');
});

it.each(
  [1, 2, 3].flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  ),
)('whose writer dies at append %i (%s) has one number', async (append, point) => {
  books.streams.failFrom(append, point);
  await expect(issue()).rejects.toThrow();
  books.restart();
  const isBegun = books.told(from).length > 0;
  await finish();
  await finish();
  expect(books.told(from)).toEqual(isBegun ? MADE : []);
  await issue();
  expect(books.told(from)).toEqual(MADE);
  expect(series()).toEqual(['n1']);
  expect(await books.balance()).toBe('900.00');
});
