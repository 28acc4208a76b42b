import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import {
  applyMoves,
  chunkLetters,
  openMoves,
  recordMoves,
  type AbortedMove,
  type MovesByState,
  type RecordMovesData,
  type ReservedMove,
} from './relocation-moves.js';

// Events

/** Where one machine is to go; `move` numbers the lines of the plan from 1. */
export interface PlannedMove {
  readonly move: number;
  readonly serial: string;
  readonly facility: string;
  readonly rack: string;
  /** 1 to the rack's slot count. */
  readonly slot: number;
}

/** One event's worth of a plan. */
export interface PlanChunk {
  /** From 0. */
  readonly chunk: number;
  readonly moves: readonly PlannedMove[];
}

/** What the planner reckoned with, as given; decimal strings in `currency`. */
export interface RelocationEconomics {
  readonly currency: string;
  /** What carrying the plan out costs, once. */
  readonly movingCost?: string;
  /** What it is expected to bring a month. */
  readonly monthlyGain?: string;
}

export type RelocationMovesListed = DomainEvent<
  'RelocationMovesListed',
  PlanChunk & { relocationId: string; /** Chunks of the plan. */ of: number }
>;
export type RelocationPlanned = DomainEvent<
  'RelocationPlanned',
  {
    relocationId: string;
    /** The planner's name for it. */
    reference: string;
    /** Why machines are to move. */
    cause: string;
    /** Subject of the token; another one approves. */
    plannedBy: string;
    moveCount: number;
    chunkCount: number;
    destinations: readonly { readonly facility: string; readonly moves: number }[];
    /** SHA-256 (hex) of the upload, or of what a proposal was computed from. */
    digest: string;
    /** Position of the log up to which the planner knew it; a decimal number. */
    logPosition: string;
    /** How long slots are held for machines that change the facility, counted from the approval. */
    holdHours: number;
    economics?: RelocationEconomics;
    notes?: string;
    /** The proposal whose answer it is, where it was not uploaded. */
    proposalId?: string;
  }
>;
export type RelocationApproved = DomainEvent<
  'RelocationApproved',
  {
    relocationId: string;
    plannedBy: string;
    approvedBy: string;
    moveCount: number;
    /** Instant until which slots are held. */
    heldUntil: string;
  }
>;
export type RelocationCancelled = DomainEvent<
  'RelocationCancelled',
  {
    relocationId: string;
    cancelledBy: string;
    cause: string;
    /** An approved plan has moves to be ended one by one; one that was only planned has none. */
    before: 'planned' | 'approved';
  }
>;

interface ChunkProgress {
  relocationId: string;
  chunk: number;
}

/** Moves between facilities; those within one hold their slot only while they are made. */
export type MovesReserved = DomainEvent<
  'MovesReserved',
  ChunkProgress & { heldUntil: string; moves: readonly ReservedMove[] }
>;
export type MovesDeparted = DomainEvent<
  'MovesDeparted',
  ChunkProgress & { moves: readonly number[] }
>;
export type MovesDiverted = DomainEvent<
  'MovesDiverted',
  ChunkProgress & { cause: string; moves: readonly number[] }
>;
export type MovesCompleted = DomainEvent<
  'MovesCompleted',
  ChunkProgress & { moves: readonly number[]; before: MovesByState }
>;
export type MovesAborted = DomainEvent<
  'MovesAborted',
  ChunkProgress & { moves: readonly AbortedMove[]; before: MovesByState }
>;
export type RelocationCompleted = DomainEvent<
  'RelocationCompleted',
  { relocationId: string; completed: number; aborted: number }
>;

export type MovesEvent =
  MovesReserved | MovesDeparted | MovesDiverted | MovesCompleted | MovesAborted;
export type RelocationEvent =
  | RelocationMovesListed
  | RelocationPlanned
  | RelocationApproved
  | RelocationCancelled
  | MovesEvent
  | RelocationCompleted;

