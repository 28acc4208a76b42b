import { readModelsOf, recorded } from '@hostledger/testing';
import type { DeliveryEvent } from '../domain/delivery.js';
import type { MinerEvent, Place } from '../domain/miner.js';
import { FleetCensus } from './census.js';
import { deliveriesProjection } from './deliveries/projection.js';
import { minersProjection } from './miners/projection.js';

const whose = { contractId: 'contract-1', customerId: 'customer-1' };
const machine = (serial: string) => ({
  serial,
  model: 'S19JXP-151',
  ratedHashrateGhs: 151_000,
  customerId: 'customer-1',
});
const stored = (facility: string) => ({ kind: 'storage', facility }) as const;
const inSlot = { kind: 'slot', facility: 'DENTON', rack: 'A', slot: 1 } as const;

const received = (serial: string, facility: string): MinerEvent => ({
  type: 'MinerReceived',
  data: {
    ...machine(serial),
    ...whose,
    nameplateWatts: 3_247,
    deliveryId: 'delivery-1',
    line: 1,
    place: stored(facility),
    condition: 'ok',
  },
});
const installed = (serial: string): MinerEvent => ({
  type: 'MinerInstalled',
  data: {
    ...machine(serial),
    powerWatts: 3_247,
    from: stored('DENTON'),
    to: inSlot,
    reservationId: 'r1',
  },
});
const departed = (serial: string, from: string, to: string): MinerEvent => ({
  type: 'MinerDeparted',
  data: {
    ...machine(serial),
    powerWatts: 3_247,
    from: stored(from),
    to: { kind: 'transit', from, to },
    reservationId: 'r2',
  },
});
const sentToVendor = (serial: string, facility: string): MinerEvent => ({
  type: 'MinerSentToVendor',
  data: {
    ...machine(serial),
    powerWatts: 3_247,
    repairId: 'repair-1',
    from: stored(facility),
    to: { kind: 'vendor', vendor: 'Bitmain', facility } satisfies Place,
  },
});
const registered = (deliveryId: string, facility: string): DeliveryEvent => ({
  type: 'ManifestRegistered',
  data: {
    deliveryId,
    operationId: 'operation-1',
    ...whose,
    facility,
    reference: deliveryId,
    lineCount: 0,
    refusedAtUpload: 0,
    digest: 'd',
  },
});
const reconciled = (deliveryId: string, facility: string): DeliveryEvent => ({
  type: 'DeliveryReconciled',
  data: {
    deliveryId,
    ...whose,
    facility,
    reference: deliveryId,
    lines: 0,
    received: 0,
    missing: 0,
    refused: 0,
    hashrateGhs: 0,
    byModel: [],
    reconciledAt: '2024-06-02T00:00:00.000Z',
  },
});

const log = [
  ...recorded('miner-SLOT', [received('SLOT', 'DENTON'), installed('SLOT')]),
  ...recorded('miner-STORED', [received('STORED', 'DENTON')]),
  ...recorded('miner-COMING', [
    received('COMING', 'DALTON'),
    departed('COMING', 'DALTON', 'DENTON'),
  ]),
  ...recorded('miner-GONE', [received('GONE', 'DENTON'), departed('GONE', 'DENTON', 'MARBLE')]),
  ...recorded('miner-REPAIRED', [
    received('REPAIRED', 'DENTON'),
    sentToVendor('REPAIRED', 'DENTON'),
  ]),
  ...recorded('delivery-1', [registered('1', 'DENTON'), reconciled('1', 'DENTON')]),
  ...recorded('delivery-2', [registered('2', 'DENTON')]),
  ...recorded('delivery-3', [registered('3', 'MARBLE')]),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));

let filled: Awaited<ReturnType<typeof readModelsOf>>;

beforeAll(async () => {
  filled = await readModelsOf([minersProjection, deliveriesProjection], log);
});
afterAll(() => filled.close());

it('What stands at a facility, is on its way there or went from there to be repaired is counted', async () => {
  const census = new FleetCensus(filled.readModels);
  const end = log.at(-1)!.position;
  expect(await census.count('DENTON', end)).toEqual({ machines: 4, openDeliveries: 1 });
  expect(await census.count('MARBLE', end)).toEqual({ machines: 1, openDeliveries: 1 });
  expect(await census.count('DALTON', end)).toEqual({ machines: 0, openDeliveries: 0 });
});

it('What the read models do not know yet is waited for, and not taken for nothing', async () => {
  const impatient = new FleetCensus({
    read: (at, query) => filled.readModels.read({ ...at, timeoutMs: 50 }, query),
  });
  const later = log.at(-1)!.position + 1n;
  await expect(impatient.count('DALTON', later)).rejects.toThrow('position');
});
