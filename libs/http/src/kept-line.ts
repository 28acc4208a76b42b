import type { Json } from '@hostledger/eventsourcing';

/** Longer than any field of an upload may be, so a text that is cut here stays refused. */
const MAX_TEXT_CHARACTERS = 1_000;
/** Of one line, as JSON; what goes beyond it is dropped. */
const MAX_LINE_BYTES = 16 * 1024;

type Kept = string | number | boolean | null;

/** A refused line as it was sent, within bounds, so that it can be corrected and sent again. */
export interface KeptLine {
  /** By the columns of the upload; without those that were left out. */
  readonly fields?: Readonly<Record<string, Kept>>;
  /** What no column is meant for: unknown fields, fields beyond the header, a line without fields. */
  readonly others?: Json;
}

/** Keeps a line of JSON, or one that is known by its fields alone. */
export const keptLine = (sent: unknown, columns?: ReadonlySet<string>): KeptLine => {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    return sent === undefined ? {} : { others: keptValue(sent) };
  }
  const budget = { bytes: MAX_LINE_BYTES };
  const isField = ([name]: readonly [string, unknown]): boolean => columns?.has(name) ?? true;
  const [fields, others] = [
    keptFields(Object.entries(sent).filter(isField), budget),
    keptFields(
      Object.entries(sent).filter((entry) => !isField(entry)),
      budget,
    ),
  ];
  return { ...(fields && { fields }), ...(others && { others }) };
};

/** Keeps a line of a file that has more or fewer fields than the header. */
export const keptRaggedLine = (
  header: readonly string[],
  texts: readonly string[],
  isColumn: (name: string) => boolean,
): KeptLine => {
  const named = header.flatMap((name, index) => {
    const text = texts[index];
    return text === undefined || text === '' || !isColumn(name) ? [] : [[name, text] as const];
  });
  const budget = { bytes: MAX_LINE_BYTES };
  const fields = keptFields(named, budget);
  const beyond = keptFields(Object.entries(texts.slice(header.length)), budget);
  return { ...(fields && { fields }), ...(beyond && { others: Object.values(beyond) }) };
};

const keptFields = (
  entries: readonly (readonly [string, unknown])[],
  budget: { bytes: number },
): Record<string, Kept> | undefined => {
  const kept: [string, Kept][] = [];
  for (const [name, sent] of entries) {
    if (sent === undefined) continue;
    const field: [string, Kept] = [cut(name), keptValue(sent)];
    const bytes = Buffer.byteLength(JSON.stringify(field));
    if (bytes > budget.bytes) continue;
    budget.bytes -= bytes;
    kept.push(field);
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
};

/** Lines are flat: what is nested in one is wrong, and kept as the text that it was. */
const keptValue = (sent: unknown): Kept => {
  if (typeof sent === 'string') return cut(sent);
  if (typeof sent === 'boolean' || sent === null) return sent;
  if (typeof sent === 'number' && Number.isFinite(sent)) return sent;
  return cut(asText(sent));
};

const asText = (sent: unknown): string => {
  try {
    return typeof sent === 'number' ? String(sent) : JSON.stringify(sent);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return '(nested too deep to be kept)';
  }
};

/** A surrogate pair is not cut in half: nothing could store that. */
const cut = (text: string): string =>
  text.length <= MAX_TEXT_CHARACTERS ? text : text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed();
