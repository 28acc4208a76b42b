import { setTimeout as sleep } from 'node:timers/promises';
import {
  CommandIdReused,
  DomainError,
  inSpan,
  RevisionMismatch,
  TooMuchContention,
  type AggregateStore,
  type Decisions,
  type LogBatch,
  type LogFeed,
  type LogFeeds,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import {
  LogReplaced,
  openOwnership,
  type Database,
  type LogIdentity,
} from '@hostledger/eventsourcing/postgres';
import { isWorthSigning, streamOfDay, type Foreign, type NotaryChain } from '../domain/chain.js';
import { checkpointsAggregate } from '../domain/checkpoints.js';
import { notaryKeysAggregate } from '../domain/notary-keys.js';
import { signCheckpoint } from '../transparency/checkpoint.js';
import type { SignerKey } from '../transparency/signed-note.js';
import { Errand, News } from './errand.js';
import type { NotaryKeyFiles } from './key-files.js';
import { checkClock, ClockAstray } from './clock-check.js';
import { HistoryChanged, LogTree } from './log-tree.js';
import { notaryContext, Publishing, Witnessing } from './outward.js';
import { PublishedCheck, PublishedUnknown } from './published-check.js';
import type { PublishPlace } from './publishing.js';
import { prepareNotaryTables, PublishedTable, TreeTable } from '../read/tree-table.js';
import type { Witness } from './witness.js';

export interface NotaryOptions {
  readonly store: AggregateStore;
  readonly log: LogIdentity & Pick<StreamAccess, 'readStream'>;
  readonly feeds: LogFeeds;
  readonly database: Database;
  /** Name of the log in its checkpoints. */
  readonly origin: string;
  readonly keys: NotaryKeyFiles;
  /** Between two checkpoints, at least. */
  readonly intervalMs: number;
  readonly place: PublishPlace | undefined;
  readonly witnesses: readonly Witness[];
  /** Of operators, about the log that read models are of. */
  readonly decisions: () => Promise<Decisions>;
  readonly warned: (message: string, error?: unknown) => void;
  readonly clock?: () => Date;
  /** Of specs, which have no time for them. */
  readonly pauses?: Partial<typeof PAUSES>;
}

const PAUSES = {
  /** Before the first checkpoint: whoever has just begun sees one soon. */
  firstMs: 1_000,
  /** News is gathered for so long, since every write costs a transaction. */
  gatherMs: 200,
  /** After a failure, and until another worker is asked for ownership again. */
  retryMs: 2_000,
  /** After one that will not pass by itself. */
  refusedMs: 10_000,
  /** Of a place or a witness, after the first failure. */
  outwardMs: 500,
};

export interface NotaryStatus {
  readonly phase: 'standby' | 'catchingUp' | 'live' | 'stopped';
  /** Why nothing is signed: what was signed is not what the log says, or the key is not that in force. */
  readonly fault: string | undefined;
  /** The fault is one of the place outside, and passes when that answers: nobody has to be told but its operator. */
  readonly awaitsPlace: boolean;
  /** Events in the tree, and the position of the last one. */
  readonly size: number;
  readonly position: bigint;
  readonly signed: { readonly size: number; readonly time: string } | undefined;
  /** Checkpoints that are not published yet. */
  readonly unpublished: number;
  /** Events that each witness has not seen, of those that the last checkpoint covers. */
  readonly witnesses: readonly { readonly name: string; readonly behind: number }[];
  /** What fails outside and is tried again, and what contradicts there and stays. */
  readonly failing: readonly { readonly errand: string; readonly why: string }[];
  /** What others have put into the notary's streams. */
  readonly foreign: Foreign | undefined;
}

/** The key that is in force is not here, or the log has another name. */
export class NotEntitled extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotEntitled';
  }
}

