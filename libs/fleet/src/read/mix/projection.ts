import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { MinerRetired, TitleTransferred } from '../../domain/miner-life.js';
import type { ModelCorrected } from '../../domain/miner-model.js';
import type { PowerEvent } from '../../domain/miner-power.js';
import type { MinerReturnedFromVendor, MinerSentToVendor } from '../../domain/miner-repair.js';
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
  /** Of these, the machines that draw power. */
  readonly energized_units: number;
  readonly energized_hashrate_ghs: bigint;
  readonly energized_watts: bigint;
}

const STATE = {
  slot: 'installed',
  storage: 'stored',
  transit: 'inTransit',
  vendor: 'atVendor',
} as const;
export const MIX_STATES = Object.values(STATE);

type MixKey = Pick<MixRow, 'model' | 'facility' | 'state' | 'customer_id'>;
type Amounts = Omit<MixRow, keyof MixKey>;
type Moved =
  MinerInstalled | MinerRelocated | TransitEvent | MinerSentToVendor | MinerReturnedFromVendor;
export type Counted =
  MinerReceived | Moved | MinerRetired | TitleTransferred | PowerEvent | ModelCorrected;

interface Change extends Amounts {
  readonly key: MixKey;
}

const keyAt = (place: Place, model: string, customerId: string): MixKey => ({
  model,
  facility: facilityOf(place),
  state: STATE[place.kind],
  customer_id: customerId,
});

const idle = { energized_units: 0, energized_hashrate_ghs: 0n, energized_watts: 0n } as const;
export const nothing: Amounts = { units: 0, hashrate_ghs: 0n, power_watts: 0n, ...idle };

export const AMOUNTS = [
  ...(['units', 'hashrate_ghs', 'power_watts'] as const),
  ...(['energized_units', 'energized_hashrate_ghs', 'energized_watts'] as const),
] as const satisfies readonly (keyof Amounts)[];

/** One machine more, or one less. */
const machine = (sign: 1 | -1, hashrateGhs: number, watts: number): Amounts => ({
  units: sign,
  hashrate_ghs: BigInt(sign * hashrateGhs),
  power_watts: BigInt(sign * watts),
  ...idle,
});

/** One machine more that draws power, or one less. */
const drawing = (sign: 1 | -1, hashrateGhs: number, watts: number): Amounts => ({
  ...nothing,
  energized_units: sign,
  energized_hashrate_ghs: BigInt(sign * hashrateGhs),
  energized_watts: BigInt(sign * watts),
});

export const plus = (a: Amounts, b: Amounts): Amounts => ({
  units: a.units + b.units,
  hashrate_ghs: a.hashrate_ghs + b.hashrate_ghs,
  power_watts: a.power_watts + b.power_watts,
  energized_units: a.energized_units + b.energized_units,
  energized_hashrate_ghs: a.energized_hashrate_ghs + b.energized_hashrate_ghs,
  energized_watts: a.energized_watts + b.energized_watts,
});

/** A machine with what it draws. */
const whole = (sign: 1 | -1, hashrateGhs: number, watts: number, energized: boolean): Amounts => {
  const one = machine(sign, hashrateGhs, watts);
  return energized ? plus(one, drawing(sign, hashrateGhs, watts)) : one;
};

/** What an event adds to the machines of one model and customer at one place. */
export interface PlacedChange extends Amounts {
  readonly place: Place;
  readonly model: string;
  readonly customer_id: string;
}

