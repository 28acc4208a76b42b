import { sql, type Kysely } from 'kysely';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { joined, type Parties, type PartyRules } from '../parties.js';
import type { PartyTables } from './projection.js';

/** A stream as it was at a position. */
interface Moment {
  readonly stream: string;
  readonly position: bigint;
}

interface Found {
  readonly index: bigint;
  readonly contract_id: string | null;
  readonly customer_id: string | null;
}

/** Tells whom events concern, as of the position of each. */
export class PartiesQuery {
  /** @param readModels of the parties' projection alone: no other one holds the feed up. */
  constructor(
    private readonly rules: PartyRules,
    private readonly readModels: ReadModels,
  ) {}

  /**
   * The parties of each event, by one query for all. Waits until the read model is at the last event
   * that has to be looked up.
   * @throws ReadModelBehind, ReadModelUnavailable.
   */
  async of(events: readonly RecordedEvent[]): Promise<readonly Parties[]> {
    const moments: (Moment & { readonly of: number })[] = [];
    events.forEach((event, of) => {
      for (const stream of this.rules.lookups(event)) {
        moments.push({ stream, position: event.position, of });
      }
    });
    const parties = events.map((event) => this.rules.named(event));
    const last = moments.at(-1);
    if (!last) return parties;
    const { value } = await this.readModels.read<PartyTables, readonly Found[]>(
      { minPosition: last.position },
      (db) => lookUp(db, moments),
    );
    for (const { index, contract_id: contract, customer_id: customer } of value) {
      const { of } = moments[Number(index) - 1]!;
      parties[of] = joined(parties[of]!, {
        contracts: contract === null ? [] : [contract],
        customers: customer === null ? [] : [customer],
      });
    }
    return parties;
  }
}

/** In the order of the moments: the first stream's parties come first. */
const lookUp = async (
  db: Kysely<PartyTables>,
  moments: readonly Moment[],
): Promise<readonly Found[]> => {
  const streams = moments.map(({ stream }) => stream);
  const positions = moments.map(({ position }) => position.toString());
  const latest = (column: string, of: string) => sql`
    (select ${sql.ref(column)} from stream_parties where stream = ${sql.ref(of)}
      and position <= m.position and ${sql.ref(column)} is not null
      order by position desc limit 1)`;
  const { rows } = await sql<Found>`
    select m.index, found.contract_id,
      coalesce(found.customer_id, ${latest('customer_id', 'found.customer_of')}) as customer_id
    from unnest(${streams}::text[], ${positions}::bigint[])
      with ordinality as m(stream, position, index)
    cross join lateral (select ${latest('contract_id', 'm.stream')} as contract_id,
      ${latest('customer_id', 'm.stream')} as customer_id,
      ${latest('customer_of', 'm.stream')} as customer_of) as found
    order by m.index`.execute(db);
  return rows;
};
