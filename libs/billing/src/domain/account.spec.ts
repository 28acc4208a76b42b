import { specOf } from '@hostledger/testing';
import type { AccountCommand } from './account-commands.js';
import { balancesOf } from './account-figures.js';
import {
  accountAfter,
  asBilled,
  command,
  contractId,
  customerId,
  enter,
  february,
  historyOf,
  january,
  pay,
  timeZone,
} from './account.fixture.js';
import { accountAggregate } from './account.js';

const { given } = specOf(accountAggregate);
const of = { contractId, customerId };
const usd = { currency: 'USD' };
const owed = (...commands: readonly AccountCommand[]) =>
  balancesOf(accountAfter(...commands)).map(({ balance, unappliedCredit }) => [
    balance,
    unappliedCredit,
  ]);

describe('A statement', () => {
  const { timeZone: _, ...entered } = january;
  it('opens the account and is owed', () => {
    given()
      .when(enter())
      .then(
        { type: 'AccountOpened', data: { ...of, timeZone } },
        { type: 'StatementEntered', data: { ...entered, totals: [...january.totals] } },
      );
  });

  it('entered again in the same words changes nothing, in others is refused', () => {
    const history = historyOf(enter());
    given(...history)
      .when(enter())
      .thenNothing();
    given(...history)
      .when(enter({ ...january, totals: [{ ...usd, amount: '999.00' }] }))
      .thenRejects('account/recorded-otherwise');
    const later = historyOf(enter(), pay('1000.00', '2024-03-01'));
    given(...later)
      .when(enter())
      .thenNothing();
  });

  it('is in amounts that its currency can pay', () => {
    given()
      .when(enter({ ...january, totals: [{ ...usd, amount: '1.001' }] }))
      .thenRejects('account/money-too-fine', '/totals/0/amount');
    const bitcoin = { ...january, totals: [{ currency: 'BTC', amount: '0.00000001' }] };
    expect(owed(enter(bitcoin))).toEqual([['0.00000001', '0.00000000']]);
  });

  it('that gives back more than it asks for pays for another one', () => {
    const credit = { ...february, totals: [{ ...usd, amount: '-300.00' }] };
    expect(historyOf(enter(), enter(credit)).at(-1)).toEqual({
      type: 'StatementCreditApplied',
      data: {
        ...{ ...of, ...usd, amount: '300.00', fromStatementId: 's2', statementId: 's1' },
        appliedOn: '2024-03-05',
      },
    });
    expect(owed(enter(), enter(credit))).toEqual([['700.00', '0.00']]);
  });
});

describe('An account of a contract that was assigned', () => {
  const other = { ...february, customerId: 'other' };
  const restated = {
    ...{ ...january, statementId: 'r1', number: '2024-000003', kind: 'restatement' as const },
    ...{ issuedOn: '2024-03-06', totals: [{ ...usd, amount: '-1200.00' }] },
  };

  it('stays with whom it was assigned to when an earlier month is restated', () => {
    expect(accountAfter(enter(), enter(other)).customerId).toBe('other');
    expect(accountAfter(enter(), enter(other), enter(restated)).customerId).toBe('other');
  });

  it('pays nothing of one customer by what another one has to get back', () => {
    expect(historyOf(enter(), enter(other), enter(restated)).slice(4)).toMatchObject([
      { type: 'StatementCreditApplied', data: { amount: '1000.00', statementId: 's1' } },
    ]);
    expect(owed(enter(), enter(other), enter(restated))).toEqual([['300.00', '0.00']]);
    // Of the 500.00 of the other one nothing is paid.
    const { statements } = accountAfter(enter(), enter(other), enter(restated));
    expect(statements.map(({ charges }) => charges[0]?.moved)).toEqual([
      ...['1000.00', '0.00', '-1000.00'],
    ]);
  });
});

