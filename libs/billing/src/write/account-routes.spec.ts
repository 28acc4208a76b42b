import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  contractAggregate,
  contractsProjections,
  type ContractCommand,
} from '@hostledger/contracts';
import { settlementAggregate, type SettlementCommand } from '@hostledger/deals';
import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { dayIn } from '@hostledger/quantities';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { accountProjections, accountSlices } from '../account.js';
import { january, noon } from '../domain/account.fixture.js';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import { begin, close, line, numbered } from '../domain/period.fixture.js';
import { enterStatement } from '../process/statement-entry.js';

// The routes of accounts, from the request to the read model.

const streams = new InMemoryStreams();
const store = new AggregateStore(streams);

@Module({
  controllers: accountSlices.flatMap(({ controllers }) => [...controllers]),
  providers: accountSlices.flatMap(({ providers }) => [...providers]),
})
class AccountsModule {}

let app: NestFastifyApplication;
let filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;
let acts = 0;

const digest = 'd'.repeat(64);
const customerId = deriveId('customer');
const settlementId = deriveId('settlement');
/** Where the contract is. */
const today = dayIn('America/Chicago', new Date().toISOString());

const next = (on: string): CommandContext => {
  acts += 1;
  return {
    commandId: deriveId(`act ${acts}`),
    requestHash: `act ${acts}`,
    actor: { subject: 'ana', role: 'billing' },
    correlationId: 'c-1',
    causationId: 'r-1',
    at: noon(on),
  };
};

