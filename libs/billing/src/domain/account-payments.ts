import { DomainError } from '@hostledger/eventsourcing';
import type { CommandData } from './account-commands.js';
import type { AccountEvent } from './account-events.js';
import { after, applyAsNamed } from './account-credit.js';
import { collectibleOf } from './account-figures.js';
import { paidAmount } from './account-money.js';
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
import type { AccountDraw, KnownAccount } from './account-state.js';

// Money that comes in, bounces, or is taken of a deposit.

export const receivePayment = (
  data: CommandData<'ReceivePayment'>,
  account: KnownAccount,
  today: string,
): readonly AccountEvent[] => {
  const { customerId, paymentId, currency, receivedOn, reference, statementIds } = data;
  const { text: amount } = paidAmount(data.amount, currency);
  const before = account.payments.find((payment) => payment.paymentId === paymentId);
  if (before) {
    if (before.amount === amount && before.currency === currency) return [];
    throw recordedOtherwise(paymentId);
  }
  mustHaveCome(receivedOn, today, 'receivedOn');
  const twin = account.payments.find(
    (payment) =>
      payment.reversedOn === undefined &&
      payment.reference === reference &&
      payment.receivedOn === receivedOn &&
      payment.currency === currency &&
      payment.amount === amount,
  );
  if (twin) {
    const message = `${amount} ${currency} of ${receivedOn} under ${reference} are recorded already`;
    throw refused('account/payment-twice', message, { paymentId: twin.paymentId }, '/reference');
  }
  (statementIds ?? []).forEach((statementId, index) => {
    const pointer = `/statementIds/${index}`;
    const statement = statementOf(account, statementId, pointer);
    mustBeHeld(statement, pointer);
    chargeOf(statement, currency);
  });
  const { contractId } = account;
  const received: AccountEvent = {
    type: 'PaymentReceived',
    data: {
      ...{ contractId, customerId, paymentId, currency, amount, receivedOn, reference },
      ...(statementIds && { statementIds: [...statementIds] }),
    },
  };
  const applied = applyAsNamed(after(account, [received]), paymentId, statementIds ?? [], today);
  return [received, ...applied];
};

export const reversePayment = (
  { paymentId, reversedOn, cause }: CommandData<'ReversePayment'>,
  account: KnownAccount,
  today: string,
): readonly AccountEvent[] => {
  const payment = account.payments.find((each) => each.paymentId === paymentId);
  if (!payment) {
    const message = 'The account has no such payment';
    throw new DomainError('notFound', 'account/payment-unknown', message, { paymentId });
  }
  if (payment.reversedOn !== undefined) {
    if (payment.reversedOn === reversedOn) return [];
    throw recordedOtherwise(paymentId);
  }
  mustHaveCome(reversedOn, today, 'reversedOn');
  const received = { day: payment.receivedOn, what: 'The payment came in' };
  mustNotPrecede(reversedOn, received, 'reversedOn');
  const { contractId, customerId } = account;
  const { currency, amount, applied, unapplied } = payment;
  const restored = applied.map(({ on: _, ...each }) => each);
  return [
    {
      type: 'PaymentReversed',
      data: {
        ...{ contractId, customerId, paymentId, currency, amount, reversedOn, cause },
        ...{ restored, unapplied },
      },
    },
  ];
};

export const beginDepositDraw = (
  data: CommandData<'BeginDepositDraw'>,
  account: KnownAccount,
  today: string,
): readonly AccountEvent[] => {
  const { drawId, depositId, statementId, currency, drawnOn = today, reference } = data;
  const { text: amount, units } = paidAmount(data.amount, currency);
  const before = account.draws.find((draw) => draw.drawId === drawId);
  if (before) {
    const isSame = before.amount === amount && before.depositId === depositId;
    if (isSame && before.statementId === statementId) return [];
    throw recordedOtherwise(drawId);
  }
  const statement = statementOf(account, statementId);
  mustBeHeld(statement);
  mustHaveCome(drawnOn, today, 'drawnOn');
  mustNotPrecede(drawnOn, { day: statement.issuedOn, what: 'The statement was issued' }, 'drawnOn');
  const limit = collectibleOf(account, statement, chargeOf(statement, currency));
  mustNotExceed(units, limit, currency, 'account/draw-exceeded', 'What is unpaid and undisputed');
  const { contractId, customerId } = account;
  const cause = `Statement ${statement.number}`;
  return [
    {
      type: 'DepositDrawBegan',
      data: {
        ...{ contractId, customerId, drawId, depositId, statementId, currency, amount, drawnOn },
        ...{ reference, cause },
      },
    },
  ];
};

const drawOf = ({ draws }: KnownAccount, drawId: string): AccountDraw => {
  const draw = draws.find((each) => each.drawId === drawId);
  if (draw) return draw;
  throw refused('account/draw-unknown', 'The account has begun no such draw', { drawId });
};

/** Also after it was given up: what the contract has drawn is drawn. What is too much is credit. */
export const applyDepositDraw = (
  { drawId }: CommandData<'ApplyDepositDraw'>,
  account: KnownAccount,
): readonly AccountEvent[] => {
  const draw = drawOf(account, drawId);
  if (draw.status === 'applied') return [];
  const { contractId, customerId } = account;
  const { status: _, reference: __, cause: ___, ...drawn } = draw;
  return [{ type: 'DepositApplied', data: { contractId, customerId, ...drawn } }];
};

export const failDepositDraw = (
  { drawId, code, detail }: CommandData<'FailDepositDraw'>,
  account: KnownAccount,
): readonly AccountEvent[] => {
  const { status, depositId, statementId } = drawOf(account, drawId);
  if (status !== 'began') return [];
  const { contractId, customerId } = account;
  const of = { contractId, customerId, statementId, drawId, depositId };
  return [{ type: 'DepositDrawFailed', data: { ...of, code, detail } }];
};
