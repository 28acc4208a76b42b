import { randomUUID } from 'node:crypto';
import { status, type ServerWritableStream } from '@grpc/grpc-js';
import * as streams from '@eventstore/db-client/generated/streams_pb';
import { encodeEventResponse } from './encode.js';
import type { FaultSwitchboard } from './faults.js';
import { TOMBSTONE_REVISION, type Page, type StoredEvent } from './log.js';
import { badRequest, serviceError, streamDeletedError, streamNameOf } from './messages.js';
import type { ReadableLog } from './view.js';

/** An event comes encoded already; everything else as a message. */
export type ReadResponse = Buffer | streams.ReadResp;
type ReadCall = ServerWritableStream<streams.ReadReq, ReadResponse>;

/** Records fetched at once; between two pages other calls get their turn. */
const PAGE = 256;
/** Messages handed to the connection and not yet sent; beyond it the reader is waited for. */
const MAX_UNSENT = 512;
/** The same in bytes, for large events. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const DEFAULT_SEARCH_WINDOW = 32;
const WIRE_TOMBSTONE_REVISION = 9_223_372_036_854_775_807n;
const FROM_END = Number.MAX_SAFE_INTEGER;

interface Filter {
  readonly matches: (event: StoredEvent) => boolean;
  /** A checkpoint is due after so many records were examined. */
  readonly checkpointEvery: number;
}

/** Serves `Read`: a read that ends, or one that waits at its end, which is a subscription. */
export const serveRead = async (
  log: ReadableLog,
  faults: FaultSwitchboard,
  call: ReadCall,
): Promise<void> => {
  try {
    const options = call.request.getOptions();
    if (!options) throw badRequest('Options are missing');
    const reader = new Reader(log, faults, call, checked(options));
    if (options.hasSubscription()) await reader.subscribe();
    else await reader.readOnce();
  } catch (error) {
    if (!call.cancelled && !call.destroyed) call.emit('error', error as Error);
  }
};

/** Refuses what the server refuses: combinations that mean nothing. */
const checked = (options: streams.ReadReq.Options): streams.ReadReq.Options => {
  const { BACKWARDS } = streams.ReadReq.Options.ReadDirection;
  const ofStream = options.hasStream();
  if (!ofStream && !options.hasAll()) throw badRequest('Neither a stream nor $all is named');
  if (!options.hasCount() && !options.hasSubscription()) throw badRequest('The count is missing');
  if (ofStream && options.hasFilter()) throw badRequest('Only $all can be filtered');
  if (options.hasSubscription() && options.getReadDirection() === BACKWARDS) {
    throw badRequest('A subscription goes forwards');
  }
  return options;
};

class Reader {
  private readonly stream: string | undefined;
  private readonly backwards: boolean;
  private readonly filter: Filter | undefined;
  private ended: 'normally' | 'with-error' | undefined;
  private wake: (() => void) | undefined;
  /** $all: the last position read, exclusive. Stream: the next revision to read. */
  private cursor: number;
  private examined = 0;
  private unsentBytes = 0;
  /** The position last told to the reader of a filtered subscription. */
  private told: number;

  constructor(
    private readonly log: ReadableLog,
    private readonly faults: FaultSwitchboard,
    private readonly call: ReadCall,
    private readonly options: streams.ReadReq.Options,
  ) {
    const { Options } = streams.ReadReq;
    this.stream = options.hasStream()
      ? streamNameOf(options.getStream()!.getStreamIdentifier())
      : undefined;
    this.backwards = options.getReadDirection() === Options.ReadDirection.BACKWARDS;
    this.filter = options.hasFilter() ? filterOf(options.getFilter()!) : undefined;
    const wake = (): void => this.wake?.();
    for (const signal of ['drain', 'cancelled', 'close', 'error']) call.on(signal, wake);
    this.cursor = this.stream === undefined ? this.startOfAll() : this.startOfStream(this.stream);
    this.told = this.cursor;
  }

  async readOnce(): Promise<void> {
    let left = Number(this.options.getCount());
    let found = false;
    while (left > 0) {
      const page = this.nextPage(Math.min(left, PAGE));
      if (page === 'notFound') {
        if (!found) this.call.write(streamNotFound(this.options));
        break;
      }
      found = true;
      for (const event of page.events) {
        if (left === 0) break;
        if (this.filter && !this.filter.matches(event)) continue;
        left -= 1;
        if (!(await this.send(encode(event)))) return;
      }
      if (page.end) break;
      await nextTurn();
      if (this.gone()) return;
    }
    this.call.end();
  }

