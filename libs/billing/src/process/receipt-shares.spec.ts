import { deriveId } from '@hostledger/eventsourcing';
import type { RateCard } from '@hostledger/contracts';
import { card, PeriodRoom } from '../periods.fixture.js';

// A programme paid 1,000.00 for a curtailment of 24 hours in which 144 kWh were measured. Each machine
// of 3,000 W that was off for it would have drawn 72 kWh.

const CURTAILMENT = deriveId('curtailment');
const DAY = { from: '2024-01-20T06:00:00.000Z', until: '2024-01-21T06:00:00.000Z' };
const sharing = (sharePercent: string): RateCard => ({
  ...card('0.075'),
  curtailmentCredit: { causes: ['demandResponse'], sharePercent, clauseRef: '4.2' },
});

let room: PeriodRoom;
const contracts: Record<'all' | 'half' | 'none', string> = { all: '', half: '', none: '' };

beforeAll(async () => {
  room = await PeriodRoom.open();
  contracts.all = await room.contract('all', sharing('100'));
  contracts.half = await room.contract('half', sharing('50'));
  contracts.none = await room.contract('none');
  const measured = { ...DAY, energyAvoidedWh: 144_000 };
  await room.curtailed(CURTAILMENT, measured, ...Object.keys(contracts));
  await room.paid(CURTAILMENT, '1000.00', '2024-01-30');
});
afterAll(() => room.close());
beforeEach(() => room.at('2024-05-02T12:00:00.000Z'));

const lineOf = async (contractId: string, month = '2024-01') => {
  const { body } = await room.get(`/billing/periods/${contractId}/${month}`);
  const lines = body.status === 'open' ? body.draft.lines : body.closed.lines;
  return lines.find(({ component }) => component === 'curtailmentCredit');
};

describe('What a programme paid, where machines avoided more than was measured', () => {
  it('is shared out by what the machines of all contracts avoided, whosever close comes first', async () => {
    // 72 of 216 kWh, also of machines whose contract has no part in it.
    expect(await lineOf(contracts.half)).toMatchObject({
      amount: '-166.66',
      quantity: '333.333333',
    });
    await room.closed(contracts.all, '2024-01');
    expect(await lineOf(contracts.all)).toMatchObject({
      ...{ amount: '-333.33', rounding: { mode: 'down', scale: 2 } },
    });
    expect(await lineOf(contracts.half)).toMatchObject({ amount: '-166.66' });
    expect(await lineOf(contracts.none)).toBeUndefined();
  });

  it('is explained by the machines of others, too', async () => {
    const { statementId } = (await room.get(`/billing/periods/${contracts.all}/2024-01`)).body;
    const { body } = await room.get(`/statements/${statementId}/lines/2/explanation`);
    expect(body).toMatchObject({ agrees: true, recomputed: { amount: '-333.33' } });
    expect(body.steps).toContain(
      'all machines that were off for it: 216 kWh, more than the 144 kWh measured',
    );
    const streams = new Set(body.sources.map(({ stream }) => stream ?? ''));
    const machines = [...streams].filter((stream) => stream.startsWith('miner-'));
    expect(machines.toSorted()).toEqual(['miner-M-all', 'miner-M-half', 'miner-M-none']);
  });

  it('is shared out anew once it is known that another machine was off, whosever it is', async () => {
    await room.machine('M-late', contracts.none);
    await room.offFor(CURTAILMENT, DAY, 'late');
    // 72 of 288 kWh
    const { body } = await room.closed(contracts.all, '2024-02');
    expect(body.closed.adjustedMonths).toEqual(['2024-01']);
    const { stands } = (await room.get(`/billing/periods/${contracts.all}/2024-01`)).body;
    expect(stands[1]).toMatchObject({ original: '-333.33', adjusted: '83.33', stands: '-250.00' });
    await room.closed(contracts.half, '2024-01');
    expect(await lineOf(contracts.half)).toMatchObject({ amount: '-125.00' });
  });

  it('is not looked at again while nothing is recorded of those machines', async () => {
    await room.machine('M-idle', contracts.none);
    const { body } = await room.closed(contracts.all, '2024-03');
    expect(body.closed.adjustedMonths).toEqual([]);
    const log = await room.home.log();
    const posted = log.filter(
      ({ type, stream }) =>
        type === 'AdjustmentPosted' && stream === `billingPeriod-${contracts.all}.2024-01`,
    );
    expect(posted).toHaveLength(1);
  });
});