describe('A payment', () => {
  const both = historyOf(enter(), enter(february));
  const applied = (statementId: string, amount: string, on = '2024-03-20') => ({
    type: 'PaymentApplied' as const,
    data: { ...of, ...usd, statementId, amount, paymentId: `p-${on}`, appliedOn: on },
  });
  const received = (amount: string, statementIds?: string[]) => ({
    type: 'PaymentReceived' as const,
    data: {
      ...{ ...of, ...usd, paymentId: 'p-2024-03-20', amount, receivedOn: '2024-03-20' },
      ...{ reference: 'WIRE-1', ...(statementIds && { statementIds }) },
    },
  });

  it('goes to what is due first', () => {
    given(...both)
      .when(pay('1200.00', '2024-03-20'))
      .then(received('1200.00'), applied('s1', '1000.00'), applied('s2', '200.00'));
  });

  it('goes to what the payer names, and what is over to the rest', () => {
    given(...both)
      .when(pay('600.00', '2024-03-20', { statementIds: ['s2'] }))
      .then(received('600.00', ['s2']), applied('s2', '500.00'), applied('s1', '100.00'));
  });

  it('that is more than is owed waits for the next statement', () => {
    const commands = [enter(), pay('1400.00', '2024-02-20')];
    expect(owed(...commands)).toEqual([['0.00', '400.00']]);
    expect(owed(...commands, enter(february))).toEqual([['100.00', '0.00']]);
    expect(historyOf(...commands, enter(february)).at(-1)).toMatchObject({
      type: 'PaymentApplied',
      data: { statementId: 's2', amount: '400.00', appliedOn: '2024-03-05' },
    });
  });

  it('may come before the first statement', () => {
    expect(owed(pay('70.00', '2024-01-02'))).toEqual([['0.00', '70.00']]);
  });

  it('told again changes nothing, with another amount is refused', () => {
    const history = historyOf(enter(), pay('10.00', '2024-03-01'));
    given(...history)
      .when(pay('10.0', '2024-03-01'))
      .thenNothing();
    given(...history)
      .when(pay('11.00', '2024-03-01'))
      .thenRejects('account/recorded-otherwise');
  });

  it('of the bank is recorded once, under whatever key, unless it was reversed', () => {
    const paid = [enter(), pay('10.00', '2024-03-01')];
    const again = pay('10.00', '2024-03-01', { paymentId: 'another' });
    given(...historyOf(...paid))
      .when(again)
      .thenRejects('account/payment-twice', '/reference');
    const cause = { paymentId: 'p-2024-03-01', reversedOn: '2024-03-01', cause: 'Mistyped' };
    const history = [...paid, command('ReversePayment', cause, '2024-03-01')];
    expect(owed(...history, again)).toEqual([['990.00', '0.00']]);
    const other = pay('10.00', '2024-03-01', { paymentId: 'another', reference: 'WIRE-2' });
    expect(owed(...paid, other)).toEqual([['980.00', '0.00']]);
  });

  it.each([
    ['account/act-in-future', { receivedOn: '2024-03-21' }, '/receivedOn'],
    ['account/statement-unknown', { statementIds: ['s9'] }, '/statementIds/0'],
    ['account/currency-foreign', { statementIds: ['s1'], currency: 'EUR' }, '/currency'],
    ['account/nothing', { amount: '0.00' }, '/amount'],
    ['account/money-too-fine', { amount: '0.001' }, '/amount'],
  ])('is refused by %s', (code, change, pointer) => {
    given(...both)
      .when(pay('10.00', '2024-03-20', change))
      .thenRejects(code, pointer);
  });

  it('that bounces opens again what it had paid', () => {
    const bounce = command(
      'ReversePayment',
      { paymentId: 'p-2024-02-20', reversedOn: '2024-02-22', cause: 'Insufficient funds' },
      '2024-02-22',
    );
    const paid = [enter(), pay('1400.00', '2024-02-20')];
    given(...historyOf(...paid))
      .when(bounce)
      .then({
        type: 'PaymentReversed',
        data: {
          ...{ ...of, ...usd, paymentId: 'p-2024-02-20', amount: '1400.00' },
          ...{ reversedOn: '2024-02-22', cause: 'Insufficient funds' },
          restored: [{ statementId: 's1', amount: '1000.00' }],
          unapplied: '400.00',
        },
      });
    expect(owed(...paid, bounce)).toEqual([['1000.00', '0.00']]);
    given(...historyOf(...paid, bounce))
      .when(bounce)
      .thenNothing();
  });
});

