import { DomainError, mapLimited, stepOf, type AggregateStore } from '@hostledger/eventsourcing';
import type { BulkKind, Chunk, LineRejection } from '@hostledger/operations';
import { mustBeInOperation } from '@hostledger/sites';
import { minerAggregate, minerLost, type Miner } from '../domain/miner.js';
import { chunkOf, moveState } from '../domain/relocation-moves.js';
import type { KnownRelocation, PlannedMove } from '../domain/relocation.js';
import {
  recordAtRacks,
  releaseSlots,
  vacateSlots,
  wattsHeld,
  type MadeMove,
} from './move-racks.js';
import { madeMove } from './move.js';
import {
  aborted,
  fence,
  hasLeft,
  loadMiner,
  loadRelocation,
  MINERS_IN_FLIGHT,
  record,
  type PlanAct,
} from './relocation-act.js';
import {
  calledOff,
  departureOf,
  endImpossible,
  numberOf,
  reservationExpired,
  type Departure,
  type RefusedMove,
} from './relocation-end.js';
import {
  destinationOf,
  PlannedMoves,
  reservationOf,
  slotOf,
  type EventReader,
} from './relocation-plan.js';

// Departures and arrivals of a plan, as people at the two facilities report them. Each line is a
// machine; performed again after a death it goes on, since the miners know under which reservation
// they left.

export interface DepartureLine {
  readonly serial: string;
}

export interface ArrivalLine {
  readonly serial: string;
  /** Where it arrived; where its slot is held, if it is not given. */
  readonly facility?: string;
}

export interface TransitParams {
  readonly relocationId: string;
}

/** Refusals of a departure after which it cannot happen any more. */
const FOR_GOOD = ['miner/retired', 'miner/at-vendor', 'miner/already-there'];

type TransitChunk<Line> = Chunk<Line, TransitParams>;

interface Run extends PlanAct {
  readonly relocation: KnownRelocation;
  readonly bySerial: ReadonlyMap<string, PlannedMove>;
}

const runOf = async (
  store: AggregateStore,
  moves: PlannedMoves,
  { params: { relocationId }, context }: TransitChunk<unknown>,
): Promise<Run> => {
  const relocation = await loadRelocation(store, relocationId);
  const bySerial = await moves.of(relocationId, relocation.chunks.length);
  return { store, moves, relocationId, context, relocation, bySerial };
};

/** Takes machines out of their slots and onto the road, each only while its slot is held. */
export const departureKind = (
  store: AggregateStore,
  reader: EventReader,
): BulkKind<DepartureLine, TransitParams> => {
  const moves = new PlannedMoves(reader);
  return {
    kind: 'relocationDeparture',
    perform: async (chunk) => {
      const run = await runOf(store, moves, chunk);
      const { done: left, rejected } = await perform(chunk, (line) => depart(run, line));
      await vacateSlots(
        store,
        left.flatMap(({ departure }) => departure ?? []),
        chunk.context,
      );
      await eachChunk(left, (number, group) =>
        record(run, number, { departed: group.map(({ planned }) => planned.move) }),
      );
      return rejected;
    },
  };
};

const depart = async (
  run: Run,
  { serial }: DepartureLine,
): Promise<{ readonly planned: PlannedMove; readonly departure?: Departure }> => {
  const { store, relocationId, context } = run;
  const planned = plannedFor(run, serial);
  const miner = await loadMiner(run, planned, { fresh: true });
  if (hasLeft(run, planned, miner)) return withDeparture(run, planned, miner);
  if (moveState(run.relocation, planned.move) !== 'reserved') {
    throw new DomainError(
      'conflict',
      'relocation/not-reserved',
      `No slot at ${planned.facility} is held for ${serial} under the plan; it stays`,
      { serial, state: moveState(run.relocation, planned.move) },
      '/serial',
    );
  }
  const reservationId = reservationOf(relocationId, planned);
  const powerWatts = await wattsHeld(store, destinationOf(planned), reservationId);
  const data = { serial, to: planned.facility, reservationId, powerWatts, relocationId };
  const command = { type: 'DepartMiner', data, at: context.at } as const;
  const step = stepOf(context, 'depart', reservationId);
  try {
    const { state } = await store.handle(minerAggregate, serial, command, step);
    return withDeparture(run, planned, state);
  } catch (error) {
    if (error instanceof DomainError && FOR_GOOD.includes(error.code)) {
      await endImpossible(run, chunkOf(planned.move), [{ planned, refusal: error }]);
    }
    throw error;
  }
};

const withDeparture = (run: Run, planned: PlannedMove, miner: Miner) => {
  const departure = departureOf(run, planned, miner);
  return { planned, ...(departure && { departure }) };
};

