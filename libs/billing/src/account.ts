import type { Provider } from '@nestjs/common';
import { contractAggregate } from '@hostledger/contracts';
import {
  AggregateStore,
  streamName,
  type DurableProcess,
  type Projection,
} from '@hostledger/eventsourcing';
import { partiesOfRoom } from '@hostledger/feed';
import type { AccountEvent } from './domain/account-events.js';
import { accountAggregate } from './domain/account.js';
import './http/account-problems.js';
import { creditNotesProcess, type AssignNumber } from './process/credit-note.js';
import { depositDrawsProcess } from './process/deposit-draw.js';
import { nonPaymentLadderProcess } from './process/non-payment-ladder.js';
import { accountsProjection } from './read/accounts/projection.js';
import { accountsQuery } from './read/accounts/query.js';
import { accountActs } from './write/account-routes.js';
import { ASSIGN_NUMBER, changeAccount } from './write/change-account.js';

// Accounts of contracts: all that the room shows of them.

export { type AssignNumber } from './process/credit-note.js';
export { enterStatement } from './process/statement-entry.js';

const ofContract = ({ data }: { readonly data: { readonly contractId: string } }) => [
  streamName(contractAggregate, data.contractId),
];

/** How credit notes come by their numbers, made of the store of the process. */
export type Numbering = (store: AggregateStore) => AssignNumber;

/** @param numbering of the series that statements are numbered in as well. */
export const accountSlices = (numbering: Numbering) => {
  const numbers: Provider = {
    provide: ASSIGN_NUMBER,
    useFactory: numbering,
    inject: [AggregateStore],
  };
  return [
    { controllers: changeAccount.controllers, providers: [numbers, ...changeAccount.providers] },
    accountActs,
    accountsQuery,
  ] as const;
};

export const accountAggregates = [accountAggregate] as const;

export const accountProjections: readonly Projection[] = [accountsProjection];

export const accountProcesses = (
  store: AggregateStore,
  { numbering }: { readonly numbering: Numbering },
): readonly DurableProcess<never>[] => [
  creditNotesProcess(store, numbering(store)),
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
