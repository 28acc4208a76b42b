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
import type { CommandData } from '../domain/account-commands.js';
import type { AccountEvent, CreditNoteBegan, CreditNoteIssued } from '../domain/account-events.js';
import { mustBeOpened } from '../domain/account-refusals.js';
import type { Account } from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';
import { assignNumber } from './statement-numbers.js';

/**
 * Issues a credit note across two streams: the account decides on it (the intent, which cannot be
 * refused afterwards), the series gives it its number, and the account counts it.
 */
export const issueCreditNote = async (
  store: AggregateStore,
  { contractId, ...note }: CommandData<'BeginCreditNote'> & { readonly contractId: string },
  context: CommandContext,
): Promise<Handled<Account, AccountEvent>> => {
  const command = { type: 'BeginCreditNote', data: note, at: context.at } as const;
  const begun = await store.handle(accountAggregate, contractId, command, context);
  const issued = await number(store, contractId, note.creditNoteId, begun.state, context);
  return { ...issued, replayed: begun.replayed };
};

/** Resolves a dispute; one that is upheld comes to a credit note at once. */
export const resolveDispute = async (
  store: AggregateStore,
  { contractId, ...resolution }: CommandData<'ResolveDispute'> & { readonly contractId: string },
  context: CommandContext,
): Promise<Handled<Account, AccountEvent>> => {
  const command = { type: 'ResolveDispute', data: resolution, at: context.at } as const;
  const resolved = await store.handle(accountAggregate, contractId, command, context);
  const { creditNotes } = mustBeOpened(resolved.state);
  const note = creditNotes.find(({ disputeId }) => disputeId === resolution.disputeId);
  if (!note) return resolved;
  const { creditNoteId } = note;
  const issued = await number(store, contractId, creditNoteId, resolved.state, context);
  return { ...issued, replayed: resolved.replayed };
};

const number = async (
  store: AggregateStore,
  contractId: string,
  creditNoteId: string,
  account: Account,
  context: CommandContext,
): Promise<Handled<Account, AccountEvent>> => {
  const { creditNotes } = mustBeOpened(account);
  const note = creditNotes.find((each) => each.creditNoteId === creditNoteId);
  if (!note) throw new Error(`Credit note ${creditNoteId} was not begun`);
  const year = note.issuedOn.slice(0, 4);
  const numbered = note.number ?? (await assignNumber(store, creditNoteId, year, context));
  const data = { creditNoteId, number: numbered };
  const command = { type: 'IssueCreditNote', data, at: context.at } as const;
  return store.handle(accountAggregate, contractId, command, stepOf(context, 'issue'));
};

export interface PendingCreditNote extends BegunAct {
  readonly contract_id: string;
}

const ofNote = ({ data }: { data: { creditNoteId: string } }) => [{ item_id: data.creditNoteId }];

export const pendingCreditNotes = tableFold<PendingCreditNote, CreditNoteBegan | CreditNoteIssued>({
  table: {
    name: 'credit_notes_to_issue',
    columns: { ...begunActColumns, contract_id: 'text' },
    key: ['item_id'],
  },
  keys: { CreditNoteBegan: ofNote, CreditNoteIssued: ofNote },
  evolve: (_row, event) => {
    if (event.type !== 'CreditNoteBegan') return undefined;
    const { creditNoteId, contractId } = event.data;
    return { ...begunBy(event, creditNoteId), contract_id: contractId };
  },
});

/** Gives credit notes their numbers where a crash left them without. */
export const creditNotesProcess = (store: AggregateStore): DurableProcess<PendingCreditNote> => ({
  name: 'credit_notes',
  version: 1,
  items: pendingCreditNotes,
  perform: async ({ item_id, contract_id, context }) => {
    const { state } = await store.load(accountAggregate, contract_id, { fresh: true });
    await number(store, contract_id, item_id, state, context);
  },
});
