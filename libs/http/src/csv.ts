/** A record longer than this is taken for a quote that was never closed. */
const MAX_RECORD_CHARACTERS = 64 * 1024;

/** One record of a file, with the line on which it begins; the header is on line 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** The text is not CSV from here on, so nothing after it can be told apart either. */
export class CsvFault extends Error {
  constructor(
    readonly line: number,
    message: string,
    /** Index of the field, where one is to blame. */
    readonly field?: number,
  ) {
    super(message);
    this.name = 'CsvFault';
  }
}

/**
 * Splits CSV (RFC 4180) into records while its text arrives in pieces. Lines end in LF or CRLF,
 * blank lines are skipped, blanks around a field are dropped unless they are quoted.
 *
 * It is our own because csv-parse takes five times as long: a third of a second for a manifest of
 * 27,000 lines, in which nobody else is served.
 */
export class CsvReader {
  #rest = '';
  /** Line on which the rest begins. */
  #line = 1;

  /**
   * The records that are complete with this piece; with `last`, whatever is left is one.
   * @throws CsvFault
   */
  *read(piece: string, last = false): Generator<CsvRecord> {
    const text = this.#rest + piece;
    const nul = text.indexOf('\0');
    if (nul >= 0) {
      throw new CsvFault(
        this.#line + lineEnds(text, 0, nul),
        'A NUL is not text; save it as UTF-8',
      );
    }
    let at = 0;
    let quote = text.indexOf('"');
    while (at < text.length) {
      if (quote >= 0 && quote < at) quote = text.indexOf('"', at);
      const line = this.#line;
      let end = text.indexOf('\n', at);
      if (quote < 0 || (end >= 0 && quote > end)) {
        if (end < 0 && !last) break;
        const record = text.slice(at, end < 0 ? undefined : end);
        end = at + record.length;
        this.#line += 1;
        if (record.trim() !== '') yield { line, fields: record.split(',').map(trim) };
      } else {
        const record = quotedRecord(text, at, last, line);
        if (!record) break;
        end = record.end;
        this.#line += 1 + lineEnds(text, at, end);
        yield { line, fields: record.fields };
      }
      at = end + 1;
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > MAX_RECORD_CHARACTERS) {
      throw new CsvFault(
        this.#line,
        `The record is longer than ${MAX_RECORD_CHARACTERS} characters; is a quote left open?`,
      );
    }
  }

  /** The line after those read, for faults found in the bytes of the next piece. */
  get line(): number {
    return this.#line + lineEnds(this.#rest, 0, this.#rest.length);
  }
}

const trim = (field: string): string => field.trim();

const lineEnds = (text: string, from: number, to: number): number => {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) {
    count += 1;
  }
  return count;
};

/** A record with quotes in it, and where its line ends; `undefined` if the text ends before it does. */
const quotedRecord = (
  text: string,
  begin: number,
  last: boolean,
  line: number,
): { readonly fields: readonly string[]; readonly end: number } | undefined => {
  const fields: string[] = [];
  const fail = (message: string): CsvFault => new CsvFault(line, message, fields.length);
  for (let at = begin; ;) {
    const field = fieldAt(text, at, last, fail);
    if (!field) return undefined;
    fields.push(field.value);
    if (text[field.end] !== ',') return { fields, end: field.end };
    at = field.end + 1;
  }
};

/** One field, and where the comma or line end after it is. */
const fieldAt = (
  text: string,
  at: number,
  last: boolean,
  fail: (message: string) => CsvFault,
): { readonly value: string; readonly end: number } | undefined => {
  let start = at;
  while (text[start] === ' ' || text[start] === '\t') start += 1;
  if (text[start] !== '"') {
    const end = endOfField(text, start);
    if (end === text.length && !last) return undefined;
    const value = text.slice(start, end).trim();
    if (value.includes('"')) throw fail('A quote in a field that does not begin with one');
    return { value, end };
  }
  let value = '';
  for (let from = start + 1; ;) {
    const close = text.indexOf('"', from);
    if (close < 0) {
      if (last) throw fail('The quote is never closed');
      return undefined;
    }
    value += text.slice(from, close);
    if (text[close + 1] === '"') {
      value += '"';
      from = close + 2;
      continue;
    }
    const end = endOfField(text, close + 1);
    // Also when the second half of a doubled quote may be in the next piece.
    if (end === text.length && !last) return undefined;
    if (text.slice(close + 1, end).trim() !== '') throw fail('Text after a closing quote');
    return { value, end };
  }
};

const endOfField = (text: string, from: number): number => {
  let end = from;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n') end += 1;
  return end;
};
