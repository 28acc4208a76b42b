import {
  contextOfEvent,
  deriveId,
  mapLimited,
  processItemColumns,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessAct,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import type { MinerRetired } from '../domain/miner-life.js';
import { movesIn, type MovesByState } from '../domain/relocation-moves.js';
import {
  isUnderWay,
  type KnownRelocation,
  type PlannedMove,
  type RelocationEvent,
} from '../domain/relocation.js';
import { loadRelocation, type PlanAct } from './relocation-act.js';
import { carryOut } from './relocation-carry.js';
import {
  calledOff,
  endImpossible,
  endMoves,
  goneAmong,
  reservationExpired,
} from './relocation-end.js';
import { PlannedMoves, type EventReader } from './relocation-plan.js';

const PLANS_AT_ONCE = 2;
const CHUNKS_IN_FLIGHT = 4;
/** Machines of a plan that take each other's slots go one after another, so often at most. */
const MAX_PASSES = 50;
/** Nothing to do before somebody departs or arrives, which makes the item due. */
const NEVER = '9999-12-31T00:00:00.000Z';

/** An approved plan whose moves have not all ended; `item_id` is the relocation's id. */
export interface OpenRelocation extends ProcessItem, MovesByState {
  readonly cancelled: boolean;
  readonly held_until: string;
  /** Of the approval: what is done under the plan is done in the name of who approved it. */
  readonly context: CommandContext;
}

/** Pure: which plans are being carried out, and when there is something to be done. */
export const openRelocations = tableFold<OpenRelocation, RelocationEvent | MinerRetired>({
  table: {
    name: 'open_relocations',
    columns: {
      ...processItemColumns,
      planned: 'integer',
      reserved: 'integer',
      departed: 'integer',
      diverted: 'integer',
      cancelled: 'boolean',
      held_until: 'timestamptz',
      context: 'jsonb',
    },
    key: ['item_id'],
  },
  keys: {
    // Lost on the road: nobody else will end its move.
    MinerRetired: ({ data: { from } }) =>
      from.kind === 'transit' && from.relocationId !== undefined
        ? [{ item_id: from.relocationId }]
        : [],
    ...Object.fromEntries(
      (
        [
          'RelocationApproved',
          'RelocationCancelled',
          'MovesReserved',
          'MovesDeparted',
          'MovesDiverted',
          'MovesCompleted',
          'MovesAborted',
          'RelocationCompleted',
        ] as const
      ).map((type) => [
        type,
        ({ data }: { data: { relocationId: string } }) => [{ item_id: data.relocationId }],
      ]),
    ),
  },
  evolve: (row, event) => {
    if (event.type === 'RelocationApproved') {
      const { relocationId, moveCount, heldUntil } = event.data;
      return {
        item_id: relocationId,
        due_at: event.recordedAt,
        cause_id: event.id,
        correlation_id: event.metadata.$correlationId,
        planned: moveCount,
        reserved: 0,
        departed: 0,
        diverted: 0,
        cancelled: false,
        held_until: heldUntil,
        context: contextOfEvent(event),
      };
    }
    if (event.type === 'MinerRetired') return row && { ...row, due_at: event.recordedAt };
    if (!row || event.type === 'RelocationCompleted') return undefined;
    const next = counted(row, event);
    return { ...next, due_at: dueAt(next, event.recordedAt) };
  },
});

const counted = (row: OpenRelocation, event: RelocationEvent): OpenRelocation => {
  switch (event.type) {
    case 'RelocationCancelled':
      return { ...row, cancelled: true };
    case 'MovesReserved': {
      const { length } = event.data.moves;
      return { ...row, planned: row.planned - length, reserved: row.reserved + length };
    }
    case 'MovesDeparted': {
      const { length } = event.data.moves;
      return { ...row, reserved: row.reserved - length, departed: row.departed + length };
    }
    case 'MovesDiverted': {
      const { length } = event.data.moves;
      return { ...row, departed: row.departed - length, diverted: row.diverted + length };
    }
    case 'MovesCompleted':
    case 'MovesAborted': {
      const { before } = event.data;
      return {
        ...row,
        planned: row.planned - before.planned,
        reserved: row.reserved - before.reserved,
        departed: row.departed - before.departed,
        diverted: row.diverted - before.diverted,
      };
    }
    default:
      return row;
  }
};

const dueAt = (row: OpenRelocation, now: string): string => {
  const held = row.reserved + row.departed;
  if (row.planned > 0 || (row.cancelled && held > 0)) return now;
  return held > 0 ? row.held_until : NEVER;
};

/**
 * Carries approved plans out: reserves the slots of machines that change the facility, moves the
 * others, and ends what was called off or not done while the slots were held.
 */
export const relocationsProcess = (
  store: AggregateStore,
  reader: EventReader,
): DurableProcess<OpenRelocation> => {
  const moves = new PlannedMoves(reader);
  return {
    name: 'relocations',
    version: 2,
    items: openRelocations,
    concurrency: PLANS_AT_ONCE,
    perform: async ({ item_id: relocationId, context }, act) => {
      const relocation = await loadRelocation(store, relocationId);
      if (!isUnderWay(relocation)) return;
      // Streams know reservations and moves, so a later run is an act of its own: it must not be
      // answered with what an earlier one got.
      const commandId = deriveId(context.commandId, 'run', act.at);
      const run = { ...context, commandId, at: act.at };
      await perform({ store, moves, relocationId, context: run }, relocation, act);
    },
  };
};

const perform = async (
  plan: PlanAct,
  relocation: KnownRelocation,
  act: ProcessAct,
): Promise<void> => {
  const { heldUntil = act.at, cancelledFor } = relocation;
  const openIn = (chunk: number, ...states: (keyof MovesByState)[]) =>
    movesIn(relocation, chunk, ...states);
  const inChunks = (work: (chunk: number) => Promise<void>): Promise<unknown> =>
    mapLimited(relocation.chunks, CHUNKS_IN_FLIGHT, async (_, chunk) => {
      act.signal.throwIfAborted();
      await work(chunk);
    });
  const endChunks = (refusal: ReturnType<typeof calledOff>) =>
    inChunks(async (chunk) => {
      const open = openIn(chunk, 'planned', 'reserved', 'departed');
      if (open.length === 0) return;
      await endMoves(plan, chunk, await pick(plan, chunk, open), refusal);
    });

  await inChunks(async (chunk) => {
    const open = openIn(chunk, 'reserved', 'departed', 'diverted');
    if (open.length === 0) return;
    const gone = await goneAmong(plan, await pick(plan, chunk, open));
    await endImpossible(plan, chunk, gone);
  });
  if (cancelledFor !== undefined) {
    await endChunks(calledOff(cancelledFor));
    return;
  }
  if (act.at >= heldUntil) {
    await endChunks(reservationExpired(heldUntil));
    return;
  }
  let waiting = new Map<number, readonly PlannedMove[]>();
  await inChunks(async (chunk) => {
    const open = openIn(chunk, 'planned');
    if (open.length > 0) waiting.set(chunk, await pick(plan, chunk, open));
  });
  for (let pass = 1, made = 1; waiting.size > 0; pass += 1) {
    const patient = made > 0 && pass < MAX_PASSES;
    const todo = [...waiting];
    waiting = new Map();
    made = 0;
    await mapLimited(todo, CHUNKS_IN_FLIGHT, async ([chunk, moves]) => {
      act.signal.throwIfAborted();
      const context = stepOf(plan.context, 'pass', pass);
      const result = await carryOut({ ...plan, context, heldUntil, patient }, chunk, moves);
      made += result.made;
      if (result.waiting.length > 0) waiting.set(chunk, result.waiting);
    });
  }
};

const pick = async (
  { moves, relocationId }: PlanAct,
  chunk: number,
  numbers: readonly number[],
): Promise<readonly PlannedMove[]> => {
  const wanted = new Set(numbers);
  return (await moves.chunk(relocationId, chunk)).filter(({ move }) => wanted.has(move));
};
