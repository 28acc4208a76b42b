import fc from 'fast-check';
import { deriveId, DomainError } from '@hostledger/eventsourcing';
import { recorded } from '@hostledger/testing';
import type { AccountCommand } from './account-commands.js';
import type { AccountEvent } from './account-events.js';
import { dayLater } from './account-ladder.js';
import type { Account } from './account-state.js';
import { command, enter, february, january, pay } from './account.fixture.js';
import { accountAggregate } from './account.js';
import { lateFeeAgain, lateFeeLine, lateFeeSteps } from './late-fee-note.js';
import { isShare } from './rating/charge.js';

// Random acts, each some days after the one before and dated with some day until then, on two statements
// that are due on 1 March and 1 April 2024.

const amount = fc.constantFrom('50.00', '120.00', '333.33', '500.00');
const statementId = fc.constantFrom('s1', 's2');
const id = fc.constantFrom('a', 'b', 'c');
const USD = { currency: 'USD' };
const reason = 'Because';

/** @param on the day of the act; @param dated the day that it says. */
type Act = (on: string, dated: string) => readonly AccountCommand[];

const raise =
  (disputeId: string, of: string, sum: string): Act =>
  (on, raisedOn) => [
    command(
      'RaiseDispute',
      { disputeId, statementId: of, amount: sum, ...USD, reason, raisedOn },
      on,
    ),
  ];
const resolve =
  (disputeId: string, outcome: 'upheld' | 'rejected', isIssued: boolean): Act =>
  (on, resolvedOn) => {
    const creditNoteId = `d ${disputeId}`;
    const data = { disputeId, outcome, resolvedOn, reason, creditNoteId };
    const issue = command('IssueCreditNote', { creditNoteId, number: `d ${on}` }, on);
    return [command('ResolveDispute', data, on), ...(isIssued ? [issue] : [])];
  };
const charge: Act = (on, throughOn) => [command('ChargeLateFees', { throughOn }, on)];

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(id, amount, statementId).map(([paymentId, sum, of]): Act => (on, receivedOn) => [
    pay(sum, on, {
      ...{ paymentId, receivedOn, reference: `${paymentId} ${on}` },
      ...(sum !== '120.00' && { statementIds: [of] }),
    }),
  ]),
  id.map((paymentId): Act => (on, reversedOn) => [
    command('ReversePayment', { paymentId, reversedOn, cause: reason }, on),
  ]),
  fc.tuple(statementId, amount).map(([of, sum]): Act => (on) => {
    const note = { creditNoteId: `n ${on}`, statementId: of, amount: sum, ...USD, reason };
    const issue = { creditNoteId: note.creditNoteId, number: on };
    return [command('BeginCreditNote', note, on), command('IssueCreditNote', issue, on)];
  }),
  fc.tuple(id, statementId, amount).map((dispute) => raise(...dispute)),
  fc
    .tuple(id, fc.constantFrom('upheld' as const, 'rejected' as const), fc.boolean())
    .map((resolution) => resolve(...resolution)),
  fc.tuple(statementId, amount).map(([of, sum]): Act => (on) => {
    const writeOffId = `w ${on}`;
    const data = { writeOffId, statementId: of, amount: sum, ...USD, reason };
    return [
      command('ProposeWriteOff', { ...data, proposedBy: 'ana' }, on),
      command('ApproveWriteOff', { writeOffId, approvedBy: 'ben' }, on),
    ];
  }),
  fc.tuple(statementId, amount).map(([of, sum]): Act => (on, drawnOn) => {
    const drawId = `d ${on}`;
    const data = { drawId, depositId: 'deposit', statementId: of, amount: sum, ...USD };
    return [
      command('BeginDepositDraw', { ...data, drawnOn, reference: 'R' }, on),
      command('ApplyDepositDraw', { drawId }, on),
    ];
  }),
  fc.constant(charge),
  fc.constant<Act>((on) => {
    // Of the first fee that a day before this one may have brought.
    const lateFeeId = deriveId('lateFee', 's1', 'USD', '2024-03-02', dayLater(on, -1));
    const fee = { creditNoteId: `f ${on}`, statementId: 's1', lateFeeId, amount: '1.00' };
    return [
      command('ChargeLateFees', { throughOn: dayLater(on, -1) }, on),
      command('IssueLateFeeNote', { lateFeeId, number: `f ${on}` }, on),
      command('BeginCreditNote', { ...fee, ...USD, reason }, on),
      command('IssueCreditNote', { creditNoteId: fee.creditNoteId, number: `c ${on}` }, on),
      command(
        'RaiseDispute',
        { ...fee, ...USD, disputeId: `f ${on}`, amount: '0.50', reason, raisedOn: on },
        on,
      ),
      command(
        'ProposeWriteOff',
        { ...fee, ...USD, writeOffId: `f ${on}`, amount: '0.25', reason, proposedBy: 'ana' },
        on,
      ),
      command('ApproveWriteOff', { writeOffId: `f ${on}`, approvedBy: 'ben' }, on),
    ];
  }),
  fc.constant<Act>((on) => [command('ChargeLateFees', { throughOn: on }, on)]),
);

