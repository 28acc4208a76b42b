import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { SlotPlace, StoragePlace } from '../../domain/miner.js';
import { numbersOf, stateAfter, type MoveState } from '../../domain/relocation-moves.js';
import type {
  MovesEvent,
  RelocationEconomics,
  RelocationEvent,
  RelocationMovesListed,
  RelocationPlanned,
} from '../../domain/relocation.js';

/** A plan against what became of it. The counts of moves add up to `move_count`. */
export interface RelocationRow {
  readonly relocation_id: string;
  readonly reference: string;
  readonly cause: string;
  /** `cancelling`: called off, and moves that were begun are not all ended yet. */
  readonly status: 'planned' | 'approved' | 'cancelling' | 'cancelled' | 'completed';
  readonly move_count: number;
  readonly planned: number;
  readonly reserved: number;
  readonly departed: number;
  /** On the road, to storage. */
  readonly diverted: number;
  readonly completed: number;
  readonly aborted: number;
  /** Of those completed or aborted: machines that had left for another facility and came there. */
  readonly arrived: number;
  readonly destinations: RelocationPlanned['data']['destinations'];
  readonly economics: RelocationEconomics | null;
  readonly notes: string | null;
  readonly digest: string;
  readonly log_position: string;
  readonly hold_hours: number;
  readonly planned_by: string;
  readonly planned_at: string;
  readonly approved_by: string | null;
  readonly approved_at: string | null;
  readonly held_until: string | null;
  readonly cancelled_by: string | null;
  readonly cancelled_for: string | null;
  readonly cancelled_at: string | null;
  readonly completed_at: string | null;
  /** Of the event that made it a plan; orders the plans. */
  readonly position: bigint;
  readonly revision: number;
}

const ofRelocation = ({ data }: { data: { relocationId: string } }) => [
  { relocation_id: data.relocationId },
];

export const relocations = tableFold<RelocationRow, RelocationEvent>({
  table: {
    name: 'relocations',
    columns: {
      relocation_id: 'text',
      reference: 'text',
      cause: 'text',
      status: 'text',
      move_count: 'integer',
      planned: 'integer',
      reserved: 'integer',
      departed: 'integer',
      diverted: 'integer',
      completed: 'integer',
      aborted: 'integer',
      arrived: 'integer',
      destinations: 'jsonb',
      economics: 'jsonb',
      notes: 'text',
      digest: 'text',
      log_position: 'text',
      hold_hours: 'integer',
      planned_by: 'text',
      planned_at: 'timestamptz',
      approved_by: 'text',
      approved_at: 'timestamptz',
      held_until: 'timestamptz',
      cancelled_by: 'text',
      cancelled_for: 'text',
      cancelled_at: 'timestamptz',
      completed_at: 'timestamptz',
      position: 'bigint',
      revision: 'integer',
    },
    key: ['relocation_id'],
    nullable: [
      'economics',
      'notes',
      'approved_by',
      'approved_at',
      'held_until',
      'cancelled_by',
      'cancelled_for',
      'cancelled_at',
      'completed_at',
    ],
    indexes: [['position'], ['status', 'position'], ['reference', 'position']],
  },
  keys: {
    RelocationPlanned: ofRelocation,
    RelocationApproved: ofRelocation,
    RelocationCancelled: ofRelocation,
    MovesReserved: ofRelocation,
    MovesDeparted: ofRelocation,
    MovesDiverted: ofRelocation,
    MovesCompleted: ofRelocation,
    MovesAborted: ofRelocation,
    RelocationCompleted: ofRelocation,
  },
  evolve: (before, event) => {
    const revision = Number(event.revision);
    const { occurredAt, actor } = event.metadata;
    if (event.type === 'RelocationPlanned') {
      return {
        ...plannedRow(event.data),
        planned_at: occurredAt,
        position: event.position,
        revision,
      };
    }
    if (!before || event.type === 'RelocationMovesListed') return before;
    const row = { ...before, revision };
    switch (event.type) {
      case 'RelocationApproved':
        return {
          ...row,
          status: 'approved',
          approved_by: event.data.approvedBy,
          approved_at: occurredAt,
          held_until: event.data.heldUntil,
        };
      case 'RelocationCancelled':
        return {
          ...row,
          status: event.data.before === 'planned' ? 'cancelled' : 'cancelling',
          cancelled_by: actor.subject,
          cancelled_for: event.data.cause,
          cancelled_at: occurredAt,
        };
      case 'RelocationCompleted': {
        const status = row.status === 'cancelling' ? 'cancelled' : 'completed';
        return { ...row, status, completed_at: occurredAt };
      }
      default:
        return counted(row, event);
    }
  },
});

const plannedRow = (data: RelocationPlanned['data']) => ({
  relocation_id: data.relocationId,
  reference: data.reference,
  cause: data.cause,
  status: 'planned' as const,
  move_count: data.moveCount,
  planned: data.moveCount,
  reserved: 0,
  departed: 0,
  diverted: 0,
  completed: 0,
  aborted: 0,
  arrived: 0,
  destinations: data.destinations,
  economics: data.economics ?? null,
  notes: data.notes ?? null,
  digest: data.digest,
  log_position: data.logPosition,
  hold_hours: data.holdHours,
  planned_by: data.plannedBy,
  approved_by: null,
  approved_at: null,
  held_until: null,
  cancelled_by: null,
  cancelled_for: null,
  cancelled_at: null,
  completed_at: null,
});

