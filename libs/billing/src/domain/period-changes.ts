import { DomainError, hashOf } from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';
import type { Claim } from './account-figures.js';
import { fractionOf, isBelowNothing, isNothing, negative, sumOf, totalsOf } from './amounts.js';
import type { Line } from './line.js';
import { inChunks, MOST_CHUNKS, refused } from './period-close.js';
import type {
  AdjustmentAgreed,
  AdjustmentPosted,
  PeriodClosed,
  PeriodEvent,
  RestatedLine,
  RestatementApproved,
  RestatementProposed,
  RestatementRejected,
} from './period-events.js';
import {
  isComplete,
  openAgreements,
  type BillingPeriod,
  type Restatement,
} from './period-state.js';
import { differencesOf, type AdjustmentLine } from './standing.js';

// What comes after a close: it stands beside what was closed.

/** @throws DomainError `period/not-closed`. */
const mustBeClosed = ({ closed }: BillingPeriod): PeriodClosed['data'] => {
  if (closed) return closed;
  throw refused('period/not-closed', 'The month is not closed', {});
};

// Adjustments

export type Posting = Pick<
  AdjustmentPosted['data'],
  'contractId' | 'month' | 'into' | 'position'
> & {
  /** The month computed anew as of the position; absent where nothing can have changed it. */
  readonly recomputed?: { readonly inputsDigest: string; readonly lines: readonly Line[] };
  /** Agreements that the close takes up; all that are open where it pinned none. */
  readonly pinned?: readonly string[];
};

/**
 * Puts what changed on a later statement, once for each close. What stands afterwards is what was
 * computed anew, key by key; that nothing changed is recorded as well, so that no later close looks for
 * it again. A month that was restated by facts beyond the position is left as it is: the close knows
 * less of it than was agreed since. Of very many lines as many as fit into one append; the same
 * command again goes on where the last one stopped.
 */
export const postAdjustments = (
  { recomputed, pinned, into, position, contractId, month }: Posting,
  period: BillingPeriod,
): PeriodEvent[] => {
  const closed = mustBeClosed(period);
  if (period.posted.has(into.closeId)) return [];
  const isNews = recomputed && BigInt(position) > BigInt(period.standsAt);
  const late = isNews ? differencesOf(period.stands, recomputed.lines, subject(closed)) : [];
  const open = openAgreements(period, pinned);
  const lines = [...late, ...open.map((one) => agreedLine(one, { ...period, closed }))];
  if (!isNews && lines.length === 0) return [];
  const chunks = lines.length === 0 ? [[]] : inChunks(lines);
  const done = period.posting?.chunks ?? 0;
  mustGoOn(period.posting?.lines ?? [], chunks.slice(0, done), into.closeId);
  const ids = new Map(open.map((one) => [keyOfAgreement(one), one.adjustmentId]));
  return chunks.slice(done, done + MOST_CHUNKS).map((chunk, index) => ({
    type: 'AdjustmentPosted',
    data: {
      ...{ contractId, month, into, position },
      ...(isNews && { inputsDigest: recomputed.inputsDigest }),
      ...{ chunk: done + index + 1, chunks: chunks.length, lines: chunk },
      agreed: chunk.flatMap(({ key }) => ids.get(key) ?? []),
    },
  }));
};

/** Other lines than were recorded cannot go on with them: nothing is right then. */
const mustGoOn = (
  recorded: readonly Line[],
  chunks: readonly (readonly Line[])[],
  of: string,
): void => {
  if (hashOf(chunks.flat()) === hashOf(recorded)) return;
  throw new Error(`What ${of} comes to are other lines than it has recorded`);
};

const subject = ({ month, statementId }: Pick<PeriodClosed['data'], 'month' | 'statementId'>) => ({
  month,
  statementId,
});

/** Of the line that charges or credits what was agreed. */
export const keyOfAgreement = ({
  adjustmentId,
}: Pick<AdjustmentAgreed['data'], 'adjustmentId'>): string => `agreed/${adjustmentId}`;

/** @param month the closed one, its statement, and what stands of it. */
export const agreedLine = (
  agreed: AdjustmentAgreed['data'],
  {
    closed,
    lines,
    stands,
  }: Pick<BillingPeriod, 'lines' | 'stands'> & {
    readonly closed: Pick<PeriodClosed['data'], 'month' | 'statementId'>;
  },
): AdjustmentLine => {
  const { number, adjusts: _, estimated: __, ...line } = lines[agreed.line - 1]!;
  const before = stands.get(`${line.currency} ${line.key}`)?.amount ?? line.amount;
  const { amount, clauseRef, reason } = agreed;
  return {
    ...line,
    key: keyOfAgreement(agreed),
    ...(clauseRef !== undefined && { clauseRef }),
    ...{ quantity: '1', unit: 'case', rate: amount, exactAmount: fractionOf(amount), amount },
    adjusts: { ...subject(closed), line: number, cause: 'agreed', reason, before },
  };
};

