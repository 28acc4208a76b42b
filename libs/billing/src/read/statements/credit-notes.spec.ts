import { CsvReader } from '@hostledger/http';
import { sumOf } from '../../domain/amounts.js';
import type { Statement } from '../../domain/statement.js';
import { PapersRoom } from '../../papers.fixture.js';
import { line, parties, statement } from './statement.fixture.js';
import type { BillingStatementView, StatementList } from './views.js';

const room = new PapersRoom();
const { contractId, customerId } = statement;
const first: Statement = {
  ...statement,
  number: '2024-000001',
  lines: [line(1, { amount: '900.00' }), line(2, { amount: '50.00', facility: 'DALTON' })],
  totals: [{ currency: 'USD', amount: '950.00' }],
};
const next: Statement = {
  ...first,
  statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a003',
  number: '2024-000004',
  month: '2024-04',
};
const empty: Statement = {
  ...first,
  statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a004',
  number: '2024-000005',
  month: '2024-05',
  ...{ lines: [], totals: [] },
};
const note = {
  ...{ contractId, customerId, statementId: first.statementId, currency: 'USD' },
  ...{ issuedOn: '2024-04-20', reason: 'Relocated at our own wish' },
};
const ofLine = {
  ...{ ...note, creditNoteId: 'c0000000-0000-4000-8000-000000000001', number: '2024-000002' },
  ...{ line: 2, amount: '20.00' },
};
const ofAll = {
  ...{ ...note, creditNoteId: 'c0000000-0000-4000-8000-000000000002', number: '2024-000003' },
  ...{ amount: '100.00', reason: 'Goodwill' },
};

beforeAll(async () => {
  await room.customer(customerId, parties.customer.legal_name);
  await room.contract(contractId, customerId, '2024-02-01');
  await room.closed(first);
  await room.credited(ofLine);
  await room.credited(ofAll);
  await room.closed(next);
  await room.closed(empty);
  await room.open(parties.issuer);
}, 120_000);
afterAll(() => room.close());

const show = (id: string) => room.json<BillingStatementView>(`/statements/${id}`);

describe('the list of statements', () => {
  const list = (query: string) => room.json<StatementList>(`/statements?${query}`);

  it('has every number, those of credit notes too, in pages', async () => {
    const page = await list(`contractId=${contractId}&limit=3`);
    expect(page.items.map(({ number, kind }) => `${number} ${kind}`)).toEqual([
      ...['2024-000001 statement', '2024-000002 creditNote', '2024-000003 creditNote'],
    ]);
    const { items } = await list(`contractId=${contractId}&limit=3&cursor=${page.nextCursor}`);
    expect(items.map(({ number }) => number)).toEqual(['2024-000004', '2024-000005']);
  });

  it('is of credit notes alone where they are asked for, by the month of their statement', async () => {
    const { items } = await list('kind=creditNote&month=2024-03');
    expect(items).toMatchObject([{ number: '2024-000002' }, { number: '2024-000003' }]);
    expect((await list('kind=creditNote&month=2024-04')).items).toEqual([]);
  });
});

