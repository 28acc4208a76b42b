import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import {
  minerAggregate,
  normaliseSerial,
  type Miner,
  type MinerCommand,
  type MinerEvent,
  type MinerReceived,
  type Place,
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
): MinerCommand => ({ type, data: { serial, to, reservationId }, at });
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
  data: { ...moved, from: storage, to: slot('A1', 1), reservationId: 'r1' },
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

describe('whatever is asked of a miner', () => {
  const place = fc.record({
    rack: fc.constantFrom('A1', 'B1'),
    slot: fc.integer({ min: 1, max: 3 }),
  });
  const reservation = fc.constantFrom('r1', 'r2', 'r3', 'r4');
  const command: fc.Arbitrary<MinerCommand> = fc.oneof(
    fc.constantFrom(receive(), receive({ deliveryId: 'delivery-2' })),
    fc
      .tuple(fc.constantFrom('InstallMiner' as const, 'RelocateMiner' as const), place, reservation)
      .map(([type, to, id]) => move(type, slot(to.rack, to.slot), id)),
    reservation.map(abandon),
  );

  it('it is in one place, and no move happens twice or after it was given up', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        let miner: Miner = minerAggregate.initialState;
        let where: Place | undefined;
        const over = new Set<string>();
        for (const event of commands.flatMap((next) => {
          const events = decideOrRefuse(next, miner);
          miner = events.reduce(minerAggregate.evolve, miner);
          return events;
        })) {
          if (event.type === 'MinerDeparted' || event.type === 'MinerArrived') continue;
          if (event.type === 'MinerReceived') {
            expect(where).toBeUndefined();
            where = event.data.place;
            continue;
          }
          expect(over).not.toContain(event.data.reservationId);
          over.add(event.data.reservationId);
          if (event.type === 'RelocationAbandoned') continue;
          expect(event.data.from).toEqual(where);
          expect(event.data.to).not.toEqual(where);
          where = event.data.to;
        }
        expect(miner.status === 'unknown' ? undefined : miner.place).toEqual(where);
      }),
    );
  });
});

const decideOrRefuse = (command: MinerCommand, miner: Miner): readonly MinerEvent[] => {
  try {
    return minerAggregate.decide(command, miner);
  } catch (error) {
    if (error instanceof DomainError) return [];
    throw error;
  }
};
