import {
  backdated,
  CommandIdReused,
  mapLimited,
  occurredBeforeLatest,
  processContext,
  processItemColumns,
  RevisionMismatch,
  stepOf,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { rackAggregate, rackId, type SlotPowerChanged, type SlotVacated } from '@hostledger/sites';
import type { ModelCorrected } from '../domain/miner-model.js';
import {
  minerAggregate,
  minerUnknown,
  presentReservation,
  type InstalledMiner,
} from '../domain/miner.js';
import {
  runsAt,
  type Grant,
  type PowerProfile,
  type PowerProfileChanged,
} from '../domain/miner-power.js';
import { isRefusal, type Outcome } from './outcome.js';

// The rack grants the watts first, then the machine runs at its new profile. What a death leaves
// in between is finished by the process `power_profiles`.

const MINERS_IN_FLIGHT = 64;
/** Whoever asked the rack goes on at once; only after this long is it our turn. */
const GRACE_MS = 30_000;

export interface ProfileOrder extends PowerProfile {
  readonly serial: string;
  readonly context: CommandContext;
  /** When it happened, where that was before it was asked for. */
  readonly occurredAt?: string | undefined;
}

/**
 * Changes power profiles, of machines in slots as far as their racks grant the watts; one outcome
 * per order. `If-Match` guards the machine before anything is granted.
 * @throws StoreUnavailable, TooMuchContention: run it again.
 */
export const changePowerProfiles = (
  store: AggregateStore,
  orders: readonly ProfileOrder[],
): Promise<readonly Outcome[]> =>
  mapLimited(orders, MINERS_IN_FLIGHT, async (order): Promise<Outcome> => {
    try {
      return await change(store, order);
    } catch (error) {
      if (isRefusal(error)) return { status: 'refused', refusal: error };
      throw error;
    }
  });

const change = async (
  store: AggregateStore,
  { serial, profile, hashrateGhs, powerWatts, occurredAt, ...order }: ProfileOrder,
): Promise<Outcome> => {
  const context = backdated(order.context, occurredAt);
  const loaded = await store.load(minerAggregate, serial, { fresh: true });
  const { state, revision, commands } = loaded;
  if (state.status === 'unknown') throw minerUnknown(serial);
  const { expectedRevision, requestHash, isBackdated, ...rest } = context;
  const before = commands.find(({ id }) => id === context.commandId);
  if (before && requestHash !== undefined && before.hash !== requestHash) {
    throw new CommandIdReused(context.commandId);
  }
  if (!before && expectedRevision !== undefined && expectedRevision !== revision) {
    throw new RevisionMismatch(`miner-${serial}`, expectedRevision, revision);
  }
  const early = before ? undefined : occurredBeforeLatest(context, loaded);
  if (early) throw early;
  const target = { profile, hashrateGhs, powerWatts };
  let grant: Grant | undefined;
  if (state.status === 'installed' && !before) {
    const granted = await grantWatts(store, serial, state, target, context);
    if (granted.unchanged && runsAt(target, state)) {
      const { position } = loaded;
      return { status: 'done', revision, position, unchanged: true, replayed: false };
    }
    ({ grant } = granted);
  }
  const data = { serial, ...target, ...(grant && { grant }) };
  const command = { type: 'ChangePowerProfile', data, at: context.at } as const;
  const asked = {
    ...rest,
    ...(requestHash !== undefined && { requestHash }),
    // What the rack granted is not refused any more: it is dated after what came in between.
    ...(isBackdated && !grant && { isBackdated }),
  };
  const done = await store.handle(minerAggregate, serial, command, asked);
  const { position, replayed, events } = done;
  const unchanged = events.length === 0;
  return { status: 'done', revision: done.revision, position, replayed, unchanged };
};

/** Asks the rack for what the machine in its slot is to take; less is always granted. */
export const grantWatts = async (
  store: AggregateStore,
  serial: string,
  miner: InstalledMiner,
  target: PowerProfile & { readonly model?: string },
  context: CommandContext,
): Promise<{ readonly grant: Grant; readonly unchanged: boolean }> => {
  const { facility, rack, slot } = miner.place;
  const reservationId = presentReservation(miner);
  const step = stepOf(context, 'grant', reservationId);
  const data = { slot, reservationId, serial, changeId: step.commandId, ...target };
  const command = { type: 'ChangeSlotPower', data, at: context.at } as const;
  const granted = await store.handle(rackAggregate, rackId(facility, rack), command, step);
  const grant = { reservationId, revision: Number(granted.revision) };
  return { grant, unchanged: granted.events.length === 0 && !granted.replayed };
};

/** A grant that its machine does not use yet; `item_id` is the reservation of its slot. */
export interface OpenGrant extends ProcessItem {
  readonly serial: string;
  readonly revision: number;
  readonly profile: string;
  readonly hashrate_ghs: number;
  readonly power_watts: number;
  readonly occurred_at: string;
}

const ofGrant = ({ data: { grant } }: { data: { grant?: Grant } }) =>
  grant ? [{ item_id: grant.reservationId }] : [];

/** Pure: which machines have to be told of their last grant. */
export const openGrants = tableFold<
  OpenGrant,
  SlotPowerChanged | SlotVacated | PowerProfileChanged | ModelCorrected
>({
  table: {
    name: 'open_grants',
    columns: {
      ...processItemColumns,
      serial: 'text',
      revision: 'integer',
      profile: 'text',
      hashrate_ghs: 'integer',
      power_watts: 'integer',
      occurred_at: 'text',
    },
    key: ['item_id'],
  },
  keys: {
    // One for another model is used by who resolves the discrepancy.
    SlotPowerChanged: ({ data }) =>
      data.model === undefined ? [{ item_id: data.reservationId }] : [],
    SlotVacated: ({ data }) => [{ item_id: data.reservationId }],
    PowerProfileChanged: ofGrant,
    ModelCorrected: ofGrant,
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'SlotPowerChanged': {
        const { reservationId, serial, profile, hashrateGhs, powerWatts } = event.data;
        return {
          item_id: reservationId,
          due_at: new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString(),
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
          serial,
          revision: Number(event.revision),
          profile,
          hashrate_ghs: hashrateGhs,
          power_watts: powerWatts,
          occurred_at: event.metadata.occurredAt,
        };
      }
      case 'SlotVacated':
        return undefined;
      case 'PowerProfileChanged':
      case 'ModelCorrected':
        return row && event.data.grant!.revision >= row.revision ? undefined : row;
    }
  },
});

const NAME = 'power_profiles';

/** Tells machines of grants that a crash left unused. */
export const powerProfilesProcess = (store: AggregateStore): DurableProcess<OpenGrant> => ({
  name: NAME,
  version: 3,
  items: openGrants,
  perform: async (item) => {
    const { serial, revision, profile, item_id: reservationId } = item;
    const { hashrate_ghs: hashrateGhs, power_watts: powerWatts, occurred_at: at } = item;
    const grant = { reservationId, revision };
    const data = { serial, profile, hashrateGhs, powerWatts, grant };
    const command = { type: 'ChangePowerProfile', data, at } as const;
    const cause = { id: item.cause_id, correlationId: item.correlation_id };
    const context = processContext(NAME, cause, at, 'tell');
    try {
      await store.handle(minerAggregate, serial, command, context);
    } catch (error) {
      // It has left the slot; the item ends when the rack records that.
      if (!isRefusal(error)) throw error;
    }
  },
});