describe('a credit note', () => {
  it('names what it gives back of, and is of the same facility, component and terms', async () => {
    const { statementId, number } = first;
    expect(await show(ofLine.creditNoteId)).toMatchObject({
      ...{ number: '2024-000002', kind: 'creditNote', month: '2024-03', issuedOn: '2024-04-20' },
      totals: [{ currency: 'USD', amount: '-20.00' }],
      credits: { statementId, number, line: 2, reason: ofLine.reason },
      lines: [
        {
          ...{ number: 1, component: 'nameplateKwh', facility: 'DALTON', termsVersion: 2 },
          ...{ amount: '-20.00', exactAmount: '-20/1', window: first.lines[1]!.window },
        },
      ],
    });
  });

  it('for a whole statement is of its month, and of no component or version', async () => {
    const { credits, lines, ...head } = await show(ofAll.creditNoteId);
    expect(credits).toEqual({ ...credits, number: '2024-000001', reason: 'Goodwill' });
    expect(credits).not.toHaveProperty('line');
    const window = { from: '2024-03-01T06:00:00.000Z', until: '2024-04-01T05:00:00.000Z' };
    expect(lines).toMatchObject([{ component: 'credit', amount: '-100.00', window }]);
    expect(lines[0]).not.toHaveProperty('termsVersion');
    expect(head).not.toHaveProperty('inputsDigest');
  });

  it('is a PDF and CSV, too', async () => {
    const url = `/statements/${ofLine.creditNoteId}`;
    const pdf = await room.get(`${url}?format=pdf`);
    expect(pdf).toMatchObject({
      status: 200,
      headers: {
        'content-disposition': 'attachment; filename="creditNote-2024-000002.pdf"',
      },
    });
    expect(pdf.text.includes('(Credit note 2024-000002)')).toBe(true);
    const { text } = await room.get(`${url}?format=csv`);
    const [head, record] = [...new CsvReader().read(text, true)].map(({ fields }) => fields);
    expect(record![head!.indexOf('amount')]).toBe('-20.00');
    expect(record![head!.indexOf('description')]).toBe(
      'Credit for line 2 of statement 2024-000001: Relocated at our own wish',
    );
  });

  it('has nothing to explain: it was decided on', async () => {
    const url = `/statements/${ofLine.creditNoteId}/lines/1/explanation`;
    expect(await room.get(url)).toMatchObject({
      status: 409,
      text: expect.stringContaining('statement/line-agreed') as string,
    });
  });
});

describe('the export of a month', () => {
  const rows = async (query: string) => {
    const { text } = await room.get(`/billing/export?format=ndjson&${query}`);
    const lines = text.split('\n').filter((row) => row !== '');
    return lines.map((row) => JSON.parse(row) as Record<string, string | number | null>);
  };

  it('has credit notes as rows below zero, of the line or statement that they change', async () => {
    const [, , ...credits] = await rows('month=2024-03');
    const of = { x_StatementKind: 'creditNote', x_AdjustsStatementId: first.statementId };
    const changes = { ChargeCategory: 'Credit', ChargeClass: 'Correction' };
    const dated = { BillingPeriodStart: '2024-03-01T06:00:00Z', x_IssuedOn: '2024-04-20' };
    expect(credits).toMatchObject([
      {
        ...{ ...of, ...changes, ...dated, InvoiceId: '2024-000002', BilledCost: '-20.00' },
        ...{ SkuId: 'nameplateKwh', RegionId: 'DALTON', x_AdjustsLine: 2 },
      },
      {
        ...{ ...of, ...changes, ...dated, InvoiceId: '2024-000003', BilledCost: '-100.00' },
        ...{ SkuId: 'credit', SkuPriceId: null, x_TermsVersion: null, x_AdjustsLine: null },
        ...{ x_AdjustsReason: 'Goodwill', ChargeFrequency: 'One-Time' },
      },
    ]);
  });

  it('comes to what the month comes to with them, and leaves no number out', async () => {
    const all = await rows('from=2024-03&until=2024-05');
    expect([...new Set(all.map(({ InvoiceId }) => InvoiceId))]).toEqual(
      [1, 2, 3, 4, 5].map((number) => `2024-00000${number}`),
    );
    const costs = (await rows('month=2024-03')).map(({ BilledCost }) => String(BilledCost));
    expect(sumOf(...costs)).toBe('830.00');
    expect(await rows('month=2024-03&after=2024-000002.1')).toHaveLength(1);
  });

  it('has a row of nothing for a statement without lines', async () => {
    expect(await rows('month=2024-05')).toMatchObject([
      { InvoiceId: '2024-000005', x_Line: 0, BilledCost: '0.00', BillingCurrency: 'USD' },
    ]);
    expect(await rows('month=2024-05&after=2024-000005.0')).toEqual([]);
  });
});
