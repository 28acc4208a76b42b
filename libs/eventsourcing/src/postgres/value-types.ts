/** Object ids of the PostgreSQL types whose JavaScript form this system fixes. */
const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;

/**
 * How values read from either driver look: int8 → bigint, numeric and date → the text as it is,
 * timestamptz → `2024-04-20T00:00:00.000Z`. The rest (text, int4, bool, jsonb) agrees by itself.
 */
export const valueParsers: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: (text) => BigInt(text),
  [DATE]: (text) => text,
  [NUMERIC]: (text) => text,
  [TIMESTAMPTZ]: (text) => instantOf(text),
};

/** Sessions run in UTC, so the text nearly always ends in +00 and needs no calendar. */
const instantOf = (text: string): string => {
  if (text.length >= 22 && text.endsWith('+00') && text.charCodeAt(4) === 45) {
    const fraction = text.length > 22 ? text.slice(20, -3).padEnd(3, '0').slice(0, 3) : '000';
    return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
  }
  return new Date(text).toISOString();
};
