import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';

/** The revision of a tombstone on the wire; stored as the largest revision a number can hold. */
export const TOMBSTONE_REVISION = Number.MAX_SAFE_INTEGER;
/** `$tb` of a soft-deleted stream: anything this large hides the whole stream. */
const HIDE_ALL = Number.MAX_SAFE_INTEGER;
const SOFT_DELETE_METADATA = '{"$tb":9223372036854775807}';
/** Bytes a record takes in the position count beside its data; positions only look like offsets. */
const RECORD_OVERHEAD_BYTES = 128;
const CACHED_STREAMS = 100_000;
const FILE_NAME = 'log.sqlite';

export type ExpectedRevision = 'any' | 'noStream' | 'streamExists' | number;

export interface ProposedEvent {
  /** UUID text. */
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export interface StreamMetadata {
  readonly maxCount?: number;
  /** Seconds. */
  readonly maxAge?: number;
  readonly truncateBefore?: number;
}

/** `revision` is the last revision of the stream; -1 when it has none (an append of no events). */
export interface Appended {
  readonly kind: 'appended';
  readonly revision: number;
  readonly position: number;
}

export type AppendOutcome =
  | Appended
  | { readonly kind: 'wrongExpectedRevision'; readonly current: number }
  /** Part of the events are the stored ones, then they differ. */
  | { readonly kind: 'corruptedIdempotency'; readonly current: number }
  | { readonly kind: 'streamDeleted' };

/** The log could not be written; nothing of the request was kept, and it may be sent again. */
export class LogUnavailable extends Error {
  constructor(cause: unknown) {
    super(`The log cannot be written: ${(cause as Error).message}`, { cause });
    this.name = 'LogUnavailable';
  }
}

interface StreamState {
  readonly id: number;
  /** Last revision; -1 for a stream that has only metadata or nothing. */
  last: number;
  tombstoned: boolean;
  metadata: StreamMetadata;
  hasMetadata: boolean;
}

interface Pending {
  readonly run: () => AppendOutcome;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The event log of one node in one SQLite file, with EventStoreDB's rules for what an append may
 * do. Appends that arrive while a commit runs share the next one (group commit) and are answered
 * after it; the file is opened exclusively, so that a second node on the same data is refused.
 */
export class EventLog {
  private readonly db: DatabaseSync;
  private readonly streams = new LRUCache<string, StreamState>({ max: CACHED_STREAMS });
  private readonly listeners = new Set<() => void>();
  private queue: Pending[] = [];
  private flushing = false;
  private head: number;
  private readonly sql: Statements;

  constructor(
    directory: string,
    private readonly now: () => number = Date.now,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.db = open(join(directory, FILE_NAME));
    this.sql = prepare(this.db);
    this.head = (this.sql.head.get() as { position: number } | undefined)?.position ?? 0;
  }

  /** Position of the last record; 0 when the log is empty. */
  get headPosition(): number {
    return this.head;
  }

  /** Appends atomically; resolves after the commit. Rejects with {@link LogUnavailable}. */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): Promise<AppendOutcome> {
    return this.enqueue(() => this.tryAppend(stream, expected, events));
  }

  /** Hides all events of the stream; its numbering goes on if it is written again. */
  softDelete(stream: string, expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.enqueue(() => {
      const refused = this.refusalOfDelete(stream, expected);
      if (refused) return refused;
      return this.writeMetadata(stream, SOFT_DELETE_METADATA);
    });
  }

  /** Ends the stream's name for ever. */
  tombstone(stream: string, expected: ExpectedRevision): Promise<AppendOutcome> {
    return this.enqueue(() => {
      const refused = this.refusalOfDelete(stream, expected);
      if (refused) return refused;
      const state = this.stateForWrite(stream);
      const position = this.insert(state, TOMBSTONE_REVISION, systemEvent('$streamDeleted', '{}'));
      state.tombstoned = true;
      this.sql.setTombstone.run(state.id);
      return { kind: 'appended', revision: TOMBSTONE_REVISION, position };
    });
  }

