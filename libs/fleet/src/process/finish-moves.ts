import {
  DomainError,
  processContext,
  processItemColumns,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessAct,
  type ProcessItem,
  type Recorded,
} from '@hostledger/eventsourcing';
import { rackAggregate, rackId, type RackEvent } from '@hostledger/sites';
import {
  minerAggregate,
  type MinerEvent,
  type MinerInstalled,
  type MinerRelocated,
  type SlotPlace,
} from '../domain/miner.js';
import type { MinerUninstalled } from '../domain/miner-transit.js';
import { recordAtRacks, type MadeMove } from './move-racks.js';
import { abandonMove, madeMove } from './move.js';

/** Whoever made the move records it at the racks at once; only after this long is it our turn. */
const GRACE_MS = 30_000;
const MOVES_AT_ONCE = 16;
const EXPIRED = 'The reservation ran out before the move was made';

/** A reservation whose move is not recorded everywhere yet; `item_id` is the reservation's id. */
export interface OpenMove extends ProcessItem {
  readonly serial: string;
  readonly facility: string;
  readonly rack: string;
  readonly slot: number;
  readonly moved: boolean;
  readonly occupied: boolean;
  /** The slot the miner left, until it is vacated; null for a move out of storage. */
  readonly from_facility: string | null;
  readonly from_rack: string | null;
  readonly from_slot: number | null;
  readonly from_reservation_id: string | null;
}

type MoveEvent = RackEvent | MinerEvent;

/** Pure: which moves are under way, as far as the log tells. */
export const openMoves = tableFold<OpenMove, MoveEvent>({
  table: {
    name: 'open_moves',
    columns: {
      ...processItemColumns,
      serial: 'text',
      facility: 'text',
      rack: 'text',
      slot: 'integer',
      moved: 'boolean',
      occupied: 'boolean',
      from_facility: 'text',
      from_rack: 'text',
      from_slot: 'integer',
      from_reservation_id: 'text',
    },
    key: ['item_id'],
    nullable: ['from_facility', 'from_rack', 'from_slot', 'from_reservation_id'],
  },
  keys: {
    SlotReserved: ({ data }) => [{ item_id: data.reservationId }],
    MinerInstalled: ({ data }) => [{ item_id: data.reservationId }],
    MinerRelocated: ({ data }) => [{ item_id: data.reservationId }],
    MinerUninstalled: ({ data }) => [{ item_id: data.removalId }],
    SlotOccupied: ({ data }) => [{ item_id: data.reservationId }],
    SlotVacated: ({ data }) => [{ item_id: data.movedBy }],
    ReservationReleased: ({ data }) => [{ item_id: data.reservationId }],
    ReservationExpired: ({ data }) => [{ item_id: data.reservationId }],
  },
  evolve: (row, event) => {
    if (event.type === 'SlotReserved') {
      const { reservationId, serial, facility, rack, slot, expiresAt } = event.data;
      return {
        item_id: reservationId,
        due_at: expiresAt,
        cause_id: event.id,
        correlation_id: event.metadata.$correlationId,
        serial,
        facility,
        rack,
        slot,
        moved: false,
        occupied: false,
        ...nothingLeft,
      };
    }
    if (event.type === 'MinerUninstalled') return removed(event);
    if (!row) return undefined;
    switch (event.type) {
      case 'MinerInstalled':
      case 'MinerRelocated': {
        return { ...row, due_at: graceAfter(event), moved: true, ...leftBy(event) };
      }
      case 'SlotOccupied':
        return row.from_slot === null ? undefined : { ...row, occupied: true };
      case 'SlotVacated':
        return row.occupied ? undefined : { ...row, ...nothingLeft };
      case 'ReservationReleased':
      case 'ReservationExpired':
        return undefined;
      default:
        return row;
    }
  },
});

const graceAfter = ({ recordedAt }: { recordedAt: string }): string =>
  new Date(Date.parse(recordedAt) + GRACE_MS).toISOString();

