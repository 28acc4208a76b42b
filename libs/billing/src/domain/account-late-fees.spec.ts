import { exact, EXACT_ZERO, rounded } from '@hostledger/quantities';
import { specOf } from '@hostledger/testing';
import type { AccountCommand } from './account-commands.js';
import type { AccountEvent } from './account-events.js';
import { balancesOf, isPursued, openOf, openOn } from './account-figures.js';
import { dayLater } from './account-ladder.js';
import { lateFeeOf } from './account-late-fees.js';
import { unitsText } from './account-money.js';
import { postingsOf } from './account-postings.js';
import {
  accountAfter,
  command,
  contractId,
  customerId,
  enter,
  february,
  historyOf,
  january,
  pay,
} from './account.fixture.js';
import { accountAggregate } from './account.js';

// January 2024: 1000.00 USD, due on 1 March, 1.5 % a month after 10 days of grace.

const { given } = specOf(accountAggregate);
const charge = (throughOn: string) => command('ChargeLateFees', { throughOn }, '2024-07-01');
const feesOf = (...commands: readonly AccountCommand[]) =>
  historyOf(...commands).flatMap((event) => (event.type === 'LateFeeCharged' ? [event.data] : []));

it('Nothing is charged within the days of grace, then for every day since it was due', () => {
  given(...historyOf(enter()))
    .when(charge('2024-03-11'))
    .thenNothing();
  expect(feesOf(enter(), charge('2024-03-12'))).toMatchObject([
    // 1000.00 × 1.5 % × 11 ÷ 31 = 5.32258...
    { amount: '5.32', fromOn: '2024-03-02', throughOn: '2024-03-12', exactAmount: '165/31' },
  ]);
});

it('A month counts by its own days, and the computation is shown', () => {
  // 30 of 31 days of March and the whole of April: 1000.00 × 1.5 % × (30 ÷ 31 + 1) = 29.51612...
  expect(feesOf(enter(), charge('2024-04-30'))).toEqual([
    expect.objectContaining({
      amount: '29.52',
      exactAmount: '915/31',
      rounding: { mode: 'halfUp', scale: 2 },
      percentPerMonth: '1.5',
      clauseRef: '7.2',
      stretches: [
        {
          ...{ fromOn: '2024-03-02', throughOn: '2024-03-31', days: 30, daysInMonth: 31 },
          overdue: '1000.00',
        },
        {
          ...{ fromOn: '2024-04-01', throughOn: '2024-04-30', days: 30, daysInMonth: 30 },
          overdue: '1000.00',
        },
      ],
    }),
  ]);
});

it('A day is charged once, and fees bear no fees', () => {
  const april = feesOf(enter(), charge('2024-03-31'), charge('2024-03-31'), charge('2024-04-30'));
  expect(april.map(({ amount, fromOn }) => [amount, fromOn])).toEqual([
    ['14.52', '2024-03-02'],
    ['15.00', '2024-04-01'],
  ]);
});

it('However often fees are charged, they come to the same', () => {
  const days = Array.from({ length: 60 }, (_, index) => dayLater('2024-03-12', index));
  const billedOf = (amount: string) => ({ ...january, totals: [{ currency: 'USD', amount }] });
  for (const billed of ['10.34', '30.00', '1000.00']) {
    const asked = (...through: readonly string[]) =>
      feesOf(enter(billedOf(billed)), ...through.map(charge))
        .reduce((sum, { amount }) => sum.add(exact(amount)), EXACT_ZERO)
        .toFraction();
    expect(asked(...days)).toBe(asked(days.at(-1)!));
  }
});

it('From the day that a part was paid, the rest bears it', () => {
  // 1000.00 for the days 2 to 11, 400.00 from the 12th on.
  const [fee] = feesOf(enter(), pay('600.00', '2024-03-12'), charge('2024-03-31'));
  expect(fee?.stretches.map(({ overdue, days }) => [overdue, days])).toEqual([
    ['1000.00', 10],
    ['400.00', 20],
  ]);
  expect(fee?.amount).toBe('8.71');
});

