import { ProblemError } from '@hostledger/http';

/** Longer periods are told in parts. */
export const MAX_DAYS = 366;
/** Of each list; what it is of is counted in full. */
export const MAX_LISTED = 1_000;
/** A year of a large fleet takes longer than what a page shows may. */
export const ANSWER_WITHIN_MS = 120_000;
const DAY_MS = 86_400_000;

/** Days in UTC, half open, by the time of recording. */
export interface Period {
  readonly from: string;
  readonly until: string;
}

/** @throws ProblemError `report/period-invalid` */
export const checkedPeriod = ({ from, until }: Period): Period => {
  const days = (Date.parse(until) - Date.parse(from)) / DAY_MS;
  if (days >= 1 && days <= MAX_DAYS) return { from, until };
  throw new ProblemError(
    422,
    'report/period-invalid',
    `A report is of 1 to ${MAX_DAYS} days; ${from} to ${until} are ${days}`,
    { errors: [{ pointer: '/until', code: 'period', message: 'The day after the last one' }] },
  );
};

/** Every day of the period. */
export const daysOf = ({ from, until }: Period): readonly string[] => {
  const days: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(until); at += DAY_MS) {
    days.push(new Date(at).toISOString().slice(0, 'YYYY-MM-DD'.length));
  }
  return days;
};

/** The instants at which the period begins and is over. */
export const instantsOf = ({ from, until }: Period) => ({
  begin: `${from}T00:00:00.000Z`,
  end: `${until}T00:00:00.000Z`,
});
