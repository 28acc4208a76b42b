import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import type { CreditNoteBegan } from '../domain/account-events.js';
import { accountAggregate } from '../domain/account.js';
import { creditNotesProcess } from '../process/credit-note.js';
import { billedBy, billedByDispute } from '../write/billed.js';
import { CauseUntold, type BillingDocument } from './document.js';
import { numberedAnew } from './note-anew.js';
import { rehearsing, Rehearsal, type Rehearsed, type Streams } from './rehearsal.js';

/** The resolution of a dispute, as far as it is asked for again. */
interface Resolved {
  readonly disputeId: string;
  readonly outcome: 'upheld' | 'rejected';
  readonly upheldAmount: string;
  readonly resolvedOn: string;
  readonly reason: string;
}

/**
 * Decides once more on a credit note, or on the dispute that it came from: whether that much could be
 * given back is computed from the months and the account as they were.
 */
export const creditNoteAnew = async (
  document: BillingDocument,
  streams: Streams,
): Promise<Rehearsed[]> => {
  const { contractId, documentId } = document;
  const account = streamName(accountAggregate, contractId);
  const events = streams.of(account);
  const isOfNote = ({ data }: RecordedEvent) =>
    (data as { readonly creditNoteId?: string }).creditNoteId === documentId;
  const began = events.find((event) => event.type === 'CreditNoteBegan' && isOfNote(event));
  if (!began) throw new CauseUntold('The log does not tell who decided on the credit note');
  const decision = events.filter(({ metadata }) => metadata.commandId === began.metadata.commandId);
  const first = decision[0]!.position;
  const decided = new Rehearsal(streams, new Map([[account, first]]), first);
  await decideAgain(decided, began, decision);

  const issued = events.filter((event) => event.type === 'CreditNoteIssued' && isOfNote(event));
  const { issuedOn } = began.data as CreditNoteBegan['data'];
  const note = { began, issuedOn, issued };
  return [
    ...decided.compared(decision),
    ...(await numberedAnew(document, streams, note, creditNotesProcess)),
  ];
};

/** @throws DomainError where it would be refused. */
const decideAgain = async (
  { store }: Rehearsal,
  began: RecordedEvent,
  decision: readonly RecordedEvent[],
): Promise<void> => {
  const {
    customerId: _,
    contractId,
    disputeId,
    issuedOn: __,
    ...note
  } = began.data as CreditNoteBegan['data'];
  const context = rehearsing(note.creditNoteId, began.metadata.occurredAt);
  const { at } = context;
  if (disputeId === undefined) {
    const data = { ...note, billed: await billedBy(store, contractId, note) };
    const command = { type: 'BeginCreditNote', data, at } as const;
    await store.handle(accountAggregate, contractId, command, context);
    return;
  }
  const resolved = decision.find(({ type }) => type === 'DisputeResolved');
  if (!resolved)
    throw new CauseUntold(`The log does not tell how dispute ${disputeId} was resolved`);
  const { outcome, upheldAmount, resolvedOn, reason } = resolved.data as Resolved;
  const resolution = { disputeId, outcome, upheldAmount, resolvedOn, reason };
  const billed = await billedByDispute(store, contractId, disputeId);
  const data = { ...resolution, creditNoteId: note.creditNoteId, billed };
  const command = { type: 'ResolveDispute', data, at } as const;
  await store.handle(accountAggregate, contractId, command, context);
};
