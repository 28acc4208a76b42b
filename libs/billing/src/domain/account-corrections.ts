import { DomainError } from '@hostledger/eventsourcing';
import type { CommandData } from './account-commands.js';
import type { AccountEvent, CreditNoteBegan } from './account-events.js';
import { collectibleOf, openOf } from './account-figures.js';
import { creditLimit, feeLeftOf, mustHaveLateFee, mustHaveLine } from './account-limits.js';
import { least, paidAmount, unitsOf, unitsText } from './account-money.js';
import {
  chargeOf,
  mustBeHeld,
  mustHaveCome,
  mustNotExceed,
  mustNotPrecede,
  recordedOtherwise,
  refused,
  statementOf,
} from './account-refusals.js';
import type { AccountCreditNote, KnownAccount } from './account-state.js';

// What is given back, argued about, or given up.

type Events = readonly AccountEvent[];

/** No more is credited than was charged; what is about to be credited counts. */
export const beginCreditNote = (
  data: CommandData<'BeginCreditNote'>,
  account: KnownAccount,
  today: string,
): Events => {
  const { creditNoteId, statementId, lateFeeId, currency } = data;
  const { text: amount } = paidAmount(data.amount, currency);
  const before = account.creditNotes.find((note) => note.creditNoteId === creditNoteId);
  if (before) {
    const isSame = before.statementId === statementId && before.lateFeeId === lateFeeId;
    if (before.amount === amount && isSame) return [];
    throw recordedOtherwise(creditNoteId);
  }
  mustHaveLine(data, chargeOf(statementOf(account, statementId), currency));
  mustHaveLateFee(account, data);
  // What is disputed is credited by the resolution of the dispute.
  const limit = creditLimit(account, data);
  const what = 'What is charged and neither credited nor disputed';
  mustNotExceed(unitsOf(amount), limit, currency, 'account/credit-exceeded', what);
  return [creditNoteBegan(data, account, today)];
};

const creditNoteBegan = (
  note: Omit<AccountCreditNote, 'issuedOn' | 'number'>,
  { contractId, customerId }: KnownAccount,
  issuedOn: string,
): CreditNoteBegan => {
  const { creditNoteId, statementId, line, lateFeeId, currency, reason, disputeId } = note;
  const { text: amount } = paidAmount(note.amount, currency);
  return {
    type: 'CreditNoteBegan',
    data: {
      ...{ contractId, customerId, creditNoteId, statementId, currency, amount },
      ...(line !== undefined && { line }),
      ...(lateFeeId !== undefined && { lateFeeId }),
      ...(disputeId !== undefined && { disputeId }),
      ...{ reason, issuedOn },
    },
  };
};

export const issueCreditNote = (
  { creditNoteId, number }: CommandData<'IssueCreditNote'>,
  account: KnownAccount,
): Events => {
  const note = account.creditNotes.find((each) => each.creditNoteId === creditNoteId);
  if (!note) {
    const message = 'The account has begun no such credit note';
    throw new DomainError('notFound', 'account/credit-note-unknown', message, { creditNoteId });
  }
  if (note.number !== undefined) {
    if (note.number === number) return [];
    throw recordedOtherwise(creditNoteId);
  }
  const { contractId, customerId } = account;
  const { disputeId: _, ...issued } = note;
  return [{ type: 'CreditNoteIssued', data: { contractId, customerId, ...issued, number } }];
};

