import { contractAggregate } from '@hostledger/contracts';
import { AggregateStore } from '@hostledger/eventsourcing';
import { rowsOf, type FaultPoint } from '@hostledger/testing';
import {
  command,
  contractId,
  enter,
  february,
  january,
  noon,
  pay,
} from '../domain/account.fixture.js';
import { AccountBooks } from './account-books.fixture.js';
import { laddersToClimb, nonPaymentLadderProcess, type LadderItem } from './non-payment-ladder.js';

// January is due on 1 March: notice on the 6th, suspension on the 16th, termination on 15 April.

let books: AccountBooks;
let from: number;
const work = (on: string) => books.work(nonPaymentLadderProcess, laddersToClimb, on);
const told = () => books.told(from);
const stage = async () => {
  const { state } = await books.store.load(contractAggregate, contractId, { fresh: true });
  return state.status === 'executed' ? state.lifecycle.stage : state.status;
};
const days = async (...on: readonly string[]): Promise<void> => {
  for (const day of on) await work(day);
};

const disputeOf = (statementId: string, amount: string) => ({
  ...{ disputeId: 'd1', statementId, currency: 'USD', amount },
  ...{ reason: 'Meters', raisedOn: '2024-04-14' },
});

beforeEach(async () => {
  books = await AccountBooks.open();
  await books.do(enter());
  from = books.streams.log.length;
});

it('Each step is taken on its day, and not before', async () => {
  await days('2024-03-01');
  expect(told()).toEqual([]);
  await days('2024-03-02');
  expect(told()).toEqual(['StatementOverdue']);
  await days('2024-03-05', '2024-03-06');
  expect(told().slice(1)).toEqual(['NonPaymentNoticed']);
  await days('2024-03-15', '2024-03-16');
  expect(told().slice(2)).toEqual([
    'NonPaymentSuspensionBegan',
    'ServiceSuspended',
    'ServiceSuspendedForNonPayment',
  ]);
  expect(await stage()).toBe('suspended');
  await days('2024-04-14', '2024-04-15', '2024-05-01');
  expect(told().slice(5)).toEqual([
    'NonPaymentTerminationBegan',
    'ContractTerminated',
    'TerminatedForNonPayment',
  ]);
  expect(await stage()).toBe('terminated');
});

it('The events say how much was unpaid, under which clause, and what is to follow', async () => {
  await days('2024-03-02', '2024-03-06', '2024-03-16');
  const events = books.streams.events(`billingAccount-${contractId}`).slice(-4);
  const amounts = [{ currency: 'USD', amount: '1000.00' }];
  expect(events).toMatchObject([
    { data: { statementId: 's1', amounts, dueOn: '2024-03-01', overdueOn: '2024-03-02' } },
    { data: { noticedOn: '2024-03-06', suspensionOn: '2024-03-16', clauseRef: '7.2' } },
    { data: { suspendedOn: '2024-03-16', clauseRef: '7.2' } },
    { data: { suspendedOn: '2024-03-16' } },
  ]);
  const [suspension] = books.streams
    .events(`hostingContract-${contractId}`)
    .filter(({ type }) => type === 'ServiceSuspended');
  expect(suspension?.data).toEqual({
    ...{ contractId, suspendedOn: '2024-03-16', cause: 'nonPayment', clauseRef: '7.2' },
  });
});

it('A worker that slept does not hold it against the customer', async () => {
  await days('2024-06-01');
  expect(told()).toEqual(['StatementOverdue']);
  await days('2024-06-04');
  expect(told()).toHaveLength(1);
  await days('2024-06-05');
  expect(told()).toEqual(['StatementOverdue', 'NonPaymentNoticed']);
  await days('2024-06-14');
  expect(told()).toHaveLength(2);
  await days('2024-06-15');
  expect(await stage()).toBe('suspended');
});

