import { DomainError } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { earnedBy, pendingOf, unbilledMonths, type Billed } from '../../domain/accrual.js';
import { totalsOf } from '../../domain/amounts.js';
import type { Shortcoming } from '../../domain/line.js';
import { monthAfter, startOfDay } from '../../domain/months.js';
import type { AdjustmentLine } from '../../domain/standing.js';
import type { Total } from '../../domain/statement.js';
import type { ContractInputs } from '../inputs/inputs.js';

/** What a month of a contract comes to by a day on which it was not billed. */
export interface AccruedMonth {
  readonly month: string;
  /** The last day that counts. */
  readonly throughOn: string;
  readonly totals: readonly Total[];
  /** What is missing; the totals are without it. */
  readonly shortcomings: readonly Shortcoming[];
}

/** What of a closed month is on no statement. */
export interface PendingMonth {
  readonly month: string;
  readonly lines: readonly AdjustmentLine[];
  readonly totals: readonly Total[];
  /** What is missing to compute it anew; the lines are without it. */
  readonly shortcomings: readonly Shortcoming[];
}

/** A month on statements that were issued by the day. */
export interface BilledMonth extends Pick<Billed, 'month' | 'agreed'> {
  /**
   * The log position, in digits, at which what they have is what the month comes to; undefined where
   * nobody knows.
   */
  readonly since: string | undefined;
  /** What they have of it. */
  readonly read: () => Promise<Omit<Billed, 'agreed'>>;
}

/** A month of a contract that is looked at: on no statement by the day, or on such. */
export interface Place {
  readonly part: 'open' | 'billed';
  /** YYYY-MM. */
  readonly month: string;
}

/** What a month comes to; one that has nothing to be told has neither. */
export interface SeenMonth {
  readonly accrued?: AccruedMonth;
  readonly pending?: PendingMonth;
}

/** What is looked at of a contract, in this order; each month costs a computation, or nearly. */
export interface AccrualPlan {
  readonly places: readonly Place[];
  see(place: Place): Promise<SeenMonth>;
}

/**
 * The months that were billed on no statement issued by a day, each computed as its close would be, up
 * to the end of that day, in their order; then those that were, with what is on no statement of them, the
 * last one first: only a month that was computed tells which sites matter to those before it.
 * @param on YYYY-MM-DD, of the zone of the contract.
 */
export const accrualPlan = async (
  inputs: ContractInputs,
  on: string,
  billed: readonly BilledMonth[],
): Promise<AccrualPlan> => {
  const { contract } = inputs;
  const until = startOfDay(contract.timeZone, dayAfter(on));
  const byMonth = new Map(billed.map((one) => [one.month, one]));
  const isOver = contract.endedOn !== undefined && contract.endedOn <= on;
  const paidIn = isOver ? await inputs.paidAfterEnd() : [];
  const open = unbilledMonths(contract, on, new Set(byMonth.keys()), paidIn);
  const closed = [...byMonth.keys()].sort().reverse();
  const places = [
    ...open.map((month): Place => ({ part: 'open', month })),
    ...closed.map((month): Place => ({ part: 'billed', month })),
  ];
  const accruedIn = async (month: string): Promise<SeenMonth> => {
    const known = await inputs.inputsOf(month);
    const hasBegun = known.terms.length === 0 || known.terms.some(({ from }) => from < until);
    if (!paidIn.includes(month) && !hasBegun) return {};
    const lastOn = dayBefore(`${monthAfter(month)}-01`);
    const throughOn = on < lastOn ? on : lastOn;
    const { totals, shortcomings } = earnedBy(known, on, until);
    if (known.terms.length + totals.length + shortcomings.length === 0) return {};
    return { accrued: { month, throughOn, totals, shortcomings } };
  };
  const pendingIn = async (one: BilledMonth): Promise<SeenMonth> => {
    const { month, agreed } = one;
    const isNews = await mayHaveChanged(inputs, one);
    if (!isNews && agreed.length === 0) return {};
    const earned = isNews ? earnedBy(await inputs.inputsOf(month), on, until) : undefined;
    const lines = pendingOf({ ...(await one.read()), agreed }, earned);
    const { shortcomings = [] } = earned ?? {};
    if (lines.length + shortcomings.length === 0) return {};
    return { pending: { month, lines, totals: totalsOf(lines), shortcomings } };
  };
  return {
    places,
    see: ({ part, month }) => (part === 'open' ? accruedIn(month) : pendingIn(byMonth.get(month)!)),
  };
};

/** Whether a place is behind another one in the order of a plan. */
export const isBehind = (place: Place, other: Place): boolean => {
  if (place.part !== other.part) return place.part === 'billed';
  return place.part === 'open' ? place.month > other.month : place.month < other.month;
};

/** Statements may know more than the answer is true at: then nothing is known better. */
const mayHaveChanged = async (
  inputs: Pick<ContractInputs, 'position' | 'mayHaveChanged'>,
  { month, since }: BilledMonth,
): Promise<boolean> =>
  since === undefined ||
  (BigInt(inputs.position) > BigInt(since) && inputs.mayHaveChanged(month, since));

/** Where days begin before they do anywhere else. */
const EARLIEST_ZONE = 'Pacific/Kiritimati';

/**
 * Nothing is earned on a day that has begun nowhere.
 * @param now ISO 8601.
 * @throws DomainError `billing/not-come`.
 */
export const mustHaveBegun = (on: string, now: string): void => {
  const today = dayIn(EARLIEST_ZONE, now);
  if (on <= today) return;
  throw new DomainError(
    'conflict',
    'billing/not-come',
    `${on} has not begun yet`,
    { on, today },
    '/on',
  );
};

const DAY_MS = 86_400_000;

const dayAfter = (day: string): string => shifted(day, DAY_MS);
const dayBefore = (day: string): string => shifted(day, -DAY_MS);

const shifted = (day: string, ms: number): string =>
  new Date(Date.parse(day) + ms).toISOString().slice(0, 10);