it('What was paid within the days of grace bears none; what was paid after them does', () => {
  given(...historyOf(enter(), pay('1000.00', '2024-03-11')))
    .when(charge('2024-04-30'))
    .thenNothing();
  expect(feesOf(enter(), pay('1000.00', '2024-03-12'), charge('2024-04-30'))).toMatchObject([
    { amount: '4.84', exactAmount: '150/31' },
  ]);
});

it('What is disputed bears none while it is', () => {
  const dispute = {
    ...{ disputeId: 'd', statementId: 's1', currency: 'USD', amount: '300.00' },
    ...{ reason: 'Meters', raisedOn: '2024-03-05' },
  };
  const rejected = {
    ...{ disputeId: 'd', outcome: 'rejected' as const, resolvedOn: '2024-03-20' },
    ...{ reason: 'No', creditNoteId: 'n' },
  };
  const [fee] = feesOf(
    enter(),
    command('RaiseDispute', dispute, '2024-03-05'),
    command('ResolveDispute', rejected, '2024-03-20'),
    charge('2024-03-31'),
  );
  expect(fee?.stretches.map(({ overdue, days }) => [overdue, days])).toEqual([
    ['1000.00', 3],
    ['700.00', 15],
    ['1000.00', 12],
  ]);
});

describe('Whether it was paid within the days of grace is judged by what is known now', () => {
  const dispute = (amount: string, raisedOn = '2024-03-05') =>
    command(
      'RaiseDispute',
      {
        ...{ disputeId: 'd', statementId: 's1', currency: 'USD', amount },
        ...{ reason: 'Meters', raisedOn },
      },
      raisedOn,
    );
  const resolve = (
    outcome: 'upheld' | 'rejected',
    more: { upheldAmount?: string; resolvedOn?: string } = {},
    told = '2024-03-20',
  ) =>
    command(
      'ResolveDispute',
      { disputeId: 'd', outcome, resolvedOn: told, reason: 'So', creditNoteId: 'n', ...more },
      told,
    );
  const credit = (on: string) =>
    command('IssueCreditNote', { creditNoteId: 'n', number: '2024-000009' }, on);
  const overdue = (...commands: readonly AccountCommand[]) =>
    feesOf(...commands).flatMap(({ stretches }) =>
      stretches.map(({ fromOn, throughOn, overdue: amount }) => [fromOn, throughOn, amount]),
    );

  it('A dispute of all of it that was rejected excuses only the days that it lasted', () => {
    expect(overdue(enter(), dispute('1000.00'), resolve('rejected'), charge('2024-03-31'))).toEqual(
      [
        ['2024-03-02', '2024-03-04', '1000.00'],
        ['2024-03-20', '2024-03-31', '1000.00'],
      ],
    );
    given(...historyOf(enter(), dispute('1000.00')))
      .when(charge('2024-03-31'))
      .thenNothing();
  });

  it('A payment that bounced after them was none', () => {
    const bounce = command(
      'ReversePayment',
      { paymentId: 'p-2024-03-10', reversedOn: '2024-03-25', cause: 'Recalled' },
      '2024-03-25',
    );
    expect(overdue(enter(), pay('1000.00', '2024-03-10'), bounce, charge('2024-03-31'))).toEqual([
      ['2024-03-02', '2024-03-09', '1000.00'],
      ['2024-03-25', '2024-03-31', '1000.00'],
    ]);
  });

  it('What was upheld bears none from the day it was disputed, whenever that is recorded', () => {
    const upheld = { resolvedOn: '2024-03-21', upheldAmount: '400.00' };
    const history = (told: string) => [
      ...[enter(), dispute('400.00', '2024-03-12')],
      ...[resolve('upheld', upheld, told), credit(told), charge('2024-04-30')],
    ];
    expect(overdue(...history('2024-05-01'))).toEqual(overdue(...history('2024-03-21')));
    expect(overdue(...history('2024-05-01'))).toEqual([
      ['2024-03-02', '2024-03-11', '1000.00'],
      ['2024-03-12', '2024-03-31', '600.00'],
      ['2024-04-01', '2024-04-30', '600.00'],
    ]);
  });

  it('What was paid, and the rest of it upheld, bears none', () => {
    const paid = [enter(), dispute('400.00'), pay('600.00', '2024-03-10')];
    given(...historyOf(...paid, resolve('upheld'), credit('2024-03-20')))
      .when(charge('2024-04-30'))
      .thenNothing();
  });
});