it('A payment of what is overdue cures it, and service is resumed', async () => {
  await days('2024-03-02', '2024-03-06', '2024-03-16');
  const before = told().length;
  await books.do(pay('400.00', '2024-03-18'));
  await work('2024-03-18');
  expect(told().slice(before)).toEqual(['PaymentReceived', 'PaymentApplied']);
  await books.do(pay('600.00', '2024-03-19'));
  await work('2024-03-19');
  expect(told().slice(before + 2)).toEqual([
    ...['PaymentReceived', 'PaymentApplied', 'NonPaymentCured'],
    ...['ServiceResumed', 'ServiceResumedAfterPayment'],
  ]);
  expect(await stage()).toBe('active');
  await days('2024-03-20', '2024-06-01');
  expect(told()).toHaveLength(before + 7);
});

it('Nothing is resumed that was suspended for another cause', async () => {
  await days('2024-03-02', '2024-03-06', '2024-03-16');
  await books.onContract('ResumeService', { resumedOn: '2024-03-17' }, '2024-03-17');
  await books.onContract(
    'SuspendService',
    { suspendedOn: '2024-03-18', cause: 'safety' },
    '2024-03-18',
  );
  await books.do(pay('1000.00', '2024-03-19'));
  await work('2024-03-19');
  expect(await stage()).toBe('suspended');
  expect(books.streams.log.at(-1)).toMatchObject({
    type: 'NonPaymentActRefused',
    data: { act: 'resume', code: 'account/suspended-otherwise' },
  });
});

it('That the contract refuses is recorded, and what it had not done is not undone', async () => {
  await books.onContract(
    'SuspendService',
    { suspendedOn: '2024-03-10', cause: 'safety' },
    '2024-03-10',
  );
  await days('2024-03-11', '2024-03-15', '2024-03-25');
  expect(books.streams.log.at(-1)).toMatchObject({
    type: 'NonPaymentActRefused',
    data: { act: 'suspend', code: 'contract/not-active' },
  });
  await books.do(pay('1000.00', '2024-03-26'));
  await work('2024-03-26');
  expect(told().at(-1)).toBe('NonPaymentCured');
  expect(await stage()).toBe('suspended');
});

it('What is disputed does not climb, until the dispute is rejected', async () => {
  const dispute = { ...disputeOf('s1', '1000.00'), raisedOn: '2024-03-01' };
  await books.do(command('RaiseDispute', dispute, '2024-03-01'));
  await days('2024-03-02', '2024-06-01');
  expect(told()).toEqual(['DisputeRaised']);
  const rejected = {
    ...{ disputeId: 'd1', outcome: 'rejected' as const, resolvedOn: '2024-06-02' },
    ...{ reason: 'Meters agree', creditNoteId: 'n' },
  };
  await books.do(command('ResolveDispute', rejected, '2024-06-02'));
  await work('2024-06-02');
  expect(told().slice(1)).toEqual(['DisputeResolved', 'StatementOverdue']);
});

it('A payment that bounces has it begin anew', async () => {
  await books.do(pay('1000.00', '2024-03-01'));
  await work('2024-03-20');
  expect(told()).toEqual(['PaymentReceived', 'PaymentApplied']);
  const bounce = { paymentId: 'p-2024-03-01', reversedOn: '2024-03-20', cause: 'Recalled' };
  await books.do(command('ReversePayment', bounce, '2024-03-20'));
  await days('2024-03-20', '2024-03-23');
  expect(told().slice(2)).toEqual(['PaymentReversed', 'StatementOverdue']);
  await days('2024-03-24');
  expect(told().at(-1)).toBe('NonPaymentNoticed');
});

it('Two statements climb on their own; service is suspended once and resumed when both are paid', async () => {
  await books.do(enter(february));
  await days('2024-03-06', '2024-03-10', '2024-03-20', '2024-04-02', '2024-04-06', '2024-04-16');
  expect(told().filter((type) => type === 'ServiceSuspended')).toHaveLength(1);
  expect(told().filter((type) => type === 'ServiceSuspendedForNonPayment')).toHaveLength(2);
  await books.do(pay('1000.00', '2024-04-17'));
  await work('2024-04-17');
  expect(await stage()).toBe('suspended');
  await books.do(pay('500.00', '2024-04-18'));
  await work('2024-04-18');
  expect(await stage()).toBe('active');
});

