import { streamName, type AggregateStore, type RecordedEvent } from '@hostledger/eventsourcing';
import { accountAggregate } from '../domain/account.js';
import { statementSeriesAggregate } from '../domain/statement-series.js';
import type { creditNotesProcess } from '../process/credit-note.js';
import type { lateFeeNotesProcess } from '../process/late-fee-note.js';
import type { BillingDocument } from './document.js';
import { NEVER, rehearsing, Rehearsal, type Rehearsed, type Streams } from './rehearsal.js';

/** What the account recorded of a note. */
export interface RecordedNote {
  /** What decided on it. */
  readonly began: RecordedEvent;
  /** YYYY-MM-DD, the day that it is dated. */
  readonly issuedOn: string;
  /** With its number; empty where that did not come any more. */
  readonly issued: readonly RecordedEvent[];
}

/**
 * Numbers and issues a credit note or a late fee note once more, by the process that does so where a
 * crash left one without a number.
 */
export const numberedAnew = async (
  { contractId, documentId }: BillingDocument,
  streams: Streams,
  { began, issuedOn, issued }: RecordedNote,
  processOf: (
    store: AggregateStore,
  ) => ReturnType<typeof creditNotesProcess> | ReturnType<typeof lateFeeNotesProcess>,
): Promise<Rehearsed[]> => {
  const series = streamName(statementSeriesAggregate, issuedOn.slice(0, 4));
  const given = streams
    .of(series)
    .filter(({ data }) => (data as { readonly statementId?: string }).statementId === documentId);
  const cuts = new Map<string, bigint>();
  if (issued[0]) cuts.set(streamName(accountAggregate, contractId), issued[0].position);
  if (given[0]) cuts.set(series, given[0].position);
  const numbered = new Rehearsal(streams, cuts, NEVER);
  const { occurredAt } = (issued[0] ?? began).metadata;
  const context = rehearsing(documentId, occurredAt);
  const item = { item_id: documentId, contract_id: contractId, context };
  const pending = { ...item, due_at: occurredAt, cause_id: began.id, correlation_id: documentId };
  const act = { at: occurredAt, signal: new AbortController().signal };
  await processOf(numbered.store).perform(pending, act);
  return numbered.compared([...given, ...issued]);
};