const life = fc.array(
  fc.tuple(act, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 25 })),
  { minLength: 4, maxLength: 18 },
);

/** What these come to; an act that is refused is left out. */
const happened = (acts: Acts): readonly AccountEvent[] => {
  let on = '2024-03-05';
  let state: Account = accountAggregate.initialState;
  const events: AccountEvent[] = [];
  const take = (next: AccountCommand): void => {
    try {
      const more = accountAggregate.decide(next, state);
      state = more.reduce(accountAggregate.evolve, state);
      events.push(...more);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  };
  take(enter(january));
  take(enter({ ...february, totals: [{ ...USD, amount: '500.00' }] }));
  for (const [next, days, before] of acts) {
    on = dayLater(on, days);
    const dated = dayLater(on, -before);
    next(on, dated < '2024-03-02' ? on : dated).forEach(take);
  }
  return events;
};
type Acts = readonly (readonly [Act, number, number])[];

/** Chance seldom has a fee that a credit note matters to which is not issued yet. */
const seldom: [Act, number, number][] = [
  [raise('a', 's1', '50.00'), 0, 0],
  [resolve('a', 'upheld', false), 5, 0],
  [charge, 20, 0],
];

const isOf =
  ({ lateFeeId }: { lateFeeId: string }) =>
  ({ type, data }: { type: string; data: object }) =>
    type === 'LateFeeCharged' && (data as { lateFeeId: string }).lateFeeId === lateFeeId;

const lateFeesOf = (events: readonly AccountEvent[]) =>
  events.flatMap((event) => (event.type === 'LateFeeCharged' ? [event.data] : []));

it('A late fee comes out of the events that it names alone, to the last place', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(life, (acts) => {
      const events = happened(acts);
      const log = recorded('billingAccount-contract', events);
      for (const charged of lateFeesOf(events)) {
        const { again, sources } = lateFeeAgain(log, charged.lateFeeId)!;
        expect(again).toEqual(charged);
        sources.forEach(({ type }) => seen.add(type));
        // Not a step of it needs what they leave out.
        expect(lateFeeAgain([...sources, log.find(isOf(charged))!], charged.lateFeeId)).toEqual({
          ...{ charged, again, sources },
        });
      }
    }),
    { numRuns: 250, examples: [[seldom]] },
  );
  expect([...seen].sort()).toEqual([
    'AccountOpened',
    ...['CreditNoteBegan', 'CreditNoteIssued', 'DepositApplied', 'DisputeRaised'],
    ...['DisputeResolved', 'LateFeeCharged', 'PaymentApplied', 'PaymentReceived'],
    ...['PaymentReversed', 'StatementCreditApplied', 'StatementEntered', 'WriteOffApproved'],
  ]);
});

it('What its line says is what was charged: one percentage of one quantity, each step with its number', () => {
  const of = { number: '2024-000001', dueOn: '2024-03-01', timeZone: 'America/Chicago' };
  fc.assert(
    fc.property(life, (acts) => {
      for (const charged of lateFeesOf(happened(acts))) {
        const line = lateFeeLine({ charged, ...of });
        const { amount: fee, exactAmount, rounding, currency } = charged;
        expect(line).toMatchObject({ amount: fee, exactAmount, rounding, currency });
        expect(isShare(line.unit)).toBe(true);
        const steps = lateFeeSteps({ charged });
        expect(steps).toHaveLength(charged.stretches.length + 1);
        expect(steps.at(-1)).toContain(`${line.quantity} USD for a month × ${line.rate} %`);
      }
    }),
    { numRuns: 100 },
  );
});
