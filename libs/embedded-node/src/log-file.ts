import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const FILE_NAME = 'log.sqlite';
/** Of the tables below; kept in the file. */
const LAYOUT = 1;
/** Of event data; a page ends after the event that reaches it. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** An event as it lies in the file. */
export interface Row {
  readonly position: number;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly content_type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  readonly created: number;
}

/** Opens (or makes) the log's file for this process alone. */
export const openLogFile = (directory: string): DatabaseSync => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, FILE_NAME);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // The exclusive lock is taken by the first access and held until the file is closed.
    db.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -65536;
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS streams (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        last INTEGER NOT NULL DEFAULT -1,
        tombstoned INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY,
        stream_id INTEGER NOT NULL REFERENCES streams (id),
        revision INTEGER NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        content_type TEXT NOT NULL,
        data BLOB NOT NULL,
        metadata BLOB NOT NULL,
        created INTEGER NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX IF NOT EXISTS events_by_stream ON events (stream_id, revision);
    `);
    checkLayout(db, file);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    db.close();
    if (/locked|busy/i.test((error as Error).message)) {
      throw new Error(`Another process has the event log ${file} open`, { cause: error });
    }
    throw error;
  }
};

/** Refuses a file that a later version of this program has laid out differently. */
const checkLayout = (db: DatabaseSync, file: string): void => {
  const { user_version: layout } = db.prepare('PRAGMA user_version').get() as {
    user_version: number;
  };
  if (layout > LAYOUT) {
    throw new Error(`The event log ${file} has layout ${layout}; this program knows ${LAYOUT}`);
  }
  if (layout < LAYOUT) db.exec(`PRAGMA user_version = ${LAYOUT}`);
};

const COLUMNS = 'position, revision, id, type, content_type, data, metadata, created';

export type Statements = ReturnType<typeof prepareStatements>;

export const prepareStatements = (db: DatabaseSync) => {
  const statement = (sql: string): StatementSync => db.prepare(sql);
  const all = `SELECT position, revision, e.id, type, content_type, data, metadata, created,
    s.name AS stream FROM events e JOIN streams s ON s.id = e.stream_id`;
  return {
    head: statement('SELECT position FROM events ORDER BY position DESC LIMIT 1'),
    record: statement('SELECT 1 FROM events WHERE position = ?'),
    stream: statement('SELECT id, last, tombstoned FROM streams WHERE name = ?'),
    newStream: statement('INSERT INTO streams (name) VALUES (?)'),
    setLast: statement('UPDATE streams SET last = ? WHERE id = ?'),
    setTombstone: statement('UPDATE streams SET tombstoned = 1 WHERE id = ?'),
    insert: statement(
      `INSERT INTO events (position, stream_id, revision, id, type, content_type, data, metadata, created)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    idsFrom: statement(
      `SELECT id, position FROM events WHERE stream_id = ? AND revision >= ?
       ORDER BY revision LIMIT ?`,
    ),
    lastOf: statement(
      `SELECT data FROM events e JOIN streams s ON s.id = e.stream_id
       WHERE s.name = ? ORDER BY revision DESC LIMIT 1`,
    ),
    streamForwards: statement(
      `SELECT ${COLUMNS} FROM events WHERE stream_id = ? AND revision >= ? AND revision <= ?
       ORDER BY revision LIMIT ?`,
    ),
    streamBackwards: statement(
      `SELECT ${COLUMNS} FROM events WHERE stream_id = ? AND revision >= ? AND revision <= ?
       ORDER BY revision DESC LIMIT ?`,
    ),
    allForwards: statement(`${all} WHERE position > ? ORDER BY position LIMIT ?`),
    allBackwards: statement(`${all} WHERE position < ? ORDER BY position DESC LIMIT ?`),
  };
};

/** Reads rows until the statement's limit (its last parameter) or the page's bytes are reached. */
export const pageOf = (
  statement: StatementSync,
  parameters: readonly number[],
): { rows: Row[]; end: boolean } => {
  const rows: Row[] = [];
  let bytes = 0;
  for (const found of statement.iterate(...parameters)) {
    const row = found as unknown as Row;
    rows.push(row);
    bytes += row.data.length + row.metadata.length;
    if (bytes >= MAX_PAGE_BYTES) return { rows, end: false };
  }
  return { rows, end: rows.length < parameters.at(-1)! };
};
