import { DomainError } from '@hostledger/eventsourcing';
import type { SlotPlace, StoragePlace } from './miner.js';
import type { KnownRelocation, MovesEvent, RelocationEvent } from './relocation.js';

// How far each move of a relocation is. A plan may have a hundred thousand of them, so the state
// of a move is one letter in the string of its chunk.

/** Moves of a chunk; with the longest names a chunk stays below the limit of an event. */
export const CHUNK_MOVES = 250;

export type OpenMoveState = 'planned' | 'reserved' | 'departed' | 'diverted';
export type MoveState = OpenMoveState | 'completed' | 'aborted';

const LETTERS: Readonly<Record<MoveState, string>> = {
  planned: 'p',
  reserved: 'r',
  departed: 'd',
  diverted: 'v',
  completed: 'c',
  aborted: 'a',
};
const STATES = Object.fromEntries(
  Object.entries(LETTERS).map(([state, letter]) => [letter, state]),
) as Readonly<Record<string, MoveState>>;

/** From which states a move goes to which; whatever else is recorded had been recorded before. */
const NEXT: Readonly<Record<OpenMoveState, readonly MoveState[]>> = {
  planned: ['reserved', 'completed', 'aborted'],
  reserved: ['departed', 'completed', 'aborted'],
  departed: ['diverted', 'completed', 'aborted'],
  diverted: ['completed', 'aborted'],
};

/** How many moves were in each open state before they ended. */
export type MovesByState = Readonly<Record<OpenMoveState, number>>;

export interface ReservedMove {
  readonly move: number;
  /** Of the destination slot. */
  readonly reservationId: string;
  /** Where the machine stood when its slot was reserved. */
  readonly from: SlotPlace | StoragePlace;
}

export interface AbortedMove {
  readonly move: number;
  /** The rule that ended it. */
  readonly code: string;
  readonly message: string;
  /** The machine had left and was put into storage at this facility. */
  readonly storedIn?: string;
}

/** What became of moves of one chunk; what is known already is passed over. */
export interface RecordMovesData {
  readonly relocationId: string;
  readonly chunk: number;
  readonly reserved?: readonly ReservedMove[];
  readonly departed?: readonly number[];
  readonly diverted?: { readonly cause: string; readonly moves: readonly number[] };
  readonly completed?: readonly number[];
  readonly aborted?: readonly AbortedMove[];
}

/** The letters of a chunk that was just listed. */
export const chunkLetters = (moves: number): string => LETTERS.planned.repeat(moves);

export const chunkOf = (move: number): number => Math.floor((move - 1) / CHUNK_MOVES);

/** The number of a chunk's first move. */
export const firstMoveOf = (chunk: number): number => chunk * CHUNK_MOVES + 1;

export const moveState = (
  { chunks }: Pick<KnownRelocation, 'chunks'>,
  move: number,
): MoveState | undefined => STATES[chunks[chunkOf(move)]?.[(move - 1) % CHUNK_MOVES] ?? ''];

/** Numbers of the moves of a chunk that are in one of the states. */
export const movesIn = (
  { chunks }: Pick<KnownRelocation, 'chunks'>,
  chunk: number,
  ...states: readonly MoveState[]
): number[] => {
  const letters = states.map((state) => LETTERS[state]);
  return [...(chunks[chunk] ?? '')].flatMap((letter, index) =>
    letters.includes(letter) ? [firstMoveOf(chunk) + index] : [],
  );
};

/** How many moves have not ended. */
export const openMoves = ({
  moveCount,
  completed,
  aborted,
}: Pick<KnownRelocation, 'moveCount' | 'completed' | 'aborted'>): number =>
  moveCount - completed - aborted;

// Evolve

const STATE_AFTER = {
  MovesReserved: 'reserved',
  MovesDeparted: 'departed',
  MovesDiverted: 'diverted',
  MovesCompleted: 'completed',
  MovesAborted: 'aborted',
} as const satisfies Record<MovesEvent['type'], MoveState>;

export const numbersOf = ({ data: { moves } }: MovesEvent): number[] =>
  moves.map((move: number | { readonly move: number }) =>
    typeof move === 'number' ? move : move.move,
  );

