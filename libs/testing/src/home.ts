import { deepStrictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type fc from 'fast-check';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import {
  AggregateStore,
  StoreUnavailable,
  type RecordedEvent,
  type StreamAccess,
} from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { schemaFaults } from './schema-faults.js';

// The real kernel on the embedded node, for specs in which processes interleave and die.

const PAGE = 10_000;

/** An empty log, and what was appended to it. */
export class Home {
  private read: Promise<readonly RecordedEvent[]> = Promise.resolve([]);

  private constructor(
    private readonly directory: string,
    private readonly node: RunningNode,
    readonly events: EventStore,
  ) {}

  static async open(): Promise<Home> {
    const directory = mkdtempSync(join(tmpdir(), 'hostledger-home-'));
    const node = await startNodeInProcess({ directory });
    const connection = { endpoint: node.endpoint };
    return new Home(directory, node, new EventStore({ connection, callTimeoutMs: 30_000 }));
  }

  /**
   * Opens a home, lives in it, and clears it away, whatever came of it. Every event of a life that
   * went well must be what its schema says.
   */
  static async during<T>(life: (home: Home) => Promise<T>): Promise<T> {
    const home = await Home.open();
    try {
      const outcome = await life(home);
      deepStrictEqual(await schemaFaults(await home.log()), []);
      return outcome;
    } finally {
      await home.close();
    }
  }

  /** One process: its own cache of states, and perhaps its death at one of its appends. */
  process(lastAppend = Infinity, turn: InTurn = (_, io) => io()): AggregateStore {
    let appends = 0;
    const access: StreamAccess = {
      append: (stream, expected, proposed) =>
        turn(`append to ${stream}`, async () => {
          appends += 1;
          if (appends > lastAppend) throw new StoreUnavailable('The process died here');
          return this.events.append(stream, expected, proposed);
        }),
      readStream: (stream, from) =>
        turn(`read ${stream}`, () => this.events.readStream(stream, from)),
    };
    return new AggregateStore(access);
  }

  /** Everything appended so far, in the order of the log. */
  log(): Promise<readonly RecordedEvent[]> {
    this.read = this.read.then((known) => this.readOn(known));
    return this.read;
  }

  /** Reads only what is new; a history is looked at after every step. */
  private async readOn(known: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    const more = await this.events.readAll(known.at(-1)?.position ?? 0n, PAGE);
    const all = [...known, ...more];
    return more.length < PAGE ? all : this.readOn(all);
  }

  async close(): Promise<void> {
    await this.events.close();
    await this.node.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** When a process may read or write. */
export type InTurn = <T>(what: string, io: () => Promise<T>) => Promise<T>;

/** What was read is kept out of the report of a failure, which is long enough without. */
export const turnsOf =
  (scheduler: fc.Scheduler): InTurn =>
  async <T>(what: string, io: () => Promise<T>) => {
    const results: T[] = [];
    const named = { [what]: async () => void results.push(await io()) }[what]!;
    await scheduler.scheduleFunction(named)();
    return results[0]!;
  };
