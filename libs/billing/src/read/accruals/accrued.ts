import { DomainError } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { accruedBy } from '../../domain/accrual.js';
import type { BilledContract } from '../../domain/contract-inputs.js';
import type { Shortcoming } from '../../domain/line.js';
import { monthAfter, startOfDay } from '../../domain/months.js';
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

/**
 * The months that were billed on no statement issued by a day, each computed as its close would be, up
 * to the end of that day.
 * @param on YYYY-MM-DD, of the zone of the contract.
 * @param billed months on statements that were issued by then.
 */
export const accrued = async (
  { contract, inputsOf }: Pick<ContractInputs, 'contract' | 'inputsOf'>,
  on: string,
  billed: ReadonlySet<string>,
): Promise<AccruedMonth[]> => {
  const until = startOfDay(contract.timeZone, dayAfter(on));
  const months: AccruedMonth[] = [];
  for (const month of unbilledMonths(contract, on, billed)) {
    const inputs = await inputsOf(month);
    if (inputs.terms.every(({ from }) => from >= until)) continue;
    const lastOn = dayBefore(`${monthAfter(month)}-01`);
    const throughOn = on < lastOn ? on : lastOn;
    months.push({ month, throughOn, ...accruedBy(inputs, on, until) });
  }
  return months;
};

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

export const unbilledMonths = (
  { firstMonth, endedOn }: Pick<BilledContract, 'firstMonth' | 'endedOn'>,
  on: string,
  billed: ReadonlySet<string>,
): string[] => {
  if (firstMonth === undefined) return [];
  const last = endedOn !== undefined && endedOn < on ? endedOn : on;
  const months: string[] = [];
  for (let month = firstMonth; month <= last.slice(0, 7); month = monthAfter(month)) {
    if (!billed.has(month)) months.push(month);
  }
  return months;
};

const DAY_MS = 86_400_000;

const dayAfter = (day: string): string => shifted(day, DAY_MS);
const dayBefore = (day: string): string => shifted(day, -DAY_MS);

const shifted = (day: string, ms: number): string =>
  new Date(Date.parse(day) + ms).toISOString().slice(0, 10);
