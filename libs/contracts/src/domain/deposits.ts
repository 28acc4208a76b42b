import { DomainError } from '@hostledger/eventsourcing';
import { amountOf, amountText } from '@hostledger/quantities';
import type {
  ContractEvent,
  DepositDrawn,
  DepositReceived,
  DepositRefunded,
} from './contract-events.js';
import type { KnownContract } from './contract-state.js';
import { mustHaveCome } from './days.js';
import { lifecycleDay, type LifecycleEvent } from './lifecycle.js';
import { mustBePayable } from './money.js';
import { mustBeExecuted, mustGoOn, notFound, refused } from './standing.js';

type Ours = 'contractId' | 'customerId';
export type Deposit = Omit<DepositReceived['data'], Ours>;
export type Draw = Omit<DepositDrawn['data'], Ours>;
export type Refund = Omit<DepositRefunded['data'], Ours>;

export const receiveDeposit = (
  data: Deposit,
  contract: KnownContract,
  today: string,
): ContractEvent[] => {
  mustBeExecuted(contract);
  if (contract.deposits.has(data.depositId)) return [];
  mustGoOn(contract);
  mustHaveCome(data.receivedOn, today, 'receivedOn');
  mustBeMoney(data, contract);
  const { contractId, customerId } = contract;
  return [{ type: 'DepositReceived', data: { contractId, customerId, ...data } }];
};

/** Also after the end of the contract. */
export const drawDeposit = (
  data: Draw,
  contract: KnownContract,
  today: string,
): ContractEvent[] => {
  if (contract.depositMovements.has(data.drawId)) return [];
  mustHaveCome(data.drawnOn, today, 'drawnOn');
  mustHold(data, data.drawnOn, '/drawnOn', contract);
  const { contractId, customerId } = contract;
  return [{ type: 'DepositDrawn', data: { contractId, customerId, ...data } }];
};

/** Also after the end of the contract, when it is mostly done. */
export const refundDeposit = (
  data: Refund,
  contract: KnownContract,
  today: string,
): ContractEvent[] => {
  if (contract.depositMovements.has(data.refundId)) return [];
  mustHaveCome(data.refundedOn, today, 'refundedOn');
  mustHold(data, data.refundedOn, '/refundedOn', contract);
  const { contractId, customerId } = contract;
  return [{ type: 'DepositRefunded', data: { contractId, customerId, ...data } }];
};

interface Money {
  readonly amount: string;
  readonly currency: string;
}

const mustBeMoney = ({ amount, currency }: Money, contract: KnownContract): void => {
  if (currency !== contract.currency) {
    throw new DomainError(
      'invalid',
      'contract/deposit-currency',
      `The contract is in ${contract.currency}, the deposit in ${currency}`,
      { contractCurrency: contract.currency, currency },
      '/currency',
    );
  }
  mustBePayable(amount, currency, '/amount');
  if (amountOf(amount) === 0n) {
    throw new DomainError(
      'invalid',
      'contract/deposit-nothing',
      'An amount of nothing cannot be paid',
      { amount },
      '/amount',
    );
  }
};

const mustHold = (
  money: Money & { readonly depositId: string },
  on: string,
  field: string,
  contract: KnownContract,
): void => {
  mustBeMoney(money, contract);
  const deposit = contract.deposits.get(money.depositId);
  if (!deposit) {
    throw notFound('contract/deposit-unknown', 'The contract has no such deposit', {
      depositId: money.depositId,
    });
  }
  if (on < deposit.receivedOn) {
    throw refused(
      'contract/deposit-not-received',
      `The deposit was received on ${deposit.receivedOn}, after ${on}`,
      { depositId: money.depositId, receivedOn: deposit.receivedOn },
      field,
    );
  }
  if (amountOf(money.amount) > deposit.balance) {
    const balance = amountText(deposit.balance);
    throw refused(
      'contract/deposit-exceeded',
      `The deposit holds ${balance} ${money.currency}`,
      { depositId: money.depositId, balance, currency: money.currency },
      '/amount',
    );
  }
};

/** Service begins, or goes on, once what the terms in force require is held. */
export const mustBeSecured = (
  event: LifecycleEvent,
  { terms, deposits, currency }: KnownContract,
): void => {
  const { day, field } = lifecycleDay(event);
  const { requiredDeposit } = terms.findLast(({ effectiveOn }) => effectiveOn <= day) ?? {};
  if (requiredDeposit === undefined) return;
  const held = [...deposits.values()]
    .filter(({ receivedOn }) => receivedOn <= day)
    .reduce((sum, { balance }) => sum + balance, 0n);
  if (held >= amountOf(requiredDeposit)) return;
  const depositHeld = amountText(held);
  throw refused(
    'contract/deposit-unpaid',
    `The terms require a deposit of ${requiredDeposit} ${currency}, and ${depositHeld} are held`,
    { requiredDeposit, depositHeld, currency },
    `/${field}`,
  );
};
