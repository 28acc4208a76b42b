import {
  contextOfEvent,
  DomainError,
  mapLimited,
  processItemColumns,
  RevisionMismatch,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { rackAggregate, rackId } from '@hostledger/sites';
import type { BenchSwapEnded, MinerUnassigned, Seat } from '../domain/miner-life.js';
import {
  minerAggregate,
  minerUnknown,
  type LivingMiner,
  type Miner,
  type RetiredMiner,
  type SlotPlace,
} from '../domain/miner.js';
import type { MinerUninstalled } from '../domain/miner-transit.js';
import { refused } from '../domain/miner-power.js';
import { moveMiners } from './move.js';
import { isRefusal, type Done, type Outcome } from './outcome.js';
import { removalIdOf, uninstallMiners } from './uninstall.js';

// A spare takes slot and part of an allocation of a machine that failed: that leaves its slot first
// and names the spare, which is the intent; the rack is free; the spare is installed and assigned;
// and the machine that failed is told what came of it. The process `bench_swaps` goes on after a
// death.

/** Few: machines of an upload mostly stand in the same racks, whose streams they share. */
const SWAPS_IN_FLIGHT = 4;
/** Whoever began goes on at once; only after this long is it our turn. */
const GRACE_MS = 30_000;
/** Others may act on the machine in between. */
const MAX_TRIES = 3;

export interface SwapOrder {
  readonly serial: string;
  readonly spareSerial: string;
  readonly context: CommandContext;
}

/**
 * The machine that failed ends in storage, also when the spare is refused after all.
 * @throws DomainError before anything changed, or why the spare was refused.
 */
export const benchSwap = async (
  store: AggregateStore,
  { serial, spareSerial, context }: SwapOrder,
): Promise<Outcome> => {
  for (let attempt = 1; ; attempt += 1) {
    const {
      state: failed,
      revision,
      commands,
    } = await store.load(minerAggregate, serial, {
      fresh: true,
    });
    if (failed.status === 'unknown') throw minerUnknown(serial);
    const isNew = !commands.some(({ id }) => id === context.commandId);
    if (isNew) await mustFit(store, serial, failed, spareSerial);
    // What is judged here is what leaves its slot.
    const expectedRevision = context.expectedRevision ?? (isNew ? revision : undefined);
    const guarded = expectedRevision === undefined ? context : { ...context, expectedRevision };
    const order = { serial, context: guarded, replacedBy: spareSerial };
    const [removed] = await uninstallMiners(store, [order], context);
    if (!removed) throw new Error('One order has one outcome');
    if (removed.status === 'done') {
      return isNew
        ? finish(store, swapOf(serial, spareSerial, failed, context), context)
        : endBefore(failed, serial, context, removed);
    }
    const overtaken = removed.refusal instanceof RevisionMismatch && !context.expectedRevision;
    if (!overtaken || attempt === MAX_TRIES) return removed;
  }
};

/** Swaps machines, each by itself; one outcome per order. */
export const benchSwaps = (
  store: AggregateStore,
  orders: readonly SwapOrder[],
): Promise<readonly Outcome[]> =>
  mapLimited(orders, SWAPS_IN_FLIGHT, async (order): Promise<Outcome> => {
    try {
      return await benchSwap(store, order);
    } catch (error) {
      if (isRefusal(error)) return { status: 'refused', refusal: error };
      throw error;
    }
  });

/** What a swap is finished from; it is in the events that began it. */
interface Swap {
  readonly serial: string;
  readonly spareSerial: string;
  readonly removalId: string;
  readonly place: SlotPlace;
  readonly seat?: Omit<Seat, 'serial'>;
}

const swapOf = (
  serial: string,
  spareSerial: string,
  before: Miner,
  context: CommandContext,
): Swap => {
  if (before.status !== 'installed') throw new Error(`Miner ${serial} was not in a slot`);
  const { place, assignment, contractId, customerId } = before;
  const seat = assignment && { contractId, customerId, ...assignment };
  return {
    ...{ serial, spareSerial, removalId: removalIdOf(serial, context), place },
    ...(seat && { seat }),
  };
};

/** As it was answered before; what is not finished yet is left to the process. */
const endBefore = (
  failed: LivingMiner | RetiredMiner,
  serial: string,
  context: CommandContext,
  removed: Outcome,
): Outcome => {
  const { removalId, code, message } = failed.endedSwap ?? {};
  if (removalId !== removalIdOf(serial, context) || code === undefined) return removed;
  return { status: 'refused', refusal: refused(code, message ?? code, { serial }) };
};

const mustFit = async (
  store: AggregateStore,
  serial: string,
  failed: Miner,
  spareSerial: string,
): Promise<void> => {
  if (failed.status !== 'installed') {
    throw refused('miner/not-in-slot', `Miner ${serial} does not stand in a slot`, { serial });
  }
  const { facility, rack } = failed.place;
  const { state: spare } = await store.load(minerAggregate, spareSerial, { fresh: true });
  const { state: stands } = await store.load(rackAggregate, rackId(facility, rack), {
    fresh: true,
  });
  const free = stands.status === 'unknown' ? 0 : stands.powerLimitWatts - stands.powerWattsInUse;
  const why =
    spare.status !== 'stored' || spare.place.facility !== facility
      ? `is not in the storage of ${facility}`
      : spare.repairId !== undefined
        ? 'is under repair'
        : spare.customerId !== failed.customerId
          ? 'belongs to another customer'
          : spare.assignment
            ? 'takes up an allocation of its own'
            : spare.powerWatts > free + failed.powerWatts
              ? `takes ${spare.powerWatts} W, and the rack has ${free + failed.powerWatts} W for it`
              : undefined;
  if (why === undefined) return;
  const details = { serial, spareSerial };
  const message = `Miner ${spareSerial} ${why}`;
  throw refused('miner/spare-unfit', message, details, '/spareSerial');
};

const finish = async (
  store: AggregateStore,
  { serial, spareSerial, removalId, place, seat }: Swap,
  context: CommandContext,
): Promise<Done> => {
  const { at } = context;
  const own = stepOf(context, 'spare', removalId);
  const order = { serial: spareSerial, to: place, context: own };
  const [installed] = await moveMiners(store, 'installation', [order], { context: own, now: at });
  let refusal = installed!.status === 'refused' ? installed!.refusal : undefined;
  if (refusal && !(refusal instanceof DomainError)) throw refusal;
  if (!refusal && seat) {
    const data = { ...seat, serial: spareSerial, passedFrom: serial };
    const command = { type: 'AssignMiner', data, at } as const;
    try {
      await store.handle(minerAggregate, spareSerial, command, stepOf(own, 'assign'));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refusal = error;
    }
  }
  const ended = {
    serial,
    spareSerial,
    removalId,
    replaced: installed!.status === 'done',
    ...(refusal && { code: refusal.code, message: refusal.message }),
    ...(refusal && seat && { freed: freedOf(seat) }),
  };
  const command = { type: 'EndBenchSwap', data: ended, at } as const;
  const told = await store.handle(minerAggregate, serial, command, stepOf(own, 'end'));
  if (refusal) throw refusal;
  const { revision, position } = told;
  return { status: 'done', revision, position, unchanged: false, replayed: false };
};

const freedOf = ({ customerId: _, ...freed }: Omit<Seat, 'serial'>) => freed;

/** A swap whose end is not told yet; `item_id` is the id of the removal that began it. */
export interface OpenSwap extends ProcessItem {
  readonly swap: Swap;
  /** Of the command that began it. */
  readonly context: CommandContext;
}

/** Pure: swaps that were begun. */
export const openSwaps = tableFold<OpenSwap, MinerUninstalled | MinerUnassigned | BenchSwapEnded>({
  table: {
    name: 'open_swaps',
    columns: { ...processItemColumns, swap: 'jsonb', context: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    MinerUninstalled: ({ data }) =>
      data.replacedBy === undefined ? [] : [{ item_id: data.removalId }],
    MinerUnassigned: ({ data }) => (data.passedTo ? [{ item_id: data.passedTo.removalId }] : []),
    BenchSwapEnded: ({ data }) => [{ item_id: data.removalId }],
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'MinerUninstalled': {
        const { serial, replacedBy, removalId, from: place } = event.data;
        return {
          item_id: removalId,
          due_at: new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString(),
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
          swap: { serial, spareSerial: replacedBy!, removalId, place },
          context: contextOfEvent(event),
        };
      }
      case 'MinerUnassigned': {
        const { serial: _, cause: __, passedTo: ___, ...seat } = event.data;
        return row && { ...row, swap: { ...row.swap, seat } };
      }
      case 'BenchSwapEnded':
        return undefined;
    }
  },
});

/** Finishes swaps that a crash left half done. */
export const benchSwapsProcess = (store: AggregateStore): DurableProcess<OpenSwap> => ({
  name: 'bench_swaps',
  version: 1,
  items: openSwaps,
  perform: async ({ swap, context }) => {
    const { serial, spareSerial } = swap;
    try {
      // The rack may still hold the slot for the machine that left it.
      await uninstallMiners(store, [{ serial, context, replacedBy: spareSerial }], context);
      await finish(store, swap, context);
    } catch (error) {
      // The spare was refused, and the machine was told.
      if (!(error instanceof DomainError)) throw error;
    }
  },
});
