import { CsvReader } from '@hostledger/http';
import { exact, rounded } from '@hostledger/quantities';
import { command } from '../../domain/account.fixture.js';
import { balancesOf } from '../../domain/account-figures.js';
import { mustBeOpened } from '../../domain/account-refusals.js';
import { accountAggregate } from '../../domain/account.js';
import { sumOf } from '../../domain/amounts.js';
import type { Statement } from '../../domain/statement.js';
import { PapersRoom } from '../../papers.fixture.js';
import { chargeLateFees } from '../../process/late-fee-note.js';
import { line, parties, statement } from './statement.fixture.js';
import type { BillingStatementView, LineExplanation, StatementList } from './views.js';

// A statement of March over 950.00 USD, due on 5 May, of which 350.00 are paid on 20 May, 100.00 are
// disputed for a while, and 50.00 bounce. 1.5 % a month, after five days of grace, by clause 4.1.

const room = new PapersRoom();
const { contractId, customerId } = statement;
const first: Statement = {
  ...statement,
  number: '2024-000001',
  lines: [line(1, { amount: '950.00' })],
  totals: [{ currency: 'USD', amount: '950.00' }],
  dueOn: '2024-05-05',
  // After the contract was agreed, as the log of the fixture counts.
  position: '600',
};
const next: Statement = {
  ...first,
  statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a003',
  number: '2024-000003',
  month: '2024-04',
  dueOn: '2024-06-05',
};
const terms = { lateFee: { percentPerMonth: '1.5', graceDays: 5 }, clauseRef: '4.1' };
const inForce = {
  ...{ version: 1, eventId: 'terms' },
  ...{ from: '2024-02-01T06:00:00.000Z', until: '2024-05-01T05:00:00.000Z' },
};
const payment = (paymentId: string, amount: string, on: string) => {
  const holder = { contractId, customerId, timeZone: 'America/Chicago' };
  const named = { statementIds: [first.statementId], reference: paymentId };
  const data = { ...holder, ...named, paymentId, amount, currency: 'USD', receivedOn: on };
  return command('ReceivePayment', data, on);
};
const disputed = {
  ...{ disputeId: 'd', statementId: first.statementId, currency: 'USD', amount: '100.00' },
  ...{ reason: 'DALTON was down', raisedOn: '2024-06-10' },
};
const rejected = {
  ...{ disputeId: 'd', outcome: 'rejected' as const, resolvedOn: '2024-06-20' },
  ...{ reason: 'It was not', creditNoteId: 'none' },
};

const act = (on: string, ...commands: ReturnType<typeof command>[]) =>
  room.act('bea', on, contractId, ...commands);
/** As the route does it, with numbers of the series that begin where the statements end. */
const charge = async (throughOn: string, on: string) => {
  const context = {
    ...{ commandId: `fees ${throughOn}`, requestHash: throughOn },
    ...{ actor: { subject: 'bea', role: 'billing' }, correlationId: 'c', causationId: 'c' },
    at: `${on}T18:00:00.000Z`,
  };
  const { notes } = await chargeLateFees(room.store, contractId, throughOn, context);
  return notes;
};
const numbers = (...ids: readonly string[]) => {
  const year = '2024';
  return room.happened(
    'statementSeries-2024',
    '2024-04-05T12:00:00.000Z',
    ...ids.map((statementId, index) => {
      const number = `2024-00000${room.streams.events('statementSeries-2024').length + index + 1}`;
      return { type: 'StatementNumberAssigned', data: { year, number, statementId } };
    }),
  );
};

const creditNoteId = 'c0000000-0000-4000-8000-000000000001';
let may: string;
let june: string;

beforeAll(async () => {
  await room.customer(customerId, parties.customer.legal_name);
  await room.contract(contractId, customerId, '2024-02-01');
  await numbers(first.statementId);
  await room.closed(first, [inForce]);
  await room.entered(first, terms);
  await act(
    '2024-05-20',
    payment('p1', '300.00', '2024-05-20'),
    payment('p2', '50.00', '2024-05-20'),
  );
  const bounce = { paymentId: 'p2', reversedOn: '2024-06-05', cause: 'Recalled' };
  [may] = (await charge('2024-05-31', '2024-06-01')).map(({ lateFeeId }) => lateFeeId) as [string];
  await numbers(next.statementId);
  await room.closed(next);
  await room.entered(next);
  await act('2024-06-05', command('ReversePayment', bounce, '2024-06-05'));
  await act('2024-06-10', command('RaiseDispute', disputed, '2024-06-10'));
  await act('2024-06-20', command('ResolveDispute', rejected, '2024-06-20'));
  // Recorded before the fee of June, and after its last day.
  await act('2024-07-01', payment('p3', '10.00', '2024-07-01'));
  [june] = (await charge('2024-06-30', '2024-07-02')).map(({ lateFeeId }) => lateFeeId) as [string];
  const credit = { statementId: first.statementId, lateFeeId: may, currency: 'USD' };
  await room.credited({
    ...{ ...credit, contractId, creditNoteId, number: '2024-000005', issuedOn: '2024-07-03' },
    ...{ amount: '3.00', reason: 'Paid on 16 May' },
  });
  await room.open(parties.issuer);
}, 120_000);
afterAll(() => room.close());

