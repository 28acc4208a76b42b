import { sql, type Kysely, type Transaction } from 'kysely';
import { inSchemaTurn, type Database } from '@hostledger/eventsourcing/postgres';
import { NOTHING_SIGNED, type NotaryChain } from '../domain/chain.js';
import { edgeOf, tileName, type Tile, type TileKey } from '../transparency/tiles.js';

/** Of the notary alone; derived from the log, and so dropped without loss. */
export const NOTARY_SCHEMA = 'hostledger_notary';

/** One hash of 32 bytes is a leaf; of a tile of leaves the positions are kept as well, 8 bytes each. */
export interface NotaryTables {
  tree: { id: number; size: bigint; position: bigint; event_id: string | null };
  tiles: { level: number; index: bigint; hashes: Uint8Array };
  leaves: { index: bigint; first_position: bigint; positions: Uint8Array };
  published: { target: string; day: string; revision: bigint; checkpoints: bigint };
}

// Hashes do not get smaller by compression, which would be tried on every write.
const TABLES = `
  create schema if not exists ${NOTARY_SCHEMA};
  create table if not exists ${NOTARY_SCHEMA}.tree (
    id integer primary key check (id = 1), size bigint not null, position bigint not null,
    event_id text, chain jsonb, doubt jsonb, accepted text);
  alter table ${NOTARY_SCHEMA}.tree add column if not exists doubt jsonb;
  alter table ${NOTARY_SCHEMA}.tree add column if not exists accepted text;
  alter table ${NOTARY_SCHEMA}.tree drop column if exists refused_after;
  create table if not exists ${NOTARY_SCHEMA}.tiles (
    level integer not null, index bigint not null, hashes bytea not null,
    primary key (level, index));
  alter table ${NOTARY_SCHEMA}.tiles alter column hashes set storage external;
  create table if not exists ${NOTARY_SCHEMA}.leaves (
    index bigint primary key, first_position bigint not null unique, positions bytea not null);
  create table if not exists ${NOTARY_SCHEMA}.published (
    target text primary key, day text not null, revision bigint not null,
    checkpoints bigint not null);
  alter table ${NOTARY_SCHEMA}.published add column if not exists conflict text`;

export const prepareNotaryTables = (database: Database): Promise<void> =>
  inSchemaTurn(database, async (trx) => {
    await sql.raw(TABLES).execute(trx);
    await sql`insert into ${table('tree')} (id, size, position)
      values (1, 0, 0) on conflict do nothing`.execute(trx);
  });

/** How far the tree has grown. */
export interface TreeState {
  readonly size: number;
  /** Of the last event in it, and its id; 0 and none where there is none. */
  readonly position: bigint;
  readonly eventId: string | null;
  readonly chain: NotaryChain;
  /** Why the log was refused as another one; none while it is the right one. */
  readonly doubt: Doubt | null;
  /**
   * The published checkpoint that is not of this log, which was accepted nevertheless: its note, or
   * `ANY_PUBLISHED` where the log was accepted and it was not asked yet what is published.
   */
  readonly accepted: string | null;
}

/** A refusal, until it is mended or accepted. */
export interface Doubt {
  /** By what it shows: events in the tree that are not in the log, or a published checkpoint that is not of it. */
  readonly of: 'log' | 'published';
  readonly why: string;
  /** Acts of operators in the log at that time: it has to be accepted by a later one. */
  readonly acts: number;
}

export const ANY_PUBLISHED = '*';

/** Somebody else has moved the tree on. */
export class TreeMoved extends Error {
  constructor() {
    super('Another notary has moved the tree on');
    this.name = 'TreeMoved';
  }
}

/** Positions of the leaves of a tile. */
export interface LeafPositions {
  readonly index: number;
  readonly positions: readonly bigint[];
}

export const NOTHING_YET: TreeState = {
  size: 0,
  position: 0n,
  eventId: null,
  chain: NOTHING_SIGNED,
  doubt: null,
  accepted: null,
};

/** The tree in the database of the read models. */
export class TreeTable {
  constructor(private readonly database: Database) {}