describe('A fee that was charged', () => {
  const history = historyOf(enter(), charge('2024-03-31'));
  const { lateFeeId } = feesOf(enter(), charge('2024-03-31'))[0]!;
  const issue = (number = '2024-000007', id = lateFeeId) =>
    command('IssueLateFeeNote', { lateFeeId: id, number }, '2024-07-02');
  const issued: AccountEvent = {
    type: 'LateFeeNoteIssued',
    data: {
      ...{ contractId, customerId, statementId: 's1', lateFeeId, currency: 'USD' },
      ...{ amount: '14.52', number: '2024-000007', issuedOn: '2024-07-01' },
    },
  };

  it('is sent under a number, dated with the day it was charged on, and is owed once', () => {
    given(...history)
      .when(issue())
      .then(issued);
    const balance = (...commands: readonly AccountCommand[]) =>
      balancesOf(accountAfter(enter(), charge('2024-03-31'), ...commands));
    expect(balance()).toMatchObject([{ balance: '1014.52' }]);
    expect(balance(issue())).toEqual(balance());
    expect(postingsOf(issued)).toEqual([]);
  });

  it('has its number for ever', () => {
    given(...history, issued)
      .when(issue())
      .thenNothing();
    given(...history, issued)
      .when(issue('2024-000008'))
      .thenRejects('account/recorded-otherwise');
    given(...history)
      .when(issue('2024-000007', 'another'))
      .thenRejects('account/late-fee-unknown');
  });

  it('is addressed to whom the statement was, also once the contract is of another', () => {
    const assigned = enter({ ...february, customerId: 'successor' });
    given(...historyOf(enter(), assigned, charge('2024-03-31')))
      .when(issue())
      .then(issued);
  });

  describe('once it was sent', () => {
    const credit = (amount: string, more: object = {}, id = 'n') =>
      command(
        'BeginCreditNote',
        {
          ...{ creditNoteId: id, statementId: 's1', currency: 'USD', amount, lateFeeId },
          ...{ reason: 'It was paid in time', ...more },
        },
        '2024-07-03',
      );

    it('is credited by itself, for no more than it is', () => {
      given(...history, issued)
        .when(credit('14.52'))
        .then({
          type: 'CreditNoteBegan',
          data: {
            ...{ contractId, customerId, creditNoteId: 'n', statementId: 's1', currency: 'USD' },
            ...{ amount: '14.52', lateFeeId, reason: 'It was paid in time' },
            issuedOn: '2024-07-03',
          },
        });
      given(...history, issued)
        .when(credit('14.53'))
        .thenRejects('account/credit-exceeded', '/amount');
      const begun = historyOf(enter(), charge('2024-03-31'), issue(), credit('10.00'));
      given(...begun)
        .when(credit('4.53', {}, 'another'))
        .thenRejects('account/credit-exceeded');
      given(...begun)
        .when(credit('10.00'))
        .thenNothing();
      // What is left of the fee, and all that the line charges.
      const line = { lateFeeId: undefined, line: 1 };
      for (const rest of [credit('4.52', {}, 'another'), credit('1000.00', line, 'another')]) {
        const told = historyOf(enter(), charge('2024-03-31'), issue(), credit('10.00'), rest);
        expect(told.at(-1)).toMatchObject({
          ...{ type: 'CreditNoteBegan', data: { creditNoteId: 'another' } },
        });
      }
    });

    it('is credited without what was billed becoming less, now and on the day', () => {
      const number = command(
        'IssueCreditNote',
        { creditNoteId: 'n', number: '2024-000008' },
        '2024-07-03',
      );
      const commands = [enter(), charge('2024-03-31'), issue(), credit('14.52'), number];
      expect(feesOf(...commands, charge('2024-04-30')).at(-1)).toMatchObject({
        ...{ amount: '15.00', stretches: [{ overdue: '1000.00' }] },
      });
      const later = command('ChargeLateFees', { throughOn: '2024-07-31' }, '2024-08-01');
      expect(
        feesOf(...commands, later)
          .at(-1)
          ?.stretches.at(-1),
      ).toMatchObject({
        ...{ throughOn: '2024-07-31', overdue: '1000.00' },
      });
      const { statements } = accountAfter(...commands);
      const [{ charges } = { charges: [] }] = statements;
      const open = (day: string) => unitsText(openOn(charges[0]!, day), 'USD');
      expect([open('2024-07-02'), open('2024-07-03')]).toEqual(['1014.52', '1000.00']);
      expect(unitsText(openOf(charges[0]!), 'USD')).toBe('1000.00');
    });

    it('is named by its statement and currency, instead of a line', () => {
      given(...history, issued)
        .when(credit('1.00', { lateFeeId: 'another' }))
        .thenRejects('account/late-fee-unknown', '/lateFeeId');
      given(...historyOf(enter(), enter(february), charge('2024-03-31')), issued)
        .when(credit('1.00', { statementId: 's2' }))
        .thenRejects('account/late-fee-unknown', '/lateFeeId');
      given(...history, issued)
        .when(credit('1.00', { line: 1 }))
        .thenRejects('account/credit-unclear', '/lateFeeId');
      given(...history)
        .when(credit('1.00'))
        .thenRejects('account/statement-busy', '/lateFeeId');
    });
  });

  describe('that is disputed by itself', () => {
    const raise = (amount: string, more: object = {}, disputeId = 'd') =>
      command(
        'RaiseDispute',
        {
          ...{ disputeId, statementId: 's1', currency: 'USD', amount, lateFeeId },
          ...{ reason: 'It was paid in time', raisedOn: '2024-07-02', ...more },
        },
        '2024-07-03',
      );
    const resolve = (outcome: 'upheld' | 'rejected') =>
      command(
        'ResolveDispute',
        { disputeId: 'd', outcome, resolvedOn: '2024-07-04', reason: 'So', creditNoteId: 'n' },
        '2024-07-04',
      );
    const credit = (amount: string, more: object = { lateFeeId }) => {
      const note = { creditNoteId: 'm', statementId: 's1', currency: 'USD', amount, reason: 'So' };
      return command('BeginCreditNote', { ...note, ...more }, '2024-07-05');
    };
    const number = command(
      'IssueCreditNote',
      { creditNoteId: 'n', number: '2024-000008' },
      '2024-07-04',
    );
    const sent = [enter(), charge('2024-03-31'), issue()];
    const raised = [...sent, raise('14.52')];

    it('is credited by the dispute that is upheld, and not once more', () => {
      expect(historyOf(...raised, resolve('upheld')).at(-1)).toMatchObject({
        type: 'CreditNoteBegan',
        data: { creditNoteId: 'n', disputeId: 'd', lateFeeId, amount: '14.52' },
      });
      const upheld = [...raised, resolve('upheld'), number];
      for (const acts of [raised, upheld]) {
        given(...historyOf(...acts))
          .when(credit('0.01'))
          .thenRejects('account/credit-exceeded');
        given(...historyOf(...acts))
          .when(raise('0.01', {}, 'another'))
          .thenRejects('account/dispute-exceeded');
      }
      const rejected = historyOf(...raised, resolve('rejected'), credit('14.52'));
      expect(rejected.at(-1)?.type).toBe('CreditNoteBegan');
    });

    it('leaves what bears fees, and what is pursued, as it was', () => {
      const later = command('ChargeLateFees', { throughOn: '2024-07-31' }, '2024-08-01');
      for (const acts of [raised, [...raised, resolve('upheld'), number]]) {
        const { stretches } = feesOf(...acts, later).at(-1)!;
        expect(stretches.map(({ days, overdue }) => [days, overdue])).toEqual([
          ...[30, 31, 30, 31].map((days) => [days, '1000.00']),
        ]);
        const account = accountAfter(...acts);
        expect(isPursued(account, account.statements[0]!)).toBe(true);
      }
      const left = accountAfter(...raised, pay('999.99', '2024-07-03'));
      expect(isPursued(left, left.statements[0]!)).toBe(true);
      const paid = accountAfter(...sent, pay('1000.00', '2024-07-03'));
      expect(isPursued(paid, paid.statements[0]!)).toBe(false);
      expect(balancesOf(paid)).toMatchObject([{ balance: '14.52' }]);
    });

    it('is named as a credit note names it', () => {
      given(...historyOf(...sent))
        .when(raise('14.53'))
        .thenRejects('account/dispute-exceeded', '/amount');
      given(...historyOf(...sent))
        .when(raise('1.00', { line: 1 }))
        .thenRejects('account/credit-unclear', '/lateFeeId');
      given(...history)
        .when(raise('1.00'))
        .thenRejects('account/statement-busy', '/lateFeeId');
      given(...historyOf(...sent))
        .when(raise('1.00', { raisedOn: '2024-06-30' }))
        .thenRejects('account/act-too-early', '/raisedOn');
      given(...historyOf(...raised))
        .when(raise('14.52', { lateFeeId: undefined }))
        .thenRejects('account/recorded-otherwise');
    });

    it('is with all else never given back for more than was billed and the fees', () => {
      const whole = { lateFeeId: undefined, creditNoteId: 'whole' };
      const most = [...raised, resolve('upheld'), credit('1000.00', whole)];
      expect(historyOf(...most).at(-1)?.type).toBe('CreditNoteBegan');
      for (const acts of [
        [...raised, resolve('upheld')],
        [...sent, credit('14.52')],
      ]) {
        given(...historyOf(...acts))
          .when(credit('1000.01', whole))
          .thenRejects('account/credit-exceeded', '/amount');
      }
      // What names no fee may have taken of all: then no more is left for the fee.
      given(...historyOf(...sent, credit('1010.00', whole)))
        .when(credit('4.53'))
        .thenRejects('account/credit-exceeded', '/amount');
    });
  });

  it('keeps its number where it is credited or given up, which makes less of what is owed', () => {
    const note = {
      ...{ creditNoteId: 'n', statementId: 's1', currency: 'USD', amount: '14.52' },
      ...{ reason: 'Goodwill', billed: { givenBack: '0' } },
    };
    const account = accountAfter(
      ...[enter(), pay('1000.00', '2024-04-01'), charge('2024-03-31'), issue()],
      command('BeginCreditNote', note, '2024-07-03'),
      command('IssueCreditNote', { creditNoteId: 'n', number: '2024-000008' }, '2024-07-03'),
    );
    expect(balancesOf(account)).toMatchObject([{ balance: '0.00' }]);
    expect(account.lateFees).toMatchObject([{ number: '2024-000007', amount: '14.52' }]);
    const waived = accountAfter(
      ...[enter(), charge('2024-03-31'), issue()],
      command(
        'ProposeWriteOff',
        {
          ...{ writeOffId: 'w', statementId: 's1', currency: 'USD', amount: '1014.52' },
          ...{ reason: 'Insolvent', proposedBy: 'ana' },
        },
        '2024-07-03',
      ),
      command('ApproveWriteOff', { writeOffId: 'w', approvedBy: 'ben' }, '2024-07-04'),
    );
    expect(balancesOf(waived)).toMatchObject([{ balance: '0.00' }]);
    expect(waived.lateFees).toMatchObject([{ number: '2024-000007' }]);
  });
});

it('A statement whose terms have no late fee bears none', () => {
  const { lateFee: _, ...terms } = january;
  given(...historyOf(enter(terms)))
    .when(charge('2024-06-30'))
    .thenNothing();
  given(...historyOf(enter()))
    .when(charge('2024-07-02'))
    .thenRejects('account/act-in-future', '/throughOn');
});

it('Whoever has the event can compute the fee again', () => {
  for (const { percentPerMonth, stretches, rounding, amount } of feesOf(
    enter(),
    pay('333.33', '2024-03-20'),
    charge('2024-06-30'),
  )) {
    const again = rounded(lateFeeOf(percentPerMonth, stretches), rounding.scale, rounding.mode);
    expect(again).toBe(amount);
  }
});
