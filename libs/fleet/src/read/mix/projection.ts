import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { TransitEvent } from '../../domain/miner-transit.js';
import {
  facilityOf,
  type MinerInstalled,
  type MinerReceived,
  type MinerRelocated,
  type Place,
} from '../../domain/miner.js';

/** Machines of one model and customer in one state at one facility, counted as they change. */
export interface MixRow {
  readonly model: string;
  readonly facility: string;
  readonly state: (typeof STATE)[keyof typeof STATE];
  readonly customer_id: string;
  readonly units: number;
  readonly hashrate_ghs: bigint;
  readonly power_watts: bigint;
}

type MixKey = Pick<MixRow, 'model' | 'facility' | 'state' | 'customer_id'>;
type Moved = MinerInstalled | MinerRelocated | TransitEvent;
type Counted = MinerReceived | Moved;

const STATE = {
  slot: 'installed',
  storage: 'stored',
  transit: 'inTransit',
  vendor: 'atVendor',
} as const;

const keyAt = (place: Place, { model, customerId }: Counted['data']): MixKey => ({
  model,
  facility: facilityOf(place),
  state: STATE[place.kind],
  customer_id: customerId,
});

const sameKey = (a: Partial<MixKey>, b: MixKey): boolean =>
  a.facility === b.facility && a.state === b.state;

const ofMove = ({ data }: { data: Moved['data'] }): MixKey[] => {
  const [left, joined] = [keyAt(data.from, data), keyAt(data.to, data)];
  return sameKey(left, joined) ? [] : [left, joined];
};

export const fleetMix = tableFold<MixRow, Counted>({
  table: {
    name: 'fleet_mix',
    columns: {
      model: 'text',
      facility: 'text',
      state: 'text',
      customer_id: 'text',
      units: 'integer',
      hashrate_ghs: 'bigint',
      power_watts: 'bigint',
    },
    key: ['model', 'facility', 'state', 'customer_id'],
  },
  keys: {
    MinerReceived: ({ data }) => [keyAt(data.place, data)],
    MinerInstalled: ofMove,
    MinerRelocated: ofMove,
    MinerDeparted: ofMove,
    MinerArrived: ofMove,
  },
  evolve: (row, event, key) => {
    const { data } = event;
    const watts =
      event.type === 'MinerReceived' ? event.data.nameplateWatts : event.data.powerWatts;
    const leaves = event.type !== 'MinerReceived' && sameKey(key, keyAt(event.data.from, data));
    const sign = leaves ? -1 : 1;
    const units = (row?.units ?? 0) + sign;
    if (units === 0) return undefined;
    return {
      ...(key as MixKey),
      units,
      hashrate_ghs: (row?.hashrate_ghs ?? 0n) + BigInt(sign * data.ratedHashrateGhs),
      power_watts: (row?.power_watts ?? 0n) + BigInt(sign * watts),
    };
  },
});

export const fleetMixProjection: Projection = { name: 'fleet_mix', version: 2, tables: [fleetMix] };