  /**
   * Events of a stream from a revision on, what its metadata hides left out. `end` says that the
   * stream has nothing more in that direction.
   */
  readStream(
    stream: string,
    from: number,
    direction: 'forwards' | 'backwards',
    limit: number,
  ): { readonly events: StoredEvent[]; readonly end: boolean } | 'notFound' | 'deleted' {
    const state = this.stateOf(stream);
    if (state?.tombstoned) return 'deleted';
    const first = state && this.firstVisible(state, stream);
    if (!state || first === undefined || first > state.last) return 'notFound';
    const rows =
      direction === 'forwards'
        ? this.sql.streamForwards.all(state.id, Math.max(from, first), state.last, limit)
        : this.sql.streamBackwards.all(state.id, first, Math.min(from, state.last), limit);
    const events = (rows as unknown as Row[]).map((row) => toEvent(row, stream));
    const end = events.length < limit;
    const { maxAge } = state.metadata;
    if (maxAge === undefined) return { events, end };
    const oldest = this.now() - maxAge * 1_000;
    return { events: events.filter(({ created }) => created >= oldest), end };
  }

  /** Last revision of a stream; -1 when it has none. */
  lastRevision(stream: string): number {
    return this.stateOf(stream)?.last ?? -1;
  }

  /** Records of the whole log after (or, backwards, before) a position, both exclusive. */
  readAll(from: number, direction: 'forwards' | 'backwards', limit: number): StoredEvent[] {
    const statement = direction === 'forwards' ? this.sql.allForwards : this.sql.allBackwards;
    return (statement.all(from, limit) as unknown as (Row & { stream: string })[]).map((row) =>
      toEvent(row, row.stream),
    );
  }

