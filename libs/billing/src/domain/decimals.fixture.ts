// What is told in decimals is text, in all that is recorded and shown: a JSON number there would have gone
// through a float. Numbers are whole, and count what cannot be otherwise.

const COUNTS = new Set([
  ...['number', 'line', 'lineCount', 'version', 'termsVersion', 'formula', 'chunk', 'chunks'],
  ...['scale', 'days', 'daysInMonth', 'graceDays', 'dueDays', 'leg', 'actsBegun', 'changes'],
  ...['noticeDays', 'suspensionDays', 'terminationDays', 'original', 'revision'],
]);
const DECIMAL = /^-?\d+(\.\d+)?$/;
const FRACTION = /^-?\d+(\/\d+)?$/;
const TEXTS: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(
    [
      ...['amount', 'quantity', 'rate', 'before', 'overdue', 'percentPerMonth', 'upheldAmount'],
      ...['unapplied', 'receivable', 'unapplied_credit', 'lateFees', 'credited', 'paid', 'drawn'],
      ...['writtenOff', 'released', 'moved'],
    ].map((key) => [key, DECIMAL]),
  ),
  exactAmount: FRACTION,
  carried: FRACTION,
};

/** Where in something a number is no count, or a text under the name of a decimal is none. */
export const floatsIn = (value: unknown, path = '', key = ''): string[] => {
  if (typeof value === 'number') {
    return COUNTS.has(key) && Number.isSafeInteger(value) ? [] : [`${path} ${value}`];
  }
  if (typeof value === 'string') {
    const wanted = TEXTS[key];
    return !wanted || wanted.test(value) ? [] : [`${path} ${value}`];
  }
  if (value instanceof Map) {
    return [...value].flatMap(([name, each]) => floatsIn(each, `${path}/${String(name)}`));
  }
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => floatsIn(each, `${path}/${index}`));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => floatsIn(each, `${path}/${name}`, name));
};
