import { keptLine, keptRaggedLine } from './kept-line.js';

const columns = new Set(['lamp', 'watts']);

describe('a refused line', () => {
  it('is kept by the columns of the upload, and what has none beside them', () => {
    expect(keptLine({ lamp: 'a', colour: 'red', watts: null, note: undefined }, columns)).toEqual({
      fields: { lamp: 'a', watts: null },
      others: { colour: 'red' },
    });
    expect(keptLine(7, columns)).toEqual({ others: 7 });
    expect(keptLine(['a', 1], columns)).toEqual({ others: '["a",1]' });
    expect(keptLine({}, columns)).toEqual({});
  });

  it('is cut where no field may be so long, and not in the middle of a character', () => {
    const { fields } = keptLine({ lamp: `${'x'.repeat(999)}\u{1F4A1}` }, columns);
    expect(fields!.lamp).toBe(`${'x'.repeat(999)}\uFFFD`);
  });

  it('takes up 16 KiB, however much was sent', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [`field${n}`, '\u20AC'.repeat(1_000)]),
    );
    const kept = keptLine({ lamp: 'a', ...many }, columns);
    expect(kept.fields).toEqual({ lamp: 'a' });
    const size = Buffer.byteLength(JSON.stringify(kept));
    expect(size).toBeGreaterThan(12 * 1024);
    expect(size).toBeLessThanOrEqual(17 * 1024);
  });

  it('may be nested without end', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    expect(keptLine({ lamp: deep }, columns)).toEqual({
      fields: { lamp: '(nested too deep to be kept)' },
    });
    expect(keptLine({ lamp: { on: true } }, columns)).toEqual({ fields: { lamp: '{"on":true}' } });
  });

  it('with more fields than the header keeps those beyond it', () => {
    const kept = keptRaggedLine(['lamp', 'watts'], ['a', '', 'b', 'c'], (name) =>
      columns.has(name),
    );
    expect(kept).toEqual({ fields: { lamp: 'a' }, others: ['b', 'c'] });
  });
});