describe('A credit note', () => {
  const note = (amount: string, creditNoteId = 'n1') =>
    command(
      'BeginCreditNote',
      { creditNoteId, statementId: 's1', ...usd, amount, reason: 'Uptime below the promise' },
      '2024-02-10',
    );
  const issue = (creditNoteId = 'n1') =>
    command('IssueCreditNote', { creditNoteId, number: `C-${creditNoteId}` }, '2024-02-10');

  it('counts once it has its number, on the day it was decided on', () => {
    expect(owed(enter(), note('100.00'))).toEqual([['1000.00', '0.00']]);
    expect(owed(enter(), note('100.00'), issue())).toEqual([['900.00', '0.00']]);
    const [issued] = historyOf(enter(), note('100.00'), issue()).slice(-1);
    expect(issued).toMatchObject({ data: { number: 'C-n1', issuedOn: '2024-02-10' } });
  });

  it('is never for more than was charged, and what is on its way counts', () => {
    given(...historyOf(enter()))
      .when(note('1000.01'))
      .thenRejects('account/credit-exceeded', '/amount');
    given(...historyOf(enter(), note('600.00')))
      .when(note('400.01', 'n2'))
      .thenRejects('account/credit-exceeded');
    given(...historyOf(enter(), note('600.00'), issue()))
      .when(issue())
      .thenNothing();
  });

  it('that waits for its number is not paid meanwhile', () => {
    const paid = [enter(), note('100.00'), pay('1000.00', '2024-02-12')];
    expect(owed(...paid)).toEqual([['100.00', '100.00']]);
    expect(owed(...paid, issue())).toEqual([['0.00', '100.00']]);
  });

  it('leaves what is disputed to the resolution of the dispute', () => {
    const dispute = {
      ...{ disputeId: 'd', statementId: 's1', ...usd, amount: '300.00' },
      ...{ reason: 'Meters', raisedOn: '2024-02-10' },
    };
    const disputed = historyOf(enter(), command('RaiseDispute', dispute, '2024-02-10'));
    given(...disputed)
      .when(note('700.01'))
      .thenRejects('account/credit-exceeded');
  });

  it('counts what other statements give back of the same charges', () => {
    const of = { creditNoteId: 'n2', statementId: 's1', ...usd, reason: 'Uptime' };
    const less = (amount: string, more: { line?: number; left?: string } = {}) => {
      const { line, left } = more;
      const billed = { givenBack: '5.00', ...(left && { line: { ...usd, left } }) };
      return command(
        'BeginCreditNote',
        { ...of, amount, billed, ...(line && { line }) },
        '2024-02-10',
      );
    };
    const history = historyOf(enter());
    given(...history)
      .when(less('995.01'))
      .thenRejects('account/credit-exceeded', '/amount');
    expect(accountAggregate.decide(less('995.00'), accountAfter(enter()))).toHaveLength(1);
    given(...history)
      .when(less('2.01', { line: 1, left: '2.00' }))
      .thenRejects('account/credit-exceeded', '/amount');
    expect(historyOf(enter(), less('2.00', { line: 1, left: '2.00' }))).toHaveLength(3);
    const half = { ...of, creditNoteId: 'n1', line: 1, amount: '1.00' };
    given(...historyOf(enter(), command('BeginCreditNote', half, '2024-02-10')))
      .when(less('1.01', { line: 1, left: '2.00' }))
      .thenRejects('account/credit-exceeded', '/amount');
  });

  it.each([
    ['statement/line-unknown', undefined, '/line'],
    ['account/currency-foreign', { currency: 'BTC', left: '0.1' }, '/currency'],
  ])('of a line is refused by %s', (code, line, pointer) => {
    const billed = { givenBack: '0', ...(line && { line }) };
    const of = { statementId: 's1', line: 9, ...usd, amount: '1.00', reason: 'So', billed };
    const history = historyOf(enter());
    given(...history)
      .when(command('BeginCreditNote', { creditNoteId: 'n1', ...of }, '2024-02-10'))
      .thenRejects(code, pointer);
    given(...history)
      .when(command('RaiseDispute', { disputeId: 'd1', ...of }, '2024-02-10'))
      .thenRejects(code, pointer);
  });

  it('for what is paid already pays for another statement', () => {
    const commands = [enter(), pay('1000.00', '2024-02-06'), note('150.00'), issue()];
    expect(owed(...commands)).toEqual([['-150.00', '0.00']]);
    expect(owed(...commands, enter(february))).toEqual([['350.00', '0.00']]);
  });
});

