import { specOf } from '@hostledger/testing';
import {
  rackAggregate,
  reservationRefusal,
  type Rack,
  type RackCommand,
  type RackEvent,
  type SlotReservation,
} from './rack.js';

const { given } = specOf(rackAggregate);

const at = '2024-06-01T00:00:00Z';
const expiresAt = '2024-06-01T00:15:00Z';
const rackA = { facility: 'DENTON', rack: 'A-01' };
const commissioned: RackEvent = {
  type: 'RackCommissioned',
  data: { ...rackA, slotCount: 3, powerLimitWatts: 7_000 },
};
const miner = (n: number, slot = n): SlotReservation => ({
  reservationId: `reservation-${n}`,
  slot,
  serial: `SERIAL${n}`,
  powerWatts: 3_247,
});
const use = (n: number, slot = n) => ({ ...rackA, ...miner(n, slot) });
const reserved = (n: number, slot = n): RackEvent => ({
  type: 'SlotReserved',
  data: { ...use(n, slot), expiresAt },
});
const occupied = (n: number, slot = n): RackEvent => ({
  type: 'SlotOccupied',
  data: use(n, slot),
});
const vacated = (n: number, slot = n): RackEvent => ({
  type: 'SlotVacated',
  data: { ...use(n, slot), movedBy: 'move-elsewhere' },
});
const released = (n: number): RackEvent => ({
  type: 'ReservationReleased',
  data: { ...use(n), cause: 'miner/retired' },
});
const expired = (n: number): RackEvent => ({
  type: 'ReservationExpired',
  data: { ...use(n), cause: 'overdue' },
});

const reserve = (...reservations: SlotReservation[]): RackCommand => ({
  type: 'ReserveSlots',
  data: { reservations, expiresAt },
  at,
});
const occupy = (...numbers: number[]): RackCommand => ({
  type: 'OccupySlots',
  data: { reservationIds: numbers.map((n) => `reservation-${n}`) },
  at,
});
const vacate = (n: number, slot = n): RackCommand => {
  const { serial, reservationId } = miner(n);
  const vacation = { slot, serial, reservationId, movedBy: 'move-elsewhere' };
  return { type: 'VacateSlots', data: { vacations: [vacation, vacation] }, at };
};
const release = (n: number): RackCommand => ({
  type: 'ReleaseReservations',
  data: { reservationIds: [`reservation-${n}`], cause: 'miner/retired' },
  at,
});
const expire = (n: number): RackCommand => ({
  type: 'ExpireReservations',
  data: { reservationIds: [`reservation-${n}`], cause: 'overdue' },
  at,
});

describe('commissioning a rack', () => {
  const commission = (powerLimitWatts: number): RackCommand => ({
    type: 'CommissionRack',
    data: { ...rackA, slotCount: 3, powerLimitWatts },
    at,
  });

  it('puts it into service once', () => {
    given().when(commission(7_000)).then(commissioned);
    given(commissioned).when(commission(7_000)).thenNothing();
  });

  it('refuses other data for a rack in service', () => {
    given(commissioned).when(commission(8_000)).thenRejects('rack/already-commissioned');
  });
});