  async load(): Promise<TreeState> {
    const { rows } = await sql<{
      size: bigint;
      position: bigint;
      event_id: string | null;
      chain: NotaryChain | null;
      doubt: Doubt | null;
      accepted: string | null;
    }>`select size, position, event_id, chain, doubt, accepted
      from ${table('tree')}`.execute(this.database.for());
    const [row] = rows;
    if (!row) return NOTHING_YET;
    return {
      size: Number(row.size),
      position: row.position,
      eventId: row.event_id,
      chain: { ...NOTHING_SIGNED, ...row.chain },
      doubt: row.doubt,
      accepted: row.accepted,
    };
  }

  /** The last tile of each level, and the positions of the leaves in that of the lowest. */
  async edge(size: number): Promise<{
    readonly tiles: ReadonlyMap<string, Buffer>;
    readonly positions: readonly bigint[];
  }> {
    const edge = edgeOf(size);
    const tiles = await this.tiles(edge);
    const [leaves] = edge;
    if (leaves?.level !== 0) return { tiles, positions: [] };
    const db = this.database.for<NotaryTables>().withSchema(NOTARY_SCHEMA);
    const row = await db
      .selectFrom('leaves')
      .select('positions')
      .where('index', '=', BigInt(leaves.index))
      .executeTakeFirst();
    return { tiles, positions: positionsOf(row?.positions).slice(0, leaves.count) };
  }

  tiles(keys: readonly TileKey[]): Promise<ReadonlyMap<string, Buffer>> {
    return tilesIn(this.database.for<NotaryTables>(), keys);
  }

  /**
   * Moves the tree on, all of it or nothing.
   * @throws TreeMoved when it is not where it was.
   */
  async save(
    before: TreeState,
    after: TreeState,
    grown: { readonly tiles: readonly Tile[]; readonly positions: readonly LeafPositions[] },
  ): Promise<void> {
    await this.database
      .for<unknown>()
      .transaction()
      .execute(async (trx) => {
        await moveOn(trx, before, after);
        await writeTiles(trx, grown.tiles);
        await writePositions(trx, grown.positions);
      });
  }

  /** Why the log is refused; none once it is the right one again. */
  async noteDoubt(doubt: Doubt | null): Promise<void> {
    const text = doubt === null ? null : JSON.stringify(doubt);
    await sql`update ${table('tree')} set doubt = ${text}::text::jsonb`.execute(
      this.database.for(),
    );
  }

  /** Which published checkpoint was accepted, which ends the doubt about it. */
  async noteAccepted(accepted: string | null): Promise<void> {
    await sql`update ${table('tree')} set doubt = null, accepted = ${accepted}::text`.execute(
      this.database.for(),
    );
  }

  /** Begins at the start of the log again. */
  async empty(): Promise<void> {
    await this.database
      .for<unknown>()
      .transaction()
      .execute(async (trx) => {
        await sql`update ${table('tree')} set size = 0, position = 0, event_id = null,
          chain = null, doubt = null`.execute(trx);
        await sql`delete from ${table('tiles')}`.execute(trx);
        await sql`delete from ${table('leaves')}`.execute(trx);
        await sql`delete from ${table('published')}`.execute(trx);
      });
  }
}

/** Why the notary signs nothing until the log is another one or is accepted; read without the notary. */
export const notaryRefusal = async (database: Database): Promise<string | undefined> => {
  const db = database.for<unknown>();
  const { rows: found } = await sql<{ here: boolean }>`select exists(
    select from information_schema.columns where table_schema = ${NOTARY_SCHEMA}
      and table_name = 'tree' and column_name = 'doubt') as here`.execute(db);
  if (!found[0]?.here) return undefined;
  const { rows } = await sql<{ doubt: Doubt | null }>`select doubt from ${table('tree')}`.execute(
    db,
  );
  return rows[0]?.doubt?.why;
};

const moveOn = async (
  trx: Transaction<unknown>,
  before: TreeState,
  after: TreeState,
): Promise<void> => {
  const { rows } = await sql`update ${table('tree')} set
      size = ${after.size}, position = ${after.position}, event_id = ${after.eventId}::text,
      chain = ${JSON.stringify(after.chain)}::text::jsonb
    where size = ${before.size} and position = ${before.position}
      and event_id is not distinct from ${before.eventId}::text
    returning id`.execute(trx);
  if (rows.length !== 1) throw new TreeMoved();
};