  /** Calls back after every commit; returns how to stop that. */
  onCommit(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Test only: a log that may not grow past so many pages fails exactly as a full disk does. */
  limitPages(pages: number | undefined): void {
    const { page_count: used } = this.db.prepare('PRAGMA page_count').get() as {
      page_count: number;
    };
    this.db.exec(`PRAGMA max_page_count = ${pages === undefined ? 4_294_967_294 : used + pages}`);
  }

  /** Waits for what is queued, then releases the file. */
  async close(): Promise<void> {
    while (this.queue.length > 0 || this.flushing) await nextTurn();
    this.db.close();
  }

  private enqueue(run: () => AppendOutcome): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.queue.push({ run, resolve, reject });
      if (this.flushing) return;
      this.flushing = true;
      setImmediate(() => this.flush());
    });
  }

  /** One transaction for everything that is waiting. A fault of the file refuses all of it. */
  private flush(): void {
    const batch = this.queue;
    this.queue = [];
    const headBefore = this.head;
    try {
      this.db.exec('BEGIN IMMEDIATE');
      const outcomes = batch.map(({ run }) => run());
      this.db.exec('COMMIT');
      batch.forEach(({ resolve }, index) => resolve(outcomes[index]!));
    } catch (error) {
      this.rollBack(headBefore);
      batch.forEach(({ reject }) => reject(new LogUnavailable(error)));
    }
    this.flushing = this.queue.length > 0;
    if (this.flushing) setImmediate(() => this.flush());
    if (this.head > headBefore) this.listeners.forEach((listener) => listener());
  }

  private rollBack(headBefore: number): void {
    this.head = headBefore;
    this.streams.clear();
    // SQLite has already rolled back by itself when the disk was full.
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
  }

  private tryAppend(
    stream: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): AppendOutcome {
    const known = this.stateOf(stream);
    if (known?.tombstoned) return { kind: 'streamDeleted' };
    const last = known?.last ?? -1;
    const decision = this.check(known, expected, events);
    if (decision !== 'accept') return decision;
    const state = this.stateForWrite(stream);
    let position = this.head;
    for (const event of events) {
      state.last += 1;
      position = this.insert(state, state.last, event);
    }
    this.sql.setLast.run(state.last, state.id);
    if (stream.startsWith('$$')) this.adoptMetadata(stream.slice(2), events.at(-1));
    // Events written to a soft-deleted stream are visible; those before them stay hidden.
    if (isSoftDeleted(known) && events.length > 0) {
      this.writeMetadata(stream, JSON.stringify({ $tb: last + 1 }));
    }
    return { kind: 'appended', revision: state.last, position };
  }

  /** The rows of the expected-revision table, then the strong idempotency check by event id. */
  private check(
    state: StreamState | undefined,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): 'accept' | AppendOutcome {
    const last = state?.last ?? -1;
    const softDeleted = isSoftDeleted(state);
    const wrong = { kind: 'wrongExpectedRevision', current: last } as const;
    switch (expected) {
      case 'any':
        return this.sameAsTail(state, last, events) ?? 'accept';
      case 'streamExists': {
        const exists = !softDeleted && (last >= 0 || state?.hasMetadata === true);
        return exists ? (this.sameAsTail(state, last, events) ?? 'accept') : wrong;
      }
      case 'noStream':
        if (last < 0 || softDeleted) return 'accept';
        return this.compareStored(state!, 0, events, wrong);
      default:
        if (expected === last) return 'accept';
        if (expected > last || events.length === 0 || !state) return wrong;
        return this.compareStored(state, expected + 1, events, wrong);
    }
  }

  private compareStored(
    state: StreamState,
    from: number,
    events: readonly ProposedEvent[],
    wrong: AppendOutcome & { kind: 'wrongExpectedRevision' },
  ): AppendOutcome {
    const stored = this.sql.idsFrom.all(state.id, from, events.length) as unknown as {
      id: string;
      position: number;
    }[];
    const differs = events.findIndex((event, index) => stored[index]?.id !== event.id);
    if (differs === 0 || events.length === 0) return wrong;
    if (differs > 0) return { kind: 'corruptedIdempotency', current: wrong.current };
    const { position } = stored.at(-1)!;
    return { kind: 'appended', revision: from + events.length - 1, position };
  }

  /** The weak check of `any`: only an immediate repetition is recognised. */
  private sameAsTail(
    state: StreamState | undefined,
    last: number,
    events: readonly ProposedEvent[],
  ): AppendOutcome | undefined {
    const from = last - events.length + 1;
    if (!state || from < 0 || events.length === 0) return undefined;
    const wrong = { kind: 'wrongExpectedRevision', current: last } as const;
    const outcome = this.compareStored(state, from, events, wrong);
    return outcome.kind === 'appended' ? outcome : undefined;
  }

  private refusalOfDelete(stream: string, expected: ExpectedRevision): AppendOutcome | undefined {
    const state = this.stateOf(stream);
    if (state?.tombstoned) return { kind: 'streamDeleted' };
    const current = state?.last ?? -1;
    const fits =
      expected === 'any' ||
      (expected === 'noStream' && current < 0) ||
      (expected === 'streamExists' && current >= 0 && !isSoftDeleted(state)) ||
      expected === current;
    return fits ? undefined : { kind: 'wrongExpectedRevision', current };
  }

  private writeMetadata(stream: string, json: string): Appended {
    const name = `$$${stream}`;
    const state = this.stateForWrite(name);
    const event = systemEvent('$metadata', json);
    state.last += 1;
    const position = this.insert(state, state.last, event);
    this.sql.setLast.run(state.last, state.id);
    this.adoptMetadata(stream, event);
    return { kind: 'appended', revision: state.last, position };
  }

  private adoptMetadata(stream: string, event: ProposedEvent | undefined): void {
    if (!event) return;
    const state = this.stateForWrite(stream);
    state.metadata = parseMetadata(event.data);
    state.hasMetadata = true;
  }

  private insert(state: StreamState, revision: number, event: ProposedEvent): number {
    const position = this.head + RECORD_OVERHEAD_BYTES + event.data.length + event.metadata.length;
    this.sql.insert.run(
      position,
      state.id,
      revision,
      event.id,
      event.type,
      event.contentType,
      event.data,
      event.metadata,
      this.now(),
    );
    this.head = position;
    return position;
  }

  private stateForWrite(stream: string): StreamState {
    const known = this.stateOf(stream);
    if (known) return known;
    const { lastInsertRowid } = this.sql.newStream.run(stream);
    const id = Number(lastInsertRowid);
    const state = { id, last: -1, tombstoned: false, metadata: {}, hasMetadata: false };
    this.streams.set(stream, state);
    return state;
  }

  private stateOf(stream: string): StreamState | undefined {
    const cached = this.streams.get(stream);
    if (cached) return cached;
    const row = this.sql.stream.get(stream) as
      { id: number; last: number; tombstoned: number } | undefined;
    if (!row) return undefined;
    const metadata = stream.startsWith('$$') ? undefined : this.lastEventOf(`$$${stream}`);
    const state: StreamState = {
      id: row.id,
      last: row.last,
      tombstoned: row.tombstoned === 1,
      metadata: metadata ? parseMetadata(metadata.data) : {},
      hasMetadata: metadata !== undefined,
    };
    this.streams.set(stream, state);
    return state;
  }

  private lastEventOf(stream: string): { data: Uint8Array } | undefined {
    return this.sql.lastOf.get(stream) as { data: Uint8Array } | undefined;
  }

  private firstVisible(state: StreamState, stream: string): number | undefined {
    const { maxCount, truncateBefore = 0 } = state.metadata;
    if (truncateBefore >= HIDE_ALL) return undefined;
    // A metadata stream shows its newest event only.
    const kept = maxCount ?? (stream.startsWith('$$') ? 1 : undefined);
    return Math.max(truncateBefore, kept === undefined ? 0 : state.last - kept + 1);
  }
}

