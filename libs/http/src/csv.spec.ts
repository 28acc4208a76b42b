import fc from 'fast-check';
import { CsvFault, CsvReader } from './csv.js';

/** The file read in pieces of so many characters. */
const read = (file: string, size = file.length || 1): [number, readonly string[]][] => {
  const reader = new CsvReader();
  const records: [number, readonly string[]][] = [];
  for (let at = 0; at < file.length; at += size) {
    for (const { line, fields } of reader.read(file.slice(at, at + size))) {
      records.push([line, fields]);
    }
  }
  for (const { line, fields } of reader.read('', true)) records.push([line, fields]);
  return records;
};

const faultOf = (file: string): CsvFault => {
  try {
    read(file);
  } catch (error) {
    if (error instanceof CsvFault) return error;
    throw error;
  }
  throw new Error('The file has no fault');
};

describe('a CSV file', () => {
  it('has one record a line, with or without a line end on the last', () => {
    expect(read('a,b\n1,2\n')).toEqual(read('a,b\n1,2'));
    expect(read('a,b\r\n1,\r\n')).toEqual([
      [1, ['a', 'b']],
      [2, ['1', '']],
    ]);
  });

  it('may quote commas, quotes, blanks and line ends', () => {
    expect(read('" a ", "b,c" ,"say ""so"""\n"two\nlines",x,y\n1,2,3')).toEqual([
      [1, [' a ', 'b,c', 'say "so"']],
      [2, ['two\nlines', 'x', 'y']],
      [4, ['1', '2', '3']],
    ]);
  });

  it('may have blank lines, which count as lines', () => {
    expect(read('a\n\n  \nb\n')).toEqual([
      [1, ['a']],
      [4, ['b']],
    ]);
  });

  it.each<[string, string, number, number | undefined]>([
    ['a quote in the middle of a field', 'a,b\n1,x"y\n', 2, 1],
    ['text after a closing quote', 'a,b\n"1"x,2\n', 2, 0],
    ['a quote that is never closed', 'a,b\n1,"2\n3,4\n', 2, 1],
    ['a quote left open for long', `a\n"${'x'.repeat(70_000)}\n`, 2, undefined],
    ['a NUL', 'a\nb\n"c\n\0"\n', 4, undefined],
  ])('names line and field of %s', (_fault, file, line, field) => {
    expect(faultOf(file)).toMatchObject({ line, field });
  });

  it('reads the same whatever its fields hold and however it is cut into pieces', () => {
    const field = fc.string({
      unit: fc.constantFrom('a', 'ß', '"', ',', '\n', '\r', ' ', '\t', '0'),
    });
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
    const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 9 }), fc.boolean(), (rows, size, crlf) => {
        const plain = /^[^",\n\r\t ]+$/;
        const lines = rows.map((row) =>
          row.map((value) => (plain.test(value) ? value : quoted(value))).join(','),
        );
        const file = lines.join(crlf ? '\r\n' : '\n');
        expect(read(file, size).map(([, fields]) => fields)).toEqual(rows);
      }),
    );
  });
});