/** Of what is paid as well. */
export const raiseDispute = (
  data: CommandData<'RaiseDispute'>,
  account: KnownAccount,
  today: string,
): Events => {
  const { disputeId, statementId, line, lateFeeId, currency, reason, raisedOn = today } = data;
  const { text: amount, units } = paidAmount(data.amount, currency);
  const before = account.disputes.find((dispute) => dispute.disputeId === disputeId);
  if (before) {
    const isSame = before.statementId === statementId && before.lateFeeId === lateFeeId;
    if (before.amount === amount && isSame) return [];
    throw recordedOtherwise(disputeId);
  }
  const statement = statementOf(account, statementId);
  mustBeHeld(statement);
  mustHaveCome(raisedOn, today, 'raisedOn');
  const issued = { day: statement.issuedOn, what: 'The statement was issued' };
  mustNotPrecede(raisedOn, issued, 'raisedOn');
  mustHaveLine(data, chargeOf(statement, currency));
  mustHaveLateFee(account, data);
  const fee = account.lateFees.find((each) => each.lateFeeId === lateFeeId);
  const charged = { day: fee?.chargedOn ?? statement.issuedOn, what: 'The late fee was charged' };
  mustNotPrecede(raisedOn, charged, 'raisedOn');
  const limit = creditLimit(account, data);
  const what = 'What is charged and neither credited nor disputed';
  mustNotExceed(units, limit, currency, 'account/dispute-exceeded', what);
  const { contractId, customerId } = account;
  return [
    {
      type: 'DisputeRaised',
      data: {
        ...{ contractId, customerId, disputeId, statementId, currency, amount },
        ...(line !== undefined && { line }),
        ...(lateFeeId !== undefined && { lateFeeId }),
        ...{ reason, raisedOn },
      },
    },
  ];
};

/** Upheld, it is a credit note at once; for a part of the amount where that was agreed. */
export const resolveDispute = (
  data: CommandData<'ResolveDispute'>,
  account: KnownAccount,
  today: string,
): Events => {
  const { disputeId, outcome, resolvedOn = today, reason, creditNoteId } = data;
  const dispute = account.disputes.find((each) => each.disputeId === disputeId);
  if (!dispute) {
    const message = 'The account has no such dispute';
    throw new DomainError('notFound', 'account/dispute-unknown', message, { disputeId });
  }
  const { statementId, currency, line, lateFeeId, amount: disputed } = dispute;
  if (dispute.status !== 'open') {
    const on = data.resolvedOn ?? dispute.resolvedOn;
    if (dispute.status === outcome && dispute.resolvedOn === on) return [];
    throw recordedOtherwise(disputeId);
  }
  if (outcome === 'rejected' && data.upheldAmount !== undefined) {
    const message = 'Of a dispute that is rejected no amount is upheld';
    throw new DomainError('invalid', 'account/rejected-amount', message, {}, '/upheldAmount');
  }
  mustHaveCome(resolvedOn, today, 'resolvedOn');
  mustNotPrecede(resolvedOn, { day: dispute.raisedOn, what: 'It was raised' }, 'resolvedOn');
  const upheld =
    outcome === 'rejected'
      ? unitsText(0n, currency)
      : paidAmount(data.upheldAmount ?? disputed, currency, '/upheldAmount').text;
  const code = 'account/dispute-exceeded';
  const pointer = '/upheldAmount';
  const units = unitsOf(upheld);
  mustNotExceed(units, unitsOf(disputed), currency, code, 'What is disputed', pointer);
  if (outcome === 'upheld') {
    // It may have been given back, or given up, since it was disputed.
    const limit = creditLimit(account, { ...dispute, billed: data.billed }, disputeId);
    const what = 'What is charged and neither credited nor disputed otherwise';
    mustNotExceed(units, limit, currency, 'account/credit-exceeded', what, pointer);
  }
  const { contractId, customerId } = account;
  const resolved: AccountEvent = {
    type: 'DisputeResolved',
    data: {
      ...{ contractId, customerId, statementId, disputeId, currency, outcome },
      ...{ upheldAmount: upheld, resolvedOn, reason },
    },
  };
  if (outcome === 'rejected') return [resolved];
  const note = {
    ...{ creditNoteId, statementId, currency, amount: upheld, reason, disputeId },
    ...(line !== undefined && { line }),
    ...(lateFeeId !== undefined && { lateFeeId }),
  };
  return [resolved, creditNoteBegan(note, account, today)];
};

