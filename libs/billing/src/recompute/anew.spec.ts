import type { RateCard } from '@hostledger/contracts';
import { deriveId, type CommandContext, type RecordedEvent } from '@hostledger/eventsourcing';
import { embeddedDatabase, type TestDatabase } from '@hostledger/testing';
import { accountAggregate } from '../domain/account.js';
import { card, PeriodRoom } from '../periods.fixture.js';
import { issueCreditNote, resolveDispute } from '../process/credit-note.js';
import { chargeLateFees } from '../process/late-fee-note.js';
import { billedBy, billedByDispute } from '../write/billed.js';
import { anewFrom, differing } from './anew.fixture.js';
import { DocumentRegister } from './document.js';
import type { Rehearsed } from './rehearsal.js';

// Documents of the embedded node's log, computed anew from nothing but a copy of the log.

let room: PeriodRoom;
let shared: TestDatabase;
let log: readonly RecordedEvent[];
let numbers: readonly string[];
let contractId: string;

const context = (name: string, at = '2024-05-02T12:00:00.000Z'): CommandContext => ({
  commandId: deriveId(name),
  actor: { subject: 'bea', role: 'billing' },
  correlationId: 'c',
  causationId: 'c',
  at,
});

/** A credit note that somebody decided on, and one that a dispute came to. */
const giveBack = async (statementId: string): Promise<void> => {
  const { store } = room;
  const money = { statementId, currency: 'USD' };
  const note = { ...money, creditNoteId: deriveId('n1'), amount: '5.00', reason: 'Outage' };
  const noted = { contractId, ...note, billed: await billedBy(store, contractId, note) };
  await issueCreditNote(store, noted, context('note'));
  const disputeId = deriveId('d1');
  const dispute = { ...money, disputeId, amount: '8.00', reason: 'Too much' };
  const billed = await billedBy(store, contractId, dispute);
  const raise = { type: 'RaiseDispute', data: { ...dispute, billed }, at: context('').at } as const;
  await store.handle(accountAggregate, contractId, raise, context('dispute'));
  const resolution = {
    ...{ contractId, disputeId, outcome: 'upheld' as const, upheldAmount: '6.00', reason: 'True' },
    creditNoteId: deriveId('n2'),
    billed: await billedByDispute(store, contractId, disputeId),
  };
  await resolveDispute(store, resolution, context('resolution'));
};

/** Statements of 2 May are due on the ninth, and late after the fourteenth. */
const lateCard = (ratePerKwh: string): RateCard => ({
  ...card(ratePerKwh),
  payment: { dueDays: 7, clauseRef: '4.2', lateFee: { percentPerMonth: '2', graceDays: 5 } },
});

/** Fees for being late, and a note that gives one of them back. */
const feesCharged = async (): Promise<void> => {
  const { store } = room;
  await chargeLateFees(
    store,
    contractId,
    '2024-05-31',
    context('fees', '2024-06-02T12:00:00.000Z'),
  );
  const { handled } = await chargeLateFees(
    ...([store, contractId, '2024-06-30', context('more', '2024-07-02T12:00:00.000Z')] as const),
  );
  const account = handled.state;
  if (account.status === 'unknown') throw new Error('The account was not opened');
  const { statementId, lateFeeId } = account.lateFees[0]!;
  const of = { statementId, lateFeeId, currency: 'USD', amount: '0.50', reason: 'Goodwill' };
  const note = { contractId, ...of, creditNoteId: deriveId('n3') };
  const billed = await billedBy(store, contractId, note);
  await issueCreditNote(store, { ...note, billed }, context('n3', '2024-07-03T12:00:00.000Z'));
};

beforeAll(async () => {
  shared = await embeddedDatabase();
  room = await PeriodRoom.open();
  room.at('2024-05-02T12:00:00.000Z');
  contractId = await room.contract('anew', lateCard('0.075'));
  await room.contract('other');
  await room.closed(contractId, '2024-01');
  await room.switchedOff('anew', '2024-01-30T06:00:00.000Z');
  await room.closed(contractId, '2024-02');
  await room.termsCorrected(contractId, lateCard('0.080'));
  const restatements = `/billing/periods/${contractId}/2024-01/restatements`;
  const proposed = await room.post(restatements, { reason: 'A typo in the rate' });
  const { restatementId } = proposed.body;
  await room.post(`${restatements}/${restatementId}/approval`, undefined, 'bob:billing');
  await room.work();
  const agreed = { line: 1, amount: '-2.50', reason: 'Goodwill' };
  await room.post(`/billing/periods/${contractId}/2024-01/adjustments`, agreed);
  await room.closed(contractId, '2024-03');
  const january = await room.get(`/billing/periods/${contractId}/2024-01`);
  await giveBack(january.body.statementId);
  await feesCharged();
  log = await room.home.log();
  numbers = log
    .filter(({ type }) => type === 'StatementNumberAssigned')
    .map(({ data }) => (data as { number: string }).number);
});
afterAll(async () => {
  await room.close();
  await shared.close();
});

const anew = (number: string, from = log) => anewFrom(from, number, shared);

const typesOf = (acts: readonly Rehearsed[]) => acts.map(({ recorded }) => recorded?.type);

