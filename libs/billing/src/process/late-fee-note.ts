import {
  begunActColumns,
  begunBy,
  stepOf,
  tableFold,
  type AggregateStore,
  type BegunAct,
  type CommandContext,
  type DurableProcess,
  type Handled,
} from '@hostledger/eventsourcing';
import type { AccountEvent, LateFeeCharged, LateFeeNoteIssued } from '../domain/account-events.js';
import { mustBeOpened } from '../domain/account-refusals.js';
import type { Account, AccountLateFee } from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';
import { assignNumber } from './statement-numbers.js';

/** Late fees, and their notes where somebody asked for a day. */
export interface ChargedLateFees {
  readonly handled: Handled<Account, AccountEvent>;
  /** Of all statements, those that were charged up to that very day. */
  readonly notes: readonly AccountLateFee[];
}

/**
 * Charges late fees and issues a note for each, across two streams: the account charges (the intent,
 * which is owed and cannot be refused afterwards), the series gives each its number, and the account
 * has it.
 */
export const chargeLateFees = async (
  store: AggregateStore,
  contractId: string,
  throughOn: string,
  context: CommandContext,
): Promise<ChargedLateFees> => {
  const command = { type: 'ChargeLateFees', data: { throughOn }, at: context.at } as const;
  const charged = await store.handle(accountAggregate, contractId, command, context);
  let handled = charged;
  for (const fee of feesThrough(charged.state, throughOn)) {
    handled = await issue(store, contractId, fee, context);
  }
  const { replayed } = charged;
  return { handled: { ...handled, replayed }, notes: feesThrough(handled.state, throughOn) };
};

const feesThrough = (account: Account, throughOn: string): readonly AccountLateFee[] =>
  mustBeOpened(account).lateFees.filter((fee) => fee.throughOn === throughOn);

const issue = async (
  store: AggregateStore,
  contractId: string,
  { lateFeeId, chargedOn, number }: AccountLateFee,
  context: CommandContext,
): Promise<Handled<Account, AccountEvent>> => {
  const year = chargedOn.slice(0, 4);
  const data = {
    lateFeeId,
    number: number ?? (await assignNumber(store, lateFeeId, year, context)),
  };
  const command = { type: 'IssueLateFeeNote', data, at: context.at } as const;
  return store.handle(accountAggregate, contractId, command, stepOf(context, 'issue', lateFeeId));
};

export interface PendingLateFeeNote extends BegunAct {
  readonly contract_id: string;
}

const ofFee = ({ data }: { data: { lateFeeId: string } }) => [{ item_id: data.lateFeeId }];

export const pendingLateFeeNotes = tableFold<
  PendingLateFeeNote,
  LateFeeCharged | LateFeeNoteIssued
>({
  table: {
    name: 'late_fee_notes_to_issue',
    columns: { ...begunActColumns, contract_id: 'text' },
    key: ['item_id'],
  },
  keys: { LateFeeCharged: ofFee, LateFeeNoteIssued: ofFee },
  evolve: (_row, event) => {
    if (event.type !== 'LateFeeCharged') return undefined;
    const { lateFeeId, contractId } = event.data;
    return { ...begunBy(event, lateFeeId), contract_id: contractId };
  },
});

/** Gives late fees their numbers where a crash left them without, or nobody had given them any. */
export const lateFeeNotesProcess = (store: AggregateStore): DurableProcess<PendingLateFeeNote> => ({
  name: 'late_fee_notes',
  version: 1,
  items: pendingLateFeeNotes,
  perform: async ({ item_id, contract_id, context }) => {
    const { state } = await store.load(accountAggregate, contract_id, { fresh: true });
    const fee = mustBeOpened(state).lateFees.find(({ lateFeeId }) => lateFeeId === item_id);
    if (!fee) throw new Error(`Late fee ${item_id} was not charged`);
    await issue(store, contract_id, fee, context);
  },
});
