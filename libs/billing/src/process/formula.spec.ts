import type { RateCard } from '@hostledger/contracts';
import { deriveId, type RecordedEvent } from '@hostledger/eventsourcing';
import { embeddedDatabase, type TestDatabase } from '@hostledger/testing';
import { billingPeriodAggregate, periodId } from '../domain/billing-period.js';
import type { Formula } from '../domain/rating/index.js';
import { card, CUSTOMER, PeriodRoom } from '../periods.fixture.js';
import { anewFrom, differing } from '../recompute/anew.fixture.js';
import { statementIdOf } from '../write/close-period.js';

// A programme paid 1,000.00 for a curtailment of 24 hours in which 144 kWh were measured. Three machines of
// two contracts would have drawn 72 kWh each: by the first formula that is 72 ÷ 144 for the one of `old`, by
// the second one 72 ÷ 216.

const CURTAILMENT = deriveId('curtailment');
const DAY = { from: '2024-01-20T06:00:00.000Z', until: '2024-01-21T06:00:00.000Z' };
const NOW = '2024-05-02T12:00:00.000Z';
const sharing: RateCard = {
  ...card('0.075'),
  curtailmentCredit: { causes: ['demandResponse'], sharePercent: '100', clauseRef: '4.2' },
};
const JANUARY = { startsAt: '2024-01-01T06:00:00.000Z', endsAt: '2024-02-01T06:00:00.000Z' };

let room: PeriodRoom;
let shared: TestDatabase;
const contracts = { old: '', other: '', later: '' };

/** As a program that has this version begins a close. */
const begin = async (contractId: string, formula: number | undefined) => {
  const month = '2024-01';
  const data = {
    ...{ contractId, month, customerId: CUSTOMER, timeZone: 'America/Chicago', currency: 'USD' },
    ...{ closeId: deriveId(contractId, 'close'), statementId: statementIdOf(contractId, month) },
    ...{ position: (await room.home.events.head()).toString(), issuedOn: '2024-05-02' },
    ...{ firstMonth: month, begunBy: 'bea', ...JANUARY, previousIssued: false, agreed: [] },
    ...(formula !== undefined && { formula }),
  };
  const command = { type: 'BeginClose', data, at: NOW } as const;
  await room.store.handle(billingPeriodAggregate, periodId(contractId, month), command, {
    ...{ commandId: deriveId(contractId), correlationId: 'c', causationId: 'c', at: NOW },
    actor: { subject: 'bea', role: 'billing' },
  });
};

const monthOf = async (contractId: string, month = '2024-01') =>
  (await room.get(`/billing/periods/${contractId}/${month}`)).body;

/** As the log of a program that recorded no versions. */
const untold = (log: readonly RecordedEvent[]): readonly RecordedEvent[] =>
  log.map((event) => {
    const { formula: _, ...data } = event.data as { readonly formula?: Formula };
    return { ...event, data };
  });

const numbersIn = (log: readonly RecordedEvent[]): string[] =>
  log.flatMap(({ type, data }) =>
    type === 'StatementNumberAssigned' ? [(data as { number: string }).number] : [],
  );

beforeAll(async () => {
  shared = await embeddedDatabase();
  room = await PeriodRoom.open();
  room.at(NOW);
  contracts.old = await room.contract('old', sharing);
  contracts.other = await room.contract('other', sharing);
  contracts.later = await room.contract('later', sharing);
  await room.machine('M-second', contracts.other);
  const measured = { ...DAY, energyAvoidedWh: 144_000 };
  await room.curtailed(CURTAILMENT, measured, 'old', 'other', 'second');
  await room.paid(CURTAILMENT, '1000.00', '2024-01-30');
}, 120_000);
afterAll(async () => {
  await room.close();
  await shared.close();
});

describe('A close that began by the first version of the formula', () => {
  it('ends by it, whichever program does the rest', async () => {
    await begin(contracts.old, 1);
    await room.work();
    const { status, closed } = await monthOf(contracts.old);
    expect(status).toBe('issued');
    expect(closed.lines[1]).toMatchObject({
      ...{ component: 'curtailmentCredit', amount: '-500.00' },
      rounding: { mode: 'halfUp', scale: 2 },
    });
    const log = await room.home.log();
    const formulas = log
      .filter(({ type }) => type === 'PeriodCloseBegan' || type === 'PeriodClosed')
      .map(({ data }) => (data as { formula?: number }).formula);
    expect(formulas).toEqual([1, 1]);
  });

  it('is explained by it', async () => {
    const { statementId } = await monthOf(contracts.old);
    const { body } = await room.get(`/statements/${statementId}/lines/2/explanation`);
    expect(body).toMatchObject({ agrees: true, formula: 1, recomputed: { amount: '-500.00' } });
    expect(body.steps).toContain('1000.00 × 72 kWh ÷ 144 kWh measured for all = 500');
  });

  it('others are by the newest, which their closes pin', async () => {
    const { body } = await room.closed(contracts.other, '2024-01');
    expect(body.closed.lines[1]).toMatchObject({ amount: '-666.66', rounding: { mode: 'down' } });
    const pinned = (await room.home.log()).findLast(({ type }) => type === 'PeriodCloseBegan');
    expect(pinned?.data).toMatchObject({ formula: 2 });
  });

  it('is adjusted by it: what is known later changes the month, and the program does not', async () => {
    await room.machine('M-third', contracts.old);
    await room.offFor(CURTAILMENT, DAY, 'third');
    const { body } = await room.closed(contracts.old, '2024-02');
    // 144 of 144 kWh measured; by the newest formula it would be 144 of the 288 kWh of all machines.
    expect(body.closed.adjustedMonths).toEqual(['2024-01']);
    const { stands } = await monthOf(contracts.old);
    expect(stands[1]).toMatchObject({ original: '-500.00', stands: '-1000.00' });
  });

  it('comes to what was recorded of it, also where no version was recorded', async () => {
    const log = await room.home.log();
    for (const from of [log, untold(log)]) {
      for (const number of numbersIn(from)) {
        expect(differing(await anewFrom(from, number, shared))).toEqual([]);
      }
    }
  }, 240_000);
});

describe('A close that began by a version that this program does not have', () => {
  it('waits for a program that has it, and records nothing', async () => {
    await begin(contracts.later, 9);
    const before = (await room.home.log()).length;
    await expect(room.work()).rejects.toMatchObject({ code: 'period/formula-unknown' });
    expect(await room.home.log()).toHaveLength(before);
    expect(await room.get(`/billing/periods/${contracts.later}/2024-01`)).toMatchObject({
      status: 409,
      body: { code: 'period/formula-unknown' },
    });
  });

  it('is told to be of that version when a copy of the log is computed anew', async () => {
    const log = (await room.home.log()).map((event) => {
      const told = event.data as { readonly formula?: number };
      return told.formula === 1 ? { ...event, data: { ...told, formula: 9 } } : event;
    });
    const [number] = numbersIn(log);
    await expect(anewFrom(log, number!, shared)).rejects.toMatchObject({
      message: expect.stringContaining(
        'version 9 of the formula; this program has 1 and 2',
      ) as string,
    });
  });
});
