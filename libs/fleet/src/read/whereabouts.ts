import { sql } from 'kysely';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { MinerRow, MinerState } from './miners/projection.js';

interface Tables {
  miners: MinerRow;
}

export interface MachineAtSite {
  readonly serial: string;
  readonly customerId: string;
}

export interface MachineWhereabouts {
  readonly serial: string;
  readonly state: MinerState;
  /** Of one on the road the facility it goes to; absent once it is retired. */
  readonly facility?: string;
  /** When it came to its place, or was retired. */
  readonly since: string;
}

/** True at exactly this position of the log. */
export interface TrueAt<T> {
  readonly position: bigint;
  readonly machines: readonly T[];
}

/** Which machines are where, for rooms that have to do with a whole site. */
export class FleetWhereabouts {
  constructor(private readonly readModels: Pick<ReadModels, 'read'>) {}

  /**
   * Machines that are at a facility, on their way to it or away from it at a vendor, as the census
   * counts them, in the order of their serial numbers; as of a position of the log or later.
   */
  async at(facility: string, minPosition: bigint): Promise<TrueAt<MachineAtSite>> {
    const { position, value } = await this.readModels.read<
      Tables,
      Pick<MinerRow, 'serial' | 'customer_id'>[]
    >({ minPosition }, (db) =>
      db
        .selectFrom('miners')
        .select(['serial', 'customer_id'])
        .where('facility', '=', facility)
        .orderBy('facility')
        .orderBy('serial')
        .execute(),
    );
    const machines = value.map(({ serial, customer_id: customerId }) => ({ serial, customerId }));
    return { position, machines };
  }

  /** Those of these machines that are known. */
  async of(serials: readonly string[], minPosition: bigint): Promise<TrueAt<MachineWhereabouts>> {
    const { position, value } = await this.readModels.read<
      Tables,
      Pick<MinerRow, 'serial' | 'state' | 'facility' | 'since'>[]
    >({ minPosition }, (db) =>
      db
        .selectFrom('miners')
        .select(['serial', 'state', 'facility', 'since'])
        .where(sql<boolean>`serial = any(${sql.val(serials)}::text[])`)
        .orderBy('serial')
        .execute(),
    );
    const machines = value.map(({ facility, ...row }) => ({
      ...row,
      ...(facility !== null && { facility }),
    }));
    return { position, machines };
  }
}
