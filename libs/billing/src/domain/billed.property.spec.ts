import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import type { AccountCommand } from './account-commands.js';
import { claimsOn } from './account-figures.js';
import { unitsOf } from './account-money.js';
import { command, enter, january } from './account.fixture.js';
import type { Account } from './account-state.js';
import { accountAggregate } from './account.js';
import { billedOn, linesOf } from './billed.js';
import { billingPeriodAggregate, type PeriodCommand } from './billing-period.js';
import { AT, begin, close, line, MONTH, numbered, ofMonth, repair } from './period.fixture.js';
import type { BillingPeriod } from './period-state.js';

// Two lines that charge and one that gives back, 8.00 in all; then agreements in the month, credit
// notes and disputes on the account, at random.

const lines = numbered(line('7.00'), repair('2.00'), line('-1.00', { key: 'uptimeCredit' }));
const ON = '2024-04-10';
const statement = { statementId: 'statement-1', currency: 'USD' };
const totals = [{ currency: 'USD', amount: '8.00' }];

interface Books {
  readonly account: Account;
  readonly period: BillingPeriod;
}

const inAccount = ({ account, period }: Books, wish: AccountCommand): Books => ({
  period,
  account: accountAggregate.decide(wish, account).reduce(accountAggregate.evolve, account),
});
const inPeriod = ({ account, period }: Books, wish: PeriodCommand): Books => ({
  account,
  period: billingPeriodAggregate.decide(wish, period).reduce(billingPeriodAggregate.evolve, period),
});
const known = ({ account }: Books) => {
  if (account.status === 'unknown') throw new Error('The account was not opened');
  return account;
};
const issued = [begin(), close({ lines })].reduce(inPeriod, {
  account: accountAggregate.initialState,
  period: billingPeriodAggregate.initialState,
});
const first = inAccount(issued, enter({ ...january, ...statement, month: MONTH, totals }));

type Act = (books: Books, id: string) => Books;
const cents = fc.integer({ min: 1, max: 800 }).map((n) => (n / 100).toFixed(2));
const named = fc.option(fc.constantFrom(1, 2, 3), { nil: undefined });
const billed = ({ period }: Books, of?: number) => {
  const wanted = { currency: 'USD', ...(of !== undefined && { line: of }) };
  const months = new Map([[MONTH, period]]);
  return billedOn(wanted, MONTH, linesOf(period, statement.statementId), months);
};

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(fc.constantFrom(1, 2), cents, fc.boolean()).map(([of, amount, charges]): Act => {
    return (books, id) => {
      const about = { ...ofMonth, adjustmentId: id, line: of, reason: 'So', agreedBy: 'bea' };
      const claims = claimsOn(known(books), statement.statementId);
      const data = { ...about, amount: charges ? amount : `-${amount}`, claims };
      return inPeriod(books, { type: 'AgreeAdjustment', data, at: AT });
    };
  }),
  fc
    .tuple(named, cents, fc.constantFrom('BeginCreditNote' as const, 'RaiseDispute' as const))
    .map(([of, amount, type]): Act => {
      return (books, id) => {
        const about = { ...statement, amount, reason: 'So', ...(of !== undefined && { line: of }) };
        const data = { ...about, creditNoteId: id, disputeId: id, billed: billed(books, of) };
        return inAccount(books, command(type, data, ON));
      };
    }),
  fc.constantFrom('upheld' as const, 'rejected' as const).map((outcome): Act => {
    return (books, creditNoteId) => {
      const open = known(books).disputes.find(({ status }) => status === 'open');
      if (!open) return books;
      const { disputeId } = open;
      const data = { disputeId, outcome, reason: 'So', creditNoteId };
      const wish = { ...data, billed: billed(books, open.line) };
      return inAccount(books, command('ResolveDispute', wish, ON));
    };
  }),
);

/** What was charged, with what was agreed since, and what of it was credited or may be. */
const mustBeCovered = (books: Books): void => {
  const agreed = [...books.period.agreements.values()].map((each) => each.agreed);
  const claims = claimsOn(known(books), statement.statementId);
  const sum = (all: readonly { readonly amount: string }[]) =>
    all.reduce((total, { amount }) => total + unitsOf(amount), 0n);
  expect(sum([...lines, ...agreed]) - sum(claims)).toBeGreaterThanOrEqual(0n);
  for (const of of lines.filter(({ amount }) => unitsOf(amount) > 0n)) {
    const about = (each: { readonly line?: number }) => each.line === of.number;
    const left = unitsOf(of.amount) + sum(agreed.filter(about)) - sum(claims.filter(about));
    expect(left).toBeGreaterThanOrEqual(0n);
  }
};

it('No more is given back than was charged, of a line and in all, whoever gives it back', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(act, { minLength: 3, maxLength: 20 }), (acts) => {
      let books = first;
      acts.forEach((each, index) => {
        try {
          books = each(books, `act ${index}`);
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          seen.add(error.code);
        }
        mustBeCovered(books);
      });
    }),
    { numRuns: 200 },
  );
  expect(seen).toEqual(
    new Set(['account/credit-exceeded', 'account/dispute-exceeded', 'period/credit-beyond-charge']),
  );
});