describe('A statement that was paid while another one is overdue', () => {
  const fees = (throughOn: string, on: string) => command('ChargeLateFees', { throughOn }, on);
  const bounce = { paymentId: 'p-2024-04-05', reversedOn: '2024-05-02', cause: 'Recalled' };
  const stepsOf = (statementId: string) =>
    books.streams
      .events(`billingAccount-${contractId}`)
      .filter(({ data }) => (data as { statementId?: string }).statementId === statementId)
      .map(({ type }) => type)
      .filter((type) => /Overdue|Noticed|Began/.test(type));
  const climbed = [
    ...['StatementOverdue', 'NonPaymentNoticed', 'NonPaymentSuspensionBegan'],
  ] as const;

  beforeEach(async () => {
    await books.do(enter(february));
    await days('2024-03-02', '2024-03-06', '2024-03-16', '2024-04-02');
    await books.do(pay('1000.00', '2024-04-05', { statementIds: ['s1'] }));
  });

  it('ends no contract for a late fee on it, nor does the fee keep service suspended', async () => {
    await books.do(fees('2024-04-30', '2024-05-01'));
    const { charges } = (await books.account()).statements[0]!;
    expect(charges).toMatchObject([{ paid: '1000.00', lateFees: '16.52' }]);
    await days('2024-05-01', '2024-05-02');
    expect(stepsOf('s1')).toEqual(climbed);
    expect(await stage()).toBe('suspended');
    await books.do(pay('500.00', '2024-05-03', { statementIds: ['s2'] }));
    await days('2024-05-03', '2024-12-01');
    expect(await stage()).toBe('active');
    const cured = books.streams.log.find(({ type }) => type === 'NonPaymentCured');
    expect(cured?.data).toMatchObject({ statementIds: ['s1', 's2'] });
    expect(stepsOf('s1')).toEqual(climbed);
  });

  it('begins anew where the payment bounces', async () => {
    await books.do(command('ReversePayment', bounce, '2024-05-02'));
    await days('2024-05-02', '2024-05-05');
    expect(stepsOf('s1')).toEqual([...climbed, 'StatementOverdue']);
    await days('2024-05-06', '2024-05-15');
    expect(stepsOf('s1')).toEqual([...climbed, 'StatementOverdue', 'NonPaymentNoticed']);
    expect(await stage()).toBe('suspended');
  });
});

it('Whose suspension is answered after it was paid has reached no step', async () => {
  await days('2024-03-02', '2024-03-06');
  books.streams.failFrom(2, 'after');
  await work('2024-03-16').catch(() => undefined);
  books.restart();
  await books.do(pay('1000.00', '2024-03-16'));
  await days('2024-03-16', '2024-03-17');
  const bounce = { paymentId: 'p-2024-03-16', reversedOn: '2024-05-02', cause: 'Recalled' };
  await books.do(command('ReversePayment', bounce, '2024-05-02'));
  const before = told().length;
  await days('2024-05-02', '2024-05-03');
  expect(told().slice(before)).toEqual(['StatementOverdue']);
});

it('Service that somebody resumed is suspended again for the next statement', async () => {
  await books.do(enter(february));
  await days('2024-03-02', '2024-03-06', '2024-03-16');
  await books.onContract('ResumeService', { resumedOn: '2024-03-20' }, '2024-03-20');
  await days('2024-04-02', '2024-04-06', '2024-04-14');
  expect(await stage()).toBe('active');
  await books.do(command('RaiseDispute', disputeOf('s1', '1000.00'), '2024-04-14'));
  await days('2024-04-16');
  expect(await stage()).toBe('suspended');
  expect((await books.account()).suspension).toMatchObject({ suspendedOn: '2024-04-16' });
});