describe('reserving slots', () => {
  it('holds slot and watts until a deadline', () => {
    given(commissioned)
      .when(reserve(miner(1)))
      .then(reserved(1));
    given(commissioned)
      .when(reserve(miner(1), miner(2)))
      .then(reserved(1), reserved(2));
  });

  it('leaves a reservation that is live as it is', () => {
    given(commissioned, reserved(1))
      .when(reserve(miner(1)))
      .thenNothing();
    given(commissioned, reserved(1), occupied(1))
      .when(reserve(miner(1)))
      .thenNothing();
    given(commissioned)
      .when(reserve(miner(1), miner(1)))
      .then(reserved(1));
    given(commissioned, reserved(1))
      .when(reserve(miner(1), miner(2)))
      .then(reserved(2));
  });

  it('refuses a single reservation that does not fit, naming the rule', () => {
    given()
      .when(reserve(miner(1)))
      .thenRejects('rack/unknown');
    given(commissioned)
      .when(reserve(miner(1, 4)))
      .thenRejects('rack/slot-unknown', '/slot');
    given(commissioned)
      .when(reserve(miner(1, 0)))
      .thenRejects('rack/slot-unknown');
    given(commissioned)
      .when(reserve(miner(1, 1.5)))
      .thenRejects('rack/slot-unknown');
    given(commissioned, reserved(2, 1))
      .when(reserve(miner(1)))
      .thenRejects('rack/slot-taken', '/slot');
    given(commissioned, reserved(1), reserved(2), occupied(2))
      .when(reserve(miner(3)))
      .thenRejects('rack/power-exceeded');
    given(commissioned)
      .when(reserve({ ...miner(1), powerWatts: 0 }))
      .thenRejects('rack/power-invalid');
  });

  it('takes those of several that fit, in their order, counting the ones before', () => {
    given(commissioned)
      .when(reserve(miner(1), miner(2, 1), miner(3), miner(2), miner(4, 9)))
      .then(reserved(1), reserved(3));
  });

  it('tells for each of several why it is not there', () => {
    const refusalAfter = (reservation: SlotReservation): string | undefined =>
      reservationRefusal(
        [commissioned, reserved(1), reserved(3)].reduce<Rack>(
          rackAggregate.evolve,
          rackAggregate.initialState,
        ),
        reservation,
      )?.code;
    expect(refusalAfter(miner(1))).toBeUndefined();
    expect(refusalAfter(miner(2, 1))).toBe('rack/slot-taken');
    expect(refusalAfter(miner(2))).toBe('rack/power-exceeded');
    expect(refusalAfter(miner(4, 9))).toBe('rack/slot-unknown');
  });

  it('never revives a reservation that is over', () => {
    for (const ended of [released(1), expired(1), vacated(1)]) {
      given(commissioned, reserved(1), ended)
        .when(reserve(miner(1)))
        .thenRejects('rack/reservation-ended');
    }
  });
});

describe('ending a reservation', () => {
  it('occupies the slot for the miner it was held for', () => {
    given(commissioned, reserved(1), reserved(2)).when(occupy(2, 1)).then(occupied(1), occupied(2));
  });

  it('releases or expires what was not used', () => {
    given(commissioned, reserved(1)).when(release(1)).then(released(1));
    given(commissioned, reserved(1)).when(expire(1)).then(expired(1));
  });

  it('gives slot and watts to the next one', () => {
    given(commissioned, reserved(1), reserved(2), released(1))
      .when(reserve(miner(3, 1)))
      .then(reserved(3, 1));
  });

  it('happens once: what is used, over or unknown stays as it is', () => {
    for (const end of [occupy(1), release(1), expire(1)]) {
      given(commissioned, reserved(1), occupied(1)).when(end).thenNothing();
      given(commissioned, reserved(1), expired(1)).when(end).thenNothing();
      given(commissioned).when(end).thenNothing();
    }
  });
});

describe('vacating slots', () => {
  it('frees slot and watts of a miner that has moved on', () => {
    given(commissioned, reserved(1), occupied(1)).when(vacate(1)).then(vacated(1));
    given(commissioned, reserved(1), occupied(1), reserved(2), vacated(1))
      .when(reserve(miner(3)))
      .then(reserved(3));
  });

  it('records the arrival too where the miner left before it was recorded', () => {
    given(commissioned, reserved(1)).when(vacate(1)).then(occupied(1), vacated(1));
  });

  it('leaves a slot alone that another reservation holds by now', () => {
    given(commissioned, reserved(1), occupied(1), vacated(1)).when(vacate(1)).thenNothing();
    given(commissioned, reserved(1), occupied(1), vacated(1), reserved(2, 1))
      .when(vacate(1))
      .thenNothing();
    given(commissioned).when(vacate(1, 7)).thenNothing();
  });
});

