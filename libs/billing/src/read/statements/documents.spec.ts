import { inflateSync } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { CsvReader } from '@hostledger/http';
import type { Statement } from '../../domain/statement.js';
import { formatWanted } from '../../http/format.js';
import { documentOf, PAPER_TYPES } from './documents.js';
import { printable } from './paper.js';
import { line, longStatement, parties, statement } from './statement.fixture.js';
import { grouped, roundingNotes } from './words.js';

/** What a page says, a text for each that was set; parsed out of the file, not out of its maker. */
const pagesOf = (pdf: Buffer): string[][] => {
  const file = pdf.toString('latin1');
  const streams = [...file.matchAll(/\/Length (\d+)\b[^>]*>>\s*stream\r?\n/g)].map((found) => {
    const start = found.index + found[0].length;
    return inflateSync(pdf.subarray(start, start + Number(found[1]))).toString('latin1');
  });
  return streams
    .filter((content) => content.includes(' TJ'))
    .map((content) => [...content.matchAll(/\[([^\]]*)\] TJ/g)].map(([, set]) => textOf(set!)));
};

const textOf = (set: string): string =>
  [...set.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => latin(hex!)).join('');
const latin = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');

const pdfOf = async (of: Statement): Promise<Buffer> => (await documentOf(of, parties, 'pdf')).body;

describe('a statement as a PDF', () => {
  it('says every amount, quantity and rate, every total, and between whom it is', async () => {
    const said = pagesOf(await pdfOf(statement))[0]!;
    const figures = statement.lines.flatMap(({ amount, quantity }) => [amount, quantity]);
    expect(said).toEqual(expect.arrayContaining(figures.map(grouped)));
    expect(said).toEqual(expect.arrayContaining(['0.0725', '0.08', '1.591766 %', '12.5 %']));
    expect(said).toEqual(expect.arrayContaining(['4.1 / v2', '7.2 / v2', '4.1 / v3']));
    expect(said).toContain('Total due on 2024-05-05: 4,647,136.85 USD');
    expect(said.filter((text) => text === '4,647,136.85')).toHaveLength(1);
    expect(said).toContain('1.55039750');
    const { issuer, customer, contract } = parties;
    expect(said).toEqual(expect.arrayContaining([issuer.name, ...issuer.address]));
    expect(said).toEqual(expect.arrayContaining([customer.legal_name, contract.contract_id]));
    expect(said).toEqual(expect.arrayContaining(['Statement', '2024-000017', 'March 2024']));
    expect(said).toContain('1 of 1');
  });

  it('adds up charges, credits and adjustments to the total', async () => {
    const said = pagesOf(await pdfOf(statement))[0]!;
    const after = (name: string) => said[said.indexOf(name) + 1];
    expect(after('Charges')).toBe('4,724,154.41');
    expect(after('Credits')).toBe('-75,197.49');
    expect(after('Adjustments')).toBe('-1,820.07');
    expect(after('Total in USD')).toBe('4,647,136.85');
  });

  it('tells which line of which statement an adjustment changes, and what stood before', async () => {
    const numbers = new Map([[statement.lines[4]!.adjusts!.statementId, '2024-000009']]);
    const { body } = await documentOf(statement, { ...parties, numbers }, 'pdf');
    const said = pagesOf(body).flat().join(' ');
    expect(said).toContain('Adjusts February 2024, line 1 of');
    expect(said).toContain('2024-000009');
    expect(said).toContain('4,400,120.11');
  });

  it('tells how to compute it again', async () => {
    const said = pagesOf(await pdfOf(statement))
      .flat()
      .join('\n');
    expect(said).toContain(statement.inputsDigest);
    expect(said).toContain(statement.linesDigest);
    expect(said).toContain('Position   184467');
    expect(said).toContain('to 2 decimal places');
    expect(said).toContain('to 8 decimal places');
  });

  it('says of which lines amounts were rounded in another way than most', () => {
    const down = line(2, { rounding: { mode: 'down', scale: 2 } });
    const way = 'are quantity × rate, computed exactly and rounded once';
    const nearest = 'to the nearest, ties away from zero, to 2 decimal places';
    expect(roundingNotes([line(1), line(3)])).toEqual([`Amounts in USD ${way}, ${nearest}.`]);
    expect(roundingNotes([line(1), down, line(3)])).toEqual([
      `Amounts in USD ${way}, ${nearest}, but for the lines named below.`,
      `Amounts in USD of line 2 ${way}, towards zero, to 2 decimal places.`,
    ]);
  });

  it('is the same bytes for the same statement, and others for another', async () => {
    const once = await pdfOf(statement);
    expect(await pdfOf(structuredClone(statement))).toEqual(once);
    expect(await pdfOf({ ...statement, number: '2024-000018' })).not.toEqual(once);
  });

  it('goes over pages: each has the head of the table, its number, and no line twice', async () => {
    const long = longStatement(120);
    const pages = pagesOf(await pdfOf(long));
    expect(pages.length).toBeGreaterThan(3);
    pages.forEach((said, page) => {
      expect(said).toContain(`${page + 1} of ${pages.length}`);
      if (page > 0) expect(said[0]).not.toBe(parties.issuer.name);
    });
    const withLines = pages.filter((said) => said.some((text) => text === '12.5'));
    for (const said of withLines) expect(said).toContain('Quantity');
    const said = pages.flat();
    for (const { amount, number } of long.lines) {
      const rows = said.filter((text, index) => {
        return (
          text === String(number) && said[index + 1]?.startsWith(`Relocation of batch ${number} `)
        );
      });
      expect(rows).toHaveLength(1);
      expect(said).toContain(grouped(amount));
    }
    expect(said.at(said.indexOf('Total in USD') + 1)).toBe('90,750.00');
  });

  it('shows what a late fee is computed from: every stretch of days, and the sum', async () => {
    const stretch = { daysInMonth: 31, overdue: '1250.00' };
    const lateFee = {
      ...{ statementId: statement.statementId, number: '2024-000017', dueOn: '2024-05-05' },
      ...{ fromOn: '2024-05-06', throughOn: '2024-05-31', percentPerMonth: '1.5' },
      stretches: [
        { ...stretch, fromOn: '2024-05-06', throughOn: '2024-05-19', days: 14 },
        { ...stretch, fromOn: '2024-05-20', throughOn: '2024-05-31', days: 12, overdue: '600.00' },
      ],
    };
    const fee = {
      ...{ component: 'lateFee' as const, unit: 'moneyMonth' as const, rate: '1.5' },
      ...{ quantity: '796.774194', amount: '11.95', description: 'Late fee' },
    };
    const { inputsDigest: _, linesDigest: __, dueOn: ___, ...head } = statement;
    const note: Statement = {
      ...{ ...head, statementId: 'fee', number: '2024-000018', kind: 'lateFeeNote', lateFee },
      ...{ lines: [{ ...line(1), ...fee }], totals: [{ currency: 'USD', amount: '11.95' }] },
    };
    const said = pagesOf(await pdfOf(note)).flat();
    expect(said).toEqual(expect.arrayContaining(['Late fee note', 'Late fee', '796.774194']));
    expect(said).toEqual(expect.arrayContaining(['USD-months', '1.5 %', 'Total: 11.95 USD']));
    expect(said).toContain('Statement 2024-000017, due on 2024-05-05');
    const [first, second] = ['2024-05-06', '2024-05-20'].map((day) => said.indexOf(day));
    expect(said.slice(first, first! + 5)).toEqual([
      ...['2024-05-06', '2024-05-19', '1,250.00', '14', '31'],
    ]);
    expect(said.slice(second, second! + 5)).toEqual([
      ...['2024-05-20', '2024-05-31', '600.00', '12', '31'],
    ]);
    expect(said.join(' ')).not.toContain('SHA-256');
  });

  it('shows a credit as one, and of a statement without lines that nothing is charged', async () => {
    const totals = [{ currency: 'USD', amount: '-1820.07' }];
    const said = pagesOf(await pdfOf({ ...statement, lines: [], totals })).flat();
    expect(said).toContain('Credit: 1,820.07 USD');
    const none: Statement = { ...statement, lines: [], totals: [] };
    const told = pagesOf(await pdfOf(none)).flat();
    expect(told).toContain('Total due on 2024-05-05: 0.00 USD');
    expect(told).toContain('Nothing is charged for March 2024');
    expect(told[told.indexOf('Total in USD') + 1]).toBe('0.00');
  });

  it('sets what its fonts lack without a mark, or says that something is missing', () => {
    expect(printable('Łódź – Zażółć 10 € × 比特')).toBe('?ódz – Zazó?c 10 € × ??');
  });
});