it('Every document of the log comes to what was recorded of it, event by event', async () => {
  expect(numbers).toHaveLength(11);
  const recorded: (readonly (string | undefined)[])[] = [];
  for (const number of numbers) {
    const acts = await anew(number);
    expect(differing(acts)).toEqual([]);
    recorded.push(typesOf(acts));
  }
  const issue = ['StatementNumberAssigned', 'StatementIssued'];
  const close = ['PeriodLinesRecorded', 'PeriodClosed', ...issue, 'StatementEntered'];
  const fee = ['LateFeeCharged', 'StatementNumberAssigned', 'LateFeeNoteIssued'];
  expect(recorded).toEqual([
    [...close.slice(0, -1), 'AccountOpened', 'StatementEntered'],
    ['AdjustmentPosted', ...close, 'StatementCreditApplied'],
    ['RestatementProposed', 'RestatementLinesRecorded', ...issue, 'StatementEntered'],
    ['AdjustmentPosted', 'AdjustmentPosted', ...close, 'StatementCreditApplied'],
    ['CreditNoteBegan', 'StatementNumberAssigned', 'CreditNoteIssued'],
    ['DisputeResolved', 'CreditNoteBegan', 'StatementNumberAssigned', 'CreditNoteIssued'],
    ...[fee, fee, fee, fee],
    ['CreditNoteBegan', 'StatementNumberAssigned', 'CreditNoteIssued'],
  ]);
});

/** The log with another content of the events that are asked for. */
const with_ = (
  type: string,
  change: (data: Record<string, never>) => object,
  which: (event: RecordedEvent) => boolean = () => true,
): readonly RecordedEvent[] =>
  log.map((event) =>
    event.type === type && which(event)
      ? { ...event, data: change(structuredClone(event.data) as Record<string, never>) }
      : event,
  );

describe('What was changed in the log is seen', () => {
  const [january, february, restated, note, fee, later] = [0, 1, 2, 4, 6, 8];

  it.each([
    [
      'an amount of a line',
      january,
      'PeriodLinesRecorded',
      (data: { lines: { amount: string }[] }) => {
        data.lines[0]!.amount = '86.41';
        return data;
      },
      'PeriodLinesRecorded',
    ],
    [
      'a total',
      january,
      'PeriodClosed',
      (data: { totals: unknown }) => ({ ...data, totals: [] }),
      'PeriodClosed',
    ],
    [
      'the rate of the terms',
      january,
      'TermsAdopted',
      (data: { rateCard: object }) => ({
        ...data,
        rateCard: { ...data.rateCard, ratePerKwh: '0.076' },
      }),
      'PeriodLinesRecorded',
    ],
    [
      'what a machine is rated for',
      january,
      'MinerReceived',
      (data: object) => ({ ...data, nameplateWatts: 2_000 }),
      'PeriodLinesRecorded',
    ],
    [
      'what adjusts an earlier month',
      february,
      'AdjustmentPosted',
      (data: { lines: object[] }) => ({ ...data, lines: [] }),
      'AdjustmentPosted',
    ],
    [
      'the total that went to the account',
      january,
      'StatementEntered',
      (data: object) => ({ ...data, totals: [{ currency: 'USD', amount: '80.00' }] }),
      'StatementEntered',
    ],
    [
      'the day that a statement is due',
      january,
      'StatementIssued',
      (data: object) => ({ ...data, dueOn: '2030-01-01' }),
      'StatementIssued',
    ],
    [
      'a line of a restatement',
      restated,
      'RestatementLinesRecorded',
      (data: { lines: { amount: string }[] }) => {
        data.lines[0]!.amount = '0.01';
        return data;
      },
      'RestatementLinesRecorded',
    ],
    [
      'the amount of a credit note',
      note,
      'CreditNoteIssued',
      (data: object) => ({ ...data, amount: '50.00' }),
      'CreditNoteIssued',
    ],
    [
      'the amount of a late fee',
      fee,
      'LateFeeCharged',
      (data: object) => ({ ...data, amount: '0.01' }),
      'LateFeeCharged',
    ],
    [
      'the percentage that a late fee was agreed at',
      later,
      'StatementEntered',
      (data: { lateFee: object }) => ({ ...data, lateFee: { percentPerMonth: '1', graceDays: 5 } }),
      'LateFeeCharged',
    ],
    [
      'the amount of a late fee note',
      fee,
      'LateFeeNoteIssued',
      (data: object) => ({ ...data, amount: '0.01' }),
      'LateFeeNoteIssued',
    ],
  ] as const)('%s', async (_, index, type, change, first) => {
    const tampered = with_(type, change as never);
    const [found] = differing(await anew(numbers[index]!, tampered));
    expect(found?.recorded?.type).toBe(first);
  });

  it('an event that the log lost, and one that it never had', async () => {
    const without = log.filter(({ type }) => type !== 'StatementEntered');
    const [lost] = differing(await anew(numbers[0]!, without));
    expect(lost).toMatchObject({ computed: { type: 'StatementEntered', data: { contractId } } });
    const open = log.filter(({ type }) => type !== 'PeriodClosed');
    expect(differing(await anew(numbers[0]!, open))[0]).toMatchObject({
      ...{ computed: { type: 'PeriodClosed' }, behind: { type: 'PeriodLinesRecorded' } },
    });
    const closed = log.find(({ type }) => type === 'PeriodLinesRecorded')!;
    const doubled = log.flatMap((event) =>
      event === closed ? [event, { ...event, position: event.position + 1n }] : [event],
    );
    const acts = differing(await anew(numbers[0]!, doubled));
    expect(acts[0]!.recorded!.position).toBe(closed.position + 1n);
  });

  it('a credit beyond what could be given back is refused', async () => {
    const dearer = with_('CreditNoteBegan', (data) => ({ ...data, amount: '500.00' }));
    await expect(anew(numbers[4]!, dearer)).rejects.toThrow(/neither credited nor disputed/);
  });
});

it('Of a number that nothing has there is no document', () => {
  const register = new DocumentRegister();
  for (const event of log) register.see(event);
  expect(register.numbered('1999-000001')).toBeUndefined();
  expect(register.numbers).toEqual(numbers);
});