describe('derating a rack', () => {
  const derate = (powerLimitWatts: number): RackCommand => ({
    type: 'DerateRack',
    data: { powerLimitWatts, cause: 'breaker 7 runs hot' },
    at,
  });
  const derated = (powerLimitWatts: number, fromWatts = 7_000): RackEvent => ({
    type: 'RackDerated',
    data: { ...rackA, fromWatts, ratedWatts: 7_000, powerLimitWatts, cause: 'breaker 7 runs hot' },
  });
  const restore: RackCommand = { type: 'RestoreRack', data: {}, at };
  const restored: RackEvent = {
    type: 'RackRestored',
    data: { ...rackA, powerLimitWatts: 7_000, fromWatts: 4_000 },
  };

  it('lowers the limit in force until it is restored', () => {
    given(commissioned).when(derate(4_000)).then(derated(4_000));
    given(commissioned, derated(4_000)).when(derate(4_000)).thenNothing();
    given(commissioned, derated(4_000)).when(derate(3_500)).then(derated(3_500, 4_000));
    given(commissioned, derated(4_000)).when(restore).then(restored);
    given(commissioned).when(restore).thenNothing();
    given(commissioned).when(derate(7_000)).thenRejects('rack/not-derated', '/powerLimitWatts');
  });

  it('is told again when its cause or its expected end is another', () => {
    const expectedUntil = '2024-06-03T00:00:00.000Z';
    for (const news of [{ cause: 'transformer' }, { expectedUntil }]) {
      const data = { powerLimitWatts: 4_000, cause: 'breaker 7 runs hot', ...news };
      const told: RackEvent = {
        type: 'RackDerated',
        data: { ...rackA, fromWatts: 4_000, ratedWatts: 7_000, ...data },
      };
      const tell: RackCommand = { type: 'DerateRack', data, at };
      given(commissioned, derated(4_000)).when(tell).then(told);
      given(commissioned, derated(4_000), told).when(tell).thenNothing();
    }
    given(commissioned, derated(4_000), restored).when(derate(4_000)).then(derated(4_000));
  });

  it('is possible below what is in use; then nothing is added until it fits', () => {
    const full = [commissioned, reserved(1), reserved(2), occupied(1), occupied(2)];
    given(...full)
      .when(derate(4_000))
      .then(derated(4_000));
    given(...full, derated(4_000), vacated(1))
      .when(reserve(miner(3)))
      .thenRejects('rack/power-exceeded');
    given(...full, derated(4_000), vacated(1), vacated(2))
      .when(reserve(miner(3)))
      .then(reserved(3));
    given(...full, derated(4_000), restored, vacated(1))
      .when(reserve(miner(3)))
      .then(reserved(3));
  });
});

describe('changing the watts of a slot', () => {
  const change = (powerWatts: number, changeId = 'change-1'): RackCommand => ({
    type: 'ChangeSlotPower',
    data: { ...miner(1), powerWatts, changeId, profile: 'turbo', hashrateGhs: 170_000 },
    at,
  });
  const changed = (powerWatts: number, fromWatts = 3_247): RackEvent => ({
    type: 'SlotPowerChanged',
    data: {
      ...use(1),
      powerWatts,
      fromWatts,
      changeId: 'change-1',
      profile: 'turbo',
      hashrateGhs: 170_000,
    },
  });
  const both = [commissioned, reserved(1), reserved(2), occupied(1)];

  it('grants more as far as the limit in force holds it, and less always', () => {
    given(...both)
      .when(change(3_753))
      .then(changed(3_753));
    given(...both)
      .when(change(3_754))
      .thenRejects('rack/power-exceeded');
    given(...both)
      .when(change(2_000))
      .then(changed(2_000));
    given(...both)
      .when(change(3_247))
      .thenNothing();
    given(...both)
      .when(change(0))
      .thenRejects('rack/power-invalid', '/powerWatts');
  });

  it('happens once, and is given back with the slot', () => {
    given(...both, changed(2_000))
      .when(change(2_000))
      .thenNothing();
    given(...both, changed(2_000))
      .when(vacate(1))
      .then({
        type: 'SlotVacated',
        data: { ...use(1), powerWatts: 2_000, movedBy: 'move-elsewhere' },
      });
  });

  it('is for the miner that stands there', () => {
    given(commissioned, reserved(1)).when(change(2_000)).thenRejects('rack/slot-left');
    given(...both, vacated(1))
      .when(change(2_000))
      .thenRejects('rack/slot-left');
  });
});
