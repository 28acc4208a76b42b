import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import {
  AMOUNTS,
  fleetMix,
  nothing,
  placedChanges,
  plus,
  type Counted,
  type MixRow,
} from './projection.js';

/**
 * What a day of the business (UTC) changed of the machines of one model and customer in a rack. Added
 * up to a day they are what the rack held as that day ended, added up to now what it holds.
 */
export interface RackDayRow extends Omit<MixRow, 'state'> {
  readonly rack: string;
  /** YYYY-MM-DD. */
  readonly day: string;
}

const KEY = ['facility', 'rack', 'model', 'customer_id', 'day'] as const;
type Key = Pick<RackDayRow, (typeof KEY)[number]>;

const isSame = (one: Partial<Key>, other: Key): boolean =>
  KEY.every((column) => one[column] === other[column]);

const isSomething = (row: Pick<RackDayRow, (typeof AMOUNTS)[number]>): boolean =>
  AMOUNTS.some((amount) => BigInt(row[amount]) !== 0n);

/** What an event changes of machines that stand in racks; a move within a rack changes nothing. */
const rackChanges = (event: Recorded<Counted>): RackDayRow[] => {
  const day = event.metadata.occurredAt.slice(0, 10);
  const rows: RackDayRow[] = [];
  for (const { place, ...change } of placedChanges(event)) {
    if (place.kind !== 'slot') continue;
    const row = { facility: place.facility, rack: place.rack, day, ...change };
    const index = rows.findIndex((one) => isSame(one, row));
    if (index < 0) rows.push(row);
    else rows[index] = { ...row, ...plus(rows[index]!, row) };
  }
  return rows.filter(isSomething);
};

const keysOf = (event: Recorded<Counted>): Key[] =>
  rackChanges(event).map(({ facility, rack, model, customer_id, day }) => {
    return { facility, rack, model, customer_id, day };
  });

const keys = Object.fromEntries(Object.keys(fleetMix.keys).map((type) => [type, keysOf]));

export const fleetRackDays = tableFold<RackDayRow, Counted>({
  table: {
    name: 'fleet_rack_days',
    columns: {
      facility: 'text',
      rack: 'text',
      model: 'text',
      customer_id: 'text',
      day: 'text',
      units: 'integer',
      hashrate_ghs: 'bigint',
      power_watts: 'bigint',
      energized_units: 'integer',
      energized_hashrate_ghs: 'bigint',
      energized_watts: 'bigint',
    },
    key: KEY,
  },
  keys,
  evolve: (row, event, key) => {
    const change = rackChanges(event).find((one) => isSame(key, one));
    if (!change) return row;
    const after = { ...change, ...plus(row ?? nothing, change) };
    return isSomething(after) ? after : undefined;
  },
});

export const fleetRackDaysProjection: Projection = {
  name: 'fleet_rack_days',
  version: 1,
  tables: [fleetRackDays],
};