describe('A dispute', () => {
  const raise = (amount: string, disputeId = 'd1') =>
    command(
      'RaiseDispute',
      {
        ...{ disputeId, statementId: 's1', line: 3, ...usd, amount },
        ...{ reason: 'Power of racks that were off', raisedOn: '2024-02-10' },
      },
      '2024-02-10',
    );
  const resolve = (outcome: 'upheld' | 'rejected', upheldAmount?: string) =>
    command(
      'ResolveDispute',
      {
        ...{
          disputeId: 'd1',
          outcome,
          resolvedOn: '2024-02-20',
          reason: 'Meters',
          creditNoteId: 'n',
        },
        ...(upheldAmount !== undefined && { upheldAmount }),
      },
      '2024-02-20',
    );

  it('keeps its amount from being paid unless the payer names it', () => {
    expect(owed(enter(), raise('300.00'), pay('1000.00', '2024-02-12'))).toEqual([
      ['300.00', '300.00'],
    ]);
    const named = pay('1000.00', '2024-02-12', { statementIds: ['s1'] });
    expect(owed(enter(), raise('300.00'), named)).toEqual([['0.00', '0.00']]);
  });

  it('that is rejected is owed again, and credit goes to it', () => {
    const commands = [enter(), raise('300.00'), pay('1000.00', '2024-02-12')];
    expect(owed(...commands, resolve('rejected'))).toEqual([['0.00', '0.00']]);
  });

  it('that is upheld, for a part, is a credit note of that', () => {
    expect(historyOf(enter(), raise('300.00'), resolve('upheld', '120')).slice(-2)).toEqual([
      {
        type: 'DisputeResolved',
        data: {
          ...{ ...of, ...usd, statementId: 's1', disputeId: 'd1', outcome: 'upheld' },
          ...{ upheldAmount: '120.00', resolvedOn: '2024-02-20', reason: 'Meters' },
        },
      },
      {
        type: 'CreditNoteBegan',
        data: {
          ...{ ...of, ...usd, statementId: 's1', creditNoteId: 'n', amount: '120.00', line: 3 },
          ...{ disputeId: 'd1', reason: 'Meters', issuedOn: '2024-02-20' },
        },
      },
    ]);
  });

  it('is not about more than was charged, nor about what is disputed already', () => {
    given(...historyOf(enter(), raise('900.00')))
      .when(raise('100.01', 'd2'))
      .thenRejects('account/dispute-exceeded');
    given(...historyOf(enter(), raise('900.00')))
      .when(resolve('upheld', '900.01'))
      .thenRejects('account/dispute-exceeded');
    given(...historyOf(enter(), raise('900.00')))
      .when(resolve('rejected', '1.00'))
      .thenRejects('account/rejected-amount');
  });
});

describe('A dispute that is upheld late', () => {
  const dispute = { disputeId: 'd1', statementId: 's1', ...usd, amount: '400.00', reason: 'Power' };
  const raised = [enter(), command('RaiseDispute', dispute, '2024-02-10')];
  const uphold = (billed = asBilled) => {
    const data = { disputeId: 'd1', outcome: 'upheld' as const, reason: 'So', creditNoteId: 'n' };
    return command('ResolveDispute', { ...data, billed }, '2024-05-10');
  };

  it('gives nothing back that was released meanwhile', () => {
    const release = { settlementId: 's', leg: 1, statementIds: ['s1'], releasedOn: '2024-05-01' };
    given(...historyOf(...raised, command('ReleaseReceivables', release, '2024-05-01')))
      .when(uphold())
      .thenRejects('account/credit-exceeded', '/upheldAmount');
  });

  it('nor what another statement gave back', () => {
    given(...historyOf(...raised))
      .when(uphold({ givenBack: '600.01' }))
      .thenRejects('account/credit-exceeded', '/upheldAmount');
    expect(historyOf(...raised, uphold({ givenBack: '600.00' })).at(-1)?.type).toBe(
      'CreditNoteBegan',
    );
  });
});