export const proposeWriteOff = (
  data: CommandData<'ProposeWriteOff'>,
  account: KnownAccount,
  today: string,
): Events => {
  const { writeOffId, statementId, lateFeeId, currency, reason, proposedBy } = data;
  const { text: amount } = paidAmount(data.amount, currency);
  const before = account.writeOffs.find((each) => each.writeOffId === writeOffId);
  if (before) {
    const isSame = before.statementId === statementId && before.lateFeeId === lateFeeId;
    if (before.amount === amount && isSame) return [];
    throw recordedOtherwise(writeOffId);
  }
  mustHaveLateFee(account, data);
  mustBeOpen(data, account);
  const { contractId, customerId } = account;
  return [
    {
      type: 'WriteOffProposed',
      data: {
        ...{ contractId, customerId, writeOffId, statementId, currency, amount },
        ...(lateFeeId !== undefined && { lateFeeId }),
        ...{ reason, proposedOn: today, proposedBy },
      },
    },
  ];
};

/** By another subject; and what was paid meanwhile cannot be given up any more. */
export const approveWriteOff = (
  { writeOffId, approvedBy }: CommandData<'ApproveWriteOff'>,
  account: KnownAccount,
  today: string,
): Events => {
  const proposal = account.writeOffs.find((each) => each.writeOffId === writeOffId);
  if (!proposal) {
    const message = 'The account has no such proposal to write off';
    throw new DomainError('notFound', 'account/write-off-unknown', message, { writeOffId });
  }
  if (proposal.approvedOn !== undefined) return [];
  if (proposal.proposedBy === approvedBy) {
    const message = 'Another subject than who proposed it approves a write-off';
    throw new DomainError('forbidden', 'account/own-write-off', message, {
      proposedBy: approvedBy,
    });
  }
  mustBeOpen(proposal, account);
  const { contractId, customerId } = account;
  const { statementId, lateFeeId, currency, amount } = proposal;
  return [
    {
      type: 'WriteOffApproved',
      data: {
        ...{ contractId, customerId, writeOffId, statementId, currency, amount },
        ...(lateFeeId !== undefined && { lateFeeId }),
        ...{ approvedOn: today, approvedBy },
      },
    },
  ];
};

const mustBeOpen = (
  { statementId, lateFeeId, currency, amount }: Omit<CommandData<'ProposeWriteOff'>, 'writeOffId'>,
  account: KnownAccount,
): void => {
  const statement = statementOf(account, statementId);
  mustBeHeld(statement);
  const ofStatement = collectibleOf(account, statement, chargeOf(statement, currency));
  const limit =
    lateFeeId === undefined ? ofStatement : least(ofStatement, feeLeftOf(account, lateFeeId));
  const what = 'What is unpaid and undisputed';
  mustNotExceed(unitsOf(amount), limit, currency, 'account/write-off-exceeded', what);
};

/** The claim to all that is open of them; nothing more is collected of it. */
export const releaseReceivables = (
  { settlementId, leg, statementIds, releasedOn }: CommandData<'ReleaseReceivables'>,
  account: KnownAccount,
  today: string,
): Events => {
  mustHaveCome(releasedOn, today, 'releasedOn');
  const { contractId, customerId } = account;
  return [...new Set(statementIds)].flatMap((statementId, index): AccountEvent[] => {
    const pointer = `/statementIds/${index}`;
    const statement = statementOf(account, statementId, pointer);
    const { released, charges, number } = statement;
    if (released?.settlementId === settlementId && released.leg === leg) return [];
    mustBeHeld(statement, pointer);
    const isPending =
      account.creditNotes.some((note) => note.statementId === statementId && !note.number) ||
      account.draws.some((draw) => draw.statementId === statementId && draw.status === 'began');
    if (isPending) {
      const message = `A credit note or a draw for statement ${number} is on its way`;
      throw refused('account/statement-busy', message, { statementId }, pointer);
    }
    const amounts = charges
      .filter((charge) => openOf(charge) > 0n)
      .map((charge) => {
        const { currency } = charge;
        return { currency, amount: unitsText(openOf(charge), currency) };
      });
    const release = { settlementId, leg, releasedOn };
    const of = { contractId, customerId, statementId };
    return [{ type: 'ReceivableReleased', data: { ...of, amounts, ...release } }];
  });
};
