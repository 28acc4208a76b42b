import { setTimeout as sleep } from 'node:timers/promises';
import {
  BACKWARDS,
  END,
  FORWARDS,
  jsonEvent,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  type EventStoreDBClient,
  type JSONEventType,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import type { NewEvent, StreamAccess } from '../aggregate-store.js';
import { StoreUnavailable, WrongExpectedRevision } from '../errors.js';
import type { RecordedEvent } from '../message.js';
import { silentObserver, type KernelObserver } from '../observer.js';
import { inSpan, inSpanBelow, SpanKind, traceOf, type Span } from '../tracing.js';
import { checkSize } from './append-size.js';
import { connect, dispose, withTimeout, type Connection } from './connection.js';
import {
  ReadCutShort,
  detailOf,
  isMisdirected,
  isTransient,
  reasonOf,
  refusalOf,
} from './failures.js';
import { logBatches } from './log-read.js';
import { whyUnreachable } from './reachability.js';
import { toRecorded } from './recorded.js';

export interface EventStoreOptions {
  /** A connection string (`esdb://...`), or the bare endpoint of the embedded node. */
  readonly connection: Connection;
  /** One call's own time-out; the client does not enforce deadlines on batch appends. */
  readonly callTimeoutMs?: number;
  /** Bounds on repeating a call whose outcome is unknown. */
  readonly maxTries?: number;
  readonly retryWindowMs?: number;
  readonly observer?: KernelObserver;
}

/** A failed append says nothing any more about whether the next one would. */
const WRITE_FAULT_MS = 30_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** After so many transport faults in a row the client object is replaced: it caches some of them. */
const FAULTS_BEFORE_NEW_CLIENT = 2;

/**
 * While a cluster has no leader the client makes do with a follower and stays there. What that has not
 * received yet is missing from its answers, and a command would be refused for what is not so any more.
 */
const BY_LEADER = { requiresLeader: true } as const;
/** The one place that holds an EventStoreDB client: one per process, replaced when it sticks. */
export class EventStore implements StreamAccess {
  private connected: EventStoreDBClient | undefined;
  private faultsInARow = 0;
  private refusedWrite: { readonly reason: string; readonly at: number } | undefined;
  private closed = false;
  private readonly givenUp = new WeakSet<EventStoreDBClient>();
  private readonly callTimeoutMs: number;
  private readonly maxTries: number;
  private readonly retryWindowMs: number;
  private readonly observer: KernelObserver;

  constructor(private readonly options: EventStoreOptions) {
    this.callTimeoutMs = options.callTimeoutMs ?? 5_000;
    this.maxTries = options.maxTries ?? 6;
    this.retryWindowMs = options.retryWindowMs ?? 15_000;
    this.observer = options.observer ?? silentObserver;
  }

  /**
   * Appends atomically at the expected revision. An unknown outcome (time-out, lost connection,
   * leader change) is settled by sending the same ids at the same revision again, which the
   * server recognises.
   * @throws WrongExpectedRevision, AppendTooLarge, or StoreUnavailable when the bounds ran out or this
   *   process may not append.
   */
  async append(
    stream: string,
    expected: bigint | 'no_stream',
    events: readonly NewEvent[],
  ): Promise<{ revision: bigint; position: bigint }> {
    const attributes = {
      ...callOf('append', stream),
      'hostledger.expected_revision': String(expected),
      'hostledger.events': events.length,
    };
    return inSpan('append', { kind: SpanKind.CLIENT, attributes }, (span) =>
      this.appended(stream, expected, events, span),
    );
  }

  private async appended(
    stream: string,
    expected: bigint | 'no_stream',
    events: readonly NewEvent[],
    span: Span | undefined,
  ): Promise<{ revision: bigint; position: bigint }> {
    const sizeBytes = checkSize(stream, events);
    const cause = traceOf(span);
    const messages = events.map(({ id, type, data, metadata }) =>
      jsonEvent({
        ...{ id, type, data: data as JSONEventType['data'] },
        metadata: { ...metadata, ...cause },
      }),
    );
    const started = performance.now();
    let outcome: Parameters<KernelObserver['appended']>[0] = 'refused';
    try {
      const result = await this.persistently(`append to ${stream}`, (client) =>
        client
          .appendToStream(stream, messages, { expectedRevision: expected, ...BY_LEADER })
          .catch((error) => {
            throw refusalOf(error, stream, expected, sizeBytes);
          }),
      );
      outcome = 'ok';
      this.refusedWrite = undefined;
      const revision = result.nextExpectedRevision;
      const position = result.position?.commit ?? (await this.positionOf(stream, result));
      span?.setAttribute('hostledger.revision', revision.toString());
      span?.setAttribute('hostledger.position', position.toString());
      return { revision, position };
    } catch (error) {
      if (error instanceof WrongExpectedRevision) outcome = 'wrongExpectedRevision';
      if (error instanceof StoreUnavailable) {
        outcome = 'unavailable';
        this.refusedWrite = { reason: error.message, at: performance.now() };
      }
      throw error;
    } finally {
      span?.setAttribute('hostledger.outcome', outcome);
      this.observer.appended(outcome, (performance.now() - started) / 1000);
    }
  }

  async readStream(
    stream: string,
    fromRevision: bigint,
    maxCount: number = Number.MAX_SAFE_INTEGER,
  ): Promise<RecordedEvent[]> {
    const attributes = {
      ...callOf('read', stream),
      'hostledger.from_revision': fromRevision.toString(),
    };
    return inSpanBelow('read', { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const events = await this.persistently(`read of ${stream}`, async (client) => {
        const options = { direction: FORWARDS, fromRevision, maxCount, ...BY_LEADER } as const;
        const read = client.readStream(stream, options);
        try {
          return await this.collect(client, read, `read of ${stream}`);
        } catch (error) {
          if (error instanceof StreamNotFoundError) return [];
          throw error;
        }
      });
      span?.setAttribute('hostledger.events', events.length);
      return events;
    });
  }

  /**
   * Events of the whole log after a position (0: from the start), system events left out; fewer than
   * `maxCount` only at its end.
   */
  async readAll(after: bigint, maxCount: number): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let reached = after; ;) {
      const page = await this.recordsAfter(reached, maxCount);
      events.push(...page.filter(({ type }) => !type.startsWith('$')));
      if (page.length < maxCount || events.length >= maxCount) return events.slice(0, maxCount);
      reached = page.at(-1)!.position;
    }
  }

  private recordsAfter(after: bigint, maxCount: number): Promise<RecordedEvent[]> {
    const options = { kind: SpanKind.CLIENT, attributes: callOf('read', '$all') };
    return inSpanBelow('read', options, () =>
      this.persistently('read of $all', async (client) => {
        const fromPosition = after === 0n ? START : { commit: after, prepare: after };
        const read = client.readAll({
          ...{ direction: FORWARDS, fromPosition, maxCount: maxCount + 1, ...BY_LEADER },
        });
        const records = await this.collect(client, read, 'read of $all');
        return records.filter(({ position }) => position > after).slice(0, maxCount);
      }),
    );
  }

  /**
   * All records of the log after a position (0: from the start) and up to another, system events as well,
   * in one read that is held back while nobody takes them. Where the connection is lost, it goes on behind
   * the last record that was handed out.
   * @throws StoreUnavailable when the bounds ran out without a further record.
   */
  async *readLog(after: bigint, until: bigint): AsyncGenerator<readonly RecordedEvent[]> {
    let reached = after;
    for (let attempt = 1; reached < until; attempt += 1) {
      const client = this.client();
      try {
        for await (const batch of logBatches(client, reached, this.callTimeoutMs)) {
          const last = batch.at(-1)!.position;
          const isWithin = batch[0]!.position > reached && last <= until;
          const events = isWithin
            ? batch
            : batch.filter(({ position }) => position > reached && position <= until);
          if (events.length > 0) yield events;
          if (last >= until) return;
          reached = last > reached ? last : reached;
          attempt = 1;
        }
        this.mustBeWhole(client, 'read of the log');
        return;
      } catch (error) {
        if (!isTransient(error)) throw error;
        await this.noteFault(error, client);
        if (attempt >= this.maxTries) {
          throw new StoreUnavailable(`The read of the log did not succeed: ${detailOf(error)}`, {
            cause: error,
          });
        }
        await sleep(pauseBefore(attempt));
      }
    }
  }

  /**
   * Up to `maxCount` events of the whole log, from the one that begins at exactly this position on;
   * none where no event begins there.
   */
  async readAllFrom(position: bigint, maxCount: number): Promise<RecordedEvent[]> {
    const events = await this.recordsFrom(position, maxCount);
    return events?.[0]?.position === position ? events : [];
  }

  /** Whether the log can be read on from this position: the server refuses one that no event has had. */
  async hasPosition(position: bigint): Promise<boolean> {
    return (await this.recordsFrom(position, 1)) !== undefined;
  }

  /** Undefined where the server refuses the position. */
  private recordsFrom(position: bigint, maxCount: number): Promise<RecordedEvent[] | undefined> {
    return this.persistently('read of $all', async (client) => {
      const fromPosition = { commit: position, prepare: position };
      const read = client.readAll({ direction: FORWARDS, fromPosition, maxCount, ...BY_LEADER });
      try {
        return await this.collect(client, read, 'read of $all');
      } catch (error) {
        if (isRefusedPosition(error)) return undefined;
        throw error;
      }
    });
  }

  /** Whether the stream was deleted for ever: it can be neither read nor written. */
  async isTombstoned(stream: string): Promise<boolean> {
    try {
      await this.readStream(stream, 0n, 1);
      return false;
    } catch (error) {
      if (error instanceof StreamDeletedError) return true;
      throw error;
    }
  }

  /** The event at exactly this position; undefined where no event begins there. */
  async eventAt(position: bigint): Promise<RecordedEvent | undefined> {
    return (await this.readAllFrom(position, 1))[0];
  }

  /** Id of the event at exactly this position. */
  async idAt(position: bigint): Promise<string | undefined> {
    return (await this.eventAt(position))?.id;
  }

  /** Commit position of the last record of the log; 0 when it is empty. One cheap read: the health probe. */
  async head(timeoutMs = this.callTimeoutMs): Promise<bigint> {
    const client = this.client();
    const read = client.readAll({
      ...{ direction: BACKWARDS, fromPosition: END, maxCount: 1, ...BY_LEADER },
    });
    const position = async (): Promise<bigint> => {
      for await (const { event } of read) return event?.position?.commit ?? 0n;
      return 0n;
    };
    try {
      const head = await withTimeout(position(), 'read of the head', timeoutMs);
      this.mustBeWhole(client, 'read of the head');
      this.faultsInARow = 0;
      return head;
    } catch (error) {
      await this.noteFault(error, client);
      const causes = isTransient(error) ? await this.whyUnreachable() : [];
      const detail = [detailOf(error), ...causes].join('; ');
      throw new StoreUnavailable(`Event store: ${detail}`, { cause: error });
    } finally {
      await read.cancel().catch(() => undefined);
    }
  }

  /** As the server tells it: `24.10.0`. */
  async serverVersion(): Promise<string> {
    const client = this.client();
    return (await withTimeout(client['capabilities'], 'version', this.callTimeoutMs)).serverVersion;
  }

  /** Why appends fail at present, a full disk for one: the last one did, lately, and none since succeeded. */
  writeFault(): string | undefined {
    const { refusedWrite } = this;
    if (!refusedWrite || performance.now() - refusedWrite.at > WRITE_FAULT_MS) return undefined;
    return refusedWrite.reason;
  }

  /** The client, for subscriptions. */
  client(): EventStoreDBClient {
    if (this.closed) throw new StoreUnavailable('The event store client is closed');
    this.connected ??= connect(this.options.connection);
    return this.connected;
  }

  /**
   * Replaces the client object after repeated faults: it caches a failed feature probe for ever. Many
   * calls fail together when one connection breaks, and those of a client that was replaced already
   * say nothing about the present one.
   */
  async noteFault(error: unknown, client: EventStoreDBClient): Promise<void> {
    if (client !== this.connected || !isTransient(error) || isMisdirected(error)) return;
    this.faultsInARow += 1;
    if (this.faultsInARow < FAULTS_BEFORE_NEW_CLIENT) return;
    this.faultsInARow = 0;
    this.connected = undefined;
    await this.giveUp(client);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.connected) await this.giveUp(this.connected);
  }

  private async giveUp(client: EventStoreDBClient): Promise<void> {
    this.givenUp.add(client);
    await dispose(client);
  }

  private whyUnreachable(): Promise<string[]> {
    const { connection } = this.options;
    return typeof connection === 'string' ? whyUnreachable(connection) : Promise.resolve([]);
  }

  /** Servers before 22.6 leave the position out of some replies. */
  private async positionOf(
    stream: string,
    result: { readonly nextExpectedRevision: bigint },
  ): Promise<bigint> {
    const [event] = await this.readStream(stream, result.nextExpectedRevision, 1);
    if (!event) throw new StoreUnavailable(`The event just appended to ${stream} cannot be read`);
    return event.position;
  }

  private async collect(
    client: EventStoreDBClient,
    read: StreamingRead<ResolvedEvent>,
    what: string,
  ): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    const drain = async (): Promise<void> => {
      for await (const resolved of read) {
        const recorded = toRecorded(resolved);
        if (recorded) events.push(recorded);
      }
    };
    try {
      await withTimeout(drain(), what, this.callTimeoutMs);
      this.mustBeWhole(client, what);
      return events;
    } catch (error) {
      await read.cancel().catch(() => undefined);
      throw error;
    }
  }

  /** @throws ReadCutShort where the client was disposed of, whose open reads then end without an error. */
  private mustBeWhole(client: EventStoreDBClient, what: string): void {
    if (this.givenUp.has(client)) throw new ReadCutShort(`The ${what}`);
  }

  private async persistently<T>(
    what: string,
    call: (client: EventStoreDBClient) => Promise<T>,
  ): Promise<T> {
    const giveUpAt = performance.now() + this.retryWindowMs;
    for (let attempt = 1; ; attempt += 1) {
      const client = this.client();
      try {
        const result = await withTimeout(call(client), what, this.callTimeoutMs);
        this.faultsInARow = 0;
        return result;
      } catch (error) {
        if (!isTransient(error)) throw error;
        await this.noteFault(error, client);
        const pauseMs = pauseBefore(attempt);
        if (attempt >= this.maxTries || performance.now() + pauseMs > giveUpAt) {
          throw new StoreUnavailable(`The ${what} did not succeed: ${detailOf(error)}`, {
            cause: error,
          });
        }
        this.observer.appendRetried(reasonOf(error));
        await sleep(pauseMs);
      }
    }
  }
}

/** What spans of calls to the store say of it. */
const callOf = (operation: 'append' | 'read', stream: string) => ({
  'db.system.name': 'eventstoredb',
  'db.operation.name': operation,
  'hostledger.stream': stream,
});

/** The refusal of a position comes under a code that others share. */
const isRefusedPosition = (error: unknown): boolean =>
  isTransient(error) && /position/i.test((error as Error).message);

const pauseBefore = (attempt: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
