import { hashOf, unreachable, type Aggregate } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { addressed } from './account-addressee.js';
import type { AccountCommand, CommandData } from './account-commands.js';
import {
  approveWriteOff,
  beginCreditNote,
  issueCreditNote,
  proposeWriteOff,
  raiseDispute,
  releaseReceivables,
  resolveDispute,
} from './account-corrections.js';
import { after, applyCredit, releaseReopened } from './account-credit.js';
import { accountEvents, type AccountEvent } from './account-events.js';
import { issueLateFeeNote, lateFees } from './account-late-fees.js';
import { climb, cure } from './account-ladder.js';
import { plainAmount } from './account-money.js';
import {
  applyDepositDraw,
  beginDepositDraw,
  failDepositDraw,
  receivePayment,
  reversePayment,
} from './account-payments.js';
import { mustBeOpened, mustHaveCome, recordedOtherwise } from './account-refusals.js';
import { evolveAccount, type Account, type KnownAccount } from './account-state.js';

type Events = readonly AccountEvent[];

const decide = (command: AccountCommand, account: Account): Events => {
  if (account.status === 'unknown') {
    if (command.type !== 'EnterStatement' && command.type !== 'ReceivePayment') {
      mustBeOpened(account);
      return [];
    }
    const { contractId, customerId, timeZone } = command.data;
    const opened: AccountEvent = {
      type: 'AccountOpened',
      data: { contractId, customerId, timeZone },
    };
    const known = mustBeOpened(evolveAccount(account, opened));
    return [opened, ...decideOn(command, known)];
  }
  return decideOn(command, account);
};

/** What the command comes to, and what follows from it at once. */
const decideOn = (command: AccountCommand, account: KnownAccount): Events => {
  const today = dayIn(account.timeZone, command.at);
  const decided = actOf(command, account, today);
  const isWhole = decided.length === 0 || command.type === 'ClimbLadder';
  const all = isWhole ? decided : settled(account, decided, today);
  const { statements } = after(account, all);
  return all.map((event) => addressed(event, { ...account, statements }));
};

/** Credit goes to what is owed, and who owes nothing overdue any more is told so. */
const settled = (account: KnownAccount, decided: Events, today: string): Events => {
  const reopened = [...decided, ...releaseReopened(after(account, decided))];
  const applied = [...reopened, ...applyCredit(after(account, reopened), today)];
  const cures = applied.some(({ type }) => CURING.includes(type));
  return cures ? [...applied, ...cure(after(account, applied), today)] : applied;
};

/** What makes an overdue amount less. That an amount is disputed alone cures nothing. */
const CURING: readonly AccountEvent['type'][] = [
  ...(['PaymentApplied', 'StatementCreditApplied', 'CreditNoteIssued'] as const),
  ...(['DepositApplied', 'WriteOffApproved', 'ReceivableReleased'] as const),
];

const actOf = (command: AccountCommand, account: KnownAccount, today: string): Events => {
  switch (command.type) {
    case 'EnterStatement':
      return enterStatement(command.data, account);
    case 'ReceivePayment':
      return receivePayment(command.data, account, today);
    case 'ReversePayment':
      return reversePayment(command.data, account, today);
    case 'BeginCreditNote':
      return beginCreditNote(command.data, account, today);
    case 'IssueCreditNote':
      return issueCreditNote(command.data, account);
    case 'RaiseDispute':
      return raiseDispute(command.data, account, today);
    case 'ResolveDispute':
      return resolveDispute(command.data, account, today);
    case 'ChargeLateFees':
      mustHaveCome(command.data.throughOn, today, 'throughOn');
      return lateFees(account, command.data.throughOn, today);
    case 'IssueLateFeeNote':
      return issueLateFeeNote(command.data, account);
    case 'ProposeWriteOff':
      return proposeWriteOff(command.data, account, today);
    case 'ApproveWriteOff':
      return approveWriteOff(command.data, account, today);
    case 'BeginDepositDraw':
      return beginDepositDraw(command.data, account, today);
    case 'ApplyDepositDraw':
      return applyDepositDraw(command.data, account);
    case 'FailDepositDraw':
      return failDepositDraw(command.data, account);
    case 'ReleaseReceivables':
      return releaseReceivables(command.data, account, today);
    case 'ClimbLadder':
      return climb(command.data, account, today);
    case 'ConfirmNonPaymentAct':
      return confirmAct(command.data, account);
    case 'RefuseNonPaymentAct':
      return refuseAct(command.data, account);
    default:
      return unreachable(command);
  }
};

const enterStatement = (
  { contractId, customerId, timeZone: _, ...told }: CommandData<'EnterStatement'>,
  account: KnownAccount,
): Events => {
  const totals = told.totals.map(({ currency, amount }, index) => ({
    currency,
    amount: plainAmount(amount, currency, `/totals/${index}/amount`),
  }));
  const before = account.statements.find(({ statementId }) => statementId === told.statementId);
  if (before) {
    const { charges, reached: __, released: ___, customerId: ____, ...entered } = before;
    const same = charges.map(({ currency, amount }) => ({ currency, amount }));
    if (hashOf({ ...entered, totals: same }) === hashOf({ ...told, totals })) return [];
    throw recordedOtherwise(told.statementId);
  }
  return [{ type: 'StatementEntered', data: { contractId, customerId, ...told, totals } }];
};

const confirmAct = (
  { actId, suspendedOn, customerId }: CommandData<'ConfirmNonPaymentAct'>,
  { acts, contractId }: KnownAccount,
): Events => {
  const begun = acts.find((each) => each.actId === actId);
  if (!begun) return [];
  const { act, on, statementId = '' } = begun;
  const of = { contractId, customerId, actId };
  switch (act) {
    case 'suspend': {
      const data = { ...of, statementId, suspendedOn: suspendedOn ?? on, steppedOn: on };
      return [{ type: 'ServiceSuspendedForNonPayment', data }];
    }
    case 'resume':
      return [{ type: 'ServiceResumedAfterPayment', data: { ...of, resumedOn: on } }];
    case 'terminate':
      return [{ type: 'TerminatedForNonPayment', data: { ...of, statementId, terminatedOn: on } }];
  }
};

const refuseAct = (
  { actId, code, detail, customerId }: CommandData<'RefuseNonPaymentAct'>,
  { acts, contractId }: KnownAccount,
): Events => {
  const begun = acts.find((each) => each.actId === actId);
  if (!begun) return [];
  const data = { contractId, customerId, actId, act: begun.act, code, detail };
  return [{ type: 'NonPaymentActRefused', data }];
};

/**
 * The account of a contract: what its statements ask for, what came in for it, and what follows
 * where nothing comes. Short: a few entries a month.
 */
export const accountAggregate: Aggregate<Account, AccountCommand, AccountEvent> = {
  category: 'billingAccount',
  initialState: { status: 'unknown' },
  events: accountEvents,
  decide,
  evolve: evolveAccount,
};
