import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { audit } from './rack-audit.fixture.js';
import {
  rackAggregate,
  reservationRefusal,
  type Rack,
  type RackCommand,
  type RackEvent,
  type SlotReservation,
} from './rack.js';

const { decide, evolve, initialState } = rackAggregate;
const at = '2024-06-01T00:00:00Z';
const expiresAt = '2024-06-01T00:15:00Z';
const SLOTS = 4;
const LIMIT_WATTS = 10;

const reservationId = fc.integer({ min: 1, max: 12 }).map((n) => `reservation-${n}`);
const reservationShape = {
  reservationId,
  slot: fc.integer({ min: 0, max: SLOTS + 1 }),
  serial: fc.constantFrom('SERIAL1', 'SERIAL2', 'SERIAL3'),
  powerWatts: fc.integer({ min: -1, max: 6 }),
};
const reservation: fc.Arbitrary<SlotReservation> = fc.record(reservationShape);
const ids = fc.array(reservationId, { maxLength: 4 });
const anyCommand: fc.Arbitrary<RackCommand> = fc.oneof(
  { weight: 4, arbitrary: fc.array(reservation, { maxLength: 5 }).map(reserve) },
  ids.map((reservationIds): RackCommand => ({ type: 'OccupySlots', data: { reservationIds }, at })),
  fc
    .array(fc.record({ slot: fc.integer({ min: 0, max: 5 }), reservationId }), { maxLength: 4 })
    .chain((slots) => fc.constantFrom('SERIAL1', 'SERIAL2').map((serial) => ({ slots, serial })))
    .map(({ slots, serial }): RackCommand => {
      const vacations = slots.map((slot) => ({ ...slot, serial, movedBy: 'move' }));
      return { type: 'VacateSlots', data: { vacations }, at };
    }),
  fc
    .tuple(fc.constantFrom('ReleaseReservations', 'ExpireReservations'), ids)
    .map(([type, reservationIds]): RackCommand => ({
      type,
      data: { reservationIds, cause: 'any' },
      at,
    })),
  fc.constant<RackCommand>({ type: 'RestoreRack', data: {}, at }),
  fc.constantFrom<RackCommand>(
    { type: 'CloseRack', data: { disposalId: 'd1' }, at },
    { type: 'ReopenRack', data: { disposalId: 'd1' }, at },
    { type: 'ReopenRack', data: { disposalId: 'd2' }, at },
  ),
  fc.integer({ min: 1, max: LIMIT_WATTS + 1 }).map((powerLimitWatts): RackCommand => ({
    type: 'DerateRack',
    data: { powerLimitWatts, cause: 'heat' },
    at,
  })),
  fc
    .record({ ...reservationShape, changeId: fc.constantFrom('c1', 'c2', 'c3') })
    .map((change): RackCommand => ({
      type: 'ChangeSlotPower',
      data: { ...change, profile: 'eco', hashrateGhs: 1 },
      at,
    })),
);

function reserve(reservations: readonly SlotReservation[]): RackCommand {
  return { type: 'ReserveSlots', data: { reservations, expiresAt }, at };
}

const run = (history: RackEvent[], state: Rack, command: RackCommand): Rack => {
  try {
    const events = decide(command, state);
    history.push(...events);
    return events.reduce(evolve, state);
  } catch (error) {
    if (error instanceof DomainError) return state;
    throw error;
  }
};

const play = (commands: readonly RackCommand[]): { history: RackEvent[]; state: Rack } => {
  const history: RackEvent[] = [];
  const data = { facility: 'DENTON', rack: 'A', slotCount: SLOTS, powerLimitWatts: LIMIT_WATTS };
  const first: RackCommand = { type: 'CommissionRack', data, at };
  const state = [first, ...commands].reduce((now, next) => run(history, now, next), initialState);
  return { history, state };
};

describe('a rack, whatever it is asked', () => {
  it('has one miner per slot, keeps its limit, and ends each reservation once', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), (all) => void audit(play(all).history)),
    );
  });

  it('has nothing to do when the same thing is asked at once again', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 15 }), anyCommand, (before, command) => {
        const { state } = play([...before, command]);
        expect(run([], state, command)).toBe(state);
      }),
    );
  });

  it('explains every reservation of several that it did not take', () => {
    fc.assert(
      fc.property(
        fc.array(anyCommand, { maxLength: 15 }),
        fc.uniqueArray(reservation, { maxLength: 6, selector: (each) => each.reservationId }),
        (before, asked) => {
          const { state } = play([...before, reserve(asked)]);
          const live =
            state.status === 'commissioned' ? state.slots.map((s) => s?.reservationId) : [];
          for (const each of asked) {
            const taken = live[each.slot - 1] === each.reservationId;
            if (!taken && !live.includes(each.reservationId)) {
              expect(reservationRefusal(state, each)).toBeInstanceOf(DomainError);
            }
            if (taken && each.powerWatts > 0)
              expect(reservationRefusal(state, each)).toBeUndefined();
          }
        },
      ),
    );
  });
});
