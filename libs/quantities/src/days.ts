/** A formatter is costly to make; there are some 600 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const made =
    formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, made);
  return made;
};

/** The day that an instant falls on in a time zone, YYYY-MM-DD. */
export const dayIn = (timeZone: string, instant: string): string =>
  formatOf(timeZone).format(new Date(instant));

const MINUTE_MS = 60_000;
/** No zone is further from UTC. */
const MOST_MINUTES_OFF = 15 * 60;

/**
 * The first instant of a day in a time zone, ISO 8601 UTC. A day may begin later than midnight,
 * where clocks are put forward then.
 * @param day YYYY-MM-DD.
 */
export const startOf = (timeZone: string, day: string): string => {
  const utc = Date.parse(day);
  let before = -MOST_MINUTES_OFF;
  let after = MOST_MINUTES_OFF;
  const at = (minutes: number): string => new Date(utc + minutes * MINUTE_MS).toISOString();
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayIn(timeZone, at(middle)) < day) before = middle;
    else after = middle;
  }
  return at(after);
};
