import { DomainError } from '@hostledger/eventsourcing';
import { startOf } from '@hostledger/quantities';
import type { Window } from '../../domain/inputs.js';
import type { DayWindow } from '../../domain/usage.js';

// The days that usage is asked for.

const DAY_MS = 86_400_000;
/** A year and a month, so that a year can be asked for in any zone. */
const MAX_DAYS = 400;

export interface UsageWindow extends Window {
  readonly timeZone: string;
  /** Those that have begun, in their order and without a gap. */
  readonly days: readonly DayWindow[];
}

const dayAfter = (day: string, count = 1): string =>
  new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);

/**
 * From the beginning of a day to that of another, of a time zone; up to the present where that is
 * earlier, since nothing is known to be drawn later.
 * @throws DomainError `usage/window-empty`, `usage/window-too-long`, `usage/not-come`.
 */
export const windowOf = (
  { from, until }: { readonly from: string; readonly until: string },
  timeZone: string,
  now: string,
): UsageWindow => {
  const count = (Date.parse(until) - Date.parse(from)) / DAY_MS;
  if (count <= 0) {
    throw new DomainError(
      'invalid',
      'usage/window-empty',
      `Usage until ${until} begins on a day before that`,
      { from, until },
      '/until',
    );
  }
  if (count > MAX_DAYS) {
    throw new DomainError(
      'invalid',
      'usage/window-too-long',
      `Usage is told of ${MAX_DAYS} days at most`,
      { from, until, days: count },
      '/until',
    );
  }
  const starts: string[] = [];
  for (let n = 0; n <= count; n += 1) {
    const start = startOf(timeZone, dayAfter(from, n));
    starts.push(start < now ? start : now);
    if (start >= now) break;
  }
  const [begins, ends] = [starts[0]!, starts.at(-1)!];
  if (begins >= ends) {
    throw new DomainError(
      'conflict',
      'usage/not-come',
      `${from} has not begun yet`,
      { from },
      '/from',
    );
  }
  const days = starts.slice(1).map((end, n): DayWindow => ({
    ...{ day: dayAfter(from, n), from: starts[n]!, until: end },
  }));
  return { from: begins, until: ends, timeZone, days };
};
