import { unreachable } from '@hostledger/eventsourcing';
import type { AccountEvent, LadderEvent } from './account-events.js';
import { billedOpenOf } from './account-figures.js';
import type { KnownAccount, LadderStep, NonPaymentAct } from './account-state.js';

// What the steps for what stays unpaid change of an account.

const LADDER_EVENTS: readonly AccountEvent['type'][] = [
  ...(['StatementOverdue', 'NonPaymentNoticed', 'NonPaymentSuspensionBegan'] as const),
  ...(['ServiceSuspendedForNonPayment', 'NonPaymentTerminationBegan'] as const),
  ...(['TerminatedForNonPayment', 'NonPaymentCured', 'ServiceResumedAfterPayment'] as const),
  'NonPaymentActRefused',
];

export const isOfLadder = (event: AccountEvent): event is LadderEvent =>
  LADDER_EVENTS.includes(event.type);

export const evolveLadder = (account: KnownAccount, event: LadderEvent): KnownAccount => {
  switch (event.type) {
    case 'StatementOverdue':
      return reached(account, event.data.statementId, 'overdue', event.data.overdueOn);
    case 'NonPaymentNoticed':
      return reached(account, event.data.statementId, 'notice', event.data.noticedOn);
    case 'NonPaymentSuspensionBegan': {
      const { actId, statementId, suspendedOn: on, clauseRef } = event.data;
      const act = { actId, act: 'suspend' as const, on, statementId };
      return begun(
        reached(account, statementId, 'suspension', on),
        clauseRef === undefined ? act : { ...act, clauseRef },
      );
    }
    case 'ServiceSuspendedForNonPayment': {
      // The statement got so far when it began, and may have been paid since.
      const { actId, suspendedOn } = event.data;
      return { ...done(account, actId), suspension: { actId, suspendedOn } };
    }
    case 'NonPaymentTerminationBegan': {
      const { actId, statementId, terminatedOn: on } = event.data;
      const after = reached(account, statementId, 'termination', on);
      return begun(after, { actId, act: 'terminate', on, statementId });
    }
    case 'TerminatedForNonPayment': {
      const { actId, terminatedOn } = event.data;
      return { ...done(account, actId), terminatedOn };
    }
    case 'NonPaymentCured': {
      const { curedOn: on, resumeActId } = event.data;
      const statements = account.statements.map(({ reached: _, ...statement }) => statement);
      const after = { ...account, statements };
      return resumeActId === undefined
        ? after
        : begun(after, { actId: resumeActId, act: 'resume', on });
    }
    case 'ServiceResumedAfterPayment':
      return withoutSuspension(done(account, event.data.actId));
    case 'NonPaymentActRefused': {
      const { actId, act } = event.data;
      const after = done(account, actId);
      if (act === 'terminate') return after;
      // What was not suspended is not resumed; what cannot be resumed is left to people.
      return withoutSuspension({
        ...after,
        acts: after.acts.filter((next) => next.act !== 'resume'),
      });
    }
    default:
      return unreachable(event);
  }
};

/** Where all that was billed on a statement was paid, it begins anew if that is ever open again. */
export const withPaid = (account: KnownAccount): KnownAccount => {
  const { statements } = account;
  if (!statements.some(({ reached: at }) => at && !at.isPaid)) return account;
  return {
    ...account,
    statements: statements.map((statement) => {
      const { reached: at, charges } = statement;
      const isPaid = at && charges.every((charge) => billedOpenOf(charge) <= 0n);
      return isPaid ? { ...statement, reached: { ...at, isPaid } } : statement;
    }),
  };
};

const reached = (
  account: KnownAccount,
  statementId: string,
  step: LadderStep,
  on: string,
): KnownAccount => ({
  ...account,
  statements: account.statements.map((statement) =>
    statement.statementId === statementId ? { ...statement, reached: { step, on } } : statement,
  ),
});

const begun = (account: KnownAccount, act: NonPaymentAct): KnownAccount => ({
  ...account,
  acts: [...account.acts, act],
  actsBegun: account.actsBegun + 1,
});

const done = (account: KnownAccount, actId: string): KnownAccount => ({
  ...account,
  acts: account.acts.filter((act) => act.actId !== actId),
});

const withoutSuspension = ({ suspension: _, ...account }: KnownAccount): KnownAccount => account;
