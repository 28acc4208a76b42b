import { CsvReader } from '@hostledger/http';
import type { CreditNoteIssued, LateFeeCharged } from '../../domain/account-events.js';
import { command } from '../../domain/account.fixture.js';
import type { Statement } from '../../domain/statement.js';
import { PapersRoom } from '../../papers.fixture.js';
import { chargeLateFees } from '../../process/late-fee-note.js';
import { line, parties, statement } from './statement.fixture.js';
import type { BillingStatementView, StatementList } from './views.js';

// A contract that passes to another customer on 16 April 2024. March was sent to the first one, April to the
// successor; both are paid late, and something of March is credited afterwards.

const room = new PapersRoom();
const { contractId, customerId } = statement;
const successor = 'b0000000-0000-4000-8000-000000000007';
const terms = { lateFee: { percentPerMonth: '1.5', graceDays: 5 }, clauseRef: '4.1' };
const inForce = {
  ...{ version: 1, eventId: 'terms' },
  ...{ from: '2024-02-01T06:00:00.000Z', until: '2024-05-01T05:00:00.000Z' },
};
const march: Statement = {
  ...statement,
  number: '2024-000001',
  lines: [line(1, { amount: '1000.00' })],
  totals: [{ currency: 'USD', amount: '1000.00' }],
  issuedOn: '2024-04-05',
  dueOn: '2024-05-05',
};
const april: Statement = {
  ...march,
  statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a004',
  number: '2024-000002',
  month: '2024-04',
  customerId: successor,
  issuedOn: '2024-05-05',
  dueOn: '2024-06-05',
};
const oldNote = 'c0000000-0000-4000-8000-000000000002';
const newNote = 'c0000000-0000-4000-8000-000000000003';
const account = `billingAccount-${contractId}`;
let fees: readonly { readonly lateFeeId: string; readonly statementId: string }[];

beforeAll(async () => {
  await room.customer(customerId, parties.customer.legal_name);
  await room.customer(successor, 'Successor Mining Ltd');
  await room.contract(contractId, customerId, '2024-02-01');
  await room.closed(march, [inForce]);
  await room.entered(march, terms);
  await room.happened(`hostingContract-${contractId}`, '2024-04-16T18:00:00.000Z', {
    type: 'PartyAssigned',
    data: {
      ...{ contractId, fromCustomerId: customerId, toCustomerId: successor },
      ...{ effectiveOn: '2024-04-16', documentDigest: 'd'.repeat(64) },
    },
  });
  await room.closed(april, [inForce]);
  await room.entered(april, terms);
  await room.happened(
    'statementSeries-2024',
    '2024-05-06T12:00:00.000Z',
    ...[march, april].map(({ number, statementId }) => {
      return { type: 'StatementNumberAssigned', data: { year: '2024', number, statementId } };
    }),
  );
  const context = {
    ...{ commandId: 'fees', requestHash: 'fees', correlationId: 'c', causationId: 'c' },
    ...{ actor: { subject: 'bea', role: 'billing' }, at: '2024-07-01T18:00:00.000Z' },
  };
  fees = (await chargeLateFees(room.store, contractId, '2024-06-30', context)).notes;
  // As it was recorded before notes named whom their statement was sent to.
  const of = { contractId, customerId: successor, statementId: march.statementId };
  const note = { creditNoteId: oldNote, currency: 'USD', amount: '3.00', issuedOn: '2024-07-02' };
  const data = { ...of, ...note, reason: 'Goodwill' };
  await room.happened(
    account,
    '2024-07-02T18:00:00.000Z',
    { type: 'CreditNoteBegan', data },
    { type: 'CreditNoteIssued', data: { ...data, number: '2024-000005' } },
  );
  await room.act(
    ...(['ada', '2024-07-03', contractId] as const),
    command(
      'BeginCreditNote',
      {
        ...{ creditNoteId: newNote, statementId: march.statementId, currency: 'USD' },
        ...{ amount: '2.00', reason: 'Goodwill', billed: { givenBack: '0.00' } },
      },
      '2024-07-03',
    ),
    command('IssueCreditNote', { creditNoteId: newNote, number: '2024-000006' }, '2024-07-03'),
  );
  await room.open(parties.issuer);
}, 120_000);
afterAll(() => room.close());

it('events of a late fee and of a credit note name whom their statement was sent to', () => {
  const named = room.streams.events(account).flatMap((event) => {
    const data = event.data as LateFeeCharged['data'] | CreditNoteIssued['data'];
    const isOf = ['LateFeeCharged', 'LateFeeNoteIssued', 'CreditNoteIssued'].includes(event.type);
    return isOf ? [`${event.type} ${data.statementId} ${data.customerId}`] : [];
  });
  expect(named).toEqual([
    ...['LateFeeCharged', 'LateFeeCharged', 'LateFeeNoteIssued', 'LateFeeNoteIssued'].map(
      (type, index) => {
        const { statementId, customerId: to } = index % 2 === 0 ? march : april;
        return `${type} ${statementId} ${to}`;
      },
    ),
    `CreditNoteIssued ${march.statementId} ${successor}`,
    `CreditNoteIssued ${march.statementId} ${customerId}`,
  ]);
});

it('papers are listed with whom they were sent to, notes of old among them', async () => {
  const listOf = async (customer: string) => {
    const { items } = await room.json<StatementList>(`/statements?customerId=${customer}`);
    return items.map(({ number, kind }) => `${number} ${kind}`);
  };
  expect(await listOf(customerId)).toEqual([
    ...['2024-000001 statement', '2024-000003 lateFeeNote'],
    ...['2024-000005 creditNote', '2024-000006 creditNote'],
  ]);
  expect(await listOf(successor)).toEqual(['2024-000002 statement', '2024-000004 lateFeeNote']);
});

it('a paper is headed with its customer', async () => {
  const [ofMarch] = fees;
  const late = await room.json<BillingStatementView>(`/statements/${ofMarch!.lateFeeId}`);
  expect(late).toMatchObject({ customerId, lateFee: { statementId: march.statementId } });
  const pdf = await room.get(`/statements/${oldNote}?format=csv`);
  expect(pdf.text).toContain(parties.customer.legal_name);
});

it('a row of the export has the customer of its paper, and the filter goes by that', async () => {
  const rowsOf = async (more: string) => {
    const { text } = await room.get(`/billing/export?from=2024-03&until=2024-06${more}`);
    const [head, ...records] = [...new CsvReader().read(text, true)].map(({ fields }) => fields);
    const at = (name: string) => head!.indexOf(name);
    return records.map((row) => `${row[at('InvoiceId')]} ${row[at('x_CustomerName')]}`);
  };
  const first = (number: string) => `${number} ${parties.customer.legal_name}`;
  const second = (number: string) => `${number} Successor Mining Ltd`;
  const all = [
    ...[first('2024-000001'), second('2024-000002')],
    ...[first('2024-000003'), second('2024-000004')],
    ...[first('2024-000005'), first('2024-000006')],
  ];
  expect(await rowsOf('')).toEqual(all);
  expect(await rowsOf(`&customerId=${customerId}`)).toEqual(
    all.filter((row) => row.endsWith(parties.customer.legal_name)),
  );
});
