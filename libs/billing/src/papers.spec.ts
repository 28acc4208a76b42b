import { CsvReader } from '@hostledger/http';
import { PapersRoom } from './papers.fixture.js';
import { line, parties, statement } from './read/statements/statement.fixture.js';
import type { Statement } from './domain/statement.js';

const room = new PapersRoom();
const { contractId, customerId } = statement;
const third = {
  contract: 'b0000000-0000-4000-8000-000000000001',
  customer: 'b0000000-0000-4000-8000-000000000002',
};

const february: Statement = {
  ...statement,
  statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a001',
  number: '2024-000009',
  month: '2024-02',
  issuedOn: '2024-03-05',
  lines: [line(1, { amount: '4400120.11' })],
  totals: [{ currency: 'USD', amount: '4400120.11' }],
};

/** More than are read at once. */
const MANY = 120;
const small = (index: number): Statement => ({
  ...statement,
  contractId: third.contract,
  customerId: third.customer,
  statementId: `b0000000-0000-4000-9000-${String(index).padStart(12, '0')}`,
  number: `2015-${String(index + 1).padStart(6, '0')}`,
  month: `${2005 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`,
  issuedOn: '2015-01-05',
  lines: [line(1, { amount: '1.00' }), line(2, { amount: '2.00' })],
  totals: [{ currency: 'USD', amount: '3.00' }],
});

beforeAll(async () => {
  await room.customer(customerId, parties.customer.legal_name);
  await room.customer(third.customer, 'Others Ltd');
  await room.contract(contractId, customerId, '2024-02-01');
  await room.contract(third.contract, third.customer, '2024-03-01');
  for (let index = 0; index < MANY; index += 1) await room.closed(small(index));
  await room.closed(february);
  await room.closed(statement);
  await room.open(parties.issuer);
});
afterAll(() => room.close());

describe('a statement', () => {
  const url = `/statements/${statement.statementId}`;

  it('is data to whoever does not mind', async () => {
    const body = await room.json<{ number: string; lines: unknown[] }>(url);
    expect(body).toMatchObject({ number: '2024-000017' });
    expect(body.lines).toHaveLength(5);
  });

  it('is a PDF or CSV by Accept or by name, headed by the host, the same bytes each time', async () => {
    const pdf = await room.get(url, { accept: 'application/pdf' });
    expect(pdf).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/pdf',
        'content-disposition': 'attachment; filename="statement-2024-000017.pdf"',
        'log-position': expect.stringMatching(/^\d+$/) as string,
      },
    });
    expect(pdf.text.startsWith('%PDF-1.')).toBe(true);
    expect(pdf.text.includes('(Example Hosting, Inc.)')).toBe(true);
    expect((await room.get(`${url}?format=pdf`)).text === pdf.text).toBe(true);
    const csv = await room.get(url, { accept: 'text/csv' });
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.text).toContain('Example Miners Holdings LLC');
    expect(csv.text.split('\r\n')).toHaveLength(7);
  });

  it.each([
    [url, { accept: 'image/png' }, 406],
    [`${url}?format=docx`, {}, 400],
    ['/statements/9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a0ff?format=pdf', {}, 404],
  ])('%s as %o is answered with %i', async (asked, headers, status) => {
    expect(await room.get(asked, headers as Record<string, string>)).toMatchObject({ status });
  });
});

describe('the export', () => {
  const recordsOf = async (query: string) => {
    const { status, text } = await room.get(`/billing/export?${query}`);
    expect(status).toBe(200);
    const [head, ...records] = [...new CsvReader().read(text, true)].map(({ fields }) => fields);
    const at = (name: string) => head!.indexOf(name);
    return records.map((fields) => ({
      row: `${fields[at('InvoiceId')]}.${fields[at('x_Line')]}`,
      account: fields[at('BillingAccountName')],
      cost: fields[at('BilledCost')],
    }));
  };
  const rowsOf = async (query: string) => (await recordsOf(query)).map(({ row }) => row);

  it('has a row for each line of the statements of a month', async () => {
    expect(await rowsOf('month=2024-03')).toEqual(
      [1, 2, 3, 4, 5].map((number) => `2024-000017.${number}`),
    );
    expect(await rowsOf('month=2024-04')).toEqual([]);
  });

  it('has those of several months in the order of numbers, however many there are', async () => {
    const rows = await rowsOf('from=2005-01&until=2024-03');
    expect(rows).toHaveLength(2 * MANY + 6);
    expect(rows).toEqual(rows.toSorted());
    expect(new Set(rows).size).toBe(rows.length);
  });

  it('is of one contract or customer where that is asked for', async () => {
    const mine = await recordsOf(`from=2005-01&until=2024-03&customerId=${customerId}`);
    expect(mine).toHaveLength(6);
    expect(new Set(mine.map(({ account }) => account))).toEqual(new Set(['HA-2024-02-01']));
    expect(await rowsOf(`month=2024-03&contractId=${third.contract}`)).toEqual([]);
  });

  it('goes on after a row that came', async () => {
    expect(await rowsOf('from=2024-02&until=2024-03&after=2024-000017.3')).toEqual([
      '2024-000017.4',
      '2024-000017.5',
    ]);
    expect(await rowsOf('month=2024-03&after=2024-000017.5')).toEqual([]);
  });

  it('is NDJSON, too, of the same rows', async () => {
    const { text, headers } = await room.get('/billing/export?month=2024-03', {
      accept: 'application/x-ndjson',
    });
    expect(headers['content-type']).toBe('application/x-ndjson');
    const rows = text
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row) as object);
    expect(rows).toMatchObject(statement.lines.map(({ amount }) => ({ BilledCost: amount })));
  });

  it.each([
    ['', 422],
    ['month=2024-03&contractId=c0000000-0000-4000-8000-000000000009', 404],
    ['month=2024-03&customerId=c0000000-0000-4000-8000-000000000009', 404],
    ['month=2024-03&from=2024-01', 422],
    ['from=2024-03&until=2024-01', 422],
    ['from=2024-03', 422],
    ['month=2024-13', 400],
    ['month=2024-03&after=17', 400],
    ['month=2024-03&after=2024-999999', 404],
  ])('refuses %j with %i', async (query, status) => {
    expect(await room.get(`/billing/export?${query}`)).toMatchObject({ status });
  });
});
