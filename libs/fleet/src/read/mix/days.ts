import {
  tableFold,
  type DomainEvent,
  type Projection,
  type Recorded,
} from '@hostledger/eventsourcing';
import {
  AMOUNTS,
  changesBy,
  fleetMix,
  nothing,
  plus,
  sameKey,
  type Counted,
  type MixRow,
} from './projection.js';

/**
 * What a day of the business (UTC) changed of the counts of the fleet mix, more or less. Added up to
 * a day they are the mix as that day ended, however late an event of that day was recorded.
 */
export interface MixDayRow extends MixRow {
  /** YYYY-MM-DD. */
  readonly day: string;
}

const dayOf = ({ metadata }: Recorded<DomainEvent>): string => metadata.occurredAt.slice(0, 10);

/** What changes the mix changes the mix of its day. */
const keys = Object.fromEntries(
  Object.entries(fleetMix.keys).map(([type, keysOf]) => [
    type,
    (event: Recorded<DomainEvent>) =>
      (keysOf?.(event) ?? []).map((key) => ({ ...key, day: dayOf(event) })),
  ]),
);

export const fleetMixDays = tableFold<MixDayRow, Counted>({
  table: {
    name: 'fleet_mix_days',
    columns: {
      model: 'text',
      facility: 'text',
      state: 'text',
      customer_id: 'text',
      day: 'text',
      units: 'integer',
      hashrate_ghs: 'bigint',
      power_watts: 'bigint',
      energized_units: 'integer',
      energized_hashrate_ghs: 'bigint',
      energized_watts: 'bigint',
    },
    key: ['model', 'facility', 'state', 'customer_id', 'day'],
  },
  keys,
  evolve: (row, event, key) => {
    const change = changesBy(event).find((one) => sameKey(key, one.key));
    if (!change) return row;
    const { key: mixed, ...amounts } = change;
    const after = plus(row ?? nothing, amounts);
    const isSame = AMOUNTS.every((amount) => BigInt(after[amount]) === 0n);
    return isSame ? undefined : { ...mixed, day: dayOf(event), ...after };
  },
});

export const fleetMixDaysProjection: Projection = {
  name: 'fleet_mix_days',
  version: 1,
  tables: [fleetMixDays],
};
