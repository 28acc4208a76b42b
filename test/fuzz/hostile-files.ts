import { Raw, written } from './hostile-values.js';

/** Lines as a CSV file, quoted where they have to be. */
export const csvOf = (
  columns: readonly string[],
  lines: readonly Record<string, unknown>[],
): string =>
  [columns, ...lines.map((line) => columns.map((column) => cell(line[column])))]
    .map((fields) => fields.join(','))
    .join('\n')
    .concat('\n');

const cell = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : written(value);
  return /[",\r\n]/.test(text) || value instanceof Raw ? `"${text.replaceAll('"', '""')}"` : text;
};

const MEGABYTE = 1_000_000;

type HostileFile = (csv: string, columns: readonly string[]) => Buffer;

/** Ways in which a file is not what it should be. */
export const HOSTILE_FILES: readonly { readonly what: string; readonly file: HostileFile }[] = [
  { what: 'a file', file: (csv) => Buffer.from(csv) },
  { what: 'a file', file: (csv) => Buffer.from(csv) },
  { what: 'a file', file: (csv) => Buffer.from(csv) },
  { what: 'a BOM', file: (csv) => Buffer.from(`\ufeff${csv}`) },
  { what: 'CRLF', file: (csv) => Buffer.from(csv.replaceAll('\n', '\r\n')) },
  { what: 'CR alone', file: (csv) => Buffer.from(csv.replaceAll('\n', '\r')) },
  { what: 'mixed ends', file: (csv) => Buffer.from(`${csv}\r\n\n\r${csv}`) },
  { what: 'NUL', file: (csv) => Buffer.from(csv.replace(',', '\0,')) },
  { what: 'UTF-16', file: (csv) => Buffer.from(`\ufeff${csv}`, 'utf16le') },
  { what: 'Latin-1', file: (csv) => Buffer.from(`${csv}\xe4\xf6\n`, 'latin1') },
  { what: 'an open quote', file: (csv) => Buffer.from(`${csv}"`) },
  { what: 'a quote inside', file: (csv) => Buffer.from(`${csv}a"b,c\n`) },
  { what: 'a megabyte in a cell', file: (csv) => Buffer.from(`${csv}${'x'.repeat(MEGABYTE)}\n`) },
  {
    what: 'a quoted megabyte',
    file: (csv) => Buffer.from(`${csv}"${'x\n'.repeat(MEGABYTE / 2)}"\n`),
  },
  {
    what: 'a hundred thousand commas',
    file: (csv) => Buffer.from(`${csv}${','.repeat(100_000)}\n`),
  },
  { what: 'ragged lines', file: (csv) => Buffer.from(`${csv}a\n,\n,,,,,,,,,,\n`) },
  { what: 'no lines', file: (_, columns) => Buffer.from(`${columns.join(',')}\n`) },
  { what: 'nothing', file: () => Buffer.alloc(0) },
  { what: 'blank lines', file: () => Buffer.from('\n\n\n') },
  {
    what: 'other columns',
    file: (csv) => Buffer.from(`=1+1,__proto__,constructor\n1,2,3\n${csv}`),
  },
  {
    what: 'a column twice',
    file: (csv, [first = 'a']) => Buffer.from(csv.replace(first, `${first},${first}`)),
  },
  {
    what: 'a column of prototypes',
    file: (csv, [first = 'a']) => Buffer.from(csv.replace(first, `__proto__,${first}`)),
  },
  {
    what: 'formulas',
    file: (csv, columns) => {
      const cells = ['=1+1', '+1', '-1', '@A1', '\t=1', "=cmd|' /C calc'!A0", '"=1,2"'];
      return Buffer.from(
        `${csv}${columns.map((_, index) => cells[index % cells.length]).join(',')}\n`,
      );
    },
  },
  {
    what: 'ten thousand lines',
    file: (csv, columns) =>
      Buffer.from(`${csv}${`${columns.map(() => 'x').join(',')}\n`.repeat(10_000)}`),
  },
  { what: 'JSON', file: () => Buffer.from('{"lines":[{}]}') },
];
