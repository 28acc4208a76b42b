import type { PaymentTerms } from '@hostledger/contracts';
import {
  DomainError,
  stepOf,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import type { StatementEntry } from '../domain/account-commands.js';
import { accountAggregate } from '../domain/account.js';
import { billingPeriodAggregate, periodId, type PeriodCommand } from '../domain/billing-period.js';
import { paymentTerms } from '../domain/contract-inputs.js';
import type { BillingInputs } from '../domain/inputs.js';
import type { Line, Shortcoming } from '../domain/line.js';
import { monthAfter } from '../domain/months.js';
import { MOST_SHORTCOMINGS } from '../domain/period-close.js';
import type { PeriodCloseBegan, StatementIssued, TermsPinned } from '../domain/period-events.js';
import { hasPostedFor, openAgreements, type BillingPeriod } from '../domain/period-state.js';
import type { AdjustmentLine } from '../domain/standing.js';
import type { StatementLine } from '../domain/statement.js';
import { contractInputs, type ContractInputs } from '../read/inputs/inputs.js';
import type { InputTools } from '../read/inputs/ports.js';
import { computedMonth, type ComputedMonth } from '../domain/computed-month.js';
import { assignNumber } from './statement-numbers.js';

export interface Close {
  readonly contractId: string;
  readonly month: string;
  readonly closeId: string;
}

/**
 * Closes a month whose close has begun, as far as it was not done before. All is computed as of the
 * position that the intent pinned, so that it comes to the same whenever it is done.
 *
 * Adjustments are posted on the months that they adjust before the month is closed: an earlier month
 * that is being restated at the same time is decided on there, once. From the first posting on the
 * close cannot be refused any more; what could stand in its way was looked at before. Once its first
 * lines are recorded it takes what was posted, and posts nothing more.
 */
export const performClose = async (
  store: AggregateStore,
  tools: InputTools,
  { contractId, month, closeId }: Close,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> => {
  const id = periodId(contractId, month);
  const { state } = await store.load(billingPeriodAggregate, id, { fresh: true });
  const { begun } = state;
  if (!begun || begun.closeId !== closeId) return;
  if (state.status === 'closing') {
    const isRecorded = state.chunks > 0;
    const close = { ...begun, isRecorded };
    const closed = await computeAndClose(store, tools, close, context, signal);
    if (!closed) return;
  } else if (state.closed?.closeId !== closeId) return;
  await issueAndEnter(store, { contractId, month }, begun.statementId, context);
};

type Begun = PeriodCloseBegan['data'] & {
  /** Some of its lines are recorded. */
  readonly isRecorded: boolean;
};

/** @returns whether the month is closed. */
const computeAndClose = async (
  store: AggregateStore,
  tools: InputTools,
  begun: Begun,
  context: CommandContext,
  signal: AbortSignal,
): Promise<boolean> => {
  const { contractId, month, closeId, position } = begun;
  const act = (command: PeriodCommand, of: string, ...step: string[]) =>
    store.handle(
      billingPeriodAggregate,
      periodId(contractId, of),
      command,
      stepOf(context, closeId, ...step),
    );
  const { at } = context;
  const computed = await computeAll(store, tools, begun, signal).catch((error: unknown) => {
    // A program that knows the formula finishes it.
    if (error instanceof DomainError && error.code !== 'period/formula-unknown') return error;
    throw error;
  });
  if (!computed) return false;
  const refusal = computed instanceof DomainError ? refusedBy(computed) : incomplete(computed);
  if (refusal || computed instanceof DomainError) {
    await mustNotBePosted(store, begun);
    const { statementId } = begun;
    const data = { contractId, month, closeId, statementId, ...refusal! };
    await act({ type: 'RefuseClose', data, at }, month, 'refuse');
    return false;
  }
  const adjustments: AdjustmentLine[] = [];
  for (const { month: earlier, recomputed } of computed.earlier) {
    const into = { month, closeId, statementId: begun.statementId };
    const pinned = pinnedOf(begun, earlier);
    const data = {
      ...{ contractId, month: earlier, into, position },
      ...(recomputed && { recomputed }),
      ...(pinned && { pinned }),
    };
    for (let recorded = 0; ;) {
      const step = ['post', earlier, String(recorded)];
      const { state } = await act({ type: 'PostAdjustments', data, at }, earlier, ...step);
      adjustments.push(...(state.posted.get(closeId) ?? []));
      if (!state.posting) break;
      recorded = state.posting.chunks;
    }
  }
  const { customerId, timeZone, currency, formula } = begun;
  const { own, payment } = computed;
  const data = {
    ...{ contractId, month, closeId, customerId, timeZone, currency, position },
    ...(formula !== undefined && { formula }),
    terms: own.terms.map(pinned),
    inputsDigest: own.inputsDigest,
    ...(payment && { payment }),
    lines: numbered([...own.lines, ...adjustments]),
  };
  for (let recorded = 0; ;) {
    const after = await act({ type: 'ClosePeriod', data, at }, month, 'close', String(recorded));
    if (after.state.status === 'closed') break;
    recorded = after.state.chunks;
  }
  return true;
};

/** Of an earlier month; undefined where the close pinned nothing. */
const pinnedOf = ({ agreed }: Begun, month: string): readonly string[] | undefined =>
  agreed && (agreed.find((one) => one.month === month)?.adjustmentIds ?? []);

/** What was posted would be on no statement. */
const mustNotBePosted = async (store: AggregateStore, begun: Begun): Promise<void> => {
  const { contractId, month, firstMonth, closeId } = begun;
  for (let one = firstMonth; one < month; one = monthAfter(one)) {
    const id = periodId(contractId, one);
    const { state } = await store.load(billingPeriodAggregate, id, { fresh: true });
    if (hasPostedFor(state, closeId)) {
      throw new Error(
        `The close ${closeId} of ${month} cannot be refused: ${one} has posted for it`,
      );
    }
  }
};

const numbered = (lines: readonly (Line | AdjustmentLine)[]): StatementLine[] =>
  lines.map((line, index) => ({ number: index + 1, ...line }));

const pinned = ({ version, from, until, source }: BillingInputs['terms'][number]): TermsPinned => ({
  version,
  eventId: source.eventId,
  from,
  until,
});

// What is computed

interface Recomputed {
  readonly month: string;
  readonly recomputed?: { readonly inputsDigest: string; readonly lines: readonly Line[] };
  readonly shortcomings: readonly Shortcoming[];
}

/** Without what a computation was read from: of a large contract that is much. */
interface Computed {
  readonly own: Pick<ComputedMonth, 'lines' | 'inputsDigest' | 'shortcomings'> & {
    readonly terms: BillingInputs['terms'];
  };
  readonly payment: PaymentTerms | undefined;
  /** Earlier months that may be adjusted, in their order. */
  readonly earlier: readonly Recomputed[];
}

/** @returns undefined where it was called off. */
const computeAll = async (
  store: AggregateStore,
  tools: InputTools,
  begun: Begun,
  signal: AbortSignal,
): Promise<Computed | undefined> => {
  const { contractId, month, position, firstMonth } = begun;
  const inputs = await contractInputs(tools, contractId, position);
  const { lines, inputsDigest, shortcomings, terms } = slim(
    computedMonth(await inputs.inputsOf(month)),
  );
  const earlier: Recomputed[] = [];
  for (let one = firstMonth; one < month; one = monthAfter(one)) {
    if (signal.aborted) return undefined;
    const id = periodId(contractId, one);
    const { state } = await store.load(billingPeriodAggregate, id, { fresh: true });
    const again = await recompute(inputs, one, state, begun);
    if (again) earlier.push(again);
  }
  const payment = paymentTerms(inputs.contract, month);
  return { own: { lines, inputsDigest, shortcomings, terms }, payment, earlier };
};

const slim = ({ inputs, lines, inputsDigest, shortcomings }: ComputedMonth) => ({
  ...{ lines, inputsDigest, shortcomings },
  terms: inputs.terms,
});

/** Undefined where there is nothing to adjust. */
const recompute = async (
  inputs: ContractInputs,
  month: string,
  period: BillingPeriod,
  begun: Begun,
): Promise<Recomputed | undefined> => {
  const { standsAt, posted } = period;
  if (posted.has(begun.closeId)) return { month, shortcomings: [] };
  if (begun.isRecorded) return undefined;
  const isNewer = BigInt(inputs.position) > BigInt(standsAt);
  if (isNewer && (await inputs.mayHaveChanged(month, standsAt))) {
    const { lines, inputsDigest, shortcomings } = slim(computedMonth(await inputs.inputsOf(month)));
    return { month, recomputed: { inputsDigest, lines }, shortcomings };
  }
  const isAgreed = openAgreements(period, pinnedOf(begun, month)).length > 0;
  return isAgreed ? { month, shortcomings: [] } : undefined;
};

// What stands in the way

const refusedBy = ({ code, message }: DomainError) => ({
  ...{ code, detail: message },
  ...{ shortcomings: [], shortcomingCount: 0 },
});

/** Of earlier months, too: what cannot be computed anew cannot be adjusted. */
const incomplete = ({ own, earlier }: Computed) => {
  const of = (month: string) => (one: Shortcoming) => ({
    ...one,
    detail: `${month}: ${one.detail}`,
  });
  const shortcomings = [
    ...own.shortcomings,
    ...earlier.flatMap((one) => one.shortcomings.map(of(one.month))),
  ];
  if (shortcomings.length === 0) return undefined;
  return {
    code: 'period/discrepancies-open',
    detail: `${shortcomings.length} discrepancies stand in the way of the close`,
    shortcomings: shortcomings.slice(0, MOST_SHORTCOMINGS),
    shortcomingCount: shortcomings.length,
  };
};

// The statement

/** Of a close, or of a restatement that was approved. */
export const issueAndEnter = async (
  store: AggregateStore,
  { contractId, month }: { readonly contractId: string; readonly month: string },
  statementId: string,
  context: CommandContext,
): Promise<void> => {
  const id = periodId(contractId, month);
  const { state } = await store.load(billingPeriodAggregate, id, { fresh: true });
  const issuedOn = dateOf(state, statementId);
  if (!state.closed || issuedOn === undefined) return;
  const number = await assignNumber(store, statementId, issuedOn.slice(0, 4), context);
  const data = { statementId, number };
  const issued = await store.handle(
    billingPeriodAggregate,
    id,
    { type: 'IssueStatement', data, at: context.at },
    stepOf(context, 'issue', statementId),
  );
  const { timeZone } = state.closed;
  await store.handle(
    accountAggregate,
    contractId,
    {
      type: 'EnterStatement',
      data: entryOf(issued.state.issued.get(statementId)!, timeZone),
      at: context.at,
    },
    stepOf(context, 'enter', statementId),
  );
};

/** The day a statement is dated with; undefined where there is none to be issued. */
const dateOf = (
  { closed, restatements }: BillingPeriod,
  statementId: string,
): string | undefined => {
  if (closed?.statementId === statementId) return closed.issuedOn;
  for (const { proposed, issuedOn } of restatements.values()) {
    if (proposed.statementId === statementId) return issuedOn;
  }
  return undefined;
};

/** What the account is told of it, with what follows where it is not paid. */
const entryOf = (
  { lineCount: _, payment, ...issued }: StatementIssued['data'],
  timeZone: string,
): StatementEntry => ({
  ...issued,
  timeZone,
  ...(payment?.ladder && { ladder: payment.ladder }),
  ...(payment?.lateFee && { lateFee: payment.lateFee }),
  ...(payment && { clauseRef: payment.clauseRef }),
});
