import {
  DomainError,
  mapLimited,
  processContext,
  processItemColumns,
  stepOf,
  tableFold,
  unreachable,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type ProcessItem,
  type Recorded,
} from '@hostledger/eventsourcing';
import {
  facilityAggregate,
  facilityUnknown,
  type Facility,
  type FacilityEvent,
} from '../domain/facility.js';
import {
  mustBeOperated,
  type DisposalAbandoned,
  type DisposalBegan,
  type FacilityDisposed,
} from '../domain/disposal.js';
import { rackAggregate, rackId, type RackClosed, type RackReopened } from '../domain/rack.js';

const RACKS_IN_FLIGHT = 32;
/**
 * From the fence to the look: longer than any request or part of an upload takes that saw the site
 * in operation, so that nothing can come to it after the look.
 */
export const SETTLED_AFTER_MS = 60_000;

/** Who knows which machines are where; the room that moves machines implements it. */
export abstract class FacilityCensus {
  /**
   * Machines that are at a facility or on their way to it, and deliveries to it that are not
   * reconciled, as of a position of the log or later.
   */
  abstract count(facility: string, atLeast: bigint): Promise<Census>;
}

export interface Census {
  readonly machines: number;
  readonly openDeliveries: number;
}

/** What stands in the way, in words; `undefined` when nothing does. */
export const obstacle = ({ machines, openDeliveries }: Census): string | undefined => {
  if (machines > 0) return `${machines} machines are there or on their way`;
  if (openDeliveries > 0) return `${openDeliveries} deliveries to it are not reconciled`;
  return undefined;
};

/**
 * A facility that machines may be brought to.
 * @param pointer the field that named it.
 * @throws DomainError why not.
 */
export const mustBeInOperation = async (
  store: AggregateStore,
  facility: string,
  pointer?: string,
): Promise<void> => {
  const { state } = await store.load(facilityAggregate, facility, { fresh: true });
  if (state.status === 'unknown') throw facilityUnknown(facility, pointer);
  mustBeOperated(state);
};

/**
 * Begins to dispose of a facility that looks empty. The fence is all that is done at once; what
 * comes of it is decided by the process `disposals`.
 * @throws DomainError `facility/not-empty`, or a refusal of the facility.
 */
export const beginDisposal = async (
  store: AggregateStore,
  census: FacilityCensus,
  facility: string,
  deed: Omit<DisposalBegan['data'], 'facility'>,
  context: CommandContext,
): Promise<Handled<Facility, FacilityEvent>> => {
  const { state, commands } = await store.load(facilityAggregate, facility, { fresh: true });
  if (state.status === 'unknown') throw facilityUnknown();
  if (!commands.some(({ id }) => id === context.commandId)) {
    mustBeOperated(state);
    const found = await census.count(facility, 0n);
    const reason = obstacle(found);
    if (reason !== undefined) {
      const details = { facility, ...found };
      throw new DomainError('conflict', 'facility/not-empty', `${facility}: ${reason}`, details);
    }
  }
  const command = { type: 'BeginDisposal', data: deed, at: context.at } as const;
  return store.handle(facilityAggregate, facility, command, context);
};

export interface OpenDisposal extends ProcessItem {
  readonly facility: string;
  /** Of the fence. */
  readonly position: bigint;
  /** Racks that are closed for it. */
  readonly closed_racks: number;
  /** It was given up; what is left is to open the racks again. */
  readonly abandoned: boolean;
}

const ofDisposal = ({ data }: { data: { disposalId: string } }) => [{ item_id: data.disposalId }];

/** Pure: disposals that are under way, or given up with racks still closed for them. */
export const openDisposals = tableFold<
  OpenDisposal,
  DisposalBegan | FacilityDisposed | DisposalAbandoned | RackClosed | RackReopened
>({
  table: {
    name: 'open_disposals',
    columns: {
      ...processItemColumns,
      facility: 'text',
      position: 'bigint',
      closed_racks: 'integer',
      abandoned: 'boolean',
    },
    key: ['item_id'],
  },
  keys: {
    DisposalBegan: ofDisposal,
    FacilityDisposed: ofDisposal,
    DisposalAbandoned: ofDisposal,
    RackClosed: ofDisposal,
    RackReopened: ofDisposal,
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'DisposalBegan':
        return begun(event, SETTLED_AFTER_MS);
      case 'FacilityDisposed':
        return undefined;
      case 'DisposalAbandoned':
        return row && unlessDone({ ...row, abandoned: true });
      case 'RackClosed': {
        // A stalled owner may close a rack after all was over: then it is opened again.
        const item = row ?? { ...begun(event, 0), abandoned: true };
        return { ...item, closed_racks: item.closed_racks + 1 };
      }
      case 'RackReopened':
        return row && unlessDone({ ...row, closed_racks: row.closed_racks - 1 });
      default:
        return unreachable(event);
    }
  },
});

