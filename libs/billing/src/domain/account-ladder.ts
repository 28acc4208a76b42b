import { deriveId } from '@hostledger/eventsourcing';
import type { AccountEvent, LadderTerms } from './account-events.js';
import { byDue, collectibleTotals, isPursued } from './account-figures.js';
import {
  LADDER_STEPS,
  type AccountStatement,
  type KnownAccount,
  type LadderStep,
} from './account-state.js';

// The steps for what stays unpaid. Each statement climbs on its own; only while some of what was
// billed is unpaid and undisputed: late fees alone have nothing follow. A step comes on its day by the terms, and never sooner after the step
// before than the terms have it: what was told late is not held against the customer.

const DAY_MS = 86_400_000;

/** @param day YYYY-MM-DD. */
export const dayLater = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** Days after the due day: on that day itself nothing is late. */
const daysOf = (step: LadderStep, ladder: LadderTerms | undefined): number | undefined => {
  if (step === 'overdue') return 1;
  if (!ladder) return undefined;
  const { noticeDays, suspensionDays, terminationDays } = ladder;
  const days = { notice: noticeDays, suspension: suspensionDays, termination: terminationDays };
  return Math.max(1, days[step]);
};

export interface NextStep {
  readonly statementId: string;
  readonly step: LadderStep;
  /** The first day on which it is taken. */
  readonly on: string;
}

/** The step that the next one follows; none of one that was paid since: it begins anew. */
export const standingAt = ({
  reached,
}: Pick<AccountStatement, 'reached'>): Omit<NextStep, 'statementId'> | undefined =>
  reached && !reached.isPaid ? { step: reached.step, on: reached.on } : undefined;

const nextOf = (account: KnownAccount, statement: AccountStatement): NextStep | undefined => {
  const { statementId, dueOn, ladder } = statement;
  const reached = standingAt(statement);
  if (dueOn === undefined || !isPursued(account, statement)) return undefined;
  const step = reached
    ? LADDER_STEPS[LADDER_STEPS.indexOf(reached.step) + 1]
    : ('overdue' as const);
  if (!step || (account.terminatedOn !== undefined && !['overdue', 'notice'].includes(step))) {
    return undefined;
  }
  const days = daysOf(step, ladder);
  if (days === undefined) return undefined;
  const byTerms = dayLater(dueOn, days);
  if (!reached) return { statementId, step, on: byTerms };
  const before = daysOf(reached.step, ladder) ?? days;
  const sinceLast = dayLater(reached.on, Math.max(0, days - before));
  return { statementId, step, on: byTerms > sinceLast ? byTerms : sinceLast };
};

/** The step that comes next, of whatever statement; `undefined` while there is none. */
export const nextStep = (account: KnownAccount): NextStep | undefined =>
  [...account.statements]
    .sort(byDue)
    .flatMap((statement) => nextOf(account, statement) ?? [])
    .reduce<NextStep | undefined>(
      (first, next) => (!first || next.on < first.on ? next : first),
      undefined,
    );

/** Takes the step if it is the next one and its day has come; else nothing. */
export const climb = (
  { statementId, step }: Omit<NextStep, 'on'>,
  account: KnownAccount,
  today: string,
): readonly AccountEvent[] => {
  const statement = account.statements.find((each) => each.statementId === statementId);
  const next = statement && nextOf(account, statement);
  // What is asked of the contract is answered first.
  if (!next || next.step !== step || next.on > today || account.acts.length > 0) return [];
  const { contractId, customerId, actsBegun } = account;
  const { number, dueOn = '', clauseRef, ladder } = statement;
  const of = { contractId, customerId, statementId };
  const amounts = [...collectibleTotals(account, statement)];
  const clause = clauseRef === undefined ? {} : { clauseRef };
  const actId = deriveId('nonPayment', contractId, step, actsBegun);
  switch (step) {
    case 'overdue':
      return [
        { type: 'StatementOverdue', data: { ...of, number, amounts, dueOn, overdueOn: today } },
      ];
    case 'notice': {
      const notice = daysOf('notice', ladder) ?? 0;
      const left = Math.max(0, (daysOf('suspension', ladder) ?? notice) - notice);
      const suspensionOn = dayLater(today, left);
      const data = { ...of, number, amounts, noticedOn: today, suspensionOn, ...clause };
      return [{ type: 'NonPaymentNoticed', data }];
    }
    case 'suspension':
      return [
        {
          type: 'NonPaymentSuspensionBegan',
          data: { ...of, amounts, actId, suspendedOn: today, ...clause },
        },
      ];
    case 'termination':
      return [
        {
          type: 'NonPaymentTerminationBegan',
          data: { ...of, amounts, actId, terminatedOn: today },
        },
      ];
  }
};

/** Says that nothing undisputed of what was billed is overdue any more, where something was. */
export const cure = (account: KnownAccount, today: string): readonly AccountEvent[] => {
  const late = account.statements.filter(({ reached }) => reached);
  const overdue = account.statements.some(
    (statement) => (statement.dueOn ?? '9999') < today && isPursued(account, statement),
  );
  if (late.length === 0 || overdue) return [];
  const { contractId, customerId, acts, actsBegun, suspension, terminatedOn } = account;
  const ends = terminatedOn !== undefined || acts.some(({ act }) => act === 'terminate');
  const suspends = suspension !== undefined || acts.some(({ act }) => act === 'suspend');
  const resumes = suspends && !ends && !acts.some(({ act }) => act === 'resume');
  const resumeActId = deriveId('nonPayment', contractId, 'resume', actsBegun);
  return [
    {
      type: 'NonPaymentCured',
      data: {
        ...{ contractId, customerId, curedOn: today },
        statementIds: late.map(({ statementId }) => statementId),
        ...(resumes && { resumeActId }),
      },
    },
  ];
};