export const relocationEvents: EventCatalogue<RelocationEvent> = {
  RelocationMovesListed:
    'A part of the moves of a relocation plan was stored, before it is a plan.',
  RelocationPlanned: 'A relocation of machines was proposed, with what it was computed from.',
  RelocationApproved: 'Another subject than the planner approved a relocation; it is carried out.',
  RelocationCancelled: 'A relocation was called off: nothing departs under it any more.',
  MovesReserved: 'Slots and watts at another facility are held for machines that have not left.',
  MovesDeparted: 'Machines left for the facility where their slots are held.',
  MovesDiverted: 'Machines on the road lost their slots and go to storage when they arrive.',
  MovesCompleted: 'Machines stand in the slots that the plan gave them.',
  MovesAborted: 'Moves of a plan ended otherwise; each names the rule and where the machine went.',
  RelocationCompleted: 'Every move of a relocation was completed or aborted.',
};

// State

/** Small on purpose: where the moves go is in the events; how far each one is takes one letter. */
export interface KnownRelocation {
  readonly status: 'planned' | 'approved' | 'cancelled' | 'completed';
  readonly relocationId: string;
  readonly plannedBy: string;
  readonly moveCount: number;
  readonly holdHours: number;
  /** Set by the approval. */
  readonly heldUntil?: string;
  /** Set by the cancellation. */
  readonly cancelledFor?: string;
  /** One letter a move, see {@link chunkLetters}; one string a chunk. */
  readonly chunks: readonly string[];
  readonly completed: number;
  readonly aborted: number;
}

export type Relocation =
  | { readonly status: 'unknown' }
  | { readonly status: 'listing'; readonly chunks: readonly string[] }
  | KnownRelocation;

// Evolve

const evolve = (relocation: Relocation, event: RelocationEvent): Relocation => {
  if (event.type === 'RelocationMovesListed') {
    const before = relocation.status === 'listing' ? relocation.chunks : [];
    return { status: 'listing', chunks: [...before, chunkLetters(event.data.moves.length)] };
  }
  if (event.type === 'RelocationPlanned') {
    const { relocationId, plannedBy, moveCount, holdHours } = event.data;
    const chunks = relocation.status === 'listing' ? relocation.chunks : [];
    const nothing = { completed: 0, aborted: 0 };
    return {
      status: 'planned',
      relocationId,
      plannedBy,
      moveCount,
      holdHours,
      chunks,
      ...nothing,
    };
  }
  if (relocation.status === 'unknown' || relocation.status === 'listing') return relocation;
  switch (event.type) {
    case 'RelocationApproved':
      return { ...relocation, status: 'approved', heldUntil: event.data.heldUntil };
    case 'RelocationCancelled':
      return { ...relocation, status: 'cancelled', cancelledFor: event.data.cause };
    case 'MovesReserved':
    case 'MovesDeparted':
    case 'MovesDiverted':
    case 'MovesCompleted':
    case 'MovesAborted':
      return applyMoves(relocation, event);
    case 'RelocationCompleted':
      return { ...relocation, status: 'completed' };
    default:
      return unreachable(event);
  }
};

// Commands

export type RelocationCommand =
  | DomainCommand<'ListMoves', { relocationId: string; of: number; chunks: readonly PlanChunk[] }>
  | DomainCommand<'PlanRelocation', RelocationPlanned['data']>
  | DomainCommand<'ApproveRelocation', { relocationId: string; approvedBy: string }>
  | DomainCommand<'CancelRelocation', { relocationId: string; cancelledBy: string; cause: string }>
  | DomainCommand<'RecordMoves', RecordMovesData>;

// Decide

