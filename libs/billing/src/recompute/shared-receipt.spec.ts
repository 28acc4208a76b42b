import type { RateCard } from '@hostledger/contracts';
import { deriveId, type RecordedEvent } from '@hostledger/eventsourcing';
import { embeddedDatabase, type TestDatabase } from '@hostledger/testing';
import { card, PeriodRoom } from '../periods.fixture.js';
import { anewFrom, differing } from './anew.fixture.js';
import { DocumentStreams } from './document.js';

// A programme paid 1,000.00 for a curtailment of 24 hours in which 144 kWh were measured. Machines of
// three contracts were off for it, each of which would have drawn 72 kWh; one has no part in the money.

const CURTAILMENT = deriveId('curtailment');
const DAY = { from: '2024-01-20T06:00:00.000Z', until: '2024-01-21T06:00:00.000Z' };
const sharing: RateCard = {
  ...card('0.075'),
  curtailmentCredit: { causes: ['demandResponse'], sharePercent: '100', clauseRef: '4.2' },
};

let room: PeriodRoom;
let shared: TestDatabase;
let log: readonly RecordedEvent[];
let numbers: readonly string[];
const contracts = { first: '', second: '', none: '' };

beforeAll(async () => {
  shared = await embeddedDatabase();
  room = await PeriodRoom.open();
  room.at('2024-05-02T12:00:00.000Z');
  contracts.first = await room.contract('first', sharing);
  contracts.second = await room.contract('second', sharing);
  contracts.none = await room.contract('none');
  await room.machine('M-idle', contracts.none);
  const measured = { ...DAY, energyAvoidedWh: 144_000 };
  await room.curtailed(CURTAILMENT, measured, ...Object.keys(contracts));
  await room.paid(CURTAILMENT, '1000.00', '2024-01-30');
  for (const contractId of Object.values(contracts)) await room.closed(contractId, '2024-01');
  // It is known late that another one was off for it, so that January is adjusted.
  await room.machine('M-late', contracts.none);
  await room.offFor(CURTAILMENT, DAY, 'late');
  await room.closed(contracts.first, '2024-02');
  log = await room.home.log();
  numbers = log.flatMap(({ type, data }) =>
    type === 'StatementNumberAssigned' ? [(data as { number: string }).number] : [],
  );
});
afterAll(async () => {
  await room.close();
  await shared.close();
});

const amountsOf = (events: readonly Pick<RecordedEvent, 'type' | 'data'>[], component: string) =>
  events
    .filter(({ type }) => type === 'PeriodLinesRecorded')
    .flatMap(({ data }) => (data as { lines: { component: string; amount: string }[] }).lines)
    .flatMap((line) => (line.component === component ? [line.amount] : []));

it('A statement with a share of a receipt comes to what was recorded, also by machines of others', async () => {
  // 72 of 216 kWh, then of 288
  expect(amountsOf(log, 'curtailmentCredit')).toEqual(['-333.33', '-333.33', '83.33']);
  expect(log.filter(({ type }) => type === 'AdjustmentPosted')).toHaveLength(1);
  expect(numbers).toHaveLength(4);
  for (const number of numbers) expect(differing(await anewFrom(log, number, shared))).toEqual([]);
});

it('What the log tells otherwise of the machine of another is seen', async () => {
  const tampered = log.map((event) =>
    event.type === 'MinerReceived' && event.stream === 'miner-M-second'
      ? { ...event, data: { ...event.data, nameplateWatts: 1_000 } }
      : event,
  );
  const [found] = differing(await anewFrom(tampered, numbers[0]!, shared));
  expect(found?.recorded?.type).toBe('PeriodLinesRecorded');
  // 72 of 168 kWh
  expect(amountsOf([found!.computed!], 'curtailmentCredit')).toEqual(['-428.57']);
});

it.each([
  ['has a part in what programmes pay', 'first', ['M-first', 'M-late', 'M-none', 'M-second']],
  ['has none', 'none', ['M-idle', 'M-late', 'M-none']],
] as const)('Of a contract that %s these machines matter', (_, name, serials) => {
  const streams = new DocumentStreams(contracts[name]);
  for (const event of log) streams.see(event);
  expect([...streams.serials].sort()).toEqual(serials);
});
