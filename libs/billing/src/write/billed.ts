import type { AggregateStore } from '@hostledger/eventsourcing';
import type { KnownAccount } from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';
import {
  billedOn,
  linesOf,
  monthsOf,
  NOTHING_GIVEN_BACK,
  type Billed,
  type OfBilled,
} from '../domain/billed.js';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import type { BillingPeriod } from '../domain/period-state.js';

/**
 * What the months say of a statement of an account, and of the line of it that is named. Of a statement
 * that the account does not have it is nothing: the account itself refuses the act.
 */
export const billedBy = async (
  store: AggregateStore,
  contractId: string,
  of: OfBilled,
): Promise<Billed> => {
  const account = await accountOf(store, contractId);
  const month = account?.statements.find((each) => each.statementId === of.statementId)?.month;
  if (month === undefined) return NOTHING_GIVEN_BACK;
  const own = await periodOf(store, contractId, month);
  const lines = linesOf(own, of.statementId);
  const months = new Map([[month, own]]);
  for (const one of monthsOf(month, lines)) {
    if (one !== month) months.set(one, await periodOf(store, contractId, one));
  }
  return billedOn(of, month, lines, months);
};

const accountOf = async (
  store: AggregateStore,
  contractId: string,
): Promise<KnownAccount | undefined> => {
  const { state } = await store.load(accountAggregate, contractId, { fresh: true });
  return state.status === 'unknown' ? undefined : state;
};

const periodOf = async (
  store: AggregateStore,
  contractId: string,
  month: string,
): Promise<BillingPeriod> => {
  const id = periodId(contractId, month);
  return (await store.load(billingPeriodAggregate, id, { fresh: true })).state;
};

/** As {@link billedBy}, of the statement and line that a dispute is about. */
export const billedByDispute = async (
  store: AggregateStore,
  contractId: string,
  disputeId: string,
): Promise<Billed> => {
  const account = await accountOf(store, contractId);
  const dispute = account?.disputes.find((each) => each.disputeId === disputeId);
  return dispute ? billedBy(store, contractId, dispute) : NOTHING_GIVEN_BACK;
};
