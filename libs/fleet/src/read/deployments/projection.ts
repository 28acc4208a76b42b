import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { MinerRetired } from '../../domain/miner-life.js';
import type { ModelCorrected } from '../../domain/miner-model.js';
import type { MinerInstalled, MinerReceived } from '../../domain/miner.js';

/** Machines of one model and customer in one month of the business, UTC. */
export interface DeploymentRow {
  /** YYYY-MM. */
  readonly month: string;
  readonly model: string;
  /** Whose they were at that time. */
  readonly customer_id: string;
  readonly received_units: number;
  readonly received_hashrate_ghs: bigint;
  /** Installed for the first time; each machine counts once. */
  readonly deployed_units: number;
  readonly deployed_hashrate_ghs: bigint;
  readonly retired_units: number;
  readonly retired_hashrate_ghs: bigint;
}

type Counted = MinerReceived | MinerInstalled | MinerRetired | ModelCorrected;
type Kind = 'received' | 'deployed' | 'retired';
type Key = Pick<DeploymentRow, 'month' | 'model' | 'customer_id'>;

interface Change {
  readonly key: Key;
  readonly kind: Kind;
  readonly units: 1 | -1;
  readonly hashrateGhs: number;
}

const KIND = {
  MinerReceived: 'received',
  MinerInstalled: 'deployed',
  MinerRetired: 'retired',
} as const;

/**
 * What an event adds to which counts. A machine that turns out to be another model is counted over
 * in the month in which that was settled, so that no month that is over is told anew.
 */
const changesBy = (event: Recorded<Counted>): Change[] => {
  const month = event.metadata.occurredAt.slice(0, 7);
  const one = (
    kind: Kind,
    units: 1 | -1,
    model: string,
    customer_id: string,
    hashrateGhs: number,
  ): Change => ({ key: { month, model, customer_id }, kind, units, hashrateGhs });
  if (event.type !== 'ModelCorrected') {
    const { model, customerId, ratedHashrateGhs } = event.data;
    if (event.type === 'MinerInstalled' && !event.data.first) return [];
    return [one(KIND[event.type], 1, model, customerId, ratedHashrateGhs)];
  }
  const { fromModel, model, received, deployed, retired, customerId } = event.data;
  const { fromHashrateGhs, hashrateGhs } = event.data;
  const over = (kind: Kind, was: typeof received): Change[] => [
    one(kind, -1, fromModel, was.customerId, was.fromHashrateGhs),
    one(kind, 1, model, was.customerId, was.hashrateGhs),
  ];
  return [
    ...over('received', received),
    ...(deployed ? over('deployed', deployed) : []),
    ...(retired ? over('retired', { customerId, fromHashrateGhs, hashrateGhs }) : []),
  ];
};

const isOf = (key: Partial<Key>, { key: own }: Change): boolean =>
  key.month === own.month && key.model === own.model && key.customer_id === own.customer_id;

const keysOf = (event: Recorded<Counted>): Key[] =>
  [...Map.groupBy(changesBy(event), ({ key }) => JSON.stringify(key)).values()].map(
    ([change]) => change!.key,
  );

export const deployments = tableFold<DeploymentRow, Counted>({
  table: {
    name: 'deployments',
    columns: {
      month: 'text',
      model: 'text',
      customer_id: 'text',
      received_units: 'integer',
      received_hashrate_ghs: 'bigint',
      deployed_units: 'integer',
      deployed_hashrate_ghs: 'bigint',
      retired_units: 'integer',
      retired_hashrate_ghs: 'bigint',
    },
    key: ['month', 'model', 'customer_id'],
  },
  keys: {
    MinerReceived: keysOf,
    MinerInstalled: keysOf,
    MinerRetired: keysOf,
    ModelCorrected: keysOf,
  },
  evolve: (row, event, key) =>
    changesBy(event)
      .filter((change) => isOf(key, change))
      .reduce<DeploymentRow | undefined>(add, row),
});

const add = (
  row: DeploymentRow | undefined,
  { key, kind, units, hashrateGhs }: Change,
): DeploymentRow => {
  const before: DeploymentRow = row ?? { ...key, ...nothing };
  return {
    ...before,
    [`${kind}_units`]: before[`${kind}_units`] + units,
    [`${kind}_hashrate_ghs`]: before[`${kind}_hashrate_ghs`] + BigInt(units * hashrateGhs),
  };
};

const nothing = {
  received_units: 0,
  received_hashrate_ghs: 0n,
  deployed_units: 0,
  deployed_hashrate_ghs: 0n,
  retired_units: 0,
  retired_hashrate_ghs: 0n,
};

export const deploymentsProjection: Projection = {
  name: 'deployments',
  version: 2,
  tables: [deployments],
};