  async subscribe(): Promise<void> {
    const confirmation = new streams.ReadResp.SubscriptionConfirmation();
    confirmation.setSubscriptionId(randomUUID());
    this.call.write(new streams.ReadResp().setConfirmation(confirmation));
    let committed = true;
    const stopListening = this.log.onCommit(() => {
      if (this.faults.silentSubscriptions) return;
      committed = true;
      this.wake?.();
    });
    const end = (how: 'normally' | 'with-error'): void => {
      this.ended = how;
      this.wake?.();
    };
    this.faults.subscriptions.add(end);
    try {
      for (let live = false; this.alive();) {
        if (committed) {
          committed = false;
          if (!(await this.catchUp())) return;
          if (!live && this.alive()) {
            if (this.filter && !(await this.tell(this.cursor))) return;
            this.call.write(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
          }
          live = true;
          continue;
        }
        await new Promise<void>((resolve) => (this.wake = resolve));
        this.wake = undefined;
      }
      if (this.ended === 'normally') this.call.end();
      if (this.ended === 'with-error') throw serviceError(status.UNAVAILABLE, 'Subscription lost');
    } finally {
      stopListening();
      this.faults.subscriptions.delete(end);
    }
  }

  /** Sends everything up to the end of the log; false when the reader has gone. */
  private async catchUp(): Promise<boolean> {
    while (this.alive()) {
      const page = this.nextPage(PAGE);
      if (page === 'notFound') return true;
      for (const event of page.events) {
        const matches = !this.filter || this.filter.matches(event);
        if (matches && !(await this.send(encode(event)))) return false;
        if (this.filter && !(await this.checkpoint(event.position))) return false;
        if (this.ended) return true;
      }
      if (page.end) return true;
      await nextTurn();
    }
    return false;
  }

  private alive(): boolean {
    return !this.gone() && this.ended === undefined;
  }

  /** Counts a record that was examined, and says so from time to time. */
  private async checkpoint(position: number): Promise<boolean> {
    this.examined += 1;
    if (this.examined < this.filter!.checkpointEvery) return true;
    this.examined = 0;
    return this.tell(position);
  }

  /** How far a filter has looked, for a reader to go on from; never the same place twice. */
  private async tell(position: number): Promise<boolean> {
    if (this.faults.dropCheckpoints || position <= this.told) return true;
    this.told = position;
    const checkpoint = new streams.ReadResp.Checkpoint();
    checkpoint.setCommitPosition(String(position)).setPreparePosition(String(position));
    return this.send(new streams.ReadResp().setCheckpoint(checkpoint));
  }

  private nextPage(limit: number): Page | 'notFound' {
    const direction = this.backwards ? 'backwards' : 'forwards';
    if (this.cursor < 0 && this.backwards) return { events: [], end: true, next: this.cursor };
    const page =
      this.stream === undefined
        ? this.log.readAll(this.cursor, direction, this.filter ? PAGE : limit)
        : this.log.readStream(this.stream, this.cursor, direction, limit);
    if (page === 'deleted') throw streamDeletedError(this.stream!);
    if (page !== 'notFound') this.cursor = page.next;
    return page;
  }

  /** Sends with back-pressure; false when the reader has gone. */
  private async send(response: ReadResponse): Promise<boolean> {
    const bytes = Buffer.isBuffer(response) ? response.length : 0;
    this.unsentBytes += bytes;
    this.call.write(response, () => {
      this.unsentBytes -= bytes;
      if (this.unsentBytes <= MAX_UNSENT_BYTES) this.wake?.();
    });
    while (this.isFull() && !this.gone()) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return !this.gone();
  }

  private isFull(): boolean {
    return this.call.writableLength >= MAX_UNSENT || this.unsentBytes > MAX_UNSENT_BYTES;
  }

  private gone(): boolean {
    return this.call.cancelled || this.call.destroyed;
  }

  /** Reads of $all include the given position forwards and exclude it backwards; a subscription comes after it. */
  private startOfAll(): number {
    const all = this.options.getAll()!;
    if (all.hasStart()) return 0;
    if (all.hasEnd()) return this.backwards ? FROM_END : this.log.headPosition;
    const position = Number(all.getPosition()?.getCommitPosition());
    if (!this.log.isValidPosition(position)) {
      throw badRequest('Trying to read from an invalid position.');
    }
    return this.backwards || this.options.hasSubscription() ? position : position - 1;
  }

  private startOfStream(stream: string): number {
    const options = this.options.getStream()!;
    const subscribes = this.options.hasSubscription();
    if (options.hasStart()) return 0;
    if (options.hasEnd()) {
      if (this.backwards) return FROM_END;
      const last = this.log.lastRevision(stream);
      return subscribes ? last + 1 : Math.max(last, 0);
    }
    const revision = Number(options.getRevision());
    return subscribes ? revision + 1 : revision;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const encode = (event: StoredEvent): Buffer =>
  encodeEventResponse(
    event,
    event.revision === TOMBSTONE_REVISION ? WIRE_TOMBSTONE_REVISION : BigInt(event.revision),
  );

const filterOf = (options: streams.ReadReq.Options.FilterOptions): Filter => {
  const byStream = options.hasStreamIdentifier();
  const expression = byStream ? options.getStreamIdentifier() : options.getEventType();
  if (!expression) throw badRequest('The filter has no expression');
  const prefixes = expression.getPrefixList();
  const regex = expression.getRegex() === '' ? undefined : toRegex(expression.getRegex());
  const window = options.hasMax() ? options.getMax() : DEFAULT_SEARCH_WINDOW;
  const fits = (text: string): boolean =>
    regex ? regex.test(text) : prefixes.some((prefix) => text.startsWith(prefix));
  const verdictOf = byStream ? fits : remembered(fits);
  return {
    matches: (event) => verdictOf(byStream ? event.stream : event.type),
    checkpointEvery: Math.max(window, 1) * Math.max(options.getCheckpointintervalmultiplier(), 1),
  };
};

const MAX_REMEMBERED = 1_000;

/** There are few types and many events of each: an expression is asked about a type once. */
const remembered = (fits: (text: string) => boolean): ((text: string) => boolean) => {
  const verdicts = new Map<string, boolean>();
  return (text) => {
    let verdict = verdicts.get(text);
    if (verdict === undefined) {
      if (verdicts.size >= MAX_REMEMBERED) verdicts.clear();
      verdicts.set(text, (verdict = fits(text)));
    }
    return verdict;
  };
};

const toRegex = (source: string): RegExp => {
  try {
    return new RegExp(source);
  } catch {
    throw badRequest(`Invalid regular expression: ${source}`);
  }
};

const streamNotFound = (options: streams.ReadReq.Options): streams.ReadResp => {
  const notFound = new streams.ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(options.getStream()!.getStreamIdentifier());
  return new streams.ReadResp().setStreamNotFound(notFound);
};