const show = (id: string) => room.json<BillingStatementView>(`/statements/${id}`);
const explain = (id: string) => room.json<LineExplanation>(`/statements/${id}/lines/1/explanation`);

describe('the list of statements', () => {
  const list = (query: string) => room.json<StatementList>(`/statements?${query}`);

  it('has every number of the year once, those of late fees too', async () => {
    const { items } = await list(`contractId=${contractId}`);
    expect(items.map(({ number, kind }) => `${number} ${kind}`)).toEqual([
      ...['2024-000001 statement', '2024-000002 lateFeeNote'],
      ...['2024-000003 statement', '2024-000004 lateFeeNote', '2024-000005 creditNote'],
    ]);
  });

  it('is of late fees alone where they are asked for, by the month of their last day', async () => {
    const found = async (query: string) => (await list(query)).items.map(({ number }) => number);
    expect(await found('kind=lateFeeNote')).toEqual(['2024-000002', '2024-000004']);
    expect(await found('kind=lateFeeNote&month=2024-06')).toEqual(['2024-000004']);
    expect(await found('month=2024-05')).toEqual(['2024-000002', '2024-000005']);
    expect(await found(`kind=lateFeeNote&customerId=${customerId}`)).toHaveLength(2);
  });
});

describe('a late fee note', () => {
  it('says what was overdue on which days, and charges a percentage of it', async () => {
    // 950.00 for 14 days of May and 600.00 for 12: 661.290... for a month, of which 1.5 % are 9.919...
    expect(await show(may)).toMatchObject({
      ...{ statementId: may, number: '2024-000002', kind: 'lateFeeNote', month: '2024-05' },
      ...{ contractId, customerId, issuedOn: '2024-06-01' },
      totals: [{ currency: 'USD', amount: '9.92' }],
      lateFee: {
        ...{ statementId: first.statementId, number: '2024-000001', dueOn: '2024-05-05' },
        ...{ fromOn: '2024-05-06', throughOn: '2024-05-31', percentPerMonth: '1.5' },
        stretches: [
          { fromOn: '2024-05-06', days: 14, daysInMonth: 31, overdue: '950.00' },
          { fromOn: '2024-05-20', days: 12, daysInMonth: 31, overdue: '600.00' },
        ],
      },
      lines: [
        {
          ...{ number: 1, component: 'lateFee', termsVersion: 1, clauseRef: '4.1' },
          window: { from: '2024-05-06T05:00:00.000Z', until: '2024-06-01T05:00:00.000Z' },
          ...{ quantity: '661.290323', unit: 'moneyMonth', rate: '1.5' },
          rounding: { mode: 'halfUp', scale: 2 },
          amount: '9.92',
        },
      ],
    });
  });

  it('is charged by the terms of the statement, and not due itself', async () => {
    const note = await show(june);
    expect(note.lines[0]!.description).toBe(
      'Late fee on statement 2024-000001, due on 2024-05-05, for what was overdue from 2024-06-01 to 2024-06-30',
    );
    expect(note).not.toHaveProperty('dueOn');
    expect(note).not.toHaveProperty('credits');
    expect(note).not.toHaveProperty('linesDigest');
  });

  it('is a PDF and CSV, too', async () => {
    const pdf = await room.get(`/statements/${may}?format=pdf`);
    const name = 'attachment; filename="lateFeeNote-2024-000002.pdf"';
    expect(pdf).toMatchObject({ status: 200, headers: { 'content-disposition': name } });
    expect(pdf.text.includes('(Late fee note 2024-000002)')).toBe(true);
    const { text } = await room.get(`/statements/${may}?format=csv`);
    const [head, record] = [...new CsvReader().read(text, true)].map(({ fields }) => fields);
    const of = (column: string) => record![head!.indexOf(column)];
    expect([of('kind'), of('amount'), of('rate'), of('clause')]).toEqual([
      ...['lateFeeNote', '9.92', '1.5', '4.1'],
    ]);
  });
});

