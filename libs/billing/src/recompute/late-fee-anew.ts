import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import type { LateFeeCharged } from '../domain/account-events.js';
import { accountAggregate } from '../domain/account.js';
import { lateFeeNotesProcess } from '../process/late-fee-note.js';
import { CauseUntold, type BillingDocument } from './document.js';
import { numberedAnew } from './note-anew.js';
import { rehearsing, Rehearsal, type Rehearsed, type Streams } from './rehearsal.js';

/**
 * Charges a late fee once more by what the account knew when it was charged, and gives it its number and
 * its note. Other statements that the same act charged have notes of their own.
 */
export const lateFeeNoteAnew = async (
  document: BillingDocument,
  streams: Streams,
): Promise<Rehearsed[]> => {
  const { contractId, documentId } = document;
  const events = streams.of(streamName(accountAggregate, contractId));
  const ofFee = (type: string) =>
    events.filter((event) => {
      return event.type === type && toldIn(event).lateFeeId === documentId;
    });
  const [began] = ofFee('LateFeeCharged');
  if (!began) throw new CauseUntold('The log does not tell when the late fee was charged');
  const { throughOn, chargedOn: issuedOn, statementId, currency } = toldIn(began);
  const act = events.filter(({ metadata }) => metadata.commandId === began.metadata.commandId);
  const charged = new Rehearsal(streams, new Map(), act[0]!.position);
  const context = rehearsing(documentId, began.metadata.occurredAt);
  const command = { type: 'ChargeLateFees', data: { throughOn }, at: context.at } as const;
  await charged.store.handle(accountAggregate, contractId, command, context);
  const isOfStatement = (event: { readonly data: object }): boolean => {
    const told = toldIn(event);
    return told.statementId === statementId && told.currency === currency;
  };
  const issued = ofFee('LateFeeNoteIssued');
  const note = { began, issuedOn, issued };
  return [
    ...charged.compared(act, isOfStatement),
    ...(await numberedAnew(document, streams, note, lateFeeNotesProcess)),
  ];
};

const toldIn = ({ data }: Pick<RecordedEvent, 'data'>) => data as LateFeeCharged['data'];
