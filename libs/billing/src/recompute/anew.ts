import { stepOf, streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { accountAggregate } from '../domain/account.js';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import { computedMonth } from '../domain/computed-month.js';
import { monthAfter } from '../domain/months.js';
import { discrepanciesOpen } from '../domain/period-close.js';
import type { PeriodCloseBegan, RestatementProposed } from '../domain/period-events.js';
import { isComplete } from '../domain/period-state.js';
import { statementSeriesAggregate } from '../domain/statement-series.js';
import { issueAndEnter, performClose } from '../process/period-close.js';
import { contractInputs } from '../read/inputs/inputs.js';
import { factReads } from '../read/inputs/fact-reads.js';
import type { InputTools } from '../read/inputs/ports.js';
import { addressedThen } from './addressed-then.js';
import { creditNoteAnew } from './credit-note-anew.js';
import { CauseUntold, type BillingDocument } from './document.js';
import { lateFeeNoteAnew } from './late-fee-anew.js';
import { NEVER, rehearsing, Rehearsal, type Rehearsed, type Streams } from './rehearsal.js';

/**
 * Does once more what a document came from, by the very code that did it: the close of its month, or the
 * proposal of its restatement, computed as of the position that was pinned then; its number; its entry
 * on the account. A credit note is decided on again, by what could be credited then; a late fee is
 * charged again, by what was overdue.
 *
 * @param readModels filled with what the computation reads (`computedFrom`).
 * @returns every event that was recorded of it beside what it comes to, in the order of the log.
 * @throws CauseUntold where the log does not tell how it came about, DomainError where it cannot.
 */
export const documentAnew = async (
  document: BillingDocument,
  streams: Streams,
  readModels: Pick<ReadModels, 'read'>,
): Promise<readonly Rehearsed[]> => {
  const account = streams.of(streamName(accountAggregate, document.contractId));
  const acts = (await actsOf(document, streams, readModels)).map(addressedThen(account));
  const place = ({ recorded, behind }: Rehearsed): bigint =>
    (recorded ?? behind)?.position ?? NEVER;
  return acts.toSorted((one, other) => Number(place(one) - place(other)));
};

const actsOf = async (
  document: BillingDocument,
  streams: Streams,
  readModels: Pick<ReadModels, 'read'>,
): Promise<readonly Rehearsed[]> => {
  if (document.kind === 'creditNote') return creditNoteAnew(document, streams);
  if (document.kind === 'lateFeeNote') return lateFeeNoteAnew(document, streams);
  const statement: StatementDocument = { ...document, month: document.month! };
  const log = {
    readStream: (stream: string) => Promise.resolve(streams.of(stream)),
    head: () => Promise.resolve(NEVER),
  };
  const tools: InputTools = { readModels, log, facts: factReads };
  const computed =
    document.kind === 'statement'
      ? await closedAnew(statement, streams, tools)
      : await proposedAnew(statement, streams, tools);
  return [...computed, ...(await issuedAnew(statement, streams))];
};

type StatementDocument = BillingDocument & { readonly month: string };

/** An event, and what it says of statements and closes. */
const told = ({ data }: RecordedEvent) =>
  data as {
    readonly statementId?: string;
    readonly closeId?: string;
    readonly restatementId?: string;
    readonly into?: { readonly closeId: string };
  };

const periodStream = (contractId: string, month: string): string =>
  streamName(billingPeriodAggregate, periodId(contractId, month));

// The close of a month

const CLOSING = new Set(['PeriodLinesRecorded', 'PeriodClosed', 'PeriodCloseRefused']);

const closedAnew = async (
  { contractId, month, documentId }: StatementDocument,
  streams: Streams,
  tools: InputTools,
): Promise<Rehearsed[]> => {
  const own = streams.of(periodStream(contractId, month));
  const began = own.findLast(
    (event) => event.type === 'PeriodCloseBegan' && told(event).statementId === documentId,
  );
  if (!began) throw new CauseUntold(`The log does not tell by which close ${month} was closed`);
  const { closeId, firstMonth } = began.data as PeriodCloseBegan['data'];
  const recorded = own.filter(
    (event) => CLOSING.has(event.type) && told(event).closeId === closeId,
  );
  const cut = recorded[0]?.position ?? NEVER;
  const cuts = new Map([[periodStream(contractId, month), began.position + 1n]]);
  for (let earlier = firstMonth; earlier < month; earlier = monthAfter(earlier)) {
    const stream = periodStream(contractId, earlier);
    const posted = streams
      .of(stream)
      .filter(
        (event) => event.type === 'AdjustmentPosted' && told(event).into?.closeId === closeId,
      );
    recorded.push(...posted);
    if (posted[0]) cuts.set(stream, posted[0].position);
  }
  const rehearsal = new Rehearsal(streams, cuts, cut);
  const at = (recorded.at(-1) ?? began).metadata.occurredAt;
  const close = { contractId, month, closeId };
  const context = rehearsing(documentId, at);
  await performClose(rehearsal.store, tools, close, context, new AbortController().signal);
  // Its number and its entry are compared by themselves, as of when they came.
  const isOfClose = ({ type }: { readonly type: string }) =>
    CLOSING.has(type) || type === 'AdjustmentPosted';
  return rehearsal.compared(recorded).filter(({ recorded: then, computed }) => {
    return isOfClose(then ?? computed!);
  });
};

// The proposal of a restatement

const proposedAnew = async (
  { contractId, month, documentId }: StatementDocument,
  streams: Streams,
  tools: InputTools,
): Promise<Rehearsed[]> => {
  const own = streams.of(periodStream(contractId, month));
  const recorded = own.filter(
    (event) =>
      (event.type === 'RestatementProposed' || event.type === 'RestatementLinesRecorded') &&
      told(event).statementId === documentId,
  );
  const proposal = recorded.find(({ type }) => type === 'RestatementProposed');
  if (!proposal) throw new CauseUntold(`The log does not tell how ${month} came to be restated`);
  const proposed = proposal.data as RestatementProposed['data'];
  const { restatementId, position, reason, proposedBy } = proposed;
  const rehearsal = new Rehearsal(streams, new Map(), proposal.position);
  const id = periodId(contractId, month);
  const { state } = await rehearsal.store.load(billingPeriodAggregate, id);
  const inputs = await contractInputs(tools, contractId, position);
  const { lines, inputsDigest, shortcomings } = computedMonth(await inputs.inputsOf(month));
  if (shortcomings.length > 0) throw discrepanciesOpen('a new result', shortcomings);
  const context = rehearsing(documentId, proposal.metadata.occurredAt);
  const about = { contractId, month, restatementId, statementId: documentId };
  const { customerId } = state.closed ?? proposed;
  const data = { ...about, customerId, position, inputsDigest, reason, proposedBy, lines };
  const command = { type: 'ProposeRestatement', data, at: context.at } as const;
  for (let step = context; ;) {
    const handled = await rehearsal.store.handle(billingPeriodAggregate, id, command, step);
    const now = handled.state.restatements.get(restatementId);
    if (!now || isComplete(now)) return rehearsal.compared(recorded);
    step = stepOf(context, 'lines', now.chunks);
  }
};

// Its number, its issue and its entry

const issuedAnew = async (
  { contractId, month, documentId }: StatementDocument,
  streams: Streams,
): Promise<Rehearsed[]> => {
  const isOfStatement = (type: string) => (event: RecordedEvent) =>
    event.type === type && told(event).statementId === documentId;
  const period = periodStream(contractId, month);
  const issued = streams.of(period).filter(isOfStatement('StatementIssued'));
  const account = streamName(accountAggregate, contractId);
  const entered = streams.of(account).find(isOfStatement('StatementEntered'));
  const entry = streams
    .of(account)
    .filter((event) => event.metadata.commandId === entered?.metadata.commandId);
  const [numbers, number] = numberOf(streams, documentId, issued[0]);
  const recorded = [...number, ...issued, ...entry];
  const cuts = new Map<string, bigint>();
  for (const [stream, first] of [
    [period, issued[0]],
    [account, entry[0]],
    [numbers, number[0]],
  ] as const) {
    if (stream !== undefined && first) cuts.set(stream, first.position);
  }
  const rehearsal = new Rehearsal(streams, cuts, NEVER);
  const { occurredAt } = (entered ?? issued[0] ?? streams.of(period).at(-1)!).metadata;
  const context = rehearsing(documentId, occurredAt);
  await issueAndEnter(rehearsal.store, { contractId, month }, documentId, context);
  return rehearsal.compared(recorded);
};

/** The series that a document has its number of, and the event that gave it. */
export const numberOf = (
  streams: Streams,
  documentId: string,
  issued: RecordedEvent | undefined,
): readonly [string | undefined, readonly RecordedEvent[]] => {
  const { issuedOn } = (issued?.data ?? {}) as { readonly issuedOn?: string };
  if (issuedOn === undefined) return [undefined, []];
  const series = streamName(statementSeriesAggregate, issuedOn.slice(0, 4));
  const given = streams.of(series).filter((event) => told(event).statementId === documentId);
  return [series, given];
};
