import { deriveId } from '@hostledger/eventsourcing';
import type { AccountCommand } from './account-commands.js';
import { balancesOf, owedByCustomer } from './account-figures.js';
import type { AccountEvent } from './account-events.js';
import {
  accountAfter,
  command,
  contractId,
  enter,
  february,
  historyOf,
  january,
  pay,
} from './account.fixture.js';

// A contract that was assigned on 15 February: the statement of January, which was due on 1 March, was sent
// to the customer, that of February to the successor.

const SUCCESSOR = 'successor';
const usd = { currency: 'USD' };
const assigned = enter({ ...february, customerId: SUCCESSOR });
const begun = [enter(), assigned];
const charge = command('ChargeLateFees', { throughOn: '2024-04-30' }, '2024-05-02');
const feeOf = (statementId: string, fromOn: string) =>
  deriveId('lateFee', statementId, 'USD', fromOn, '2024-04-30');
const lateFeeId = feeOf('s1', '2024-03-02');

/** Each event after the two statements: its type, the statement, the customer. */
const toldBy = (...commands: readonly AccountCommand[]) =>
  historyOf(...begun, ...commands)
    .slice(historyOf(...begun).length)
    .map(({ type, data }: AccountEvent) => {
      const statement = 'statementId' in data ? data.statementId : '';
      return [type, statement, data.customerId];
    });

