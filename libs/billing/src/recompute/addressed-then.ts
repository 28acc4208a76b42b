import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { AccountEvent } from '../domain/account-events.js';
import { accountAggregate } from '../domain/account.js';
import { evolveAccount, type Account } from '../domain/account-state.js';
import type { Rehearsed } from './rehearsal.js';

/**
 * Before acts on an account named whom their statement was sent to, they named whose the account was. So
 * of a contract that passed to another customer both are as recorded.
 * @param account all events of the account of the document.
 */
export const addressedThen =
  (account: readonly RecordedEvent[]) =>
  (act: Rehearsed): Rehearsed => {
    const { recorded, computed } = act;
    if (!recorded || !computed || !recorded.stream.startsWith(`${accountAggregate.category}-`)) {
      return act;
    }
    const [then, now] = [customerIn(recorded.data), customerIn(computed.data)];
    if (then === undefined || then === now || then !== holderBefore(account, recorded)) return act;
    return { ...act, computed: { ...computed, data: { ...computed.data, customerId: then } } };
  };

const customerIn = (data: object): string | undefined =>
  (data as { readonly customerId?: string }).customerId;

/** Whose the account was when the event was recorded: whom the last statement before was sent to. */
const holderBefore = (
  account: readonly RecordedEvent[],
  { position }: RecordedEvent,
): string | undefined => {
  const before = account.filter((event) => event.position < position);
  const state = before
    .map((event) => event as unknown as AccountEvent)
    .reduce(evolveAccount, { status: 'unknown' } as Account);
  return state.status === 'unknown' ? undefined : state.customerId;
};
