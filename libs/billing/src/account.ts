import { contractAggregate } from '@hostledger/contracts';
import {
  streamName,
  type AggregateStore,
  type DurableProcess,
  type Projection,
} from '@hostledger/eventsourcing';
import { partiesOfRoom } from '@hostledger/feed';
import type { AccountEvent } from './domain/account-events.js';
import { accountAggregate } from './domain/account.js';
import './http/account-problems.js';
import './http/period-problems.js';
import { creditNotesProcess } from './process/credit-note.js';
import { depositDrawsProcess } from './process/deposit-draw.js';
import { lateFeeNotesProcess } from './process/late-fee-note.js';
import { nonPaymentLadderProcess } from './process/non-payment-ladder.js';
import { accountsProjection } from './read/accounts/projection.js';
import { accountsQuery } from './read/accounts/query.js';
import { accountActs } from './write/account-routes.js';
import { changeAccount } from './write/change-account.js';

// Accounts of contracts: all that the room shows of them.

const ofContract = ({ data }: { readonly data: { readonly contractId: string } }) => [
  streamName(contractAggregate, data.contractId),
];

export const accountSlices = [changeAccount, accountActs, accountsQuery];

export const accountAggregates = [accountAggregate] as const;

export const accountProjections: readonly Projection[] = [accountsProjection];

export const accountProcesses = (store: AggregateStore): readonly DurableProcess<never>[] => [
  creditNotesProcess(store),
  lateFeeNotesProcess(store),
  depositDrawsProcess(store),
  nonPaymentLadderProcess(store),
];

/**
 * Beside the customer that it names, an event of an account concerns whoever the contract belongs to
 * then, where that has passed to another one since the last statement.
 */
export const accountParties = partiesOfRoom<AccountEvent>({
  kept: [],
  rules: Object.fromEntries(
    Object.keys(accountAggregate.events).map((type) => [type, { of: ofContract }]),
  ),
});