/** What does not pass by trying again soon. */
const LASTING = [HistoryChanged, LogReplaced, NotEntitled, ClockAstray, PublishedUnknown] as const;
const FIRST_INSTANT = new Date(0).toISOString();
const BATCH_EVENTS = 2_000;
/** Looks at its key and its log at least this often. */
const LONGEST_WAIT_MS = 5_000;
/** A permanent identity: the advisory lock carries it. */
const NAME = 'notary';

/**
 * Follows the log and signs what it holds. One owner among the workers at a time. Whatever a crash
 * cuts off is found again: the tree in the database, checkpoints in the log, and what was published.
 */
export class Notary {
  private readonly stopping = new AbortController();
  private readonly clock: () => Date;
  private readonly pauses: typeof PAUSES;
  private readonly news = new News();
  private readonly publishing: Publishing | undefined;
  private readonly published: PublishedCheck | undefined;
  private readonly witnessing: readonly (readonly [string, Witnessing])[];
  private readonly errands: readonly Errand[];
  private readonly table: TreeTable;
  private tree: LogTree | undefined;
  private signer: SignerKey | undefined;
  private phase: NotaryStatus['phase'] = 'standby';
  private fault: string | undefined;
  private awaitsPlace = false;
  /** What was warned of last. */
  private told: string | undefined;
  /** Not before this. */
  private dueAt = 0;
  /** Recorded, but not seen in the log yet. */
  private signedSize = 0;
  /** The last checkpoint, and by this clock when it was seen. */
  private seen = { size: 0, at: 0 };
  private running: Promise<void> | undefined;

