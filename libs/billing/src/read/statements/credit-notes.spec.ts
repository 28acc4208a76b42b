import { CsvReader } from '@hostledger/http';
import { sumOf } from '../../domain/amounts.js';
import type { Statement } from '../../domain/statement.js';
import { command } from '../../domain/account.fixture.js';
import { PapersRoom } from '../../papers.fixture.js';
import { line, parties, statement } from './statement.fixture.js';
import type { BillingStatementView, LineExplanation, StatementList } from './views.js';

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
  ...{ contractId, statementId: first.statementId, currency: 'USD' },
  ...{ issuedOn: '2024-04-20', reason: 'Relocated at our own wish' },
};
const ofLine = {
  ...{ ...note, creditNoteId: 'c0000000-0000-4000-8000-000000000001', number: '2024-000002' },
  ...{ line: 2, amount: '20.00', left: '50.00' },
};
const ofAll = {
  ...{ ...note, creditNoteId: 'c0000000-0000-4000-8000-000000000002', number: '2024-000003' },
  ...{ amount: '100.00', reason: 'Goodwill' },
};
const disputed = {
  ...{ disputeId: 'd0000000-0000-4000-8000-000000000001', statementId: first.statementId, line: 2 },
  ...{ currency: 'USD', amount: '25.00', reason: 'DALTON was down', raisedOn: '2024-05-02' },
};
const ofDispute = 'c0000000-0000-4000-8000-000000000003';
const billed = { givenBack: '0.00', line: { currency: 'USD', left: '50.00' } };

/** Bob records a dispute of line 2, and bea upholds a part of it. */
const uphold = async () => {
  await room.act('bob', '2024-05-02', contractId, {
    ...command('RaiseDispute', { ...disputed, billed }, '2024-05-02'),
  });
  const { disputeId } = disputed;
  const resolution = {
    ...{ disputeId, outcome: 'upheld' as const, upheldAmount: '10.00', resolvedOn: '2024-05-03' },
    ...{ reason: 'For a day', creditNoteId: ofDispute, billed },
  };
  const issue = { creditNoteId: ofDispute, number: '2024-000006' };
  await room.act(
    ...(['bea', '2024-05-03', contractId] as const),
    command('ResolveDispute', resolution, '2024-05-03'),
    command('IssueCreditNote', issue, '2024-05-03'),
  );
};

beforeAll(async () => {
  await room.customer(customerId, parties.customer.legal_name);
  await room.contract(contractId, customerId, '2024-02-01');
  await room.closed(first);
  await room.entered(first);
  await room.credited(ofLine, 'bea');
  await room.credited(ofAll);
  await room.closed(next);
  await room.closed(empty);
  await uphold();
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
    expect(items.map(({ number }) => number)).toEqual([
      ...['2024-000004', '2024-000005', '2024-000006'],
    ]);
  });

  it('is of credit notes alone where they are asked for, by the month of their statement', async () => {
    const { items } = await list('kind=creditNote&month=2024-03');
    expect(items.map(({ number }) => number)).toEqual([
      ...['2024-000002', '2024-000003', '2024-000006'],
    ]);
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
});

