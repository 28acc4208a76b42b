import {
  backdated,
  DomainError,
  mapLimited,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { contractAggregate, customerAggregate, type Contract } from '@hostledger/contracts';
import {
  facilityAggregate,
  isCurtailed,
  mustBeInOperation,
  type Facility,
} from '@hostledger/sites';
import { dayIn } from '@hostledger/quantities';
import type { LifeCommand } from '../domain/miner-life.js';
import type { DeenergizeMinerData, EnergizeMinerData } from '../domain/miner-power.js';
import { minerAggregate, minerUnknown } from '../domain/miner.js';
import { isRefusal, type Outcome } from './outcome.js';

// Acts that end on the stream of one machine. What they need of other streams is read before.

const MINERS_IN_FLIGHT = 64;
/** The second try is for a machine that was assigned to another contract in between. */
const MAX_TRIES = 2;

type Looked = 'stage' | 'contractId' | 'by';
/** Acts on a repair; without its id, on the one of the machine that is open. */
type OfRepair = Extract<
  LifeCommand,
  { type: 'SendToVendor' | 'ReturnFromVendor' | 'SwapComponent' | 'CloseRepair' }
>;
type OfAnyRepair<Command> = Command extends OfRepair
  ? {
      readonly type: Command['type'];
      readonly data: Omit<Command['data'], 'repairId'> & { readonly repairId?: string };
    }
  : never;

/** What is asked of a machine: a command without what is looked up for it. */
export type Wish =
  | { readonly type: 'EnergizeMiner'; readonly data: Omit<EnergizeMinerData, Looked> }
  | OfAnyRepair<OfRepair>
  | (Exclude<LifeCommand, OfRepair | { type: 'EnergizeMiner' }> extends infer Command
      ? Command extends LifeCommand
        ? Pick<Command, 'type' | 'data'>
        : never
      : never);

export interface ActOrder {
  readonly wish: Wish;
  readonly context: CommandContext;
  /** When it happened, where that was before it was asked for. */
  readonly occurredAt?: string | undefined;
}

/**
 * Acts on machines, each by itself; one outcome per order.
 * @throws StoreUnavailable, TooMuchContention: run it again.
 */
export const actOnMiners = (
  store: AggregateStore,
  orders: readonly ActOrder[],
): Promise<readonly Outcome[]> => {
  const facts = new Facts(store);
  // What is asked of one machine is done in its order: side by side it would only get in its own way.
  const last = new Map<string, Promise<unknown>>();
  return mapLimited(orders, MINERS_IN_FLIGHT, async (order): Promise<Outcome> => {
    const { serial } = order.wish.data;
    const before = last.get(serial);
    const outcome = Promise.resolve(before).then(() => outcomeOf(store, facts, order));
    last.set(serial, outcome);
    return outcome;
  });
};

const outcomeOf = async (
  store: AggregateStore,
  facts: Facts,
  order: ActOrder,
): Promise<Outcome> => {
  try {
    return await act(store, facts, order);
  } catch (error) {
    if (isRefusal(error)) return { status: 'refused', refusal: error };
    throw error;
  }
};

const act = async (
  store: AggregateStore,
  facts: Facts,
  { wish, context: asked, occurredAt }: ActOrder,
): Promise<Outcome> => {
  const context = backdated(asked, occurredAt);
  for (let attempt = 1; ; attempt += 1) {
    const command = { ...(await facts.complete(wish, context, attempt > 1)), at: context.at };
    try {
      const handled = await store.handle(minerAggregate, wish.data.serial, command, context);
      const { revision, position, replayed, events } = handled;
      return { status: 'done', revision, position, replayed, unchanged: events.length === 0 };
    } catch (error) {
      const again = error instanceof DomainError && error.code === 'miner/assigned-meanwhile';
      if (!again || attempt === MAX_TRIES) throw error;
    }
  }
};

/** What other streams say, read once for all orders of a run. */
class Facts {
  private readonly contracts = new Map<string, Promise<Contract>>();
  private readonly customers = new Map<string, Promise<void>>();
  private readonly facilities = new Map<string, Promise<Facility>>();

  constructor(private readonly store: AggregateStore) {}

  async complete(wish: Wish, context: CommandContext, fresh: boolean) {
    const { actor } = context;
    if (wish.type === 'ReturnFromVendor') {
      await mustBeInOperation(this.store, wish.data.facility, '/facility');
    }
    if (wish.type === 'TransferTitle') await this.mustBeCustomer(wish.data.toCustomerId);
    if (wish.type === 'DeenergizeMiner') await this.mustBeCurtailed(wish.data, context);
    if (isOfRepair(wish)) return this.ofOpenRepair(wish, context);
    if (wish.type !== 'EnergizeMiner') return wish;
    const { serial } = wish.data;
    const { state } = await this.store.load(minerAggregate, serial, { fresh });
    if (state.status === 'unknown') throw minerUnknown(serial);
    const { contractId } = state;
    const contract = await once(this.contracts, contractId, () => this.contractOf(contractId));
    const stage = stageOf(contract, context);
    return { ...wish, data: { ...wish.data, contractId, stage, by: actor.subject } };
  }

  /** By a curtailment that the rack of the machine is within, open now or under way at that time. */
  private async mustBeCurtailed(
    { serial, cause, curtailmentId }: DeenergizeMinerData,
    { commandId, isBackdated, at }: CommandContext,
  ): Promise<void> {
    if (cause !== 'curtailment' || curtailmentId === undefined) return;
    const { state, commands } = await this.store.load(minerAggregate, serial, { fresh: true });
    // What was accepted stays accepted when the curtailment is over.
    if (state.status !== 'installed' || commands.some(({ id }) => id === commandId)) return;
    const { facility, rack } = state.place;
    const site = await once(this.facilities, facility, () => this.facilityOf(facility));
    const then = isBackdated && at;
    if (site.status !== 'unknown' && isCurtailed(site, rack, curtailmentId, then)) return;
    throw new DomainError(
      'invalid',
      'miner/not-curtailed',
      then === undefined
        ? `No curtailment ${curtailmentId} is open for rack ${rack} of ${facility}`
        : `No curtailment ${curtailmentId} was under way at ${then} for rack ${rack} of ${facility}`,
      { serial, facility, rack, curtailmentId },
      '/curtailmentId',
    );
  }

  private async facilityOf(facility: string): Promise<Facility> {
    return (await this.store.load(facilityAggregate, facility, { fresh: true })).state;
  }

  /** A repair that this very act closed, before its worker died, is not open any more. */
  private async ofOpenRepair(wish: OfAnyRepair<OfRepair>, { commandId }: CommandContext) {
    const { serial, repairId } = wish.data;
    if (repairId !== undefined) return { ...wish, data: { ...wish.data, repairId } } as OfRepair;
    const { state, commands } = await this.store.load(minerAggregate, serial, { fresh: true });
    if (state.status === 'unknown') throw minerUnknown(serial);
    const open = state.status === 'retired' ? undefined : state.repairId;
    const isDone = commands.some(({ id }) => id === commandId);
    if (open === undefined && !isDone && state.status !== 'retired') throw noOpenRepair(serial);
    return { ...wish, data: { ...wish.data, repairId: open ?? '' } } as OfRepair;
  }

  private async contractOf(contractId: string): Promise<Contract> {
    return (await this.store.load(contractAggregate, contractId, { fresh: true })).state;
  }

  private mustBeCustomer(customerId: string): Promise<void> {
    return once(this.customers, customerId, async () => {
      const { state } = await this.store.load(customerAggregate, customerId, { fresh: true });
      if (state.status !== 'unknown') return;
      throw new DomainError(
        'invalid',
        'miner/buyer-unknown',
        `There is no customer ${customerId}`,
        { customerId },
        '/toCustomerId',
      );
    });
  }
}

/** What it was before its last act is not remembered, so nobody is told that it was active then. */
const stageOf = (contract: Contract, { isBackdated, at }: CommandContext): string => {
  if (!('lifecycle' in contract)) return 'drafted';
  const { stage, since } = contract.lifecycle;
  const isEarlier = isBackdated && dayIn(contract.timeZone, at) < since;
  return isEarlier && stage === 'active' ? `active only since ${since}` : stage;
};

const isOfRepair = (wish: Wish): wish is OfAnyRepair<OfRepair> =>
  wish.type === 'SendToVendor' ||
  wish.type === 'ReturnFromVendor' ||
  wish.type === 'SwapComponent' ||
  wish.type === 'CloseRepair';

const noOpenRepair = (serial: string): DomainError =>
  new DomainError(
    'notFound',
    'miner/repair-unknown',
    `Miner ${serial} has no open repair`,
    { serial },
    '/serial',
  );

const once = <T>(
  known: Map<string, Promise<T>>,
  key: string,
  read: () => Promise<T>,
): Promise<T> => {
  const value = known.get(key) ?? read();
  known.set(key, value);
  return value;
};
