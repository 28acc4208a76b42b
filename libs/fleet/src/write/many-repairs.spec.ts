import { deriveId, StoreUnavailable } from '@hostledger/eventsourcing';
import { contractId, setUpContract } from '../process/delivery.fixture.js';
import { moveMiners } from '../process/move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from '../process/moves.fixture.js';
import { FleetRoutes } from './routes.fixture.js';

// Repairs by the pallet: machines 1 to 3 stand in slots, 4 to 8 in storage.

const room = new FleetRoutes();
const { streams, store } = room;

const story = (number: number): string[] =>
  streams.events(`miner-${serialOf(number)}`).map(({ type }) => type);

/**
 * Sends lines and performs them, of which the first worker dies before it can tell that so many
 * lines are done; answers what is refused at once and later.
 */
const upload = async (url: string, lines: string | object[], done: number) => {
  const sent = await room.call('POST', url, typeof lines === 'string' ? lines : { lines });
  expect(sent.status).toBe(202);
  const [recorded] = streams.events(`operation-${String(sent.body.operationId)}`);
  const { rejected } = recorded!.data as { rejected: { code: string }[] };
  // One more tells that the operation began.
  streams.failFrom(done + 2, 'before');
  await expect(room.perform(sent)).rejects.toThrow(StoreUnavailable);
  streams.heal();
  return [...rejected, ...(await room.perform(sent))];
};

const csv = (header: string, ...rows: string[]): string => [header, ...rows].join('\n');

beforeAll(async () => {
  await room.open();
  await setUpContract(store);
  await setUpFloor(store, { A1: 8 }, 10, contractId);
  const orders = [1, 2, 3].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
});

afterAll(() => room.close());

it('Many faults are taken up, and each is one repair however often the lines are performed', async () => {
  const rows = [4, 5, 6, 7].map((n) => `${serialOf(n)},fan,RMA-${n}`);
  const lines = csv('serial,fault,rmaNumber', ...rows, `${serialOf(4)},fan,`, 'UNKNOWN001,fan,');
  expect(await upload('/repairs', lines, 4)).toMatchObject([
    { line: 6, code: 'move/miner-twice' },
    { line: 7, code: 'miner/unknown' },
  ]);
  expect(story(4)).toEqual(['MinerReceived', 'RepairOpened']);
  expect(streams.events(`miner-${serialOf(4)}`).at(-1)!.data).toMatchObject({ rmaNumber: 'RMA-4' });
});

it('A pallet goes to the vendor and comes back, without anybody knowing the ids of the repairs', async () => {
  const vendor = 'Bitmain Care';
  const shipment = [4, 5, 8].map((n) => ({ serial: serialOf(n), vendor, rmaNumber: 'RMA-9' }));
  expect(await upload('/vendor-shipments', shipment, 2)).toMatchObject([
    { line: 3, code: 'miner/repair-unknown' },
  ]);
  expect(story(4).at(-1)).toBe('MinerSentToVendor');
  const another = csv(
    'serial,facility,repairId',
    `${serialOf(4)},DENTON,`,
    `${serialOf(5)},DENTON,${deriveId('another repair')}`,
    `${serialOf(6)},NOWHERE,`,
  );
  expect(await upload('/vendor-returns', another, 1)).toMatchObject([
    { line: 3, code: 'miner/repair-unknown' },
    { line: 4, code: 'facility/unknown' },
  ]);
  expect([story(4).at(-1), story(5).at(-1)]).toEqual([
    'MinerReturnedFromVendor',
    'MinerSentToVendor',
  ]);
});

it('Several parts of one machine are replaced, each once', async () => {
  const part = (n: number, component: string, removed: string, fitted: string) =>
    [serialOf(n), component, removed, fitted].join(',');
  const lines = csv(
    'serial,component,removedSerial,fittedSerial',
    part(4, 'hashboard', 'HB1', 'HB2'),
    part(4, 'hashboard', 'HB3', 'HB4'),
    part(4, 'hashboard', 'HB2', 'HB5'),
    part(4, 'fan', '', 'HB2'),
    part(4, 'controlBoard', 'CB1', 'CB2'),
    part(4, 'controlBoard', 'CB3', 'CB4'),
    part(8, 'fan', '', 'F1'),
  );
  expect(await upload('/component-swaps', lines, 4)).toMatchObject([
    { line: 4, code: 'miner/part-twice' },
    { line: 7, code: 'miner/part-twice' },
    { line: 8, code: 'miner/repair-unknown' },
  ]);
  expect(story(4).slice(-4)).toEqual(Array(4).fill('ComponentSwapped'));
});

it('Repairs are closed, and a line whose worker died after that is not refused for it', async () => {
  const lines = csv('serial,outcome', `${serialOf(4)},repaired`, `${serialOf(5)},repaired`);
  expect(await upload('/repair-closures', lines, 1)).toMatchObject([
    { line: 3, code: 'miner/at-vendor' },
  ]);
  expect(story(4).at(-1)).toBe('RepairClosed');
});

it('Spares take the slots of many machines, each the slot of one', async () => {
  const lines = csv(
    'serial,spareSerial',
    `${serialOf(1)},${serialOf(4)}`,
    `${serialOf(2)},${serialOf(8)}`,
    `${serialOf(3)},${serialOf(4)}`,
    `${serialOf(9)},${serialOf(10)}`,
  );
  const sent = await room.call('POST', '/bench-swaps', lines);
  expect(sent.body).toMatchObject({ accepted: 3, rejected: 1 });
  expect(await room.perform(sent)).toMatchObject([{ line: 5, code: 'miner/not-in-slot' }]);
  expect(story(4).at(-1)).toBe('MinerInstalled');
  expect(story(1).slice(-2)).toEqual(['MinerUninstalled', 'BenchSwapEnded']);
  expect(violationsIn(streams.log)).toEqual([]);
  expect(disagreementsIn(streams.log)).toEqual([]);
});