const decide = (command: RelocationCommand, relocation: Relocation): readonly RelocationEvent[] => {
  if (command.type === 'ListMoves') return list(command.data, relocation);
  if (command.type === 'PlanRelocation') return plan(command.data, relocation);
  if (relocation.status === 'unknown' || relocation.status === 'listing') {
    throw relocationUnknown(command.data.relocationId);
  }
  switch (command.type) {
    case 'ApproveRelocation':
      return approve(command.data, command.at, relocation);
    case 'CancelRelocation':
      return cancel(command.data, relocation);
    case 'RecordMoves':
      return recordMoves(command.data, relocation);
    default:
      return unreachable(command);
  }
};

const list = (
  { relocationId, of, chunks }: Extract<RelocationCommand, { type: 'ListMoves' }>['data'],
  relocation: Relocation,
): RelocationMovesListed[] => {
  if (relocation.status !== 'unknown' && relocation.status !== 'listing') return [];
  const listed = relocation.status === 'listing' ? relocation.chunks.length : 0;
  return chunks
    .filter(({ chunk }) => chunk >= listed)
    .map((part) => ({ type: 'RelocationMovesListed', data: { relocationId, of, ...part } }));
};

const plan = (data: RelocationPlanned['data'], relocation: Relocation): RelocationPlanned[] => {
  if (relocation.status === 'listing' && relocation.chunks.length === data.chunkCount) {
    return [{ type: 'RelocationPlanned', data }];
  }
  if (relocation.status !== 'unknown' && relocation.status !== 'listing') return [];
  throw new DomainError(
    'conflict',
    'relocation/moves-missing',
    `Not all ${data.chunkCount} parts of the plan are stored`,
    { relocationId: data.relocationId },
  );
};

const approve = (
  { relocationId, approvedBy }: { relocationId: string; approvedBy: string },
  at: string,
  relocation: KnownRelocation,
): RelocationApproved[] => {
  const { plannedBy, moveCount, holdHours } = relocation;
  if (approvedBy === plannedBy) {
    throw new DomainError(
      'forbidden',
      'relocation/own-plan',
      `The plan was made by ${plannedBy}; another subject approves it`,
      { relocationId, plannedBy },
    );
  }
  if (relocation.status === 'cancelled' || relocation.cancelledFor !== undefined) {
    throw new DomainError('conflict', 'relocation/cancelled', 'The relocation was called off', {
      relocationId,
      cause: relocation.cancelledFor,
    });
  }
  if (relocation.status !== 'planned') return [];
  const heldUntil = new Date(Date.parse(at) + holdHours * 3_600_000).toISOString();
  const data = { relocationId, plannedBy, approvedBy, moveCount, heldUntil };
  return [{ type: 'RelocationApproved', data }];
};

const cancel = (
  data: { relocationId: string; cancelledBy: string; cause: string },
  relocation: KnownRelocation,
): RelocationCancelled[] => {
  if (relocation.cancelledFor !== undefined) return [];
  if (relocation.status === 'planned' || relocation.status === 'approved') {
    return [{ type: 'RelocationCancelled', data: { ...data, before: relocation.status } }];
  }
  const { relocationId } = data;
  throw new DomainError(
    'conflict',
    'relocation/completed',
    'Every move of the relocation has ended; there is nothing left to call off',
    { relocationId },
  );
};

export const relocationUnknown = (relocationId: string): DomainError =>
  new DomainError('notFound', 'relocation/unknown', `There is no relocation ${relocationId}`, {
    relocationId,
  });

/** Whether moves are still to be begun, made or ended under it. */
export const isUnderWay = (relocation: Relocation): relocation is KnownRelocation =>
  (relocation.status === 'approved' ||
    (relocation.status === 'cancelled' && relocation.heldUntil !== undefined)) &&
  openMoves(relocation) > 0;

/** A plan to move machines, and how far it is; nothing leaves before its destination is reserved. */
export const relocationAggregate: Aggregate<Relocation, RelocationCommand, RelocationEvent> = {
  category: 'relocation',
  initialState: { status: 'unknown' },
  events: relocationEvents,
  decide,
  evolve,
};
