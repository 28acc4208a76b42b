import { DomainError, hashOf } from '@hostledger/eventsourcing';
import { totalsOf } from './amounts.js';
import type { Shortcoming } from './line.js';
import { monthAfter } from './months.js';
import type {
  PeriodClosed,
  PeriodCloseBegan,
  PeriodCloseRefused,
  PeriodEvent,
} from './period-events.js';
import type { BillingPeriod } from './period-state.js';
import type { StatementLine } from './statement.js';

/** Events are kept below 48 KiB; a character takes three bytes at most. */
const CHUNK_CHARACTERS = 16_000;
/** Of lines, in one append, which is kept below 1 MiB. */
export const MOST_CHUNKS = 16;
export const MOST_SHORTCOMINGS = 100;

/** Lines in the order they have, cut so that none of the parts is too long for an event. */
export const inChunks = <Item>(items: readonly Item[]): Item[][] => {
  const chunks: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const length = JSON.stringify(item).length;
    if (chunks.length === 0 || length > room) {
      chunks.push([]);
      room = CHUNK_CHARACTERS;
    }
    chunks.at(-1)!.push(item);
    room -= length;
  }
  return chunks;
};

/** What is known of the contract and of the month before goes in with the command. */
export type Beginning = PeriodCloseBegan['data'] & {
  /** First instant of the month, ISO 8601 UTC. */
  readonly startsAt: string;
  /** First instant after it. */
  readonly endsAt: string;
  /** First instant at which the contract was over, if it is. */
  readonly contractEndedAt?: string;
  /** Whether the statement of the month before is out; nothing is asked of the first month. */
  readonly previousIssued: boolean;
};

/** @throws DomainError `period/closed`, `/closing`, `/not-over`, `/before-first`, `/previous-open`. */
export const beginClose = (
  { startsAt, endsAt, contractEndedAt, previousIssued, ...data }: Beginning,
  period: BillingPeriod,
  now: string,
): PeriodEvent[] => {
  const { contractId, month, firstMonth } = data;
  if (period.status === 'closed') {
    throw refused('period/closed', `${month} is closed`, { contractId, month });
  }
  if (period.status === 'closing') {
    throw refused('period/closing', `${month} is being closed`, { contractId, month });
  }
  const isLast =
    contractEndedAt !== undefined && contractEndedAt > startsAt && contractEndedAt < endsAt;
  const overAt = isLast ? contractEndedAt : endsAt;
  if (now < overAt) {
    throw refused('period/not-over', `${month} is not over before ${overAt}`, { month, overAt });
  }
  if (month < firstMonth) {
    throw refused('period/before-first', `The first month of the contract is ${firstMonth}`, {
      month,
      firstMonth,
    });
  }
  if (month > firstMonth && !previousIssued) {
    const previous = monthAfter(month, -1);
    throw refused('period/previous-open', `${previous} is closed before ${month}`, {
      month,
      previous,
    });
  }
  return [{ type: 'PeriodCloseBegan', data }];
};

/** The close that is under way; that of another attempt has nothing to say any more. */
const mustBeUnderWay = (period: BillingPeriod, closeId: string): void => {
  if (period.status === 'closing' && period.begun?.closeId === closeId) return;
  throw refused('period/close-outdated', 'This attempt to close the month is over', { closeId });
};

export const refuseClose = (
  data: PeriodCloseRefused['data'],
  period: BillingPeriod,
): PeriodEvent[] => {
  if (period.refused?.closeId === data.closeId) return [];
  mustBeUnderWay(period, data.closeId);
  if (period.chunks > 0) throw new Error(`Lines of the close ${data.closeId} are recorded already`);
  return [{ type: 'PeriodCloseRefused', data }];
};

/** What a month comes to, numbered, with what adjusts earlier ones. */
export type Closing = Omit<
  PeriodClosed['data'],
  'linesDigest' | 'lineCount' | 'totals' | 'statementId' | 'issuedOn' | 'adjustedMonths'
> & {
  readonly lines: readonly StatementLine[];
};

/**
 * Records the lines, then that the month is closed. Of a very long statement as many as fit into one
 * append; the same command again goes on where the last one stopped, until the month is closed. One
 * with other lines than were recorded fails: nothing is right then, and somebody has to look.
 */
export const closePeriod = ({ lines, ...data }: Closing, period: BillingPeriod): PeriodEvent[] => {
  const { contractId, month, closeId } = data;
  if (period.closed?.closeId === closeId) return [];
  mustBeUnderWay(period, closeId);
  const { statementId, issuedOn } = period.begun!;
  const chunks = inChunks(lines);
  if (hashOf(chunks.slice(0, period.chunks).flat()) !== hashOf(period.lines)) {
    throw new Error(`The close ${closeId} comes to other lines than it has recorded`);
  }
  const last = Math.min(period.chunks + MOST_CHUNKS, chunks.length);
  const recorded = chunks.slice(period.chunks, last).map((chunk, index): PeriodEvent => ({
    type: 'PeriodLinesRecorded',
    data: {
      ...{ contractId, month, closeId, statementId },
      ...{ chunk: period.chunks + index + 1, chunks: chunks.length, lines: chunk },
    },
  }));
  if (last < chunks.length) return recorded;
  const adjusted = lines.flatMap(({ adjusts }) => (adjusts ? [adjusts.month] : []));
  const closed: PeriodEvent = {
    type: 'PeriodClosed',
    data: {
      ...data,
      statementId,
      issuedOn,
      linesDigest: hashOf(lines),
      lineCount: lines.length,
      totals: totalsOf(lines),
      adjustedMonths: [...new Set(adjusted)].sort(),
    },
  };
  return [...recorded, closed];
};

export const refused = (
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>>,
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);

/** Without what is missing nothing is computed. */
export const discrepanciesOpen = (of: string, shortcomings: readonly Shortcoming[]): DomainError =>
  refused(
    'period/discrepancies-open',
    `${shortcomings.length} discrepancies stand in the way of ${of}`,
    {
      shortcomings: shortcomings.slice(0, MOST_SHORTCOMINGS),
      shortcomingCount: shortcomings.length,
    },
  );
