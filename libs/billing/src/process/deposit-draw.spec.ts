import { contractAggregate } from '@hostledger/contracts';
import { AggregateStore, RevisionMismatch } from '@hostledger/eventsourcing';
import { rowsOf, type FaultPoint } from '@hostledger/testing';
import type { DepositDraw } from '../domain/account-commands.js';
import { contractId, enter, pay } from '../domain/account.fixture.js';
import { accountAggregate } from '../domain/account.js';
import { AccountBooks, contextFor } from './account-books.fixture.js';
import {
  depositDrawsProcess,
  drawForStatement,
  pendingDraws,
  type PendingDraw,
} from './deposit-draw.js';

const ON = '2024-03-10';
const draw = (change: Partial<DepositDraw> = {}): DepositDraw => ({
  ...{ drawId: 'draw', depositId: 'deposit', statementId: 's1', currency: 'USD' },
  ...{ amount: '300.00', drawnOn: ON, reference: 'DRAW-1', ...change },
});

let books: AccountBooks;
let from: number;
const begin = (change: Partial<DepositDraw> = {}, key = 'draw', store = books.store) =>
  drawForStatement(store, contractId, draw(change), contextFor(key, ON));
const finish = () => books.work(depositDrawsProcess, pendingDraws, '2024-03-11');
const told = () => books.told(from);
const MADE = ['DepositDrawBegan', 'DepositDrawn', 'DepositApplied'];

const held = async (): Promise<bigint | undefined> => {
  const { state } = await books.store.load(contractAggregate, contractId, { fresh: true });
  return state.status === 'unknown' ? undefined : state.deposits.get('deposit')?.balance;
};
const refundAll = (on: string) =>
  books.onContract(
    'RefundDeposit',
    {
      ...{ depositId: 'deposit', refundId: 'refund', amount: '800.00', currency: 'USD' },
      ...{ refundedOn: on, reference: 'R' },
    },
    on,
  );

beforeEach(async () => {
  books = await AccountBooks.open();
  await books.do(enter());
  from = books.streams.log.length;
});

it('The account holds the amount back, the contract draws it, the account counts it', async () => {
  await begin();
  expect(told()).toEqual(MADE);
  expect(await books.balance()).toBe('700.00');
  expect(await held()).toBe(5_000_000n);
  const [drawn] = books.streams.events(`hostingContract-${contractId}`).slice(-1);
  expect(drawn?.data).toMatchObject({ drawId: 'draw', cause: 'Statement 2024-000001' });
  expect(rowsOf(pendingDraws, books.streams.log)).toEqual([]);
});

it('Asked again, it is the same draw', async () => {
  const first = await begin();
  expect(await begin()).toMatchObject({ revision: first.revision, replayed: true });
  await begin({}, 'another key');
  await expect(begin({ amount: '301.00' }, 'other words')).rejects.toMatchObject({
    code: 'account/recorded-otherwise',
  });
  expect(told()).toEqual(MADE);
});

it.each<[string, Partial<DepositDraw>]>([
  ['account/draw-exceeded', { amount: '1000.01' }],
  ['account/statement-unknown', { statementId: 's9' }],
  ['account/act-in-future', { drawnOn: '2024-03-11' }],
  ['account/act-too-early', { drawnOn: '2024-02-04' }],
  ['contract/deposit-exceeded', { amount: '800.01' }],
  ['contract/deposit-unknown', { depositId: 'another' }],
])('Refused by %s, it leaves no trace', async (code, change) => {
  await expect(begin(change)).rejects.toMatchObject({ code });
  expect(told()).toEqual([]);
});

it('If-Match guards the account', async () => {
  const { revision } = await books.store.load(accountAggregate, contractId);
  const guarded = (expectedRevision: bigint, key: string) =>
    drawForStatement(books.store, contractId, draw(), { ...contextFor(key, ON), expectedRevision });
  await expect(guarded(revision + 1n, 'stale')).rejects.toThrow(RevisionMismatch);
  expect(told()).toEqual([]);
  await guarded(revision, 'fresh');
  expect(told()).toEqual(MADE);
});

const deaths = [1, 2, 3].flatMap((append) =>
  (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
);

it.each(deaths)('Whoever dies at append %i (%s), it is drawn once', async (append, point) => {
  books.streams.failFrom(append, point);
  await expect(begin()).rejects.toThrow();
  books.restart();
  const isBegun = told().length > 0;
  await finish();
  await finish();
  expect(told()).toEqual(isBegun ? MADE : []);
  await begin();
  expect(told()).toEqual(MADE);
  expect(await books.balance()).toBe('700.00');
});

it.each(deaths.slice(0, 4))(
  'and the deposit is gone meanwhile: the amount is open again (%i, %s)',
  async (append, point) => {
    books.streams.failFrom(2, 'before');
    await expect(begin()).rejects.toThrow();
    books.restart();
    await refundAll('2024-03-10');
    books.streams.failFrom(append, point);
    await finish().catch(() => undefined);
    books.restart();
    await finish();
    expect(told()).toEqual(['DepositDrawBegan', 'DepositRefunded', 'DepositDrawFailed']);
    await expect(begin()).rejects.toMatchObject({ code: 'account/draw-failed' });
    await books.do(pay('1000.00', '2024-03-12'));
    expect(await books.balance()).toBe('0.00');
  },
);

it('A writer that stalled past the end of its draw cannot draw any more', async () => {
  const writer = new AggregateStore(books.streams);
  const go = books.streams.stallNext(`hostingContract-${contractId}`);
  const before = books.streams.appendCount();
  const stalled = expect(begin({}, 'draw', writer)).rejects.toMatchObject({
    code: 'contract/deposit-exceeded',
  });
  while (books.streams.appendCount() < before + 2) await Promise.resolve();
  await refundAll('2024-03-10');
  await finish();
  go();
  await stalled;
  expect(told()).toEqual(['DepositDrawBegan', 'DepositRefunded', 'DepositDrawFailed']);
});

it('A draw that the contract made and the account gave up is counted by the worker', async () => {
  books.streams.failFrom(2, 'before');
  await expect(begin()).rejects.toThrow();
  books.restart();
  await refundAll('2024-03-10');
  await finish();
  const again = { depositId: 'deposit', amount: '800.00', currency: 'USD', reference: 'W2' };
  await books.onContract(
    'ReceiveDeposit',
    { ...again, depositId: 'deposit-2', receivedOn: '2024-03-10' },
    '2024-03-10',
  );
  const { depositId: _, statementId: __, ...drawn } = draw({ depositId: 'deposit-2' });
  await books.onContract(
    'DrawDeposit',
    { ...drawn, drawnOn: '2024-03-10', depositId: 'deposit-2', cause: 'Statement 2024-000001' },
    '2024-03-10',
  );
  expect(rowsOf<PendingDraw>(pendingDraws, books.streams.log)).toHaveLength(1);
  await finish();
  expect(told().at(-1)).toBe('DepositApplied');
  expect(await books.balance()).toBe('700.00');
});