export type Agreeing = Omit<AdjustmentAgreed['data'], 'currency'> & {
  /** What the account credits of the statement of the month already, or may; see `claimsOn`. */
  readonly claims: readonly Claim[];
};

/**
 * A credit is never more than what the line comes to, with all that was agreed on it before and what
 * the account credits of it; nor more than the month comes to, with what is credited of that.
 * @throws DomainError `period/line-unknown`, `/adjustment-nothing`, `/adjustment-too-fine`,
 *   `/credit-beyond-charge`.
 */
export const agreeAdjustment = (
  { claims, ...data }: Agreeing,
  period: BillingPeriod,
): PeriodEvent[] => {
  const { month } = mustBeClosed(period);
  const line = period.lines[data.line - 1];
  if (!line || line.adjusts) {
    throw new DomainError(
      'notFound',
      'period/line-unknown',
      line
        ? `Line ${data.line} adjusts ${line.adjusts!.month}; what is agreed on that is agreed there`
        : `The statement of ${month} has no line ${data.line}`,
      { month, line: data.line },
      '/line',
    );
  }
  const { currency, rounding } = line;
  if (isNothing(data.amount)) {
    throw invalid('period/adjustment-nothing', 'An adjustment of nothing changes nothing');
  }
  if (exact(data.amount).mul(10n ** BigInt(rounding.scale)).d !== 1n) {
    throw invalid(
      'period/adjustment-too-fine',
      `Amounts in ${currency} have at most ${rounding.scale} decimal places`,
    );
  }
  mustBeCovered(data, claims, period);
  return [{ type: 'AdjustmentAgreed', data: { ...data, currency } }];
};

const mustBeCovered = (
  data: Omit<Agreeing, 'claims'>,
  claims: Agreeing['claims'],
  period: BillingPeriod,
): void => {
  if (!isBelowNothing(data.amount)) return;
  const { currency, key, amount } = period.lines[data.line - 1]!;
  const before = [...period.agreements.values()]
    .map(({ agreed }) => agreed)
    .filter((agreed) => agreed.currency === currency);
  const stands = [...period.stands.values()].filter(({ line }) => line.currency === currency);
  // What is credited of adjustments of other months is none of this one.
  const credited = claims.filter(
    (claim) =>
      claim.currency === currency &&
      (claim.line === undefined || !period.lines[claim.line - 1]?.adjusts),
  );
  const less = (some: typeof credited) => some.map((claim) => negative(claim.amount));
  const ofLine = sumOf(
    period.stands.get(`${currency} ${key}`)?.amount ?? amount,
    ...before.filter(({ line }) => line === data.line).map((agreed) => agreed.amount),
    ...less(credited.filter(({ line }) => line === data.line)),
  );
  const ofMonth = sumOf(...[...stands, ...before].map((each) => each.amount), ...less(credited));
  const charged = isBelowNothing(sumOf(ofMonth, negative(ofLine))) ? ofMonth : ofLine;
  if (!isBelowNothing(sumOf(charged, data.amount))) return;
  throw new DomainError(
    'conflict',
    'period/credit-beyond-charge',
    `What is left of line ${data.line} to be credited is ${charged} ${currency}`,
    { line: data.line, charged, currency },
    '/amount',
  );
};

const invalid = (code: string, message: string): DomainError =>
  new DomainError('invalid', code, message, {}, '/amount');

// Restatements

export type Proposing = Pick<
  RestatementProposed['data'],
  | 'contractId'
  | 'month'
  | 'restatementId'
  | 'statementId'
  | 'customerId'
  | 'position'
  | 'inputsDigest'
  | 'reason'
  | 'proposedBy'
> & { readonly lines: readonly Line[] };

/**
 * Of very many lines as many as fit into one append; the same command again goes on where the last
 * one stopped, until the proposal is complete.
 * @throws DomainError `period/restatement-open`, `/restatement-nothing`, `/restatement-outdated`.
 */