  constructor(private readonly options: NotaryOptions) {
    const { database, store, log, place, witnesses } = options;
    this.clock = options.clock ?? (() => new Date());
    this.pauses = { ...PAUSES, ...options.pauses };
    this.table = new TreeTable(database);
    this.publishing = place && new Publishing(place, new PublishedTable(database), log);
    this.published = place && new PublishedCheck(place, options.origin);
    const { table } = this;
    this.witnessing = witnesses.map((witness) => [
      witness.key.name,
      new Witnessing(witness, store, (keys) => table.tiles(keys), this.clock),
    ]);
    const outward = [
      ...(this.publishing ? [[`Publishing to ${place!.name}`, this.publishing] as const] : []),
      ...this.witnessing.map(([name, one]) => [`Witness ${name}`, one] as const),
    ];
    this.errands = outward.map(
      ([name, work]) =>
        new Errand(
          name,
          (signal) =>
            this.tree && this.phase === 'live'
              ? work.step(this.tree.chain, signal)
              : Promise.resolve(false),
          options.warned,
          this.pauses.outwardMs,
        ),
    );
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new DOMException('The notary has stopped', 'AbortError'));
    await this.running;
  }

  status(): NotaryStatus {
    const { tree, phase, fault } = this;
    const { last, foreign } = tree?.chain ?? { last: null, foreign: null };
    return {
      phase,
      fault,
      awaitsPlace: fault !== undefined && this.awaitsPlace,
      foreign: foreign ?? undefined,
      size: tree?.size ?? 0,
      position: tree?.position ?? 0n,
      signed: last ? { size: last.treeSize, time: last.time } : undefined,
      unpublished: tree ? (this.publishing?.waiting(tree.chain) ?? 0) : 0,
      witnesses: tree
        ? this.witnessing.map(([name, one]) => ({ name, behind: one.waiting(tree.chain) }))
        : [],
      failing: this.errands.flatMap(({ name: errand, failing }) => {
        const isPublishing = this.publishing !== undefined && errand === this.errands[0]!.name;
        const outside = this.publishing?.conflict ?? this.published?.odd;
        const why = failing ?? (isPublishing ? outside : undefined);
        return why === undefined ? [] : [{ errand, why }];
      }),
    };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.own(signal);
      } catch (error) {
        if (signal.aborted) break;
        await this.rest(error, signal);
      }
    }
    this.phase = 'stopped';
  }

  private async own(signal: AbortSignal): Promise<void> {
    const { retryMs } = this.pauses;
    const ownership = await openOwnership(this.options.database);
    try {
      const over = AbortSignal.any([signal, ownership.lost]);
      while (!(await ownership.take([NAME])).has(NAME)) {
        // Somebody else will find out.
        this.fault = undefined;
        await sleep(retryMs, undefined, { signal: over });
      }
      await this.work(over);
    } finally {
      this.tree = undefined;
      this.phase = 'standby';
      await ownership.release();
    }
  }

  private async rest(error: unknown, signal: AbortSignal): Promise<void> {
    const { refusedMs, retryMs } = this.pauses;
    const lasting = LASTING.some((kind) => error instanceof kind);
    const { message } = error as Error;
    // A store that is away is away for many tries.
    if (this.told !== message) {
      if (lasting) this.options.warned(`The notary signs nothing: ${message}`);
      else this.options.warned('The notary begins again', error);
    }
    this.told = message;
    if (lasting) this.fault = message;
    this.awaitsPlace = error instanceof PublishedUnknown;
    const pauseMs = lasting ? refusedMs : retryMs;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }

  private async work(over: AbortSignal): Promise<void> {
    const { database, log, decisions, feeds, warned } = this.options;
    this.phase = 'catchingUp';
    await prepareNotaryTables(database);
    const tree = await LogTree.open({ table: this.table, log, decisions, warned });
    this.tree = tree;
    this.dueAt = this.clock().getTime() + this.pauses.firstMs;
    this.signedSize = 0;
    const feed = feeds.open({
      name: NAME,
      from: tree.position,
      beforeReopening: () => tree.check(),
    });
    const ending = new AbortController();
    const ended = AbortSignal.any([over, ending.signal]);
    const close = (): void => void feed.close();
    over.addEventListener('abort', close, { once: true });
    const outward = this.errands.map((errand) => errand.run(this.news, ended));
    try {
      await this.follow(tree, feed, over);
    } finally {
      over.removeEventListener('abort', close);
      ending.abort();
      await feed.close();
      await Promise.all(outward);
    }
  }

  private async follow(tree: LogTree, feed: LogFeed, over: AbortSignal): Promise<void> {
    let coming: Promise<LogBatch> | undefined;
    while (!over.aborted) {
      coming ??= feed.next(BATCH_EVENTS);
      const batch = await withinMs(coming, this.untilDueMs(tree));
      if (batch) {
        coming = undefined;
        await tree.take(batch.events);
        if (batch.caughtUp) this.phase = 'live';
        if (batch.events.length < BATCH_EVENTS) {
          await sleep(this.pauses.gatherMs, undefined, { signal: over });
        }
      }
      if (this.phase !== 'live') continue;
      if (this.published && !(await this.published.allows(tree, over))) {
        await sleep(this.pauses.gatherMs, undefined, { signal: over });
        continue;
      }
      this.news.tell();
      await this.sign(tree);
    }
  }

  private untilDueMs({ chain }: LogTree): number {
    if (this.phase !== 'live' || !isWorthSigning(chain)) return LONGEST_WAIT_MS;
    const untilMs = this.dueAt - this.clock().getTime();
    return Math.min(Math.max(untilMs, 1), LONGEST_WAIT_MS);
  }

  /**
   * Signs the tree as it is where that is due, and records it exactly behind the last checkpoint that
   * was held against the tree. Who finds another one there waits until it comes along in the log.
   */
  private async sign(tree: LogTree): Promise<void> {
    const { chain } = tree;
    const key = await this.keyInForce(chain);
    if (!key) return;
    const now = this.clock().getTime();
    if (isWorthSigning(chain)) checkClock(now, chain.last?.time ?? '', chain.recordedAt);
    this.fault = undefined;
    this.told = undefined;
    const { intervalMs } = this.options;
    const { treeSize, time: lastTime } = chain.last ?? { treeSize: 0, time: FIRST_INSTANT };
    const last = Date.parse(lastTime);
    if (this.seen.size !== treeSize) this.seen = { size: treeSize, at: now };
    // The clock of whoever signed it may be ahead.
    const since = Math.min(last, this.seen.at);
    if (!isWorthSigning(chain) || now < this.dueAt || now < since + intervalMs) return;
    if (this.signedSize > treeSize) return;
    this.dueAt = now + Math.min(intervalMs, this.pauses.retryMs);
    const attributes = {
      'hostledger.tree_size': tree.size,
      'hostledger.position': tree.position.toString(),
    };
    await inSpan('sign checkpoint', { isRoot: true, attributes }, () =>
      this.signAt(Math.max(now, last + 1), tree, key),
    );
  }

  private async signAt(notBefore: number, tree: LogTree, key: SignerKey): Promise<void> {
    const { chain, size, position } = tree;
    const { origin } = this.options;
    // Never before what it covers, and always after the one before, whatever clocks say.
    const time = new Date(Math.max(notBefore, Date.parse(chain.recordedAt))).toISOString();
    const root = await tree.root();
    const note = signCheckpoint({ origin, size, root, position, time }, key);
    const rootHash = root.toString('base64');
    try {
      await this.options.store.handle(
        checkpointsAggregate,
        chain.day!,
        {
          type: 'SignCheckpoint',
          data: {
            ...{ origin, treeSize: size, rootHash, position: position.toString(), time, note },
            day: chain.day!,
            after: chain.last && { treeSize: chain.last.treeSize, time: chain.last.time },
          },
          at: time,
        },
        {
          ...notaryContext(time, 'checkpoint', origin, size, rootHash, time),
          expectedRevision: await this.lastRevision(tree),
        },
      );
      this.signedSize = size;
    } catch (error) {
      if (!isBeaten(error)) throw error;
    }
  }

  /**
   * Of the stream of the day, whose end a checkpoint is appended behind: what the chain knows, and
   * behind that what somebody put there before the day came, which the tree has seen like any other event.
   */
  private async lastRevision({ chain, position }: LogTree): Promise<bigint> {
    const known = BigInt(chain.revision);
    // Where the notary has said something in the stream it has seen all of it.
    if (known >= 0n) return known;
    const events = await this.options.log.readStream(streamOfDay(chain.day!), 0n);
    return events.findLast((event) => event.position <= position)?.revision ?? known;
  }

  /** Adopts the key of this installation where the log has none. @throws NotEntitled */
  private async keyInForce(chain: NotaryChain): Promise<SignerKey | undefined> {
    const { keys, origin, store } = this.options;
    if (chain.key === null) {
      const verifierKey = entitled(() => keys.current()).verifier.text;
      const at = this.clock().toISOString();
      const command = { type: 'AdoptNotaryKey', data: { origin, verifierKey }, at } as const;
      const context = notaryContext(at, 'adopt', origin, verifierKey);
      await store.handle(notaryKeysAggregate, origin, command, context).catch((error: unknown) => {
        if (!isBeaten(error)) throw error;
      });
      return undefined;
    }
    if (chain.origin !== origin) {
      throw new NotEntitled(`The log is ${chain.origin} in its checkpoints, not ${origin}`);
    }
    const { key } = chain;
    if (this.signer?.verifier.text !== key) this.signer = entitled(() => keys.of(key));
    if (!this.signer) throw new NotEntitled(`The key in force, ${chain.key}, is not here`);
    return this.signer;
  }
}

/** A key that is not where it is said to be, or is none, will not come by itself. @throws NotEntitled */
const entitled = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw new NotEntitled((error as Error).message);
  }
};

/** Somebody else was there first. */
const isBeaten = (error: unknown): boolean =>
  error instanceof RevisionMismatch ||
  error instanceof CommandIdReused ||
  error instanceof TooMuchContention ||
  (error instanceof DomainError && error.kind === 'conflict');

/** The value if it comes in time. */
const withinMs = async <T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> => {
  // It may fail while nobody waits for it.
  work.catch(() => undefined);
  const timer = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
};