describe('A draw of a deposit', () => {
  const draw = (amount: string, drawId = 'd1') =>
    command(
      'BeginDepositDraw',
      {
        ...{ drawId, depositId: 'deposit', statementId: 's1', ...usd, amount },
        ...{ drawnOn: '2024-02-10', reference: 'DRAW-1' },
      },
      '2024-02-10',
    );
  const fail = command(
    'FailDepositDraw',
    { drawId: 'd1', code: 'contract/deposit-exceeded', detail: 'It holds less' },
    '2024-02-10',
  );

  it('holds its amount back until the contract has answered', () => {
    given(...historyOf(enter(), draw('600.00')))
      .when(draw('400.01', 'd2'))
      .thenRejects('account/draw-exceeded', '/amount');
    expect(owed(enter(), draw('600.00'), pay('1000.00', '2024-02-12'))).toEqual([
      ['600.00', '600.00'],
    ]);
  });

  it('that the contract refused leaves the amount open, and credit goes to it', () => {
    expect(owed(enter(), draw('600.00'), pay('1000.00', '2024-02-12'), fail)).toEqual([
      ['0.00', '0.00'],
    ]);
  });

  it('that was made after all counts, and what is too much is credit', () => {
    const made = command('ApplyDepositDraw', { drawId: 'd1' }, '2024-02-13');
    const commands = [enter(), draw('600.00'), fail, pay('1000.00', '2024-02-12'), made];
    expect(owed(...commands)).toEqual([['-600.00', '0.00']]);
    expect(owed(...commands, enter(february))).toEqual([['-100.00', '0.00']]);
  });
});

describe('A write-off', () => {
  const propose = command(
    'ProposeWriteOff',
    {
      writeOffId: 'w',
      statementId: 's1',
      ...usd,
      amount: '400.00',
      reason: 'Insolvent',
      proposedBy: 'ana',
    },
    '2024-06-01',
  );
  const approve = (approvedBy: string) =>
    command('ApproveWriteOff', { writeOffId: 'w', approvedBy }, '2024-06-02');

  it('is approved by another subject', () => {
    given(...historyOf(enter(), propose))
      .when(approve('ana'))
      .thenRejects('account/own-write-off');
    expect(owed(enter(), propose)).toEqual([['1000.00', '0.00']]);
    expect(owed(enter(), propose, approve('ben'))).toEqual([['600.00', '0.00']]);
  });

  it('is of what is still unpaid when it is approved', () => {
    given(...historyOf(enter(), propose, pay('700.00', '2024-06-01')))
      .when(approve('ben'))
      .thenRejects('account/write-off-exceeded');
  });
});

describe('A claim that was released in a settlement', () => {
  const release = command(
    'ReleaseReceivables',
    { settlementId: 'settlement', leg: 2, statementIds: ['s1'], releasedOn: '2024-05-01' },
    '2024-05-01',
  );

  it('is owed no more, and neither paid nor argued about', () => {
    expect(owed(enter(), release)).toEqual([['0.00', '0.00']]);
    given(...historyOf(enter(), release))
      .when(pay('1.00', '2024-05-02', { statementIds: ['s1'] }))
      .thenRejects('account/receivable-released', '/statementIds/0');
  });

  it('stays so for a payment of it that bounces', () => {
    const bounce = command(
      'ReversePayment',
      { paymentId: 'p-2024-02-20', reversedOn: '2024-05-03', cause: 'Recalled' },
      '2024-05-03',
    );
    expect(owed(enter(), pay('400.00', '2024-02-20'), release, bounce)).toEqual([['0.00', '0.00']]);
  });
});