describe('the explanation of a late fee', () => {
  const sourcesOf = ({ sources }: LineExplanation) =>
    sources.map(({ eventId }) => room.streams.log.find(({ id }) => id === eventId)!);

  it('computes it once more, with every step, clause and version of the terms', async () => {
    const explained = await explain(may);
    expect(explained).toMatchObject({
      ...{ statementId: may, agrees: true, basis: 'computed' },
      recomputed: { amount: '9.92', exactAmount: explained.line.exactAmount, rate: '1.5' },
      steps: [
        'Statement 2024-000001 was due on 2024-05-05 and not paid within 5 days of grace',
        'Overdue from 2024-05-06 to 2024-05-19: 950.00 USD × 14 of 31 days = 429.032258 USD for a month',
        'Overdue from 2024-05-20 to 2024-05-31: 600.00 USD × 12 of 31 days = 232.258065 USD for a month',
        '661.290323 USD for a month × 1.5 % = 9.919355, rounded 9.92',
      ],
      terms: { version: 1 },
      clause: { ref: '4.1', title: 'Hosting fee' },
    });
    const { number: _, ...said } = explained.line;
    expect(explained.recomputed).toEqual(said);
    const { exactAmount, rounding, amount } = explained.line;
    expect(rounded(exact(exactAmount), rounding.scale, rounding.mode)).toBe(amount);
  });

  it('names the statement, its terms, and what was paid within the days', async () => {
    const explained = await explain(may);
    expect(sourcesOf(explained).map(({ type }) => type)).toEqual([
      ...['TermsAdopted', 'PeriodClosed', 'AccountOpened', 'StatementEntered'],
      ...['PaymentReceived', 'PaymentApplied', 'PaymentReceived', 'PaymentApplied'],
    ]);
    expect(explained).toMatchObject({ sourceCount: 8, position: expect.any(String) as string });
    const page = await room.json<LineExplanation>(`/statements/${may}/lines/1/explanation?limit=2`);
    expect([page.sources.length, typeof page.nextCursor]).toEqual([2, 'string']);
  });

  it('names what bounced, what was disputed and the fee before, and nothing of later days', async () => {
    const explained = await explain(june);
    expect(explained).toMatchObject({ agrees: true });
    const sources = sourcesOf(explained);
    expect(sources.map(({ type }) => type)).toEqual([
      ...['TermsAdopted', 'PeriodClosed', 'AccountOpened', 'StatementEntered'],
      ...['PaymentReceived', 'PaymentApplied', 'PaymentReceived', 'PaymentApplied'],
      ...['LateFeeCharged', 'PaymentReversed', 'DisputeRaised', 'DisputeResolved'],
    ]);
    expect(sources.map(({ data }) => JSON.stringify(data)).join()).not.toContain('p3');
    expect(explained.line.exactAmount).toBe(explained.recomputed!.exactAmount);
  });

  it('is of one line', async () => {
    const url = `/statements/${may}/lines/2/explanation`;
    expect(await room.get(url)).toMatchObject({
      ...{ status: 404, text: expect.stringContaining('statement/line-unknown') as string },
    });
  });
});

describe('a credit note for a late fee', () => {
  it('is of the same month, component, clause and days, and names the note', async () => {
    const fee = (await show(may)).lines[0]!;
    const { termsVersion, clauseRef, window } = fee;
    const note = await show(creditNoteId);
    expect(note).toMatchObject({
      ...{ kind: 'creditNote', month: '2024-05', totals: [{ currency: 'USD', amount: '-3.00' }] },
      credits: {
        ...{ statementId: first.statementId, number: '2024-000001', reason: 'Paid on 16 May' },
        ...{ lateFeeId: may, lateFeeNumber: '2024-000002' },
      },
      lines: [{ component: 'lateFee', termsVersion, clauseRef, window, amount: '-3.00' }],
    });
    expect(note).not.toHaveProperty('lateFee');
    expect(note.lines[0]!.description).toBe(
      'Credit for late fee 2024-000002 on statement 2024-000001: Paid on 16 May',
    );
    const pdf = await room.get(`/statements/${creditNoteId}?format=pdf`);
    expect(pdf.text.includes('(Credit note 2024-000005)')).toBe(true);
  });

  it('is explained by the fee, and leaves what was not given back of it', async () => {
    const explained = await explain(creditNoteId);
    expect(explained).toMatchObject({
      ...{ basis: 'agreed', agrees: true, terms: { version: 1 }, clause: { ref: '4.1' } },
      credit: {
        ...{ lateFeeId: may, lateFeeNumber: '2024-000002', askedBy: 'ada', agreedBy: 'ada' },
        ...{ charged: '9.92', givenBack: '0.00', credited: '0.00', disputed: '0.00' },
        ...{ amount: '3.00', left: '6.92' },
      },
    });
    const types = explained.sources.map(({ eventId }) => {
      return room.streams.log.find(({ id }) => id === eventId)!.type;
    });
    expect(types).toEqual([
      ...['StatementEntered', 'LateFeeCharged', 'LateFeeNoteIssued'],
      ...['CreditNoteBegan', 'CreditNoteIssued'],
    ]);
  });
});