/** One after another; a machine is de-energized before it moves. */
export const placedChanges = (event: Counted): PlacedChange[] => {
  switch (event.type) {
    case 'MinerReceived': {
      const {
        place,
        model,
        customerId: customer_id,
        ratedHashrateGhs,
        nameplateWatts,
      } = event.data;
      return [{ place, model, customer_id, ...machine(1, ratedHashrateGhs, nameplateWatts) }];
    }
    case 'MinerRetired': {
      const { from: place, model, customerId: customer_id } = event.data;
      const { ratedHashrateGhs, powerWatts } = event.data;
      return [{ place, model, customer_id, ...machine(-1, ratedHashrateGhs, powerWatts) }];
    }
    case 'MinerEnergized':
    case 'MinerDeenergized': {
      const { place, model, customerId: customer_id, ratedHashrateGhs, powerWatts } = event.data;
      const sign = event.type === 'MinerEnergized' ? 1 : -1;
      return [{ place, model, customer_id, ...drawing(sign, ratedHashrateGhs, powerWatts) }];
    }
    case 'PowerProfileChanged': {
      const { place, model, customerId: customer_id, energized } = event.data;
      const hashrate_ghs = BigInt(event.data.hashrateGhs - event.data.fromHashrateGhs);
      const power_watts = BigInt(event.data.powerWatts - event.data.fromWatts);
      const more = { ...nothing, hashrate_ghs, power_watts };
      const drawn = { energized_hashrate_ghs: hashrate_ghs, energized_watts: power_watts };
      return [{ place, model, customer_id, ...more, ...(energized && drawn) }];
    }
    case 'TitleTransferred': {
      const { place, model, fromCustomerId, toCustomerId, energized } = event.data;
      const { ratedHashrateGhs, powerWatts } = event.data;
      const amounts = (sign: 1 | -1) => whole(sign, ratedHashrateGhs, powerWatts, energized);
      return [
        { place, model, customer_id: fromCustomerId, ...amounts(-1) },
        { place, model, customer_id: toCustomerId, ...amounts(1) },
      ];
    }
    case 'ModelCorrected': {
      const { place, fromModel, model, customerId: customer_id, energized, retired } = event.data;
      const { fromHashrateGhs, hashrateGhs, fromWatts, powerWatts } = event.data;
      if (retired) return [];
      const [before, after] = [
        whole(-1, fromHashrateGhs, fromWatts, energized),
        whole(1, hashrateGhs, powerWatts, energized),
      ];
      return [
        { place, model: fromModel, customer_id, ...before },
        { place, model, customer_id, ...after },
      ];
    }
    default: {
      const { from, to, model, customerId: customer_id } = event.data;
      const { ratedHashrateGhs, powerWatts } = event.data;
      return [
        { place: from, model, customer_id, ...machine(-1, ratedHashrateGhs, powerWatts) },
        { place: to, model, customer_id, ...machine(1, ratedHashrateGhs, powerWatts) },
      ];
    }
  }
};

/** What an event adds to which counts; a move within one of them changes nothing. */
export const changesBy = (event: Counted): Change[] => {
  const changes = placedChanges(event).map(({ place, model, customer_id, ...amounts }) => ({
    key: keyAt(place, model, customer_id),
    ...amounts,
  }));
  const [left, joined] = changes;
  return left && joined && sameKey(left.key, joined.key) ? [] : changes;
};

const keysOf = (event: Counted): MixKey[] => changesBy(event).map(({ key }) => key);

export const sameKey = (a: Partial<MixKey>, b: MixKey): boolean =>
  a.facility === b.facility &&
  a.state === b.state &&
  a.model === b.model &&
  a.customer_id === b.customer_id;

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
      energized_units: 'integer',
      energized_hashrate_ghs: 'bigint',
      energized_watts: 'bigint',
    },
    key: ['model', 'facility', 'state', 'customer_id'],
  },
  keys: {
    MinerReceived: keysOf,
    MinerInstalled: keysOf,
    MinerRelocated: keysOf,
    MinerUninstalled: keysOf,
    MinerDeparted: keysOf,
    MinerArrived: keysOf,
    MinerSentToVendor: keysOf,
    MinerReturnedFromVendor: keysOf,
    MinerRetired: keysOf,
    TitleTransferred: keysOf,
    MinerEnergized: keysOf,
    MinerDeenergized: keysOf,
    PowerProfileChanged: keysOf,
    ModelCorrected: keysOf,
  },
  evolve: (row, event, key) => {
    const change = changesBy(event).find((one) => sameKey(key, one.key));
    if (!change) return row;
    const { key: mixed, ...amounts } = change;
    const after = plus(row ?? nothing, amounts);
    return after.units === 0 ? undefined : { ...mixed, ...after };
  },
});

export const fleetMixProjection: Projection = { name: 'fleet_mix', version: 4, tables: [fleetMix] };