/** A move to nowhere: there is no arrival to be recorded. */
const removed = (event: Recorded<MinerUninstalled>): OpenMove => {
  const { serial, from, fromReservationId, removalId } = event.data;
  const { facility, rack, slot } = from;
  return {
    item_id: removalId,
    due_at: graceAfter(event),
    cause_id: event.id,
    correlation_id: event.metadata.$correlationId,
    ...{ serial, facility, rack, slot, moved: true, occupied: true },
    ...{ from_facility: facility, from_rack: rack, from_slot: slot },
    from_reservation_id: fromReservationId,
  };
};

const nothingLeft = {
  from_facility: null,
  from_rack: null,
  from_slot: null,
  from_reservation_id: null,
} as const;

const leftBy = (event: MinerInstalled | MinerRelocated): Partial<OpenMove> =>
  event.type === 'MinerInstalled'
    ? nothingLeft
    : {
        from_facility: event.data.from.facility,
        from_rack: event.data.from.rack,
        from_slot: event.data.from.slot,
        from_reservation_id: event.data.fromReservationId,
      };

/**
 * Finishes or ends every move its beginner left: one that was made is recorded at the racks, one
 * that was not made in time is made impossible and gives slot and watts back.
 */
export const finishMovesProcess = (store: AggregateStore): DurableProcess<OpenMove> => ({
  name: 'moves',
  version: 2,
  items: openMoves,
  concurrency: MOVES_AT_ONCE,
  perform: async (item, act) => {
    const context = (step: string): CommandContext => contextOf(item, act, step);
    const made = item.moved ? madeMoveOf(item) : await abandonUnlessMade(store, item, context);
    if (made) await recordAtRacks(store, [made], context('record'));
    else await expire(store, item, context('expire'));
  },
});

const contextOf = (item: OpenMove, act: ProcessAct, step: string): CommandContext =>
  processContext('moves', { id: item.cause_id, correlationId: item.correlation_id }, act.at, step);

const madeMoveOf = (item: OpenMove): MadeMove => {
  const { serial, item_id: reservationId, facility, rack, slot } = item;
  const { from_facility, from_rack, from_slot, from_reservation_id } = item;
  const left =
    from_facility !== null && from_rack !== null && from_slot !== null && from_reservation_id
      ? {
          place: placeOf(from_facility, from_rack, from_slot),
          reservationId: from_reservation_id,
        }
      : undefined;
  return { serial, reservationId, to: placeOf(facility, rack, slot), ...(left && { left }) };
};

const placeOf = (facility: string, rack: string, slot: number): SlotPlace => ({
  kind: 'slot',
  facility,
  rack,
  slot,
});

/** The fence. The move may have been made since the item was read; then that is recorded. */
const abandonUnlessMade = async (
  store: AggregateStore,
  item: OpenMove,
  context: (step: string) => CommandContext,
): Promise<MadeMove | undefined> => {
  const { serial, item_id: reservationId } = item;
  try {
    const move = { serial, reservationId, cause: EXPIRED };
    if (!(await abandonMove(store, move, context('abandon')))) return undefined;
  } catch (error) {
    // No miner, no move: nothing to fence.
    if (error instanceof DomainError && error.code === 'miner/unknown') return undefined;
    throw error;
  }
  const { state } = await store.load(minerAggregate, serial);
  // Where the miner has gone on already, the arrival is all that is known here; the departure
  // follows when this item has caught up with the log.
  return madeMove(serial, state, reservationId) ?? madeMoveOf(item);
};

const expire = async (
  store: AggregateStore,
  { item_id, facility, rack }: OpenMove,
  context: CommandContext,
): Promise<void> => {
  const data = { reservationIds: [item_id], cause: EXPIRED };
  const command = { type: 'ExpireReservations', data, at: context.at } as const;
  await store.handle(rackAggregate, rackId(facility, rack), command, context);
};