const writeTiles = async (trx: Transaction<unknown>, tiles: readonly Tile[]): Promise<void> => {
  if (tiles.length === 0) return;
  const values = tiles.map(
    ({ level, index, hashes }) => sql`(${level}::integer, ${index}::bigint, ${own(hashes)}::bytea)`,
  );
  await sql`insert into ${table('tiles')} (level, index, hashes) values ${sql.join(values)}
    on conflict (level, index) do update set hashes = excluded.hashes`.execute(trx);
};

const writePositions = async (
  trx: Transaction<unknown>,
  tiles: readonly LeafPositions[],
): Promise<void> => {
  if (tiles.length === 0) return;
  const values = tiles.map(({ index, positions }) => {
    const bytes = Buffer.allocUnsafeSlow(positions.length * 8);
    positions.forEach((position, at) => bytes.writeBigUInt64BE(position, at * 8));
    return sql`(${index}::bigint, ${positions[0]!}::bigint, ${bytes}::bytea)`;
  });
  await sql`insert into ${table('leaves')} (index, first_position, positions)
    values ${sql.join(values)}
    on conflict (index) do update set positions = excluded.positions`.execute(trx);
};

const table = (name: keyof NotaryTables) => sql.id(NOTARY_SCHEMA, name);

/** Parameters may change hands; see `memoryOf` of the embedded database. */
const own = (bytes: Buffer): Uint8Array => new Uint8Array(bytes);

/** Of a snapshot of a reader as well. */
export const tilesIn = async (
  db: Kysely<NotaryTables>,
  keys: readonly TileKey[],
): Promise<ReadonlyMap<string, Buffer>> => {
  if (keys.length === 0) return new Map();
  const rows = await db
    .withSchema(NOTARY_SCHEMA)
    .selectFrom('tiles')
    .selectAll()
    .where((eb) =>
      eb.or(
        keys.map(({ level, index }) =>
          eb.and([eb('level', '=', level), eb('index', '=', BigInt(index))]),
        ),
      ),
    )
    .execute();
  return new Map(
    rows.map(({ level, index, hashes }) => [
      tileName({ level, index: Number(index) }),
      Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength),
    ]),
  );
};

export const positionsOf = (bytes: Uint8Array | undefined): bigint[] => {
  if (bytes === undefined) return [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: view.length / 8 }, (_, at) => view.readBigUInt64BE(at * 8));
};

/** How far the checkpoints of the log were put outside: up to this event of the stream of a day. */
export interface PublishedUpTo {
  readonly day: string;
  readonly revision: number;
  /** How many were. */
  readonly checkpoints: number;
  /** Where another one of the same size was found last. */
  readonly conflict: string | null;
}

/** To lose it costs that all are put there again, which changes nothing. */
export class PublishedTable {
  constructor(private readonly database: Database) {}

  async load(target: string): Promise<PublishedUpTo | undefined> {
    const { rows } = await sql<{
      day: string;
      revision: bigint;
      checkpoints: bigint;
      conflict: string | null;
    }>`select day, revision, checkpoints, conflict from ${table('published')}
      where target = ${target}`.execute(this.database.for());
    const [row] = rows;
    if (!row) return undefined;
    const { day, revision, checkpoints, conflict } = row;
    return { day, revision: Number(revision), checkpoints: Number(checkpoints), conflict };
  }

  async save(target: string, upTo: PublishedUpTo): Promise<void> {
    const { day, revision, checkpoints, conflict } = upTo;
    await sql`insert into ${table('published')} (target, day, revision, checkpoints, conflict)
      values (${target}, ${day}, ${revision}::bigint, ${checkpoints}::bigint, ${conflict}::text)
      on conflict (target) do update set day = excluded.day, revision = excluded.revision,
        checkpoints = excluded.checkpoints, conflict = excluded.conflict`.execute(
      this.database.for(),
    );
  }
}