describe('the export', () => {
  const rows = async (query: string) => {
    const { text } = await room.get(`/billing/export?format=ndjson&${query}`);
    const lines = text.split('\n').filter((row) => row !== '');
    return lines.map((row) => JSON.parse(row) as Record<string, string | number | null>);
  };

  it('has a row for each late fee, of the month of its last day', async () => {
    const [fee, credit, ...others] = await rows('month=2024-05');
    expect(others).toEqual([]);
    expect(credit).toMatchObject({
      ...{ InvoiceId: '2024-000005', BilledCost: '-3.00', ChargeCategory: 'Credit' },
      ...{ SkuId: 'lateFee', x_AdjustsStatementId: may, x_AdjustsMonth: '2024-05' },
      x_OverdueStatementId: first.statementId,
    });
    expect([fee]).toMatchObject([
      {
        ...{ InvoiceId: '2024-000002', x_StatementKind: 'lateFeeNote', x_Line: 1 },
        ...{ x_StatementId: may, x_OverdueStatementId: first.statementId, BilledCost: '9.92' },
        ...{ ChargeCategory: 'Purchase', ChargeClass: null, ChargeFrequency: 'One-Time' },
        ...{ BillingPeriodStart: '2024-05-01T05:00:00Z', BillingPeriodEnd: '2024-06-01T05:00:00Z' },
        ...{ ChargePeriodStart: '2024-05-06T05:00:00Z', ChargePeriodEnd: '2024-06-01T05:00:00Z' },
        ...{ PricingQuantity: '661.290323', PricingUnit: 'USD-months', x_Rate: '1.5' },
        ...{ ContractedUnitPrice: null, SkuId: 'lateFee', ServiceName: 'Late fee' },
        ...{ SkuPriceId: 'lateFee/v1', x_Clause: '4.1', x_IssuedOn: '2024-06-01', x_DueOn: null },
        ...{ x_AdjustsStatementId: null, x_LinesDigest: null },
      },
    ]);
  });

  it('has them in the order of issue, goes on after one, and adds up to what is owed', async () => {
    const all = await rows('from=2024-03&until=2024-06');
    expect(all.map(({ InvoiceId }) => InvoiceId)).toEqual(
      [1, 2, 3, 4, 5].map((number) => `2024-00000${number}`),
    );
    const after = await rows('from=2024-03&until=2024-06&after=2024-000002.1');
    expect(after.map(({ InvoiceId }) => InvoiceId)).toEqual([
      ...['2024-000003', '2024-000004', '2024-000005'],
    ]);
    const { state } = await room.store.load(accountAggregate, contractId, { fresh: true });
    const [balance] = balancesOf(mustBeOpened(state));
    const paid = ['300.00', '10.00'];
    expect(sumOf(...all.map(({ BilledCost }) => String(BilledCost)))).toBe(
      sumOf(balance!.balance, ...paid),
    );
  });
});

it('A fee without a number yet is not shown', async () => {
  const others = room.streams.log.length;
  await act('2024-08-02', command('ChargeLateFees', { throughOn: '2024-07-31' }, '2024-08-02'));
  const charged = room.streams.log.slice(others).map(({ type }) => type);
  expect(charged).toEqual(['LateFeeCharged']);
  await room.catchUp();
  const { items } = await room.json<StatementList>('/statements?kind=lateFeeNote');
  expect(items).toHaveLength(2);
  await numbers(creditNoteId);
  await charge('2024-07-31', '2024-08-03');
  await room.catchUp();
  const after = await room.json<StatementList>('/statements?kind=lateFeeNote');
  expect(after.items.at(-1)).toMatchObject({ number: '2024-000006', issuedOn: '2024-08-02' });
});
