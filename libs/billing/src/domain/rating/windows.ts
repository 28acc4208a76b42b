import type { Window } from '../inputs.js';

// Half-open windows, [from, until), of ISO 8601 UTC instants, which sort as text.

/** Milliseconds. */
export const lengthOf = ({ from, until }: Window): bigint =>
  BigInt(Date.parse(until) - Date.parse(from));

/** What two windows share; nothing where they only touch. */
export const shared = (one: Window, other: Window): Window | undefined => {
  const from = one.from > other.from ? one.from : other.from;
  const until = one.until < other.until ? one.until : other.until;
  return from < until ? { from, until } : undefined;
};

/** The parts of a window that none of the others covers, in order. */
export const uncovered = (window: Window, others: readonly Window[]): Window[] => {
  const gaps: Window[] = [];
  let { from } = window;
  for (const other of others.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    if (other.until <= from || other.from >= window.until) continue;
    if (other.from > from) gaps.push({ from, until: other.from });
    from = other.until;
  }
  if (from < window.until) gaps.push({ from, until: window.until });
  return gaps;
};

/** The window cut wherever another begins or ends within it. */
export const cutAt = (window: Window, others: readonly Window[]): Window[] => {
  const instants = others
    .flatMap(({ from, until }) => [from, until])
    .filter((at) => at > window.from && at < window.until);
  const bounds = [window.from, ...new Set(instants.toSorted()), window.until];
  return bounds.slice(1).map((until, index) => ({ from: bounds[index]!, until }));
};

const MS_PER_HOUR = 3_600_000n;
const MS_PER_DAY = 24n * MS_PER_HOUR;

/** For a reader: `2024-01-01T06:00:00.000Z to 2024-02-01T06:00:00.000Z (744 h)` is long enough. */
export const toldWindow = ({ from, until }: Window): string =>
  `${from.replace('.000Z', 'Z')} to ${until.replace('.000Z', 'Z')}`;

export { MS_PER_DAY, MS_PER_HOUR };
