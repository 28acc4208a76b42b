import {
  begunActColumns,
  begunBy,
  mapLimited,
  stepOf,
  tableFold,
  type AggregateStore,
  type BegunAct,
  type CommandContext,
  type DurableProcess,
  type Handled,
} from '@hostledger/eventsourcing';
import {
  facilityAggregate,
  type Facility,
  type FacilityEvent,
  type RackPlan,
  type RackPowerCommitted,
} from '../domain/facility.js';
import { rackAggregate, rackId, type RackCommissioned } from '../domain/rack.js';

const RACKS_IN_FLIGHT = 32;

/**
 * Commissions racks: their power is committed on the facility in one append, which is the intent;
 * then each rack goes into service on its own stream. What a crash leaves, the process finishes.
 */
export const commissionRacks = async (
  store: AggregateStore,
  facility: string,
  racks: readonly RackPlan[],
  context: CommandContext,
): Promise<Handled<Facility, FacilityEvent>> => {
  const { at } = context;
  const committed = await store.handle(
    facilityAggregate,
    facility,
    { type: 'CommitRackPower', data: { racks }, at },
    context,
  );
  await mapLimited(racks, RACKS_IN_FLIGHT, (plan) => commission(store, facility, plan, context));
  return committed;
};

const commission = async (
  store: AggregateStore,
  facility: string,
  plan: RackPlan,
  context: CommandContext,
): Promise<void> => {
  await store.handle(
    rackAggregate,
    rackId(facility, plan.rack),
    { type: 'CommissionRack', data: { facility, ...plan }, at: context.at },
    stepOf(context, 'rack', plan.rack),
    { assumeNew: true },
  );
};

interface PendingRack extends BegunAct {
  readonly facility: string;
  readonly plan: RackPlan;
}

export const rackCommissioningProcess = (store: AggregateStore): DurableProcess<PendingRack> => ({
  name: 'rack_commissioning',
  version: 1,
  items: pendingRacks,
  concurrency: RACKS_IN_FLIGHT,
  perform: ({ facility, plan, context }) => commission(store, facility, plan, context),
});

export const pendingRacks = tableFold<PendingRack, RackPowerCommitted | RackCommissioned>({
  table: {
    name: 'racks_to_commission',
    columns: { ...begunActColumns, facility: 'text', plan: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    RackPowerCommitted: ({ data: { facility, racks } }) =>
      racks.map(({ rack }) => ({ item_id: rackId(facility, rack) })),
    RackCommissioned: ({ data: { facility, rack } }) => [{ item_id: rackId(facility, rack) }],
  },
  evolve: (_row, event, { item_id }) => {
    if (event.type === 'RackCommissioned') return undefined;
    const { facility, racks } = event.data;
    const plan = racks.find(({ rack }) => rackId(facility, rack) === item_id)!;
    return { ...begunBy(event, item_id!), facility, plan };
  },
});