/** Brings machines off the road and into their slots; those without one stay in storage. */
export const arrivalKind = (
  store: AggregateStore,
  reader: EventReader,
): BulkKind<ArrivalLine, TransitParams> => {
  const moves = new PlannedMoves(reader);
  return {
    kind: 'relocationArrival',
    perform: async (chunk) => {
      const run = await runOf(store, moves, chunk);
      const { context } = chunk;
      const { done: arrived, rejected } = await perform(chunk, (line) => arrive(run, line));
      await recordAtRacks(
        store,
        arrived.flatMap(({ made }) => made ?? []),
        context,
      );
      const stored = arrived.flatMap((each) => each.stored ?? []);
      for (const [cause, group] of Map.groupBy(stored, ({ refusal }) => refusal.code)) {
        const slots = group.map(({ planned }) => slotOf(run, planned));
        await releaseSlots(store, slots, cause, context);
      }
      await eachChunk(arrived, (number, group) =>
        record(run, number, {
          departed: group.map(({ planned }) => planned.move),
          completed: group.filter((each) => !each.stored).map(({ planned }) => numberOf(planned)),
          aborted: group
            .flatMap((each) => each.stored ?? [])
            .map(({ planned, refusal, at }) => aborted(planned, refusal, at)),
        }),
      );
      return rejected;
    },
  };
};

interface Arrived {
  readonly planned: PlannedMove;
  readonly made?: MadeMove;
  /** It has no slot: why not, and at which facility it is kept. */
  readonly stored?: RefusedMove & { readonly at: string };
}

const arrive = async (run: Run, { serial, facility }: ArrivalLine): Promise<Arrived> => {
  const { store, context } = run;
  const planned = plannedFor(run, serial);
  const before = await loadMiner(run, planned, { fresh: true });
  if (!hasLeft(run, planned, before)) {
    throw new DomainError(
      'conflict',
      'relocation/not-departed',
      `Miner ${serial} did not leave under the plan`,
      { serial },
      '/serial',
    );
  }
  if (before.status === 'retired') throw minerLost(serial);
  const at = facility ?? planned.facility;
  const departure = departureOf(run, planned, before);
  const recorded = moveState(run.relocation, planned.move) !== 'reserved';
  // The slot it left has to be vacated before the miner forgets it.
  if (departure && !recorded)
    await vacateSlots(store, [departure], stepOf(context, 'left', planned.move));
  if (before.status === 'inTransit') {
    if (at !== before.place.to) await mustBeInOperation(run.store, at, '/facility');
    const command = {
      type: 'ArriveMiner',
      data: { serial, facility: at },
      at: context.at,
    } as const;
    const step = stepOf(context, 'arrive', planned.move);
    await store.handle(minerAggregate, serial, command, step);
  }
  return install(run, planned, at);
};

/** What arrived elsewhere, or lost its slot on the way, stays in storage. */
const install = async (run: Run, planned: PlannedMove, at: string): Promise<Arrived> => {
  const { serial } = planned;
  const reservationId = reservationOf(run.relocationId, planned);
  const elsewhere = at === planned.facility ? undefined : arrivedElsewhere(planned, at);
  const refusal = elsewhere ?? (await installRefusal(run, planned, reservationId));
  if (refusal && !(await fence(run, planned, refusal.code))) {
    return { planned, stored: { planned, refusal, at } };
  }
  const made = madeMove(serial, await loadMiner(run, planned), reservationId);
  return { planned, ...(made && { made }) };
};

const installRefusal = async (
  { store, relocation, context }: Run,
  planned: PlannedMove,
  reservationId: string,
): Promise<DomainError | undefined> => {
  const { serial } = planned;
  const to = destinationOf(planned);
  const powerWatts = await wattsHeld(store, to, reservationId);
  const data = { serial, to, reservationId, powerWatts };
  const command = { type: 'InstallMiner', data, at: context.at } as const;
  try {
    await store.handle(minerAggregate, serial, command, stepOf(context, 'install', reservationId));
    return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code !== 'miner/relocation-abandoned') return error;
    const { cancelledFor, heldUntil = '' } = relocation;
    return cancelledFor === undefined ? reservationExpired(heldUntil) : calledOff(cancelledFor);
  }
};

const arrivedElsewhere = ({ serial, facility }: PlannedMove, at: string): DomainError =>
  new DomainError(
    'conflict',
    'relocation/arrived-elsewhere',
    `Miner ${serial} arrived at ${at}; its slot is at ${facility}`,
    { serial, facility: at },
  );

// Lines

const plannedFor = ({ bySerial }: Run, serial: string): PlannedMove => {
  const planned = bySerial.get(serial);
  if (planned) return planned;
  throw new DomainError(
    'notFound',
    'relocation/miner-not-planned',
    `The plan does not move miner ${serial}`,
    { serial },
    '/serial',
  );
};

/** Performs the lines side by side; what the rules refuse is a rejection of its line. */
const perform = async <Line, Done>(
  { lines }: TransitChunk<Line>,
  work: (line: Line) => Promise<Done>,
): Promise<{ readonly done: readonly Done[]; readonly rejected: readonly LineRejection[] }> => {
  const done: Done[] = [];
  const rejected: LineRejection[] = [];
  await mapLimited(lines, MINERS_IN_FLIGHT, async ({ line, value }) => {
    try {
      done.push(await work(value));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      rejected.push({ line, code: error.code, message: error.message });
    }
  });
  return { done, rejected: rejected.sort((a, b) => a.line - b.line) };
};

/** One record for the moves of one chunk of the plan. */
const eachChunk = async <T extends { readonly planned: PlannedMove }>(
  items: readonly T[],
  work: (chunk: number, group: readonly T[]) => Promise<void>,
): Promise<void> => {
  for (const [chunk, group] of Map.groupBy(items, ({ planned }) => chunkOf(planned.move))) {
    await work(chunk, group);
  }
};
