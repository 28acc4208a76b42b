import { sql, type Expression, type Kysely, type SqlBool } from 'kysely';
import type { Drive, HistoryTables } from './windows.js';

// Which events may concern a contract or a customer, by the index alone: those of streams that ever
// belonged to them, of the machines among these, and those that name them. Which do, as of the position
// of each, the events and the rules of the rooms tell.

export interface Party {
  readonly kind: 'contract' | 'customer';
  readonly id: string;
}

/** With more streams all events are walked, and each is asked for its streams. */
export const MAX_STREAMS = 1_000;
const MINER = 'miner-';

/** By which indexes the events of a party are found; nothing where it has too many streams. */
export const driveOf = async (
  db: Kysely<HistoryTables>,
  party: Party,
  maxStreams = MAX_STREAMS,
): Promise<Drive | undefined> => {
  const rows = await db
    .selectFrom('stream_parties')
    .select('stream')
    .distinct()
    .where(belonged('stream_parties', party, db))
    .limit(maxStreams + 1)
    .execute();
  if (rows.length > maxStreams) return undefined;
  const streams = rows.map(({ stream }) => stream);
  const serials = streams
    .filter((stream) => stream.startsWith(MINER))
    .map((stream) => stream.slice(MINER.length));
  return {
    kind: 'values',
    columns: [
      { column: 'stream', values: streams },
      ...(serials.length > 0 ? [{ column: 'serial' as const, values: serials }] : []),
    ],
    refs: [party.id, ...streams],
  };
};

/** A row of `stream_parties` says that the stream is the party's. */
const belonged = (
  table: string,
  { kind, id }: Party,
  db: Kysely<HistoryTables>,
): Expression<SqlBool> => {
  const column = (name: string) => sql.ref(`${table}.${name}`);
  if (kind === 'contract') return sql<SqlBool>`${column('contract_id')} = ${id}`;
  // The customer of an allocation is whoever is that of its contract.
  const own = db
    .selectFrom('stream_parties as own')
    .select('own.stream')
    .where('own.customer_id', '=', id);
  return sql<SqlBool>`(${column('customer_id')} = ${id} or ${column('customer_of')} in (${own}))`;
};

/** The same of a row of the window `w`, where the streams are too many to be listed. */
export const mayConcern = (db: Kysely<HistoryTables>, party: Party): Expression<SqlBool> => {
  const ofStream = (stream: Expression<unknown>) =>
    db
      .selectFrom('stream_parties as p')
      .select(sql`1`.as('one'))
      .where(sql<SqlBool>`p.stream = ${stream}`)
      .where(belonged('p', party, db));
  const named = db
    .selectFrom('audit_parties as a')
    .select(sql`1`.as('one'))
    .where(sql<SqlBool>`a.position = w.position`)
    .where(sql<SqlBool>`(a.ref = ${party.id} or exists (${ofStream(sql`a.ref`)}))`);
  return sql<SqlBool>`(exists (${ofStream(sql`w.stream`)})
    or (w.serial is not null and exists (${ofStream(sql`${MINER}::text || w.serial`)}))
    or exists (${named}))`;
};
