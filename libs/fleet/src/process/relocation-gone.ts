import {
  contextOfEvent,
  deriveId,
  processItemColumns,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import type {
  ReservationExpired,
  ReservationReleased,
  SlotOccupied,
  SlotReserved,
} from '@hostledger/sites';
import type { MinerRetired } from '../domain/miner-life.js';
import type { MinerReturnedFromVendor, MinerSentToVendor } from '../domain/miner-repair.js';
import { chunkOf } from '../domain/relocation-moves.js';
import { loadRelocation } from './relocation-act.js';
import { endImpossible, goneAmong } from './relocation-end.js';
import { PlannedMoves, type EventReader } from './relocation-plan.js';

// A machine for which an approved plan holds a slot may be retired, or sent to a vendor. Nobody will
// report its departure, so its move is ended at once instead of when the slot was to be held until.

/** Nothing to do before the machine is gone, which makes the item due. */
const NEVER = '9999-12-31T00:00:00.000Z';

/** A machine for which plans hold slots; `item_id` is its serial number. */
export interface AwaitedMachine extends ProcessItem {
  /** One for each reservation; a machine may be in several plans. */
  readonly holds: readonly { readonly relocationId: string; readonly reservationId: string }[];
  /** Of the reservation made last, in whose name its move is ended. */
  readonly context: CommandContext;
}

type HoldEvent = SlotReserved | SlotOccupied | ReservationReleased | ReservationExpired;
type AwaitedEvent = HoldEvent | MinerRetired | MinerSentToVendor | MinerReturnedFromVendor;

const ofHold = ({ data: { relocationId, serial } }: { data: HoldEvent['data'] }) =>
  relocationId === undefined ? [] : [{ item_id: serial }];
const ofMachine = ({ data: { serial } }: { data: { serial: string } }) => [{ item_id: serial }];

/** Pure: machines that plans wait for, due once they are gone. */
export const awaitedMachines = tableFold<AwaitedMachine, AwaitedEvent>({
  table: {
    name: 'awaited_machines',
    columns: { ...processItemColumns, holds: 'jsonb', context: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    SlotReserved: ofHold,
    SlotOccupied: ofHold,
    ReservationReleased: ofHold,
    ReservationExpired: ofHold,
    MinerRetired: ofMachine,
    MinerSentToVendor: ofMachine,
    MinerReturnedFromVendor: ofMachine,
  },
  evolve: (row, event) => {
    if (event.type === 'SlotReserved') {
      const { relocationId, reservationId, serial } = event.data;
      if (relocationId === undefined) return row;
      return {
        item_id: serial,
        due_at: row?.due_at ?? NEVER,
        cause_id: event.id,
        correlation_id: event.metadata.$correlationId,
        holds: [...(row?.holds ?? []), { relocationId, reservationId }],
        context: contextOfEvent(event),
      };
    }
    if (!row) return undefined;
    switch (event.type) {
      case 'MinerRetired':
      case 'MinerSentToVendor':
        return { ...row, due_at: event.recordedAt };
      case 'MinerReturnedFromVendor':
        return { ...row, due_at: NEVER };
      default: {
        const { reservationId } = event.data;
        const holds = row.holds.filter((hold) => hold.reservationId !== reservationId);
        return holds.length > 0 ? { ...row, holds } : undefined;
      }
    }
  },
});

/** Ends the moves of machines that are gone, and gives their slots and watts back. */
export const awaitedMachinesProcess = (
  store: AggregateStore,
  reader: EventReader,
): DurableProcess<AwaitedMachine> => {
  const moves = new PlannedMoves(reader);
  return {
    name: 'relocation_machines',
    version: 1,
    items: awaitedMachines,
    perform: async ({ item_id: serial, holds, context }, { at }) => {
      for (const { relocationId, reservationId } of holds) {
        // Streams know moves and reservations, so a later run is an act of its own.
        const commandId = deriveId(context.commandId, 'gone', reservationId, at);
        const plan = { store, moves, relocationId, context: { ...context, commandId, at } };
        const { chunks } = await loadRelocation(store, relocationId);
        const planned = (await moves.of(relocationId, chunks.length)).get(serial);
        if (!planned) continue;
        await endImpossible(plan, chunkOf(planned.move), await goneAmong(plan, [planned]));
      }
    },
  };
};
