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
