import {
  deriveId,
  mapLimited,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { minerAggregate } from '../domain/miner.js';
import { vacateSlots, type MadeMove } from './move-racks.js';
import { isRefusal, type Outcome } from './outcome.js';

// Out of a slot: the miner leaves it first, then the rack gives slot and watts back. What is left
// of it by a death in between is finished by `finishMovesProcess`.

const MINERS_IN_FLIGHT = 64;

export interface RemovalOrder {
  readonly serial: string;
  readonly context: CommandContext;
  /** The spare that takes the slot instead. */
  readonly replacedBy?: string;
}

/**
 * Takes machines to the storage of their facility; one outcome per order. Slots of one rack share
 * its appends. Idempotent: run again after a death at any point, it goes on.
 * @throws StoreUnavailable, TooMuchContention: run it again.
 */
export const uninstallMiners = async (
  store: AggregateStore,
  orders: readonly RemovalOrder[],
  context: CommandContext,
): Promise<readonly Outcome[]> => {
  const results = await mapLimited(orders, MINERS_IN_FLIGHT, (order) => uninstall(store, order));
  const made = results.flatMap(({ left }) => left ?? []);
  const last = await vacateSlots(store, made, context);
  return results.map(({ outcome }) =>
    outcome.status === 'refused' || outcome.position > last
      ? outcome
      : { ...outcome, position: last },
  );
};

export const removalIdOf = (serial: string, { commandId }: CommandContext): string =>
  deriveId(commandId, 'removal', serial);

interface Removed {
  readonly outcome: Outcome;
  /** The slot that this act emptied. */
  readonly left?: Pick<MadeMove, 'serial' | 'reservationId' | 'left'>;
}

const uninstall = async (
  store: AggregateStore,
  { serial, context, replacedBy }: RemovalOrder,
): Promise<Removed> => {
  const removalId = removalIdOf(serial, context);
  const data = { serial, removalId, ...(replacedBy !== undefined && { replacedBy }) };
  const command = { type: 'UninstallMiner', data, at: context.at } as const;
  try {
    const handled = await store.handle(minerAggregate, serial, command, context);
    const { revision, position, replayed, state, events } = handled;
    const unchanged = events.length === 0;
    const outcome: Outcome = { status: 'done', revision, position, replayed, unchanged };
    if (state.status !== 'stored' || state.removal?.removalId !== removalId) return { outcome };
    return { outcome, left: { serial, reservationId: removalId, left: state.removal } };
  } catch (error) {
    if (isRefusal(error)) return { outcome: { status: 'refused', refusal: error } };
    throw error;
  }
};