const begun = (event: Recorded<DisposalBegan | RackClosed>, afterMs: number): OpenDisposal => ({
  item_id: event.data.disposalId,
  due_at: new Date(Date.parse(event.recordedAt) + afterMs).toISOString(),
  cause_id: event.id,
  correlation_id: event.metadata.$correlationId,
  facility: event.data.facility,
  position: event.position,
  closed_racks: 0,
  abandoned: false,
});

const unlessDone = (row: OpenDisposal): OpenDisposal | undefined =>
  row.abandoned && row.closed_racks <= 0 ? undefined : row;

const NAME = 'disposals';

/**
 * Closes the racks, looks whether anything is there, and disposes of the facility or lets it be.
 * What is decided is said by the facility before a rack is opened again, so that an owner who
 * stalled over a look that found nothing cannot dispose of a site whose racks are open.
 */
export const disposalsProcess = (
  store: AggregateStore,
  census: FacilityCensus,
): DurableProcess<OpenDisposal> => ({
  name: NAME,
  version: 2,
  items: openDisposals,
  perform: async (
    { item_id: disposalId, cause_id, correlation_id, facility, position },
    { at },
  ) => {
    const cause = { id: cause_id, correlationId: correlation_id };
    const context = processContext(NAME, cause, at, 'decide');
    const run: Run = { store, facility, disposalId, context };
    const decided = await decide(run, census, position);
    if (decided.status === 'unknown' || !decided.endedDisposals.has(disposalId)) return;
    await reopenRacks(run, [...decided.racks.keys()]);
  },
});

interface Run {
  readonly store: AggregateStore;
  readonly facility: string;
  readonly disposalId: string;
  readonly context: CommandContext;
}

/** Answers the facility as it is when this disposal is over, one way or the other. */
const decide = async (run: Run, census: FacilityCensus, fence: bigint): Promise<Facility> => {
  const { store, facility, disposalId, context } = run;
  const { at } = context;
  const { state } = await store.load(facilityAggregate, facility, { fresh: true });
  if (state.status !== 'disposing' || state.disposal.disposalId !== disposalId) return state;
  const racks = await closeRacks(run, [...state.racks.keys()]);
  if (racks.refusal !== undefined) return abandon(run, { reason: racks.refusal });
  // A machine may have left for a slot that was given up before its rack was closed.
  const position = racks.position > fence ? racks.position : fence;
  const found = await census.count(facility, position);
  const reason = obstacle(found);
  if (reason !== undefined) return abandon(run, { reason, machines: found.machines });
  const command = { type: 'CompleteDisposal', data: { disposalId }, at } as const;
  return (await store.handle(facilityAggregate, facility, command, context)).state;
};

const abandon = async (
  { store, facility, disposalId, context }: Run,
  why: { readonly reason: string; readonly machines?: number },
): Promise<Facility> => {
  const data = { disposalId, ...why };
  const command = { type: 'AbandonDisposal', data, at: context.at } as const;
  const step = stepOf(context, 'abandon');
  return (await store.handle(facilityAggregate, facility, command, step)).state;
};

interface ClosedRacks {
  /** Of the log, when every rack was closed. */
  readonly position: bigint;
  /** Why not all could be closed. */
  readonly refusal?: string;
}

const closeRacks = async (
  { store, facility, disposalId, context }: Run,
  racks: readonly string[],
): Promise<ClosedRacks> => {
  const { at } = context;
  const closed = await mapLimited(racks, RACKS_IN_FLIGHT, async (rack): Promise<ClosedRacks> => {
    const command = { type: 'CloseRack', data: { disposalId }, at } as const;
    const step = stepOf(context, 'close', rack, at);
    try {
      return await store.handle(rackAggregate, rackId(facility, rack), command, step);
    } catch (error) {
      if (error instanceof DomainError) return { position: 0n, refusal: error.message };
      throw error;
    }
  });
  const refused = closed.find(({ refusal }) => refusal !== undefined);
  const position = closed.reduce((last, each) => (each.position > last ? each.position : last), 0n);
  return { position, ...(refused?.refusal !== undefined && { refusal: refused.refusal }) };
};

/** Those that never went into service were not closed. */
const reopenRacks = (
  { store, facility, disposalId, context }: Run,
  racks: readonly string[],
): Promise<unknown> =>
  mapLimited(racks, RACKS_IN_FLIGHT, async (rack) => {
    const { at } = context;
    const id = rackId(facility, rack);
    const { state } = await store.load(rackAggregate, id, { fresh: true });
    if (state.status === 'unknown' || state.closedFor !== disposalId) return;
    const command = { type: 'ReopenRack', data: { disposalId }, at } as const;
    await store.handle(rackAggregate, id, command, stepOf(context, 'reopen', rack, at));
  });
