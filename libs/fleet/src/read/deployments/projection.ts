import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { MinerRetired } from '../../domain/miner-life.js';
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

type Counted = MinerReceived | MinerInstalled | MinerRetired;

const KIND = {
  MinerReceived: 'received',
  MinerInstalled: 'deployed',
  MinerRetired: 'retired',
} as const;

const ofMonth = ({ data, metadata }: Recorded<Counted>) => [
  {
    month: metadata.occurredAt.slice(0, 7),
    model: data.model,
    customer_id: data.customerId,
  },
];

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
    MinerReceived: ofMonth,
    MinerInstalled: (event) => (event.data.first ? ofMonth(event) : []),
    MinerRetired: ofMonth,
  },
  evolve: (row, event) => {
    const [key] = ofMonth(event);
    const before: DeploymentRow = row ?? { ...key!, ...nothing };
    const kind = KIND[event.type];
    const hashrate = BigInt(event.data.ratedHashrateGhs);
    return {
      ...before,
      [`${kind}_units`]: before[`${kind}_units`] + 1,
      [`${kind}_hashrate_ghs`]: before[`${kind}_hashrate_ghs`] + hashrate,
    };
  },
});

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
  version: 1,
  tables: [deployments],
};
