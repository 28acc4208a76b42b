import type { DatabaseSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { openLogFile, pageOf, prepareStatements, type Row, type Statements } from './log-file.js';

/** The revision of a tombstone on the wire; stored as the largest revision a number can hold. */
export const TOMBSTONE_REVISION = Number.MAX_SAFE_INTEGER;
/** `$tb` of a soft-deleted stream: anything this large hides the whole stream. */
const HIDE_ALL = Number.MAX_SAFE_INTEGER;
const SOFT_DELETE_METADATA = '{"$tb":9223372036854775807}';
/** Bytes a record takes in the position count beside its data; positions only look like offsets. */
const RECORD_OVERHEAD_BYTES = 128;
const CACHED_STREAMS = 100_000;
/** Appends that share one commit; readers and the connection get their turn in between. */
const MAX_APPENDS_PER_COMMIT = 1_000;

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

/** Some of what was asked for, in order. */
export interface Page {
  readonly events: StoredEvent[];
  /** Whether nothing is left in that direction. */
  readonly end: boolean;
  /** Where the next page begins: a revision of the stream, or a position of the whole log. */
  readonly next: number;
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
  /** Test only: every commit begins so much later. */
  commitDelayMs = 0;

  constructor(
    directory: string,
    private readonly now: () => number = Date.now,
  ) {
    this.db = openLogFile(directory);
    this.sql = prepareStatements(this.db);
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
      const state = this.stateOf(stream);
      if (!state || (state.last < 0 && !state.hasMetadata)) return wrongRevision(-1);
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

  /** Events of a stream from a revision on, what its metadata hides left out. */
  readStream(
    stream: string,
    from: number,
    direction: 'forwards' | 'backwards',
    limit: number,
  ): Page | 'notFound' | 'deleted' {
    if (this.isTombstoned(stream)) return 'deleted';
    const state = this.stateOf(stream);
    if (!state || state.last < 0 || isSoftDeleted(state)) return 'notFound';
    const first = firstVisible(state, stream);
    const forwards = direction === 'forwards';
    const page = forwards
      ? pageOf(this.sql.streamForwards, [state.id, Math.max(from, first), state.last, limit])
      : pageOf(this.sql.streamBackwards, [state.id, first, Math.min(from, state.last), limit]);
    const { rows, end } = page;
    const oldest = this.now() - (state.metadata.maxAge ?? Infinity) * 1_000;
    const events = rows.filter(({ created }) => created >= oldest);
    const next = rows.length > 0 ? rows.at(-1)!.revision + (forwards ? 1 : -1) : from;
    return { events: events.map((row) => toEvent(row, stream)), end, next };
  }

  /** Last revision of a stream; -1 when it has none. */
  lastRevision(stream: string): number {
    return this.stateOf(stream)?.last ?? -1;
  }

  /** Records of the whole log after (or, backwards, before) a position, both exclusive. */
  readAll(from: number, direction: 'forwards' | 'backwards', limit: number): Page {
    const statement = direction === 'forwards' ? this.sql.allForwards : this.sql.allBackwards;
    const { rows, end } = pageOf(statement, [from, limit]);
    const events = rows.map((row) => toEvent(row, (row as Row & { stream: string }).stream));
    return { events, end, next: rows.at(-1)?.position ?? from };
  }

  /** Whether a reader may begin here: at the start, on a record, or where none is written yet. */
  isValidPosition(position: number): boolean {
    return position <= 0 || position > this.head || this.sql.record.get(position) !== undefined;
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
      this.scheduleCommit();
    });
  }

  private scheduleCommit(): void {
    if (this.flushing || this.queue.length === 0) return;
    this.flushing = true;
    if (this.commitDelayMs > 0) setTimeout(() => this.flush(), this.commitDelayMs);
    else setImmediate(() => this.flush());
  }

  /** One transaction for what is waiting. A fault of the file refuses all of it. */
  private flush(): void {
    const batch = this.queue.splice(0, MAX_APPENDS_PER_COMMIT);
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
    this.flushing = false;
    this.scheduleCommit();
    if (this.head > headBefore) this.listeners.forEach((listener) => listener());
  }

  private rollBack(headBefore: number): void {
    this.head = headBefore;
    // What the cache holds may be of the transaction that is gone.
    this.streams.clear();
    try {
      // SQLite has already rolled back by itself when the disk was full.
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
    } catch {
      // The transaction stays open; the next flush fails on it and comes back here.
    }
  }

  private tryAppend(
    stream: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): AppendOutcome {
    const known = this.stateOf(stream);
    const softDeleted = isSoftDeleted(known);
    const decision = this.check(stream, expected, events);
    if (decision !== 'accept') return decision;
    const state = this.stateForWrite(stream);
    const before = state.last;
    let position = this.head;
    for (const event of events) {
      state.last += 1;
      position = this.insert(state, state.last, event);
    }
    this.sql.setLast.run(state.last, state.id);
    if (stream.startsWith('$$')) this.metadataWritten(stream.slice(2), events.at(-1));
    // Events written to a soft-deleted stream are visible; those before them stay hidden.
    if (softDeleted && events.length > 0) this.undelete(stream, before + 1);
    return { kind: 'appended', revision: state.last, position };
  }

  /**
   * The server's decision about an append: tombstones first, then the rows of the
   * expected-revision table and the strong idempotency check by event id. A no_stream that meets
   * a soft-deleted stream is compared as well, so that a late repetition does not write twice.
   */
  private check(
    stream: string,
    expected: ExpectedRevision,
    events: readonly Pick<ProposedEvent, 'id'>[],
  ): 'accept' | AppendOutcome {
    if (this.isTombstoned(stream)) return { kind: 'streamDeleted' };
    const state = this.stateOf(stream);
    const last = state?.last ?? -1;
    if (expected === 'streamExists') {
      if (isSoftDeleted(state)) return { kind: 'streamDeleted' };
      if (last < 0 && !state?.hasMetadata) return wrongRevision(last);
    }
    if (expected === 'any' || expected === 'streamExists') {
      return this.sameAsTail(state, last, events) ?? 'accept';
    }
    const revision = expected === 'noStream' ? -1 : expected;
    if (revision === last) return 'accept';
    if (revision > last || events.length === 0 || !state) return wrongRevision(last);
    const outcome = this.compareStored(state, revision + 1, events);
    const isNew = outcome.kind === 'wrongExpectedRevision' && isSoftDeleted(state);
    return expected === 'noStream' && isNew ? 'accept' : outcome;
  }

  private compareStored(
    state: StreamState,
    from: number,
    events: readonly Pick<ProposedEvent, 'id'>[],
  ): AppendOutcome {
    const stored = this.sql.idsFrom.all(state.id, from, events.length) as unknown as {
      id: string;
      position: number;
    }[];
    const differs = events.findIndex((event, index) => stored[index]?.id !== event.id);
    if (differs === 0) return wrongRevision(state.last);
    if (differs > 0) return { kind: 'corruptedIdempotency', current: state.last };
    const { position } = stored.at(-1)!;
    return { kind: 'appended', revision: from + events.length - 1, position };
  }

  /** The weak check of `any`: only an immediate repetition is recognised. */
  private sameAsTail(
    state: StreamState | undefined,
    last: number,
    events: readonly Pick<ProposedEvent, 'id'>[],
  ): AppendOutcome | undefined {
    const from = last - events.length + 1;
    if (!state || from < 0 || events.length === 0) return undefined;
    const outcome = this.compareStored(state, from, events);
    return outcome.kind === 'appended' ? outcome : undefined;
  }

  /** A deletion is checked as the append of an event nobody has seen. */
  private refusalOfDelete(stream: string, expected: ExpectedRevision): AppendOutcome | undefined {
    const decision = this.check(stream, expected, [{ id: '' }]);
    return decision === 'accept' ? undefined : decision;
  }

  private isTombstoned(stream: string): boolean {
    if (this.stateOf(stream)?.tombstoned) return true;
    // With a stream goes its metadata.
    return stream.startsWith('$$') && this.stateOf(stream.slice(2))?.tombstoned === true;
  }

  private writeMetadata(stream: string, json: string): Appended {
    const state = this.stateForWrite(`$$${stream}`);
    const event = systemEvent('$metadata', json);
    state.last += 1;
    const position = this.insert(state, state.last, event);
    this.sql.setLast.run(state.last, state.id);
    this.adoptMetadata(stream, event);
    return { kind: 'appended', revision: state.last, position };
  }

  /** Metadata written by a client; on a soft-deleted stream it ends the deletion, as an event does. */
  private metadataWritten(stream: string, event: ProposedEvent | undefined): void {
    if (!event) return;
    const state = this.stateOf(stream);
    const softDeleted = isSoftDeleted(state);
    this.adoptMetadata(stream, event);
    if (softDeleted) this.undelete(stream, state!.last + 1);
  }

  /** Makes the stream visible from a revision on and leaves the rest of its metadata as it is. */
  private undelete(stream: string, from: number): void {
    const latest = this.lastEventOf(`$$${stream}`);
    const kept = latest && parseJson(latest.data);
    if (kept) this.writeMetadata(stream, JSON.stringify({ ...kept, $tb: from }));
  }

  private adoptMetadata(stream: string, event: ProposedEvent): void {
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
}

/** The first revision that the metadata lets be seen. A metadata stream shows its newest event only. */
const firstVisible = ({ last, metadata }: StreamState, stream: string): number => {
  const kept = metadata.maxCount ?? (stream.startsWith('$$') ? 1 : Infinity);
  return Math.max(0, metadata.truncateBefore ?? 0, last - kept + 1);
};

const wrongRevision = (current: number): AppendOutcome => ({
  kind: 'wrongExpectedRevision',
  current,
});

const isSoftDeleted = (state: StreamState | undefined): boolean =>
  state !== undefined && (state.metadata.truncateBefore ?? 0) >= HIDE_ALL;

const systemEvent = (type: string, json: string): ProposedEvent => ({
  id: crypto.randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from(json),
  metadata: new Uint8Array(),
});

const parseJson = (data: Uint8Array): Record<string, unknown> | undefined => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
};

const parseMetadata = (data: Uint8Array): StreamMetadata => {
  const raw = parseJson(data) ?? {};
  const number = (key: string): number | undefined =>
    typeof raw[key] === 'number' && raw[key] >= 0 ? raw[key] : undefined;
  const [maxCount, maxAge, tb] = [number('$maxCount'), number('$maxAge'), number('$tb')];
  return {
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(tb === undefined ? {} : { truncateBefore: Math.min(tb, HIDE_ALL) }),
  };
};

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