const isSoftDeleted = (state: StreamState | undefined): boolean =>
  state !== undefined && (state.metadata.truncateBefore ?? 0) >= HIDE_ALL;

const systemEvent = (type: string, json: string): ProposedEvent => ({
  id: crypto.randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from(json),
  metadata: new Uint8Array(),
});

const parseMetadata = (data: Uint8Array): StreamMetadata => {
  try {
    const raw = JSON.parse(Buffer.from(data).toString('utf8')) as Record<string, unknown>;
    const number = (key: string): number | undefined =>
      typeof raw[key] === 'number' ? raw[key] : undefined;
    const [maxCount, maxAge, tb] = [number('$maxCount'), number('$maxAge'), number('$tb')];
    return {
      ...(maxCount === undefined ? {} : { maxCount }),
      ...(maxAge === undefined ? {} : { maxAge }),
      ...(tb === undefined ? {} : { truncateBefore: Math.min(tb, HIDE_ALL) }),
    };
  } catch {
    return {};
  }
};

interface Row {
  readonly position: number;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly content_type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  readonly created: number;
}

const toEvent = (row: Row, stream: string): StoredEvent => ({
  id: row.id,
  type: row.type,
  contentType: row.content_type,
  data: row.data,
  metadata: row.metadata,
  stream,
  revision: row.revision,
  position: row.position,
  created: row.created,
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const open = (file: string): DatabaseSync => {
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
      COMMIT;
    `);
    return db;
  } catch (error) {
    db.close();
    if (/locked|busy/i.test((error as Error).message)) {
      throw new Error(`Another process has the event log ${file} open`, { cause: error });
    }
    throw error;
  }
};

const COLUMNS = 'position, revision, id, type, content_type, data, metadata, created';

type Statements = ReturnType<typeof prepare>;

const prepare = (db: DatabaseSync) => {
  const statement = (sql: string): StatementSync => db.prepare(sql);
  const all = `SELECT position, revision, e.id, type, content_type, data, metadata, created,
    s.name AS stream FROM events e JOIN streams s ON s.id = e.stream_id`;
  return {
    head: statement('SELECT position FROM events ORDER BY position DESC LIMIT 1'),
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
