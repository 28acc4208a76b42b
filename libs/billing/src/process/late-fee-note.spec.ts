import { rowsOf, type FaultPoint } from '@hostledger/testing';
import { command, contractId, enter, february } from '../domain/account.fixture.js';
import { AccountBooks, contextFor } from './account-books.fixture.js';
import { chargeLateFees, lateFeeNotesProcess, pendingLateFeeNotes } from './late-fee-note.js';

// January and February 2024: 1000.00 and 500.00 USD, due on 1 March and 1 April, 1.5 % a month.

const ON = '2024-05-02';
const APRIL = '2024-04-30';
const CHARGED = ['LateFeeCharged', 'LateFeeCharged'];
const NUMBERED = ['StatementNumberAssigned', 'LateFeeNoteIssued'];
const MADE = [...CHARGED, ...NUMBERED, ...NUMBERED];

let books: AccountBooks;
let from: number;
/** Who has a number of the year, in the order of the series. */
const series = () =>
  books.streams.events('statementSeries-2024').map(({ data }) => {
    const { statementId, number } = data as { statementId: string; number: string };
    return { statementId, number };
  });
const chargeTo = (throughOn: string, key = `fees ${throughOn}`, on = ON) =>
  chargeLateFees(books.store, contractId, throughOn, contextFor(key, on));
const finish = () => books.work(lateFeeNotesProcess, pendingLateFeeNotes, '2024-05-03');
const notes = async () => (await books.account()).lateFees;
const byNumber = async () =>
  (await notes())
    .map(({ lateFeeId, number = '' }) => ({ statementId: lateFeeId, number }))
    .sort((one, other) => (one.number < other.number ? -1 : 1));

beforeEach(async () => {
  books = await AccountBooks.open();
  await books.do(enter(), enter(february));
  from = books.streams.log.length;
});

it('is charged, numbered and sent, one for each statement', async () => {
  const { handled, notes: told } = await chargeTo(APRIL);
  expect(books.told(from)).toEqual(MADE);
  expect(told).toMatchObject([
    { statementId: 's1', amount: '29.52', number: '2024-000001', chargedOn: ON },
    { statementId: 's2', amount: '7.25', number: '2024-000002', chargedOn: ON },
  ]);
  expect(await books.balance()).toBe('1536.77');
  const again = await chargeTo(APRIL);
  expect(again.handled).toMatchObject({ revision: handled.revision, replayed: true });
  expect(again.notes).toEqual(told);
  expect((await chargeTo(APRIL, 'another key')).notes).toEqual(told);
  expect(books.told(from)).toEqual(MADE);
  expect(rowsOf(pendingLateFeeNotes, books.streams.log)).toEqual([]);
});

it('is another one for the days that come after it', async () => {
  await chargeTo('2024-03-31');
  expect((await chargeTo(APRIL)).notes).toMatchObject([
    { statementId: 's1', fromOn: '2024-04-01', amount: '15.00', number: '2024-000002' },
    { statementId: 's2', fromOn: '2024-04-02', amount: '7.25', number: '2024-000003' },
  ]);
  expect(series().map(({ statementId }) => statementId)).toEqual(
    (await notes()).map(({ lateFeeId }) => lateFeeId),
  );
});

it('that nothing is charged for takes no number', async () => {
  expect((await chargeTo('2024-03-11')).notes).toEqual([]);
  const future = chargeTo('2024-05-03');
  await expect(future).rejects.toMatchObject({ code: 'account/act-in-future' });
  expect(books.told(from)).toEqual([]);
});

it('is given to fees that were charged before there were notes', async () => {
  await books.do(command('ChargeLateFees', { throughOn: APRIL }, ON));
  const balance = await books.balance();
  await finish();
  expect(books.told(from)).toEqual(MADE);
  expect(await byNumber()).toEqual(series());
  expect(await books.balance()).toBe(balance);
});

it.each(
  [1, 2, 3, 4, 5].flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  ),
)('whose writer dies at append %i (%s) has one number', async (append, point) => {
  books.streams.failFrom(append, point);
  await expect(chargeTo(APRIL)).rejects.toThrow();
  books.restart();
  const isCharged = books.told(from).length > 0;
  await finish();
  await finish();
  const made = [...books.told(from)].sort();
  expect(made).toEqual(isCharged ? [...MADE].sort() : []);
  await chargeTo(APRIL);
  expect([...books.told(from)].sort()).toEqual([...MADE].sort());
  expect(series()).toEqual(await byNumber());
  expect(series().map(({ number }) => number)).toEqual(['2024-000001', '2024-000002']);
  expect(await books.balance()).toBe('1536.77');
});

it.each([
  ['the worker', '2024-05-03'],
  ['nobody, since it is too early', ON],
])('whose writer is slow is finished by %s', async (_, on) => {
  books.streams.failFrom(2, 'before');
  await expect(chargeTo(APRIL)).rejects.toThrow();
  books.restart();
  await books.work(lateFeeNotesProcess, pendingLateFeeNotes, on);
  expect(series()).toHaveLength(on === ON ? 0 : 2);
});