const counted = (row: RelocationRow, event: MovesEvent): RelocationRow => {
  const { length } = event.data.moves;
  switch (event.type) {
    case 'MovesReserved':
      return { ...row, planned: row.planned - length, reserved: row.reserved + length };
    case 'MovesDeparted':
      return { ...row, reserved: row.reserved - length, departed: row.departed + length };
    case 'MovesDiverted':
      return { ...row, departed: row.departed - length, diverted: row.diverted + length };
    case 'MovesCompleted':
    case 'MovesAborted': {
      const { planned, reserved, departed, diverted } = event.data.before;
      const ended = event.type === 'MovesCompleted' ? 'completed' : 'aborted';
      return {
        ...row,
        planned: row.planned - planned,
        reserved: row.reserved - reserved,
        departed: row.departed - departed,
        diverted: row.diverted - diverted,
        [ended]: row[ended] + length,
        arrived: row.arrived + departed + diverted,
      };
    }
  }
};

export interface RelocationMoveRow {
  readonly relocation_id: string;
  readonly move: number;
  readonly serial: string;
  readonly state: MoveState;
  readonly to_facility: string;
  readonly to_rack: string;
  readonly to_slot: number;
  /** Set with the reservation of a move between facilities, and where the machine stood then. */
  readonly reservation_id: string | null;
  readonly from_place: SlotPlace | StoragePlace | null;
  readonly held_until: string | null;
  readonly departed_at: string | null;
  readonly ended_at: string | null;
  /** Why it was aborted. */
  readonly code: string | null;
  readonly message: string | null;
  /** Facility in whose storage a machine ended that had left. */
  readonly stored_in: string | null;
}

const ofMoves = (event: MovesEvent) =>
  numbersOf(event).map((move) => ({ relocation_id: event.data.relocationId, move }));

export const relocationMoves = tableFold<RelocationMoveRow, RelocationMovesListed | MovesEvent>({
  table: {
    name: 'relocation_moves',
    columns: {
      relocation_id: 'text',
      move: 'integer',
      serial: 'text',
      state: 'text',
      to_facility: 'text',
      to_rack: 'text',
      to_slot: 'integer',
      reservation_id: 'text',
      from_place: 'jsonb',
      held_until: 'timestamptz',
      departed_at: 'timestamptz',
      ended_at: 'timestamptz',
      code: 'text',
      message: 'text',
      stored_in: 'text',
    },
    key: ['relocation_id', 'move'],
    nullable: [
      'reservation_id',
      'from_place',
      'held_until',
      'departed_at',
      'ended_at',
      'code',
      'message',
      'stored_in',
    ],
    indexes: [
      ['relocation_id', 'state', 'move'],
      ['relocation_id', 'serial', 'move'],
    ],
  },
  keys: {
    RelocationMovesListed: ({ data: { relocationId, moves } }) =>
      moves.map(({ move }) => ({ relocation_id: relocationId, move })),
    MovesReserved: ofMoves,
    MovesDeparted: ofMoves,
    MovesDiverted: ofMoves,
    MovesCompleted: ofMoves,
    MovesAborted: ofMoves,
  },
  evolve: (before, event, key) => {
    if (event.type === 'RelocationMovesListed') return listedRow(event.data, key.move!);
    if (!before) return undefined;
    const at = event.metadata.occurredAt;
    const row = { ...before, state: stateAfter(event) };
    switch (event.type) {
      case 'MovesReserved': {
        const { moves, heldUntil } = event.data;
        const { reservationId, from } = moves.find(({ move }) => move === key.move)!;
        return { ...row, reservation_id: reservationId, from_place: from, held_until: heldUntil };
      }
      case 'MovesDeparted':
        return { ...row, departed_at: at };
      case 'MovesDiverted':
        return { ...row, code: event.data.cause };
      case 'MovesCompleted':
        return { ...row, ended_at: at };
      case 'MovesAborted': {
        const { code, message, storedIn } = event.data.moves.find(({ move }) => move === key.move)!;
        return { ...row, ended_at: at, code, message, stored_in: storedIn ?? null };
      }
    }
  },
});

const listedRow = (
  { relocationId, moves }: RelocationMovesListed['data'],
  number: number,
): RelocationMoveRow => {
  const { serial, facility, rack, slot } = moves.find(({ move }) => move === number)!;
  return {
    relocation_id: relocationId,
    move: number,
    serial,
    state: 'planned',
    to_facility: facility,
    to_rack: rack,
    to_slot: slot,
    reservation_id: null,
    from_place: null,
    held_until: null,
    departed_at: null,
    ended_at: null,
    code: null,
    message: null,
    stored_in: null,
  };
};

export const relocationsProjection: Projection = {
  name: 'relocations',
  version: 2,
  tables: [relocations, relocationMoves],
};
