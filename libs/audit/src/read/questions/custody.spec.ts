import {
  AggregateStore,
  deriveId,
  streamName,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { minerAggregate, type MinerEvent } from '@hostledger/fleet';
import { InMemoryStreams } from '@hostledger/testing';
import { custodyOf } from '../../domain/custody.js';

// A machine goes through everything that the rules of the fleet let it go through.

const serial = 'HKYDD1AABJHAG0001';
const storage = (facility: string) => ({ kind: 'storage', facility });
const slot = (facility: string, number: number) => ({
  ...{ kind: 'slot', facility, rack: 'A1', slot: number },
});
const acts: readonly (readonly [type: string, data: object])[] = [
  [
    'ReceiveMiner',
    {
      ...{ model: 'S19JXP-151', contractId: 'contract-1', customerId: 'customer-1' },
      ...{ deliveryId: 'delivery-1', line: 1, condition: 'ok', facility: 'DENTON' },
      ...{ ratedHashrateGhs: 151_000, nameplateWatts: 3_247, place: storage('DENTON') },
    },
  ],
  ['ObserveIdentifier', { kind: 'mac', value: '00:11:22:33:44:55' }],
  ['InstallMiner', { to: slot('DENTON', 1), reservationId: 'r1', powerWatts: 3_247 }],
  ['RelocateMiner', { to: slot('DENTON', 2), reservationId: 'r2', powerWatts: 3_247 }],
  ['DepartMiner', { to: 'PECOS', reservationId: 'r3', powerWatts: 3_247, relocationId: 'plan-1' }],
  ['ArriveMiner', { facility: 'PECOS' }],
  ['InstallMiner', { to: slot('PECOS', 1), reservationId: 'r4', powerWatts: 3_247 }],
  ['OpenRepair', { repairId: 'repair-1', fault: 'hashboard 2 dead' }],
  ['UninstallMiner', { removalId: 'removal-1' }],
  ['SendToVendor', { repairId: 'repair-1', vendor: 'Bitmain Care' }],
  ['ReturnFromVendor', { repairId: 'repair-1', facility: 'PECOS' }],
  ['CloseRepair', { repairId: 'repair-1', outcome: 'repaired' }],
  [
    'TransferTitle',
    {
      ...{ toCustomerId: 'customer-2', effectiveOn: '2024-06-01' },
      documentDigest: 'd'.repeat(64),
    },
  ],
  ['RetireMiner', { cause: 'sold' }],
];

const lived = async (): Promise<readonly RecordedEvent<MinerEvent>[]> => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  for (const [index, [type, data]] of acts.entries()) {
    const at = '2024-06-01T08:00:00.000Z';
    const command = { type, data: { serial, ...data }, at } as never;
    const commandId = deriveId('act', index);
    const ids = { commandId, correlationId: commandId, causationId: commandId };
    const context = { ...ids, actor: { subject: 'ada', role: 'operator' }, at };
    const { events } = await store.handle(minerAggregate, serial, command, context);
    if (events.length === 0) throw new Error(`${type} changed nothing`);
  }
  const events = await streams.readStream(streamName(minerAggregate, serial), 0n);
  return events as RecordedEvent<MinerEvent>[];
};

it('A machine that lived by the rules has an unbroken chain, to its end', async () => {
  const chain = custodyOf(await lived());
  expect(chain.filter(({ isBroken }) => isBroken)).toEqual([]);
  expect(chain.map(({ event, kind }) => `${kind} ${event.type}`)).toEqual([
    'dock MinerReceived',
    'scan IdentifierObserved',
    'move MinerInstalled',
    'move MinerRelocated',
    'move MinerDeparted',
    'move MinerArrived',
    'move MinerInstalled',
    'repair RepairOpened',
    'move MinerUninstalled',
    'move MinerSentToVendor',
    'move MinerReturnedFromVendor',
    'repair RepairClosed',
    'title TitleTransferred',
    'move MinerRetired',
  ]);
  expect(chain.at(-2)).toMatchObject({ customerId: 'customer-2', place: storage('PECOS') });
  expect(chain.at(-1)).not.toHaveProperty('place');
});

it('Whichever hand-over is missing, the chain is broken behind it', async () => {
  const events = await lived();
  const moves = events.filter(({ type }) => /^Miner(?!Received|Retired)/.test(type));
  for (const missing of moves) {
    const chain = custodyOf(events.filter((event) => event !== missing));
    const broken = chain.find(({ isBroken }) => isBroken);
    expect(broken!.event.revision).toBeGreaterThan(missing.revision);
  }
});