describe('a statement as CSV', () => {
  const recordsOf = async (of: Statement) => {
    const { body } = await documentOf(of, parties, 'csv');
    return [...new CsvReader().read(body.toString(), true)].map(({ fields }) => fields);
  };

  it('has a record for each line, as exact as the statement', async () => {
    const [head, ...records] = await recordsOf(statement);
    const rows = records.map((fields) =>
      Object.fromEntries(head!.map((name, index) => [name, fields[index]])),
    );
    expect(rows).toHaveLength(statement.lines.length);
    rows.forEach((row, index) => {
      const { amount, quantity, rate, exactAmount, key } = statement.lines[index]!;
      expect(row).toMatchObject({ amount, quantity, rate, exactAmount, key });
      expect(row).toMatchObject({ statement: '2024-000017', contract: 'HA-2023-11' });
    });
    expect(rows[4]).toMatchObject({ adjustsMonth: '2024-02', amountBefore: '4400120.11' });
  });

  it('says of a statement without lines that nothing is charged', async () => {
    const [head, ...records] = await recordsOf({ ...statement, lines: [], totals: [] });
    const of = (name: string) => records.map((fields) => fields[head!.indexOf(name)]);
    expect([of('statement'), of('line'), of('amount')]).toEqual([['2024-000017'], ['0'], ['0.00']]);
    expect(of('description')).toEqual(['Nothing is charged for March 2024']);
  });

  it('has no formula', async () => {
    const [head, record] = await recordsOf({
      ...statement,
      lines: [line(1, { description: '=1+1', amount: '-1.00' })],
    });
    expect(record![head!.indexOf('description')]).toBe("'=1+1");
    expect(record![head!.indexOf('amount')]).toBe('-1.00');
  });

  it('keeps texts with quotes, commas and line ends whole', async () => {
    const description = 'Agreed, "as is"\r\nby letter';
    const [head, record] = await recordsOf({ ...statement, lines: [line(1, { description })] });
    expect(record![head!.indexOf('description')]).toBe(description);
  });
});

describe('the form of a statement', () => {
  const asked = (accept: string) => ({ raw: { headers: { accept } } }) as FastifyRequest;
  const types = { json: 'application/json', ...PAPER_TYPES };

  it('is chosen by name, else by Accept', () => {
    expect(formatWanted(asked('application/pdf'), undefined, types)).toBe('pdf');
    expect(formatWanted(asked('text/csv'), undefined, types)).toBe('csv');
    expect(formatWanted(asked('*/*'), undefined, types)).toBe('json');
    expect(formatWanted(asked('application/json'), 'pdf', types)).toBe('pdf');
    expect(() => formatWanted(asked('image/png'), undefined, types)).toThrow(/application\/pdf/);
  });
});