describe('Of a contract that was assigned', () => {
  it('late fees and their notes are to whom the statement was sent', () => {
    const issue = (id: string, number: string) =>
      command('IssueLateFeeNote', { lateFeeId: id, number }, '2024-05-02');
    const ofSuccessor = feeOf('s2', '2024-04-02');
    expect(toldBy(charge, issue(lateFeeId, 'n1'), issue(ofSuccessor, 'n2'))).toEqual([
      ['LateFeeCharged', 's1', 'customer'],
      ['LateFeeCharged', 's2', SUCCESSOR],
      ['LateFeeNoteIssued', 's1', 'customer'],
      ['LateFeeNoteIssued', 's2', SUCCESSOR],
    ]);
  });

  it('so are credit notes, disputes, write-offs and draws', () => {
    const about = { statementId: 's1', ...usd, reason: 'Because' };
    const on = '2024-05-03';
    const dispute = { disputeId: 'd', ...about, amount: '5.00', lateFeeId };
    const resolution = { disputeId: 'd', outcome: 'upheld' as const, reason: 'Because' };
    const draw = { drawId: 'b', depositId: 'p', statementId: 's1', ...usd, amount: '2.00' };
    expect(
      toldBy(
        charge,
        command('IssueLateFeeNote', { lateFeeId, number: 'l' }, '2024-05-02'),
        command('BeginCreditNote', { creditNoteId: 'c', ...about, amount: '1.00' }, on),
        command('IssueCreditNote', { creditNoteId: 'c', number: 'n' }, on),
        command('RaiseDispute', dispute, on),
        command('ResolveDispute', { ...resolution, creditNoteId: 'e' }, on),
        command(
          'ProposeWriteOff',
          { writeOffId: 'w', ...about, amount: '3.00', proposedBy: 'a' },
          on,
        ),
        command('ApproveWriteOff', { writeOffId: 'w', approvedBy: 'b' }, on),
        command('BeginDepositDraw', { ...draw, reference: 'R' }, on),
        command('ApplyDepositDraw', { drawId: 'b' }, on),
        command('BeginDepositDraw', { ...draw, drawId: 'f', reference: 'R' }, on),
        command('FailDepositDraw', { drawId: 'f', code: 'x', detail: 'y' }, on),
      ).map(([type, , customer]) => `${type} ${customer}`),
    ).toEqual([
      ...['LateFeeCharged customer', `LateFeeCharged ${SUCCESSOR}`],
      'LateFeeNoteIssued customer',
      ...['CreditNoteBegan customer', 'CreditNoteIssued customer'],
      ...['DisputeRaised customer', 'DisputeResolved customer', 'CreditNoteBegan customer'],
      ...['WriteOffProposed customer', 'WriteOffApproved customer'],
      ...['DepositDrawBegan customer', 'DepositApplied customer'],
      ...['DepositDrawBegan customer', 'DepositDrawFailed customer'],
    ]);
  });

  it('steps for what stays unpaid are of whom the statement was sent to', () => {
    const steps = ['overdue', 'notice'] as const;
    const climbed = steps.map((step, index) =>
      command('ClimbLadder', { statementId: 's1', step }, `2024-04-0${4 * index + 1}`),
    );
    const paid = pay('1500.00', '2024-04-06', { customerId: SUCCESSOR });
    expect(toldBy(...climbed, paid)).toEqual([
      ['StatementOverdue', 's1', 'customer'],
      ['NonPaymentNoticed', 's1', 'customer'],
      ['PaymentReceived', '', SUCCESSOR],
      ['PaymentApplied', 's1', 'customer'],
      ['PaymentApplied', 's2', SUCCESSOR],
      ['NonPaymentCured', '', 'customer'],
    ]);
  });

  it('a payment is from whom the statements that it names were sent to', () => {
    const named = { statementIds: ['s1'], customerId: SUCCESSOR };
    expect(toldBy(pay('100.00', '2024-03-20', named))).toEqual([
      ['PaymentReceived', '', 'customer'],
      ['PaymentApplied', 's1', 'customer'],
    ]);
  });

  it('a payment for statements of both, or for none, is from whose the contract was that day', () => {
    const both = { statementIds: ['s2', 's1'], customerId: SUCCESSOR };
    expect(toldBy(pay('600.00', '2024-03-20', both))).toEqual([
      ['PaymentReceived', '', SUCCESSOR],
      ['PaymentApplied', 's2', SUCCESSOR],
      ['PaymentApplied', 's1', 'customer'],
    ]);
    expect(toldBy(pay('100.00', '2024-02-10', { customerId: 'customer' }))[0]).toEqual([
      ...['PaymentReceived', '', 'customer'],
    ]);
  });

  it('a payment that bounces is of whom it came from', () => {
    const named = pay('100.00', '2024-03-20', { statementIds: ['s1'], customerId: SUCCESSOR });
    const bounce = { paymentId: 'p-2024-03-20', reversedOn: '2024-03-25', cause: 'Recalled' };
    expect(toldBy(named, command('ReversePayment', bounce, '2024-03-25')).at(-1)).toEqual([
      ...['PaymentReversed', '', 'customer'],
    ]);
  });

  it('a restatement of a month before pays what is of the former customer', () => {
    const restated = {
      ...{ ...january, statementId: 'r1', number: '2024-000003', kind: 'restatement' as const },
      ...{ issuedOn: '2024-03-06', totals: [{ ...usd, amount: '-200.00' }] },
    };
    expect(toldBy(enter(restated))).toEqual([
      ['StatementEntered', 'r1', 'customer'],
      ['StatementCreditApplied', 's1', 'customer'],
    ]);
  });

  it('each customer owes what its statements ask for, together the balance', () => {
    const account = accountAfter(...begun, charge, pay('300.00', '2024-05-03'));
    expect(
      owedByCustomer(account).map(({ customerId, owed }) => [customerId, owed[0]?.balance]),
    ).toEqual([
      // 1000.00 and 29.52 for March and April, less 300.00; 500.00 and 7.25 for 29 days of April.
      ['customer', '729.52'],
      [SUCCESSOR, '507.25'],
    ]);
    expect(balancesOf(account)).toMatchObject([{ balance: '1236.77' }]);
  });

  it('what was held against both is the account of whoever has it', () => {
    const { customerId, contractId: of } = accountAfter(...begun, charge);
    expect([of, customerId]).toEqual([contractId, SUCCESSOR]);
  });
});
