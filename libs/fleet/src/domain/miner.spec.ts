import { specOf } from '@hostledger/testing';
import {
  minerAggregate,
  normaliseSerial,
  type MinerCommand,
  type MinerEvent,
  type MinerReceived,
  type SlotPlace,
} from './miner.js';
import { minerModels } from './models.js';

const { given } = specOf(minerAggregate);

const at = '2023-10-02T08:00:00Z';
const serial = 'HKYDD1AABJHAG0001';
const storage = { kind: 'storage', facility: 'DENTON' } as const;
const slot = (rack: string, number: number): SlotPlace => ({
  kind: 'slot',
  facility: 'DENTON',
  rack,
  slot: number,
});
const arrival = {
  serial,
  model: 'S19JXP-151',
  contractId: 'contract-1',
  customerId: 'customer-1',
  deliveryId: 'delivery-1',
  line: 2,
  condition: 'ok',
} as const;
const receive = (more: object = {}): MinerCommand => ({
  type: 'ReceiveMiner',
  data: { ...arrival, facility: 'DENTON', ...more },
  at,
});
const move = (
  type: 'InstallMiner' | 'RelocateMiner',
  to: SlotPlace,
  reservationId: string,
  powerWatts = 3_247,
): MinerCommand => ({ type, data: { serial, to, reservationId, powerWatts }, at });
const abandon = (reservationId: string): MinerCommand => ({
  type: 'AbandonRelocation',
  data: { serial, reservationId, cause: 'overdue' },
  at,
});

const rated = { ratedHashrateGhs: 151_000, powerWatts: 3_247 };
const received: MinerReceived = {
  type: 'MinerReceived',
  data: { ...arrival, ratedHashrateGhs: 151_000, nameplateWatts: 3_247, place: storage },
};
const moved = { serial, model: 'S19JXP-151', customerId: 'customer-1', ...rated };
const installed: MinerEvent = {
  type: 'MinerInstalled',
  data: { ...moved, from: storage, to: slot('A1', 1), reservationId: 'r1', first: true },
};
const relocated: MinerEvent = {
  type: 'MinerRelocated',
  data: {
    ...moved,
    from: slot('A1', 1),
    fromReservationId: 'r1',
    to: slot('B1', 7),
    reservationId: 'r2',
  },
};
const abandoned = (reservationId: string): MinerEvent => ({
  type: 'RelocationAbandoned',
  data: { serial, reservationId, cause: 'overdue' },
});

describe('receiving a miner', () => {
  it('puts it into storage with the ratings of its model', () => {
    given().when(receive()).then(received);
  });

  it('keeps what the manifest says about it', () => {
    const labels = { controlBoardSerial: 'CB1', mac: '02:00:00:00:00:01', pallet: 'P1' };
    given()
      .when(receive(labels))
      .then({ ...received, data: { ...received.data, ...labels } });
  });

  it('happens once per line of a delivery', () => {
    given(received, installed).when(receive()).thenNothing();
  });

  it('refuses a serial number that lives already', () => {
    given(received)
      .when(receive({ deliveryId: 'delivery-2' }))
      .thenRejects('miner/duplicate-serial', '/serial');
    given(received)
      .when(receive({ line: 3 }))
      .thenRejects('miner/duplicate-serial', '/serial');
  });

  it('refuses a model nobody knows', () => {
    given()
      .when(receive({ model: 'S99' }))
      .thenRejects('model/unknown', '/model');
  });
});

describe('installing a miner', () => {
  it('takes it from storage to the reserved slot', () => {
    given(received)
      .when(move('InstallMiner', slot('A1', 1), 'r1'))
      .then(installed);
  });

  it('changes nothing when it stands there, or stood there under this reservation', () => {
    given(received, installed)
      .when(move('InstallMiner', slot('A1', 1), 'r9'))
      .thenNothing();
    given(received, installed, relocated)
      .when(move('InstallMiner', slot('A1', 1), 'r1'))
      .thenNothing();
  });

  it('refuses one that stands in another slot', () => {
    given(received, installed)
      .when(move('InstallMiner', slot('A1', 2), 'r2'))
      .thenRejects('miner/already-installed', '/serial');
  });

  it('refuses a miner that was never received', () => {
    given()
      .when(move('InstallMiner', slot('A1', 1), 'r1'))
      .thenRejects('miner/unknown', '/serial');
  });
});

describe('relocating a miner', () => {
  it('moves it to the reserved slot and names the reservation it leaves', () => {
    given(received, installed)
      .when(move('RelocateMiner', slot('B1', 7), 'r2'))
      .then(relocated);
  });

  it('changes nothing when it stands there', () => {
    given(received, installed, relocated)
      .when(move('RelocateMiner', slot('B1', 7), 'r3'))
      .thenNothing();
  });

  it('refuses one in storage', () => {
    given(received)
      .when(move('RelocateMiner', slot('B1', 7), 'r2'))
      .thenRejects('miner/not-installed', '/serial');
  });
});

describe('giving a move up', () => {
  it('makes it impossible for ever', () => {
    given(received).when(abandon('r1')).then(abandoned('r1'));
    given(received, abandoned('r1'))
      .when(move('InstallMiner', slot('A1', 1), 'r1'))
      .thenRejects('miner/relocation-abandoned');
    given(received, installed, abandoned('r2'))
      .when(move('RelocateMiner', slot('B1', 7), 'r2'))
      .thenRejects('miner/relocation-abandoned');
  });

  it('follows from other watts than were held for it', () => {
    given(received)
      .when(move('InstallMiner', slot('A1', 1), 'r1', 3_000))
      .thenRejects('miner/power-changed', '/serial');
  });

  it('leaves other moves possible', () => {
    given(received, installed, abandoned('r9'))
      .when(move('RelocateMiner', slot('B1', 7), 'r2'))
      .then(relocated);
  });

  it('comes too late for a move that was made, and is said once', () => {
    given(received, installed).when(abandon('r1')).thenNothing();
    given(received, abandoned('r1')).when(abandon('r1')).thenNothing();
  });
});

describe('a serial number', () => {
  it('is compared in upper case without blanks around', () => {
    expect(normaliseSerial(' hkydd1aa ')).toBe('HKYDD1AA');
  });

  it.each(['SHORT', 'X'.repeat(41), 'HKYD-D1AA', 'HKYD D1AA', ''])('cannot be %j', (written) => {
    expect(normaliseSerial(written)).toBeUndefined();
  });
});

it('has one entry per model, with whole ratings', () => {
  expect(new Set(minerModels.map(({ code }) => code)).size).toBe(minerModels.length);
  for (const { code, ratedHashrateGhs, nameplateWatts } of minerModels) {
    expect(code).toMatch(/^[A-Z0-9]+-\d+$/);
    expect(Number.isInteger(ratedHashrateGhs) && Number.isInteger(nameplateWatts)).toBe(true);
  }
});