export const proposeRestatement = (
  { lines: result, ...data }: Proposing,
  period: BillingPeriod,
): PeriodEvent[] => {
  const closed = mustBeClosed(period);
  const { month, restatementId } = data;
  const before = period.restatements.get(restatementId);
  if (before && (isComplete(before) || before.status !== 'proposed')) return [];
  if (before && before.changes !== period.changes) throw outdated(period);
  mustBeOnlyOne(period, restatementId);
  if (BigInt(data.position) < BigInt(period.standsAt)) throw outdated(period);
  const lines = differencesOf(period.stands, result, subject(closed)).map(
    (line, index): RestatedLine => ({ number: index + 1, ...line }),
  );
  if (lines.length === 0) {
    throw refused('period/restatement-nothing', 'The new result is what stands', { month });
  }
  const chunks = recordedLines(data, lines, before);
  if (before) return chunks;
  const proposed: RestatementProposed['data'] = {
    ...data,
    resultDigest: hashOf(result),
    linesDigest: hashOf(lines),
    lineCount: lines.length,
    totals: totalsOf(lines),
  };
  return [{ type: 'RestatementProposed', data: proposed }, ...chunks];
};

const mustBeOnlyOne = ({ restatements }: BillingPeriod, restatementId: string): void => {
  const open = [...restatements.values()].find(({ status }) => status === 'proposed');
  if (!open || open.proposed.restatementId === restatementId) return;
  const { restatementId: id } = open.proposed;
  throw refused('period/restatement-open', 'There is a proposal that nobody decided on', {
    restatementId: id,
  });
};

const recordedLines = (
  { contractId, month, restatementId, statementId }: Omit<Proposing, 'lines'>,
  lines: readonly RestatedLine[],
  before: Restatement | undefined,
): PeriodEvent[] => {
  const chunks = inChunks(lines);
  const done = before?.chunks ?? 0;
  mustGoOn(before?.lines ?? [], chunks.slice(0, done), restatementId);
  return chunks.slice(done, done + MOST_CHUNKS).map((chunk, index) => ({
    type: 'RestatementLinesRecorded',
    data: {
      ...{ contractId, month, restatementId, statementId },
      ...{ chunk: done + index + 1, chunks: chunks.length, lines: chunk },
    },
  }));
};

/**
 * By another subject than who proposed it, and only while nothing else changed what stands, nor found
 * it to be true at a later position.
 * @throws DomainError `period/restatement-unknown`, `/restatement-decided`, `/restatement-own`,
 *   `/restatement-incomplete`, `/restatement-outdated`.
 */
export const approveRestatement = (
  data: Omit<RestatementApproved['data'], 'statementId' | 'customerId'>,
  period: BillingPeriod,
): PeriodEvent[] => {
  const restatement = restatementOf(data, period);
  const { proposed, status, changes } = restatement;
  if (status === 'approved') return [];
  mustBeUndecided(status);
  if (proposed.proposedBy === data.approvedBy) {
    throw new DomainError(
      'forbidden',
      'period/restatement-own',
      'A restatement is approved by another than who proposed it',
      { proposedBy: proposed.proposedBy },
    );
  }
  if (!isComplete(restatement)) {
    throw refused('period/restatement-incomplete', 'Not all of its lines are recorded', {
      lineCount: proposed.lineCount,
      recorded: restatement.lines.length,
    });
  }
  // A recomputation that changed nothing has looked further than the proposal all the same.
  const isOlder = BigInt(proposed.position) < BigInt(period.standsAt);
  // What is being posted by a close changes what stands in a moment.
  if (changes !== period.changes || isOlder || period.posting) throw outdated(period);
  const { statementId, customerId } = proposed;
  return [{ type: 'RestatementApproved', data: { ...data, statementId, customerId } }];
};

export type Rejecting = Omit<RestatementRejected['data'], 'statementId'>;

export const rejectRestatement = (data: Rejecting, period: BillingPeriod): PeriodEvent[] => {
  const { proposed, status } = restatementOf(data, period);
  if (status === 'rejected') return [];
  mustBeUndecided(status);
  const { statementId } = proposed;
  return [{ type: 'RestatementRejected', data: { ...data, statementId } }];
};

const restatementOf = (
  { restatementId }: { readonly restatementId: string },
  { restatements }: BillingPeriod,
): Restatement => {
  const found = restatements.get(restatementId);
  if (found) return found;
  throw new DomainError('notFound', 'period/restatement-unknown', 'There is no such restatement', {
    restatementId,
  });
};

const mustBeUndecided = (status: Restatement['status']): void => {
  if (status === 'proposed') return;
  throw refused('period/restatement-decided', `The restatement is ${status}`, { decision: status });
};

const outdated = ({ standsAt }: BillingPeriod): DomainError =>
  refused('period/restatement-outdated', 'What stands has changed since; propose it anew', {
    standsAt,
  });