describe('the explanation of a credit note', () => {
  const explain = (id: string) =>
    room.json<LineExplanation>(`/statements/${id}/lines/1/explanation`);
  const sourcesOf = ({ sources }: LineExplanation) =>
    sources.map(({ eventId }) => room.streams.log.find(({ id }) => id === eventId)!.type);

  it('says that it was agreed on, by whom, why, and that so much could be given back', async () => {
    const explained = await explain(ofLine.creditNoteId);
    expect(explained).toMatchObject({
      ...{ agrees: true, basis: 'agreed', line: { amount: '-20.00' } },
      credit: {
        ...{ statementId: first.statementId, number: '2024-000001', line: 2 },
        ...{ reason: ofLine.reason, askedBy: 'bea', agreedBy: 'bea' },
        ...{ agreedAt: '2024-04-20T18:00:00.000Z' },
        ...{ charged: '50.00', givenBack: '0.00', credited: '0.00', disputed: '0.00' },
        ...{ amount: '20.00', left: '30.00', currency: 'USD' },
      },
      steps: [
        '20.00 USD of line 2 of statement 2024-000001 given back, agreed by bea: Relocated at our own wish',
        'Charged 50.00 - given back on other statements 0.00 - credited before 0.00 ' +
          '- disputed 0.00 - credited now 20.00 = 30.00 USD left',
      ],
    });
    expect(explained).not.toHaveProperty('recomputed');
    expect(sourcesOf(explained)).toEqual([
      ...['PeriodLinesRecorded', 'StatementEntered', 'CreditNoteBegan', 'CreditNoteIssued'],
    ]);
  });

  it('of one for a whole statement counts what was credited of its lines', async () => {
    const explained = await explain(ofAll.creditNoteId);
    expect(explained.credit).toMatchObject({
      ...{ charged: '950.00', credited: '20.00', amount: '100.00', left: '830.00' },
    });
    expect(explained.credit).not.toHaveProperty('line');
    expect(sourcesOf(explained)).not.toContain('PeriodLinesRecorded');
  });

  it('of what was disputed names who asked for it, and who agreed', async () => {
    const explained = await explain(ofDispute);
    expect(explained.credit).toMatchObject({
      ...{ disputeId: disputed.disputeId, askedBy: 'bob', askedReason: 'DALTON was down' },
      ...{ askedAt: '2024-05-02T18:00:00.000Z', agreedBy: 'bea', reason: 'For a day' },
      ...{ charged: '50.00', credited: '20.00', disputed: '0.00', amount: '10.00', left: '20.00' },
    });
    expect(explained.steps[0]).toBe('Disputed, as bob recorded: DALTON was down');
    expect(sourcesOf(explained)).toEqual([
      ...['PeriodLinesRecorded', 'StatementEntered', 'DisputeRaised', 'DisputeResolved'],
      ...['CreditNoteBegan', 'CreditNoteIssued'],
    ]);
  });

  it('never has less than nothing left, and all of a line adds up', async () => {
    const ids = [ofLine.creditNoteId, ofAll.creditNoteId, ofDispute];
    const credits = (await Promise.all(ids.map(explain))).map(({ credit }) => credit!);
    for (const { charged, givenBack, credited, disputed: argued, amount, left } of credits) {
      expect(sumOf(givenBack, credited, argued, amount, left)).toBe(charged);
      expect(left.startsWith('-')).toBe(false);
    }
  });

  it('has one line', async () => {
    const url = `/statements/${ofDispute}/lines/2/explanation`;
    expect(await room.get(url)).toMatchObject({ status: 404 });
  });
});

describe('the export of a month', () => {
  const rows = async (query: string) => {
    const { text } = await room.get(`/billing/export?format=ndjson&${query}`);
    const lines = text.split('\n').filter((row) => row !== '');
    return lines.map((row) => JSON.parse(row) as Record<string, string | number | null>);
  };

  it('has credit notes as rows below zero, of the line or statement that they change', async () => {
    const [, , ...credits] = (await rows('month=2024-03')).slice(0, 4);
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
      [1, 2, 3, 4, 5, 6].map((number) => `2024-00000${number}`),
    );
    const costs = (await rows('month=2024-03')).map(({ BilledCost }) => String(BilledCost));
    expect(sumOf(...costs)).toBe('820.00');
    expect(await rows('month=2024-03&after=2024-000002.1')).toHaveLength(2);
  });

  it('has a row of nothing for a statement without lines', async () => {
    expect(await rows('month=2024-05')).toMatchObject([
      { InvoiceId: '2024-000005', x_Line: 0, BilledCost: '0.00', BillingCurrency: 'USD' },
    ]);
    expect(await rows('month=2024-05&after=2024-000005.0')).toEqual([]);
  });
});
