import { specOf } from '@hostledger/testing';
import { minerAggregate, type MinerCommand, type MinerEvent, type SlotPlace } from './miner.js';

const { given } = specOf(minerAggregate);

const at = '2024-04-20T00:00:00.000Z';
const serial = 'MINER0001';
const leg = {
  serial,
  model: 'S19JXP-151',
  customerId: 'customer-1',
  ratedHashrateGhs: 151_000,
  powerWatts: 3_247,
};
const storage = (facility: string) => ({ kind: 'storage', facility }) as const;
const slot = (facility: string): SlotPlace => ({ kind: 'slot', facility, rack: 'A1', slot: 1 });
const received: MinerEvent = {
  type: 'MinerReceived',
  data: {
    serial,
    model: 'S19JXP-151',
    ratedHashrateGhs: 151_000,
    nameplateWatts: 3_247,
    contractId: 'contract-1',
    customerId: 'customer-1',
    deliveryId: 'delivery-1',
    line: 1,
    place: storage('DENTON'),
    condition: 'ok',
  },
};
const installed: MinerEvent = {
  type: 'MinerInstalled',
  data: { ...leg, from: storage('DENTON'), to: slot('DENTON'), reservationId: 'r1' },
};
const road = { kind: 'transit', from: 'DENTON', to: 'PECOS', relocationId: 'plan-1' } as const;
const departed: MinerEvent = {
  type: 'MinerDeparted',
  data: { ...leg, from: slot('DENTON'), fromReservationId: 'r1', to: road, reservationId: 'r2' },
};
const arrived: MinerEvent = {
  type: 'MinerArrived',
  data: { ...leg, from: road, to: storage('PECOS') },
};
const depart = (to = 'PECOS', reservationId = 'r2', powerWatts = 3_247): MinerCommand => ({
  type: 'DepartMiner',
  data: { serial, to, reservationId, powerWatts, relocationId: 'plan-1' },
  at,
});
const arrive = (facility: string): MinerCommand => ({
  type: 'ArriveMiner',
  data: { serial, facility },
  at,
});
const move = (type: 'InstallMiner' | 'RelocateMiner', reservationId = 'r2'): MinerCommand => ({
  type,
  data: { serial, to: slot('PECOS'), reservationId, powerWatts: 3_247 },
  at,
});
const abandon = (reservationId: string): MinerCommand => ({
  type: 'AbandonRelocation',
  data: { serial, reservationId, cause: 'overdue' },
  at,
});
const abandoned: MinerEvent = {
  type: 'RelocationAbandoned',
  data: { serial, reservationId: 'r2', cause: 'overdue' },
};

describe('a miner that goes to another facility', () => {
  it('leaves its slot or the storage for the slot that is held for it, once', () => {
    given().when(depart()).thenRejects('miner/unknown');
    given(received, installed).when(depart()).then(departed);
    given(received)
      .when(depart())
      .then({
        type: 'MinerDeparted',
        data: { ...leg, from: storage('DENTON'), to: road, reservationId: 'r2' },
      });
    given(received, installed, departed).when(depart()).thenNothing();
    given(received, installed, departed, arrived).when(depart()).thenNothing();
    given(received, installed).when(depart('DENTON')).thenRejects('miner/already-there');
  });

  it('stays where its reservation was given up before it left', () => {
    given(received, installed, abandoned).when(depart()).thenRejects('miner/relocation-abandoned');
  });

  it('stays where other watts are held for it than it takes', () => {
    given(received, installed)
      .when(depart('PECOS', 'r2', 2_400))
      .thenRejects('miner/power-changed', '/serial');
    given(received, installed, departed)
      .when(depart('PECOS', 'r2', 2_400))
      .thenNothing();
  });

  it('is nowhere else while it is on the road', () => {
    const history = [received, installed, departed];
    given(...history)
      .when(depart('DALTON', 'r3'))
      .thenRejects('miner/in-transit');
    given(...history)
      .when(move('InstallMiner'))
      .thenRejects('miner/in-transit');
    given(...history)
      .when(move('RelocateMiner'))
      .thenRejects('miner/in-transit');
  });

  it('is retired from there when it is lost, and only then', () => {
    const retire = (cause: 'lost' | 'sold'): MinerCommand => ({
      type: 'RetireMiner',
      data: { serial, cause },
      at,
    });
    const history = [received, installed, departed];
    const lost: MinerEvent = { type: 'MinerRetired', data: { ...leg, from: road, cause: 'lost' } };
    given(...history)
      .when(retire('lost'))
      .then(lost);
    given(...history)
      .when(retire('sold'))
      .thenRejects('miner/in-transit');
    given(...history, lost)
      .when(arrive('PECOS'))
      .thenRejects('miner/retired');
    given(...history, lost)
      .when(depart())
      .thenRejects('miner/retired');
  });

  it('arrives in storage, where it was sent or elsewhere, once', () => {
    given(received, installed).when(arrive('PECOS')).thenRejects('miner/not-in-transit');
    given(received, installed, departed).when(arrive('PECOS')).then(arrived);
    given(received, installed, departed)
      .when(arrive('DALTON'))
      .then({ type: 'MinerArrived', data: { ...leg, from: road, to: storage('DALTON') } });
    given(received, installed, departed, arrived).when(arrive('PECOS')).thenNothing();
  });

  it('goes into its slot from there, unless that was given up on the way', () => {
    given(received, installed, departed, arrived)
      .when(move('InstallMiner'))
      .then({
        type: 'MinerInstalled',
        data: { ...leg, from: storage('PECOS'), to: slot('PECOS'), reservationId: 'r2' },
      });
    given(received, installed, departed).when(abandon('r2')).then(abandoned);
    given(received, installed, departed, abandoned, arrived)
      .when(move('InstallMiner'))
      .thenRejects('miner/relocation-abandoned');
  });
});
