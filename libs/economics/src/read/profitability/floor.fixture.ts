import { deriveId } from '@hostledger/eventsourcing';
import type { MinerEvent, SlotPlace } from '@hostledger/fleet';
import type { FacilityEvent } from '@hostledger/sites';
import type { Room } from '../../economics.fixture.js';

// Two facilities, four machines of two customers, and a market around a halving.

export const ann = deriveId('ann');
export const bob = deriveId('bob');
export const XP = 'HKYDD10001';
export const S21 = 'HKYDD20001';
export const PRO = 'HKYDD30001';
export const STORED = 'HKYDD40001';
/** The machines are put up on this day. */
const MARCH = '2024-03-01T08:00:00.000Z';

const RATINGS = {
  'S19JXP-151': [151_000, 3_247],
  'S21-200': [200_000, 3_500],
  'S19JPRO-104': [104_000, 3_068],
} as const;
type Model = keyof typeof RATINGS;

interface Machine {
  readonly serial: string;
  readonly model: Model;
  readonly customerId: string;
  readonly facility: string;
}

const storageOf = ({ facility }: Machine) => ({ kind: 'storage', facility }) as const;
const ratingsOf = ({ model }: Machine) => {
  const [ratedHashrateGhs, powerWatts] = RATINGS[model];
  return { ratedHashrateGhs, powerWatts };
};
const aboutOf = ({ serial, model, customerId }: Machine) => ({ serial, model, customerId });
const contractId = deriveId('contract');

const receivedOf = (machine: Machine): MinerEvent => {
  const { ratedHashrateGhs, powerWatts: nameplateWatts } = ratingsOf(machine);
  const line = { deliveryId: deriveId('delivery'), line: 1, condition: 'ok' } as const;
  const data = { ...aboutOf(machine), contractId, ...line, ratedHashrateGhs, nameplateWatts };
  return { type: 'MinerReceived', data: { ...data, place: storageOf(machine) } };
};

const installedOf = (machine: Machine, to: SlotPlace): MinerEvent => {
  const move = { from: storageOf(machine), to, reservationId: deriveId(machine.serial) };
  return { type: 'MinerInstalled', data: { ...aboutOf(machine), ...ratingsOf(machine), ...move } };
};

const energizedOf = (machine: Machine, place: SlotPlace): MinerEvent => {
  const data = { ...aboutOf(machine), contractId, ...ratingsOf(machine), place };
  return { type: 'MinerEnergized', data };
};

const streamOf = ({ serial }: Machine): string => `miner-${serial}`;
const slotAt = (facility: string, rack: string): SlotPlace => ({
  ...{ kind: 'slot', facility, rack, slot: 1 },
});

const opened = (facility: string, timeZone: string): FacilityEvent => ({
  type: 'FacilityOpened',
  data: { facility, name: facility, timeZone, powerEnvelopeWatts: 1_000_000 },
});
export const rateFixed = (
  facility: string,
  ratePerKwh: string,
  effectiveOn: string,
  currency = 'USD',
): FacilityEvent => ({
  type: 'PowerRateFixed',
  data: { facility, ratePerKwh, currency, effectiveOn },
});

const xp: Machine = { serial: XP, model: 'S19JXP-151', customerId: ann, facility: 'DENTON' };
const s21: Machine = { serial: S21, model: 'S21-200', customerId: bob, facility: 'DENTON' };
const pro: Machine = { serial: PRO, model: 'S19JPRO-104', customerId: ann, facility: 'MARBLE' };
const stored: Machine = { serial: STORED, model: 'S21-200', customerId: bob, facility: 'DENTON' };

/** On the first of June energy gets dearer at Denton, and on the second Denton knew it. */
export const buildFloor = async (room: Room): Promise<void> => {
  const [a1, b1, m1] = [slotAt('DENTON', 'A1'), slotAt('DENTON', 'B1'), slotAt('MARBLE', 'A1')];
  const cheap = rateFixed('DENTON', '0.0500', '2024-01-01');
  await room.happened('facility-DENTON', MARCH, opened('DENTON', 'America/Chicago'), cheap);
  const dear = rateFixed('MARBLE', '0.0800', '2024-01-01');
  await room.happened('facility-MARBLE', MARCH, opened('MARBLE', 'UTC'), dear);
  for (const machine of [xp, s21, pro, stored]) {
    await room.happened(streamOf(machine), MARCH, receivedOf(machine));
  }
  await room.happened(streamOf(xp), MARCH, installedOf(xp, a1), energizedOf(xp, a1));
  await room.happened(streamOf(pro), MARCH, installedOf(pro, m1), energizedOf(pro, m1));
  await room.happened(streamOf(s21), MARCH, installedOf(s21, b1));
  await room.happened(streamOf(s21), '2024-05-10T08:00:00.000Z', energizedOf(s21, b1));
  const dearer = rateFixed('DENTON', '0.0600', '2024-06-01');
  await room.happened('facility-DENTON', '2024-06-02T00:00:00.000Z', dearer);
};

const source = 'Bitcoin Core';
const MARKET = [
  [
    'subsidy',
    { blockHeight: 630_000, subsidySats: 625_000_000, effectiveAt: '2020-05-11T19:23:43.000Z' },
  ],
  [
    'subsidy',
    { blockHeight: 840_000, subsidySats: 312_500_000, effectiveAt: '2024-04-20T00:09:27.000Z' },
  ],
  [
    'difficulty',
    {
      blockHeight: 838_656,
      difficulty: '86388558925171.02',
      effectiveAt: '2024-04-10T22:38:26.000Z',
    },
  ],
  [
    'difficulty',
    {
      blockHeight: 840_672,
      difficulty: '88104191118793.16',
      effectiveAt: '2024-04-24T20:52:37.000Z',
    },
  ],
  ['prices', { currency: 'USD', price: '64000', fixedAt: '2024-04-15T16:00:00.000Z' }],
  ['prices', { currency: 'USD', price: '56000', fixedAt: '2024-06-14T16:00:00.000Z' }],
] as const;

/** The last price is mistyped, and corrected by {@link correctPrice}. */
export const stateMarket = async (room: Room): Promise<void> => {
  for (const [series, said] of MARKET) {
    const { status } = await room.post(`/v1/market/${series}`, { ...said, source });
    if (status !== 201) throw new Error(`${series}: ${status}`);
  }
};

export const correctPrice = (room: Room) =>
  room.post('/v1/market/prices', {
    ...{ currency: 'USD', price: '66000', fixedAt: '2024-06-14T16:00:00.000Z', source },
    corrects: { revision: 0, cause: 'A digit was mistyped' },
  });