export const stateAfter = ({ type }: MovesEvent): Exclude<MoveState, 'planned'> =>
  STATE_AFTER[type];

export const applyMoves = (relocation: KnownRelocation, event: MovesEvent): KnownRelocation => {
  const state = stateAfter(event);
  const numbers = numbersOf(event);
  const { chunk } = event.data;
  const letters = [...(relocation.chunks[chunk] ?? '')];
  for (const move of numbers) letters[move - firstMoveOf(chunk)] = LETTERS[state];
  const chunks = relocation.chunks.with(chunk, letters.join(''));
  if (state === 'completed') {
    return { ...relocation, chunks, completed: relocation.completed + numbers.length };
  }
  if (state === 'aborted') {
    return { ...relocation, chunks, aborted: relocation.aborted + numbers.length };
  }
  return { ...relocation, chunks };
};

// Decide

/**
 * Appends what is new of it, and `RelocationCompleted` with the last move that ends. A move that
 * was called off can no longer be reserved, and whoever reserved it sees that in the state.
 */
export const recordMoves = (
  { relocationId, chunk, reserved, departed, diverted, completed, aborted }: RecordMovesData,
  relocation: KnownRelocation,
): RelocationEvent[] => {
  const { heldUntil } = relocation;
  if (heldUntil === undefined) throw relocationNotApproved(relocationId);
  const progress = { relocationId, chunk };
  const record = new Recorder(relocation, chunk);
  if (reserved && relocation.status === 'approved') {
    const [moves] = record.take('reserved', reserved);
    record.add({ type: 'MovesReserved', data: { ...progress, heldUntil, moves } });
  }
  if (departed) {
    const [moves] = record.take('departed', departed);
    record.add({ type: 'MovesDeparted', data: { ...progress, moves } });
  }
  if (diverted) {
    const [moves] = record.take('diverted', diverted.moves);
    record.add({ type: 'MovesDiverted', data: { ...progress, cause: diverted.cause, moves } });
  }
  if (completed) {
    const [moves, before] = record.take('completed', completed);
    record.add({ type: 'MovesCompleted', data: { ...progress, moves, before } });
  }
  if (aborted) {
    const [moves, before] = record.take('aborted', aborted);
    record.add({ type: 'MovesAborted', data: { ...progress, moves, before } });
  }
  return record.finish();
};

/** Folds as it goes, so that one record may take a move through several states. */
class Recorder {
  private readonly events: RelocationEvent[] = [];

  constructor(
    private relocation: KnownRelocation,
    private readonly chunk: number,
  ) {}

  take<Move extends number | { readonly move: number }>(
    to: MoveState,
    moves: readonly Move[],
  ): [Move[], MovesByState] {
    const before = { planned: 0, reserved: 0, departed: 0, diverted: 0 };
    const named = new Set<number>();
    const taken = moves.filter((item) => {
      const move = typeof item === 'number' ? item : item.move;
      const state = moveState(this.relocation, move);
      if (!isOpen(state) || chunkOf(move) !== this.chunk || named.has(move)) return false;
      if (!NEXT[state].includes(to)) return false;
      named.add(move);
      before[state] += 1;
      return true;
    });
    return [taken, before];
  }

  add(event: MovesEvent): void {
    if (event.data.moves.length === 0) return;
    this.events.push(event);
    this.relocation = applyMoves(this.relocation, event);
  }

  finish(): RelocationEvent[] {
    const { relocationId, completed, aborted } = this.relocation;
    if (this.events.length > 0 && openMoves(this.relocation) === 0) {
      const data = { relocationId, completed, aborted };
      this.events.push({ type: 'RelocationCompleted', data });
    }
    return this.events;
  }
}

const isOpen = (state: MoveState | undefined): state is OpenMoveState =>
  state !== undefined && state in NEXT;

export const relocationNotApproved = (relocationId: string): DomainError =>
  new DomainError(
    'conflict',
    'relocation/not-approved',
    'The relocation is not approved; nothing is moved under it',
    { relocationId },
  );
