import { LRUCache } from 'lru-cache';
import {
  deriveId,
  DomainError,
  stepOf,
  streamName,
  UnreadableHistory,
  type AggregateStore,
  type CommandContext,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import type { SlotPlace } from '../domain/miner.js';
import { CHUNK_MOVES } from '../domain/relocation-moves.js';
import {
  relocationAggregate,
  type PlanChunk,
  type PlannedMove,
  type RelocationMovesListed,
  type RelocationPlanned,
} from '../domain/relocation.js';

/** Chunks are at most 48 KiB, and an append at most 1 MiB. */
const CHUNKS_AN_APPEND = 18;
/** Moves of the plans that departures and arrivals were asked for of late. */
const MOVES_REMEMBERED = 400_000;

export interface RelocationProposal extends Pick<
  RelocationPlanned['data'],
  'reference' | 'cause' | 'digest' | 'holdHours' | 'economics' | 'notes'
> {
  /** In the order of the upload. */
  readonly moves: readonly Omit<PlannedMove, 'move'>[];
  /** Position up to which the planner knew the log; as of the recording if it is not given. */
  readonly logPosition?: string;
}

export interface StartedPlan {
  readonly relocationId: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
}

/**
 * Nobody can have computed a plan from what the log does not have yet.
 * @throws DomainError
 */
export const mustBeRecorded = async (
  log: { head(): Promise<bigint> },
  logPosition: string | undefined,
): Promise<void> => {
  if (logPosition === undefined) return;
  const head = await log.head();
  if (BigInt(logPosition) <= head) return;
  throw new DomainError(
    'invalid',
    'relocation/log-position-ahead',
    `Position ${logPosition} is beyond the end of the log, which is ${head}`,
    { logPosition, head: head.toString() },
    '/logPosition',
  );
};

/** Moves that are stored and no plan yet; without one they have no effect. */
export interface ListedMoves {
  readonly relocationId: string;
  readonly chunkCount: number;
  /** Of the last of them in the log. */
  readonly position: bigint;
}

/** Stores moves in their order. Repeated with the same moves it goes on where it stopped. */
export const listMoves = async (
  store: AggregateStore,
  moves: RelocationProposal['moves'],
  context: CommandContext,
): Promise<ListedMoves> => {
  const relocationId = deriveId(context.commandId, 'relocation');
  const chunks = toChunks(moves.map((move, index) => ({ move: index + 1, ...move })));
  let position = 0n;
  for (let first = 0; first < chunks.length; first += CHUNKS_AN_APPEND) {
    const part = chunks.slice(first, first + CHUNKS_AN_APPEND);
    const data = { relocationId, of: chunks.length, chunks: part };
    const command = { type: 'ListMoves', data, at: context.at } as const;
    const step = stepOf(context, 'moves', first);
    ({ position } = await store.handle(relocationAggregate, relocationId, command, step));
  }
  return { relocationId, chunkCount: chunks.length, position };
};

/** Makes a plan of moves that are all listed; who acts is its planner. */
export const planListed = async (
  store: AggregateStore,
  about: Omit<RelocationPlanned['data'], 'plannedBy'>,
  context: CommandContext,
): Promise<StartedPlan> => {
  const { relocationId } = about;
  const data = { ...about, plannedBy: context.actor.subject };
  const command = { type: 'PlanRelocation', data, at: context.at } as const;
  const step = stepOf(context, 'plan');
  const planned = await store.handle(relocationAggregate, relocationId, command, step);
  const { revision, position, replayed } = planned;
  return { relocationId, revision, position, replayed };
};

/**
 * Stores the moves of a plan and then the plan. A crash before `RelocationPlanned` leaves moves
 * that a retry with the same key completes, and that have no effect without it.
 */
export const planRelocation = async (
  store: AggregateStore,
  { moves, logPosition, ...about }: RelocationProposal,
  context: CommandContext,
): Promise<StartedPlan> => {
  const { relocationId, chunkCount, position } = await listMoves(store, moves, context);
  const data = {
    relocationId,
    moveCount: moves.length,
    chunkCount,
    destinations: destinationsOf(moves),
    logPosition: logPosition ?? position.toString(),
    ...about,
  };
  return planListed(store, data, context);
};

const toChunks = (moves: readonly PlannedMove[]): PlanChunk[] =>
  Array.from({ length: Math.ceil(moves.length / CHUNK_MOVES) }, (_, chunk) => ({
    chunk,
    moves: moves.slice(chunk * CHUNK_MOVES, (chunk + 1) * CHUNK_MOVES),
  }));

/** How many moves go to each facility. */
export const destinationsOf = (
  moves: RelocationProposal['moves'],
): RelocationPlanned['data']['destinations'] =>
  [...Map.groupBy(moves, ({ facility }) => facility)]
    .map(([facility, there]) => ({ facility, moves: there.length }))
    .sort((a, b) => (a.facility < b.facility ? -1 : 1));

/** The reservation of a move's slot; a move has one in its life. */
export const reservationOf = (relocationId: string, { move }: { readonly move: number }): string =>
  deriveId(relocationId, 'reservation', move);

export const destinationOf = ({ facility, rack, slot }: PlannedMove): SlotPlace => ({
  kind: 'slot',
  facility,
  rack,
  slot,
});

/** The slot that is held for a move. */
export const slotOf = ({ relocationId }: { readonly relocationId: string }, move: PlannedMove) => ({
  to: destinationOf(move),
  reservationId: reservationOf(relocationId, move),
});

export interface EventReader {
  readStream(stream: string, from: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

/** Reads where the moves of plans go. That never changes, so what was read may be kept. */
export class PlannedMoves {
  private readonly bySerial = new LRUCache<string, ReadonlyMap<string, PlannedMove>>({
    maxSize: MOVES_REMEMBERED,
    sizeCalculation: ({ size }) => size + 1,
  });

  constructor(private readonly reader: EventReader) {}

  /** The chunks are the first events of the stream. */
  async chunk(relocationId: string, chunk: number): Promise<readonly PlannedMove[]> {
    const stream = streamName(relocationAggregate, relocationId);
    const [event] = await this.reader.readStream(stream, BigInt(chunk), 1);
    if (event?.type !== 'RelocationMovesListed') {
      throw new UnreadableHistory(`${stream} has no moves at revision ${chunk}`);
    }
    return (event.data as RelocationMovesListed['data']).moves;
  }

  /** All moves of a plan that has this many chunks, by serial number. */
  async of(relocationId: string, chunkCount: number): Promise<ReadonlyMap<string, PlannedMove>> {
    const known = this.bySerial.get(relocationId);
    if (known) return known;
    const moves = new Map<string, PlannedMove>();
    for (let chunk = 0; chunk < chunkCount; chunk += 1) {
      for (const move of await this.chunk(relocationId, chunk)) moves.set(move.serial, move);
    }
    this.bySerial.set(relocationId, moves);
    return moves;
  }
}