it('A statement without a ladder is overdue, and no more than that', async () => {
  const { ladder: _, ...terms } = january;
  books = await AccountBooks.open();
  await books.do(enter(terms));
  from = books.streams.log.length;
  await days('2024-03-02', '2024-06-01');
  expect(told()).toEqual(['StatementOverdue']);
});

it('The same item performed twice, or an old one, does nothing more', async () => {
  const [old] = rowsOf<LadderItem>(laddersToClimb, books.streams.log);
  await days('2024-03-02', '2024-03-06', '2024-03-16');
  const done = told();
  const again = async (on: string) => {
    const act = { at: noon(on), signal: new AbortController().signal };
    await nonPaymentLadderProcess(books.store).perform(old!, act);
  };
  await again('2024-03-16');
  expect(told()).toEqual(done);
  await books.do(pay('1000.00', '2024-03-17'));
  await again('2024-03-17');
  await again('2024-03-17');
  expect(told().filter((type) => type === 'ServiceResumed')).toHaveLength(1);
  expect(await stage()).toBe('active');
});

it('Two workers at once suspend service once, and resume it once', async () => {
  await days('2024-03-02', '2024-03-06');
  const both = async (on: string): Promise<void> => {
    const [item] = rowsOf<LadderItem>(laddersToClimb, books.streams.log);
    const act = { at: noon(on), signal: new AbortController().signal };
    const stores = [new AggregateStore(books.streams), new AggregateStore(books.streams)];
    await Promise.all(stores.map((store) => nonPaymentLadderProcess(store).perform(item!, act)));
  };
  await both('2024-03-16');
  expect(told().slice(2).sort()).toEqual([
    'NonPaymentSuspensionBegan',
    'ServiceSuspended',
    'ServiceSuspendedForNonPayment',
  ]);
  await books.do(pay('1000.00', '2024-03-17'));
  await both('2024-03-17');
  expect(told().filter((type) => type.includes('Resumed'))).toEqual([
    'ServiceResumed',
    'ServiceResumedAfterPayment',
  ]);
  expect(await stage()).toBe('active');
});

const deaths = [1, 2, 3].flatMap((append) =>
  (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
);

it.each(deaths)(
  'Whoever dies at append %i of a suspension (%s), it is made once',
  async (n, point) => {
    await days('2024-03-02', '2024-03-06');
    books.streams.failFrom(n, point);
    await work('2024-03-16').catch(() => undefined);
    books.restart();
    await days('2024-03-16', '2024-03-16');
    expect(told().slice(2)).toEqual([
      'NonPaymentSuspensionBegan',
      'ServiceSuspended',
      'ServiceSuspendedForNonPayment',
    ]);
    expect(new Set(books.streams.log.map(({ id }) => id)).size).toBe(books.streams.log.length);
  },
);

it.each(deaths)('and is paid meanwhile: service ends up resumed (%i, %s)', async (n, point) => {
  await days('2024-03-02', '2024-03-06');
  books.streams.failFrom(n, point);
  await work('2024-03-16').catch(() => undefined);
  books.restart();
  await books.do(pay('1000.00', '2024-03-16'));
  await days('2024-03-16', '2024-03-17');
  expect(await stage()).toBe('active');
  const { acts, suspension } = await books.account();
  expect({ acts, suspension }).toEqual({ acts: [], suspension: undefined });
});

it.each(deaths.slice(0, 4))(
  'Dying at append %i of a resumption (%s), it is made once',
  async (n, point) => {
    await days('2024-03-02', '2024-03-06', '2024-03-16');
    await books.do(pay('1000.00', '2024-03-17'));
    books.streams.failFrom(n, point);
    await work('2024-03-17').catch(() => undefined);
    books.restart();
    await days('2024-03-17', '2024-03-18');
    expect(told().filter((type) => type === 'ServiceResumed')).toHaveLength(1);
    expect(told().filter((type) => type === 'ServiceResumedAfterPayment')).toHaveLength(1);
    expect(await stage()).toBe('active');
  },
);
