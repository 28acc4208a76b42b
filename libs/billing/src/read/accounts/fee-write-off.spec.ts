import { deriveId } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import { accountView } from './views.js';
import type { AccountCommand } from '../../domain/account-commands.js';
import { balancesOf, isPursued } from '../../domain/account-figures.js';
import { nextStep } from '../../domain/account-ladder.js';
import {
  accountAfter,
  command,
  contractId,
  customerId,
  enter,
  historyOf,
  pay,
} from '../../domain/account.fixture.js';
import { accountAggregate } from '../../domain/account.js';

// 1000.00 that were due on 1 March, charged 14.52 for 30 days of March, 30 of 31 at 1.5 %.

const { given } = specOf(accountAggregate);
const on = '2024-05-06';
const lateFeeId = deriveId('lateFee', 's1', 'USD', '2024-03-02', '2024-03-31');
const about = { statementId: 's1', currency: 'USD', lateFeeId, reason: 'Not worth a suit' };
const charge = (throughOn: string) => command('ChargeLateFees', { throughOn }, on);
const sent = [
  ...[enter(), charge('2024-03-31')],
  command('IssueLateFeeNote', { lateFeeId, number: '2024-000007' }, '2024-05-04'),
];
const propose = (amount: string, writeOffId = 'w') =>
  command('ProposeWriteOff', { ...about, writeOffId, amount, proposedBy: 'ana' }, on);
const approve = (writeOffId = 'w') =>
  command('ApproveWriteOff', { writeOffId, approvedBy: 'ben' }, on);
const dispute = (amount: string) =>
  command('RaiseDispute', { ...about, disputeId: 'd', amount }, on);
const whole = [...sent, propose('14.52'), approve()];
const ageingOf = (...commands: readonly AccountCommand[]) =>
  accountView(accountAfter(...commands), on, []).ageing;

describe('A late fee that is given up by its name', () => {
  it('is proposed by one and approved by another, each event naming it', () => {
    const of = { contractId, customerId, writeOffId: 'w', statementId: 's1', currency: 'USD' };
    const { reason } = about;
    given(...historyOf(...sent))
      .when(propose('14.52'))
      .then({
        type: 'WriteOffProposed',
        data: { ...of, amount: '14.52', lateFeeId, reason, proposedOn: on, proposedBy: 'ana' },
      });
    given(...historyOf(...sent, propose('14.52')))
      .when(approve())
      .then({
        type: 'WriteOffApproved',
        data: { ...of, amount: '14.52', lateFeeId, approvedOn: on, approvedBy: 'ben' },
      });
  });

  it('makes less of what is owed, and no less of what bears fees and is pursued', () => {
    const account = accountAfter(...whole);
    expect(balancesOf(account)).toMatchObject([{ balance: '1000.00' }]);
    expect(isPursued(account, account.statements[0]!)).toBe(true);
    expect(nextStep(account)?.step).toBe('overdue');
    // April of 1000.00 at 1.5 %, with what rounding took of March.
    const [, april] = accountAfter(...whole, charge('2024-04-30')).lateFees;
    expect(april?.amount).toBe(accountAfter(...sent, charge('2024-04-30')).lateFees[1]?.amount);
    expect(april?.amount).toBe('15.00');
  });

  it('leaves the ageing at the balance, as old as its statement', () => {
    expect(ageingOf(...sent)).toMatchObject([{ days61To90: '1014.52', notDue: '0.00' }]);
    expect(ageingOf(...whole)).toMatchObject([{ days61To90: '1000.00', notDue: '0.00' }]);
    expect(ageingOf(...whole, pay('1000.00', on))).toMatchObject([{ days61To90: '0.00' }]);
    expect(balancesOf(accountAfter(...whole, pay('1000.00', on)))).toMatchObject([
      { balance: '0.00', unappliedCredit: '0.00' },
    ]);
  });

  it('is told of the fee', () => {
    const { lateFees, writeOffs } = accountView(accountAfter(...whole), on, []);
    expect(lateFees).toMatchObject([{ lateFeeId, credited: '0.00', writtenOff: '14.52' }]);
    expect(writeOffs).toMatchObject([{ lateFeeId, amount: '14.52', approvedOn: on }]);
  });

  it('is of no more than what is left of it', () => {
    const half = [...sent, propose('7.00'), approve()];
    given(...historyOf(...sent))
      .when(propose('14.53'))
      .thenRejects('account/write-off-exceeded', '/amount');
    given(...historyOf(...half))
      .when(propose('7.53', 'v'))
      .thenRejects('account/write-off-exceeded', '/amount');
    given(...historyOf(...sent, pay('1010.00', on)))
      .when(propose('4.53'))
      .thenRejects('account/write-off-exceeded', '/amount');
    // Both were proposed; what the second one would give up is gone then.
    given(...historyOf(...sent, propose('10.00'), propose('10.00', 'v'), approve()))
      .when(approve('v'))
      .thenRejects('account/write-off-exceeded', '/amount');
  });

  it('can neither be credited nor disputed for what was given up', () => {
    const half = [...sent, propose('7.00'), approve()];
    const credit = (amount: string) =>
      command('BeginCreditNote', { ...about, creditNoteId: 'n', amount }, on);
    given(...historyOf(...half))
      .when(dispute('7.53'))
      .thenRejects('account/dispute-exceeded', '/amount');
    given(...historyOf(...half))
      .when(credit('7.53'))
      .thenRejects('account/credit-exceeded', '/amount');
    expect(historyOf(...half, dispute('7.52')).at(-1)?.type).toBe('DisputeRaised');
  });

  it('is not given up while it is disputed, and can be once that was rejected', () => {
    const resolve = (outcome: 'upheld' | 'rejected') =>
      command(
        'ResolveDispute',
        { disputeId: 'd', outcome, reason: 'Because', creditNoteId: 'c' },
        on,
      );
    given(...historyOf(...sent, dispute('14.52')))
      .when(propose('0.01'))
      .thenRejects('account/write-off-exceeded', '/amount');
    given(...historyOf(...sent, dispute('14.52'), resolve('upheld')))
      .when(propose('0.01'))
      .thenRejects('account/write-off-exceeded', '/amount');
    expect(
      historyOf(...sent, dispute('14.52'), resolve('rejected'), propose('14.52')),
    ).toContainEqual(expect.objectContaining({ type: 'WriteOffProposed' }));
  });

  it('has to be one of the statement that was sent', () => {
    given(...historyOf(enter(), charge('2024-03-31')))
      .when(propose('1.00'))
      .thenRejects('account/statement-busy', '/lateFeeId');
    given(...historyOf(enter()))
      .when(propose('1.00'))
      .thenRejects('account/late-fee-unknown', '/lateFeeId');
  });

  it('is the same when it is proposed again, and nothing else under its id', () => {
    given(...historyOf(...sent, propose('5.00')))
      .when(propose('5.00'))
      .thenNothing();
    const { lateFeeId: _, ...statement } = about;
    const other = { ...statement, writeOffId: 'w', amount: '5.00', proposedBy: 'ana' };
    given(...historyOf(...sent, propose('5.00')))
      .when(command('ProposeWriteOff', other, on))
      .thenRejects('account/recorded-otherwise');
  });
});
