import {
  DomainError,
  mapLimited,
  processContext,
  processItemColumns,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type ProcessItem,
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
import { rackAggregate, rackId } from '../domain/rack.js';

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
}

/** Pure: facilities that are being disposed of. */
export const openDisposals = tableFold<
  OpenDisposal,
  DisposalBegan | FacilityDisposed | DisposalAbandoned
>({
  table: {
    name: 'open_disposals',
    columns: { ...processItemColumns, facility: 'text', position: 'bigint' },
    key: ['item_id'],
  },
  keys: {
    DisposalBegan: ({ data }) => [{ item_id: data.disposalId }],
    FacilityDisposed: ({ data }) => [{ item_id: data.disposalId }],
    DisposalAbandoned: ({ data }) => [{ item_id: data.disposalId }],
  },
  evolve: (_, event) =>
    event.type === 'DisposalBegan'
      ? {
          item_id: event.data.disposalId,
          due_at: new Date(Date.parse(event.recordedAt) + SETTLED_AFTER_MS).toISOString(),
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
          facility: event.data.facility,
          position: event.position,
        }
      : undefined,
});

const NAME = 'disposals';

/** Closes the racks, looks whether anything is there, and disposes of the facility or lets it be. */
export const disposalsProcess = (
  store: AggregateStore,
  census: FacilityCensus,
): DurableProcess<OpenDisposal> => ({
  name: NAME,
  version: 1,
  items: openDisposals,
  perform: async (
    { item_id: disposalId, cause_id, correlation_id, facility, position },
    { at },
  ) => {
    const cause = { id: cause_id, correlationId: correlation_id };
    const context = processContext(NAME, cause, at, 'decide');
    const { state } = await store.load(facilityAggregate, facility, { fresh: true });
    if (state.status !== 'disposing') return;
    const racks = [...state.racks.keys()];
    const inTheWay =
      (await closeRacks(store, facility, racks, disposalId, context)) ??
      obstacle(await census.count(facility, position));
    if (inTheWay === undefined) {
      const command = { type: 'CompleteDisposal', data: { disposalId }, at } as const;
      await store.handle(facilityAggregate, facility, command, context);
      return;
    }
    await mapLimited(racks, RACKS_IN_FLIGHT, (rack) =>
      store.handle(
        rackAggregate,
        rackId(facility, rack),
        { type: 'ReopenRack', data: { disposalId }, at },
        stepOf(context, 'reopen', rack, at),
      ),
    );
    const data = { disposalId, reason: inTheWay };
    const command = { type: 'AbandonDisposal', data, at } as const;
    await store.handle(facilityAggregate, facility, command, stepOf(context, 'abandon'));
  },
});

/** Why not all could be closed; `undefined` when all are. */
const closeRacks = async (
  store: AggregateStore,
  facility: string,
  racks: readonly string[],
  disposalId: string,
  context: CommandContext,
): Promise<string | undefined> => {
  const refusals = await mapLimited(racks, RACKS_IN_FLIGHT, async (rack) => {
    const command = { type: 'CloseRack', data: { disposalId }, at: context.at } as const;
    const step = stepOf(context, 'close', rack, context.at);
    try {
      await store.handle(rackAggregate, rackId(facility, rack), command, step);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError) return error.message;
      throw error;
    }
  });
  return refusals.find((refusal) => refusal !== undefined);
};