/** An executed contract with a deposit, and a statement of January that was due on 1 March. */
const open = async (name: string, amount = '1000.00') => {
  const contractId = deriveId(name);
  const act = (type: ContractCommand['type'], data: object) =>
    store.handle(
      contractAggregate,
      contractId,
      { type, data, at: noon('2024-01-02') } as unknown as ContractCommand,
      next('2024-01-02'),
    );
  const agreement = { contractId, customerId, timeZone: 'America/Chicago', currency: 'USD' };
  await act('DraftContract', { ...agreement, reference: name, title: name });
  const rateCard = { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' };
  const terms = { version: 1, effectiveOn: '2024-01-01', documentDigest: digest, clauses: [] };
  await act('AdoptTerms', { ...terms, rateCard });
  const signed = { executedOn: '2024-01-01', documentDigest: digest, signatories: [] };
  await act('ExecuteContract', signed);
  const depositId = deriveId(name, 'deposit');
  const deposit = { depositId, amount: '800.00', currency: 'USD', reference: 'W' };
  await act('ReceiveDeposit', { ...deposit, receivedOn: '2024-01-02' });
  const statementId = deriveId(name, 'statement');
  const month = { contractId, month: '2024-01', closeId: deriveId(name, 'close') };
  const closing = { ...month, statementId, firstMonth: '2024-01' };
  for (const step of [begin(closing), close({ ...month, lines: numbered(line(amount)) })]) {
    const period = periodId(contractId, '2024-01');
    await store.handle(billingPeriodAggregate, period, step, next('2024-02-05'));
  }
  const totals = [{ currency: 'USD', amount }];
  const entry = { ...january, contractId, customerId, statementId, totals };
  await enterStatement(store, entry, next('2024-02-05'));
  return { contractId, statementId, depositId, url: `/billing/accounts/${contractId}` };
};

beforeAll(async () => {
  const authenticate = (token: string) => {
    const [subject = '', role] = token.split(':');
    return Promise.resolve({ subject, roles: [role] as never });
  };
  const read = (...asked: Parameters<ReadModels['read']>) => filled!.readModels.read(...asked);
  const imports = [
    CqrsModule.forRoot(),
    EventSourcingModule.with({
      aggregateStore: store,
      eventStore: streams as unknown as EventStore,
      readModels: { read } as ReadModels,
    }),
    AccountsModule,
  ];
  app = await servedRoutes({ imports }, { authenticate });
});

afterAll(async () => {
  await app.close();
  await filled?.close();
});

const call = async (
  method: 'GET' | 'POST',
  url: string,
  payload?: object,
  headers: Record<string, string> = {},
) => {
  const answer = await app.inject({
    method,
    url: `/v1${url}`,
    payload,
    headers: { authorization: 'Bearer bea:billing', ...headers },
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
};
const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  call('POST', url, payload, headers);
const get = async (url: string) => {
  if (filled) await filled.catchUp();
  else filled = await readModelsOf([...contractsProjections, ...accountProjections], streams.log);
  return call('GET', url);
};
const usd = { currency: 'USD' };
const payment = { ...usd, receivedOn: '2024-03-20', reference: 'WIRE-1' };
const reason = 'Uptime';

it('Payments, credit notes, disputes and draws come to the balance, and each is in the ledger', async () => {
  const { url, statementId, depositId } = await open('whole');
  const paid = await post(`${url}/payments`, { ...payment, amount: '400.00' });
  expect(paid).toMatchObject({ status: 201, body: { paymentId: expect.any(String) as string } });
  const note = await post(`${url}/credit-notes`, { ...usd, statementId, amount: '50.00', reason });
  expect(note).toMatchObject({
    status: 201,
    body: { number: expect.stringMatching(/^\d{4}-\d{6}$/) as string },
  });
  const raised = { ...usd, statementId, line: 1, amount: '100.00', reason, raisedOn: '2024-03-21' };
  const { body } = await post(`${url}/disputes`, raised);
  const resolution = { outcome: 'upheld', upheldAmount: '80.00', resolvedOn: '2024-03-25', reason };
  const resolved = await post(`${url}/disputes/${String(body.disputeId)}/resolution`, resolution);
  expect(resolved).toMatchObject({
    status: 200,
    body: { creditNoteId: expect.any(String) as string },
  });
  const draw = { ...usd, statementId, depositId, amount: '200.00', drawnOn: '2024-03-26' };
  expect(await post(`${url}/deposit-draws`, { ...draw, reference: 'D' })).toMatchObject({
    status: 201,
  });

  const account = await get(`${url}?on=2024-04-15`);
  expect(account).toMatchObject({
    status: 200,
    body: {
      balances: [{ currency: 'USD', balance: '270.00', unappliedCredit: '0.00' }],
      // Credit notes are of the day they are issued on, so nothing was credited on that day.
      ageing: [{ notDue: '0.00', days1To30: '0.00', days31To60: '400.00', daysOver90: '0.00' }],
      deposits: [{ depositId, balance: '600.00' }],
      statements: [{ statementId, charges: [{ open: '270.00', paid: '400.00', drawn: '200.00' }] }],
      creditNotes: [{ amount: '50.00' }, { amount: '80.00', disputeId: body.disputeId }],
      nextStep: { step: 'overdue', on: '2024-03-02' },
    },
  });
  const { body: ledger } = await get(`${url}/entries`);
  const entries = ledger.items as Record<string, unknown>[];
  expect(entries.map(({ kind, amount, balance }) => [kind, amount, balance])).toEqual([
    ['StatementEntered', '1000.00', '1000.00'],
    ['PaymentReceived', '0.00', '1000.00'],
    ['PaymentApplied', '-400.00', '600.00'],
    ['CreditNoteIssued', '-50.00', '550.00'],
    ['CreditNoteIssued', '-80.00', '470.00'],
    ['DepositApplied', '-200.00', '270.00'],
  ]);
  const page = await get(`${url}/entries?limit=2`);
  const cursor = String(page.body.nextCursor);
  expect(await get(`${url}/entries?limit=2&cursor=${cursor}`)).toMatchObject({
    body: { items: [{ kind: 'PaymentApplied', balance: '600.00', unappliedCredit: '0.00' }, {}] },
  });
  expect(await get(`${url}/timeline`)).toMatchObject({
    body: { items: expect.any(Array) as unknown[] },
  });
});

it('A line that the statement does not have is neither credited nor disputed', async () => {
  const { url, statementId } = await open('lines');
  const unknown = { status: 404, body: { code: 'statement/line-unknown' } };
  for (const path of ['credit-notes', 'disputes']) {
    const wish = { ...usd, statementId, line: 2, amount: '1.00', reason };
    expect(await post(`${url}/${path}`, wish)).toMatchObject(unknown);
  }
});

it('A payment is told once under its key, and may bounce', async () => {
  const { url } = await open('bounce');
  const headers = { 'idempotency-key': 'payment-1' };
  const first = await post(`${url}/payments`, { ...payment, amount: '10.00' }, headers);
  const again = await post(`${url}/payments`, { ...payment, amount: '10.00' }, headers);
  expect(again.body).toEqual(first.body);
  const bounce = { reversedOn: '2024-03-22', cause: 'Recalled' };
  const reversal = `${url}/payments/${String(first.body.paymentId)}/reversal`;
  expect(await post(reversal, bounce)).toMatchObject({ status: 200 });
  expect(await get(url)).toMatchObject({ body: { balances: [{ balance: '1000.00' }] } });
});

it('A write-off is approved by somebody else', async () => {
  const { url, statementId } = await open('writeOff');
  const proposal = { ...usd, statementId, amount: '999.00', reason };
  const { body } = await post(`${url}/write-offs`, proposal);
  const approval = `${url}/write-offs/${String(body.writeOffId)}/approval`;
  expect(await post(approval, {})).toMatchObject({
    status: 403,
    body: { code: 'account/own-write-off' },
  });
  const other = { authorization: 'Bearer ben:billing' };
  expect(await post(approval, {}, other)).toMatchObject({ status: 200 });
  expect(await get(url)).toMatchObject({ body: { balances: [{ balance: '1.00' }] } });
});

it('Ageing on a day is of what was open then', async () => {
  const { url } = await open('ageing');
  await post(`${url}/payments`, { ...payment, amount: '400.00' });
  const ageingOn = async (day: string) => {
    const { body } = await get(`${url}?on=${day}`);
    return (body.ageing as Record<string, string>[])[0];
  };
  expect(await ageingOn('2024-02-04')).toMatchObject({ notDue: '0.00', days1To30: '0.00' });
  expect(await ageingOn('2024-02-05')).toMatchObject({ notDue: '1000.00' });
  expect(await ageingOn('2024-03-19')).toMatchObject({ notDue: '0.00', days1To30: '1000.00' });
  expect(await ageingOn('2024-03-20')).toMatchObject({ days1To30: '600.00' });
  await post(`${url}/late-fees`, { throughOn: '2024-03-31' });
  expect(await ageingOn('2024-04-01')).toMatchObject({ days31To60: '600.00' });
  // Fees of 18 days for 1000.00 and of 12 for 600.00.
  expect(await ageingOn(today)).toMatchObject({ daysOver90: '612.19' });
});

it('Late fees are charged for the days since they were charged last', async () => {
  const { url, statementId } = await open('late');
  const charge = (throughOn: string, headers = {}) =>
    post(`${url}/late-fees`, { throughOn }, headers);
  const number = expect.stringMatching(/^\d{4}-\d{6}$/) as string;
  const first = await charge('2024-03-31');
  const fee = { statementId, currency: 'USD', amount: '14.52', number };
  const days = { fromOn: '2024-03-02', throughOn: '2024-03-31' };
  expect(first).toMatchObject({ status: 200, body: { lateFees: [{ ...fee, ...days }] } });
  expect(await charge('2024-03-31')).toEqual(first);
  const april = { fromOn: '2024-04-01', throughOn: '2024-04-30', amount: '15.00' };
  expect(await charge('2024-04-30')).toMatchObject({ body: { lateFees: [{ ...fee, ...april }] } });
  expect(await charge('2024-04-15')).toMatchObject({ status: 200, body: { lateFees: [] } });
  const [{ lateFeeId }] = first.body.lateFees as [{ lateFeeId: string }];
  expect(await get(url)).toMatchObject({
    body: {
      balances: [{ balance: '1029.52' }],
      lateFees: [
        { lateFeeId, ...fee, ...days, chargedOn: today },
        { ...fee, ...april },
      ],
    },
  });
  const { body } = await get(`${url}/entries`);
  expect((body.items as { kind: string }[]).map(({ kind }) => kind)).toEqual([
    ...['StatementEntered', 'LateFeeCharged', 'LateFeeCharged'],
  ]);
});

it('A late fee is credited by its id, for no more than it is', async () => {
  const { url, statementId } = await open('late credited');
  const { body } = await post(`${url}/late-fees`, { throughOn: '2024-03-31' });
  const [{ lateFeeId }] = body.lateFees as [{ lateFeeId: string }];
  const credit = { ...usd, statementId, lateFeeId, reason };
  expect(await post(`${url}/credit-notes`, { ...credit, amount: '14.53' })).toMatchObject({
    ...{ status: 409, body: { code: 'account/credit-exceeded', most: '14.52' } },
  });
  const both = { ...credit, line: 1, amount: '1.00' };
  expect(await post(`${url}/credit-notes`, both)).toMatchObject({
    ...{ status: 422, body: { code: 'account/credit-unclear' } },
  });
  expect(await post(`${url}/credit-notes`, { ...credit, amount: '4.52' })).toMatchObject({
    status: 201,
  });
  expect(await get(url)).toMatchObject({
    body: {
      balances: [{ balance: '1010.00' }],
      lateFees: [{ lateFeeId, amount: '14.52', credited: '4.52' }],
      creditNotes: [{ lateFeeId, amount: '4.52' }],
    },
  });
});

it('A late fee is disputed by its id, and upheld it is credited once', async () => {
  const { url, statementId } = await open('late disputed');
  const { body } = await post(`${url}/late-fees`, { throughOn: '2024-03-31' });
  const [{ lateFeeId }] = body.lateFees as [{ lateFeeId: string }];
  const wish = { ...usd, statementId, lateFeeId, reason, amount: '14.52' };
  expect(await post(`${url}/disputes`, { ...wish, line: 1 })).toMatchObject({
    ...{ status: 422, body: { code: 'account/credit-unclear' } },
  });
  const raised = await post(`${url}/disputes`, wish);
  expect(raised).toMatchObject({ status: 201 });
  const resolution = `${url}/disputes/${String(raised.body.disputeId)}/resolution`;
  expect(await post(resolution, { outcome: 'upheld', reason })).toMatchObject({ status: 200 });
  expect(await post(`${url}/credit-notes`, { ...wish, amount: '0.01' })).toMatchObject({
    ...{ status: 409, body: { code: 'account/credit-exceeded', most: '0.00' } },
  });
  expect(await get(url)).toMatchObject({
    body: {
      balances: [{ balance: '1000.00' }],
      lateFees: [{ lateFeeId, credited: '14.52' }],
      disputes: [{ lateFeeId, status: 'upheld' }],
    },
  });
});

it('Late fees that are asked for under one key are charged and numbered once', async () => {
  const { url } = await open('late once');
  const headers = { 'idempotency-key': 'fees-1' };
  const first = await post(`${url}/late-fees`, { throughOn: '2024-03-31' }, headers);
  expect(await post(`${url}/late-fees`, { throughOn: '2024-03-31' }, headers)).toEqual(first);
  expect(await get(url)).toMatchObject({ body: { balances: [{ balance: '1014.52' }] } });
});

it('Only a claim that a settlement has released is released', async () => {
  const { url, statementId } = await open('released');
  const release = { settlementId, leg: 1, statementIds: [statementId] };
  const missing = { status: 409, body: { code: 'account/release-missing' } };
  expect(await post(`${url}/claim-releases`, release)).toMatchObject(missing);
  await settle();
  expect(await post(`${url}/claim-releases`, { ...release, leg: 2 })).toMatchObject(missing);
  expect(await post(`${url}/claim-releases`, release)).toMatchObject({ status: 200 });
  expect(await get(url)).toMatchObject({
    body: {
      balances: [{ balance: '0.00' }],
      statements: [{ releasedBySettlement: settlementId, charges: [{ released: '1000.00' }] }],
    },
  });
  const named = { ...payment, amount: '5.00', statementIds: [statementId] };
  expect(await post(`${url}/payments`, named)).toMatchObject({
    status: 409,
    body: { code: 'account/receivable-released' },
  });
});

/** The host releases its claim to statements of this customer, against cash. */
const settle = async (): Promise<void> => {
  const claim = { reference: '2024-000001', holder: 'Host, Inc.', debtor: 'Customer LLC' };
  const legs = [
    { kind: 'claimRelease', direction: 'given', description: 'Fees', faceAmount: '1000.00', claim },
    { kind: 'cash', direction: 'received', description: 'Cash', faceAmount: '500.00' },
  ];
  const proposal = {
    ...{ settlementId, customerId, reference: 'S-1', title: 'Fees', counterparty: 'Customer LLC' },
    ...{
      currency: 'USD',
      timeZone: 'America/Chicago',
      proposedOn: '2024-04-01',
      proposedBy: 'ana',
    },
    ...{ documentDigest: digest, legs },
  };
  const court = { court: 'S.D. Tex.', docket: '1', orderReference: 'O', documentDigest: digest };
  const release = { releaseId: 'r', leg: 1, releasedOn: '2024-04-03', documentDigest: digest };
  const told = { ...release, claimId: 'c' };
  for (const [type, data] of [
    ['ProposeSettlement', proposal],
    ['ApproveSettlement', { ...court, approvedOn: '2024-04-02' }],
    ['ReleaseClaim', told],
  ] as const) {
    const command = { type, data, at: noon('2024-04-03') } as unknown as SettlementCommand;
    await store.handle(settlementAggregate, settlementId, command, next('2024-04-03'));
  }
};

it('Accounts are listed by customer, and by what is due and argued about', async () => {
  const { contractId, url, statementId } = await open('listed', '77.00');
  const raised = { ...usd, statementId, amount: '77.00', reason, raisedOn: today };
  await post(`${url}/disputes`, raised);
  const ids = async (query: string) => {
    const { body } = await get(`/billing/accounts?${query}`);
    return (body.items as { contractId: string }[]).map((item) => item.contractId);
  };
  expect(await ids(`customerId=${customerId}`)).toContain(contractId);
  expect(await ids('disputed=true')).toEqual([contractId]);
  expect(await ids('overdue=true')).not.toContain(contractId);
  expect(await ids('overdue=false')).toContain(contractId);
  expect(await ids('suspended=true')).toEqual([]);
  expect(await ids(`customerId=${deriveId('nobody')}`)).toEqual([]);
});

it('Of a contract that was assigned each paper, payment and balance is whose it is', async () => {
  const successor = deriveId('successor');
  const { contractId, url, statementId } = await open('assigned');
  const passed = { toCustomerId: successor, effectiveOn: '2024-02-15', documentDigest: digest };
  const at = noon('2024-02-16');
  const assign = { type: 'AssignParty', data: passed, at } as unknown as ContractCommand;
  await store.handle(contractAggregate, contractId, assign, next('2024-02-16'));
  const february = { ...january, contractId, customerId: successor, number: '2024-000002' };
  const entry = { ...february, statementId: deriveId('assigned', 'february'), month: '2024-02' };
  await enterStatement(store, entry, next('2024-03-05'));
  for (const receivedOn of ['2024-02-10', '2024-02-20']) {
    await post(`${url}/payments`, {
      ...payment,
      amount: '1.00',
      receivedOn,
      reference: receivedOn,
    });
  }
  const charged = await post(`${url}/late-fees`, { throughOn: '2024-03-31' });
  const [fee] = charged.body.lateFees as { lateFeeId: string; amount: string }[];
  const { lateFeeId, amount } = fee!;
  const proposal = { ...usd, statementId, lateFeeId, reason };
  expect(await post(`${url}/write-offs`, { ...proposal, amount: '999.00' })).toMatchObject({
    ...{ status: 409, body: { code: 'account/write-off-exceeded' } },
  });
  const { body } = await post(`${url}/write-offs`, { ...proposal, amount });
  const approval = `${url}/write-offs/${String(body.writeOffId)}/approval`;
  await post(approval, {}, { authorization: 'Bearer ben:billing' });
  expect((await get(url)).body).toMatchObject({
    customerId: successor,
    statements: [{ customerId }, { customerId: successor }],
    payments: [{ customerId }, { customerId: successor }],
    // 2.00 were paid of what was due first; its fee is given up, that of the successor is not.
    customers: [
      { customerId, owed: [{ balance: '998.00' }] },
      { customerId: successor, owed: [{ balance: '1014.52' }] },
    ],
    lateFees: [{ lateFeeId, writtenOff: amount }, { writtenOff: '0.00' }],
  });
  for (const id of [customerId, successor]) {
    const { body: list } = await get(`/billing/accounts?customerId=${id}`);
    const ids = (list.items as { contractId: string }[]).map((item) => item.contractId);
    expect(ids).toContain(contractId);
  }
});

it.each([
  ['payments', { ...payment, amount: '-1.00' }, 400, 'request/invalid'],
  ['payments', { ...payment, amount: '1.001' }, 422, 'account/money-too-fine'],
  ['payments', { ...payment, amount: '0.00' }, 422, 'account/nothing'],
  [
    'payments',
    { ...payment, amount: '1.00', receivedOn: '2999-01-01' },
    409,
    'account/act-in-future',
  ],
  ['late-fees', { throughOn: '2999-01-01' }, 409, 'account/act-in-future'],
])('%s %j is refused', async (path, body, status, code) => {
  const { url } = await open(`refused ${acts}`);
  expect(await post(`${url}/${path}`, body)).toMatchObject({ status, body: { code } });
});

it('Of a contract without an account nothing is told, and only billing changes one', async () => {
  const nobody = `/billing/accounts/${deriveId('nobody')}`;
  expect(await get(nobody)).toMatchObject({ status: 404, body: { code: 'account/unknown' } });
  expect(await get(`${nobody}/timeline`)).toMatchObject({ status: 404 });
  expect(await post(`${nobody}/payments`, { ...payment, amount: '1.00' })).toMatchObject({
    status: 404,
    body: { code: 'contract/unknown' },
  });
  const denied = { authorization: 'Bearer eve:auditor' };
  expect(await post(`${nobody}/payments`, payment, denied)).toMatchObject({ status: 403 });
});
