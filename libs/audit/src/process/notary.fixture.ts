import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AggregateStore,
  noDecisions,
  type Decisions,
  type LogBatch,
  type LogFeed,
  type LogFeeds,
  type NewEvent,
  type RecordedEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import type { Database } from '@hostledger/eventsourcing/postgres';
import { InMemoryStreams, until } from '@hostledger/testing';
import type { CheckpointSigned } from '../domain/checkpoints.js';
import { leafHash, leafLine } from '../transparency/leaf.js';
import { TreeHead } from '../transparency/merkle.js';
import { NotaryKeyFiles } from './key-files.js';
import { Notary, type NotaryOptions } from './notary.js';
import { PublishFolder, type PublishPlace } from './publishing.js';

// A log in memory, a folder for what is published, and notaries that live and die on them.

export const ORIGIN = 'log.example/1';
const NO_PAUSES = { firstMs: 0, gatherMs: 0, retryMs: 5, refusedMs: 5, outwardMs: 5 };

export class World implements LogFeeds {
  readonly streams = new InMemoryStreams();
  readonly home = mkdtempSync(join(tmpdir(), 'hostledger-notary-'));
  readonly warnings: string[] = [];
  /** Ahead of the clock of the machine. */
  offsetMs = 0;
  decisions: Decisions = noDecisions;
  private waiting: (() => void)[] = [];
  private facts = 0;

  get log(): readonly RecordedEvent[] {
    return this.streams.log;
  }

  get published(): string {
    return join(this.home, 'published');
  }

  now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  /** Something of the trade happens. */
  async happens(events = 1): Promise<void> {
    for (let left = events; left > 0; left -= 1) {
      this.facts += 1;
      const data = { serial: `S${this.facts}`, powerWatts: this.facts };
      const at = this.now().toISOString();
      await this.streams.happened(`miner-${this.facts % 7}`, at, { type: 'MinerMoved', data });
    }
    this.tell();
  }

  /** The checkpoints that are recorded, in the order of the log. */
  checkpoints(): CheckpointSigned['data'][] {
    return this.log.flatMap(({ type, data }) =>
      type === 'CheckpointSigned' ? [data as CheckpointSigned['data']] : [],
    );
  }

  /** Root of the first events, by the tree alone. */
  rootOf(size: number): string {
    const head = new TreeHead();
    for (const event of this.log.slice(0, size)) head.append(leafHash(leafLine(event)));
    return head.root().toString('base64');
  }

  /** Of the last one that is no act of the notary; everything up to there is to be signed. */
  worthSigning(): number {
    return this.log.findLastIndex(({ type }) => !/^Checkpoint(Signed|Witnessed)$/.test(type)) + 1;
  }

  get isSigned(): boolean {
    const { treeSize = 0 } = this.checkpoints().at(-1) ?? {};
    return treeSize > 0 && treeSize >= this.worthSigning();
  }

  /** Resolves once all that is worth it is signed. */
  async untilSigned(): Promise<void> {
    await until(() => this.isSigned);
  }

  tell(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const wake of waiting) wake();
  }

  open({ from }: { readonly from: bigint }): LogFeed {
    let reached = from;
    let told = false;
    let closed = false;
    const ahead = (max: number): RecordedEvent[] => {
      const first = this.log.findIndex(({ position }) => position > reached);
      return first < 0 ? [] : this.log.slice(first, first + max);
    };
    return {
      next: async (max): Promise<LogBatch> => {
        while (!closed && told && ahead(1).length === 0) {
          await new Promise<void>((resolve) => this.waiting.push(resolve));
        }
        if (closed) throw new DOMException('The feed was closed', 'AbortError');
        const events = ahead(max);
        reached = events.at(-1)?.position ?? reached;
        told = ahead(1).length === 0;
        return { events, position: reached, caughtUp: told };
      },
      close: () => {
        closed = true;
        this.tell();
        return Promise.resolve();
      },
    };
  }

  clear(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

class Dead extends Error {}

/** Counts what a process does outside of itself; from one of these on it does nothing more. */
export class Life {
  steps = 0;

  constructor(private readonly lastStep = Infinity) {}

  get isDead(): boolean {
    return this.steps > this.lastStep;
  }

  step(): void {
    this.steps += 1;
    if (this.isDead) throw new Dead('The process is dead');
  }

  /** Its end may come before the act, or between the act and the reply. */
  async act<T>(act: () => Promise<T>): Promise<T> {
    this.step();
    const outcome = await act();
    this.step();
    return outcome;
  }
}

/** A notary in a process that may die at one of its steps. */
export const notaryOf = (
  world: World,
  database: Database,
  options: Partial<NotaryOptions> = {},
  life = new Life(),
): Notary => {
  const streams: StreamAccess = {
    append: (stream: string, expected: bigint | 'no_stream', events: readonly NewEvent[]) =>
      life.act(async () => {
        const appended = await world.streams.append(stream, expected, events);
        world.tell();
        return appended;
      }),
    readStream: (stream, from) => life.act(() => world.streams.readStream(stream, from)),
  };
  const folder = new PublishFolder(world.published);
  const place: PublishPlace = {
    name: folder.name,
    publish: (checkpoint) => life.act(() => folder.publish(checkpoint)),
    latest: () => life.act(() => folder.latest()),
  };
  return new Notary({
    store: new AggregateStore(streams),
    log: {
      head: () => Promise.resolve(world.log.at(-1)?.position ?? 0n),
      idAt: (position) =>
        Promise.resolve(world.log.find((event) => event.position === position)?.id),
      readStream: (stream, from) => streams.readStream(stream, from),
    },
    feeds: world,
    database: mortal(database, life),
    origin: ORIGIN,
    keys: new NotaryKeyFiles({ origin: ORIGIN, dataDir: world.home }),
    intervalMs: 0,
    place,
    witnesses: [],
    decisions: () => Promise.resolve(world.decisions),
    warned: (message) => void world.warnings.push(message),
    clock: () => world.now(),
    pauses: NO_PAUSES,
    ...options,
  });
};

type Plugin = Parameters<ReturnType<Database['for']>['withPlugin']>[0];

/** Each statement is a step; a transaction whose process dies is rolled back. */
const mortal = (database: Database, life: Life): Database => {
  const plugin: Plugin = {
    transformQuery: ({ node }) => {
      life.step();
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return { ...database, for: <Tables>() => database.for<Tables>().withPlugin(plugin) };
};
