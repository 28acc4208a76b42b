import type { Decisions } from '../decisions.js';
import type { LogFeeds } from '../log-feed.js';
import type { DurableProcess } from '../process.js';
import type { AnyTableFold, Projection } from '../projection.js';
import { Causes } from './causes.js';
import type { Database } from './database.js';
import type { LogIdentity } from './log-check.js';
import {
  ProjectionRunner,
  type ProjectionRunnerStatus,
  type RunnerObserver,
} from './projection-runner.js';
import { ProcessWork, type ProcessStatus } from './process-work.js';

export interface ProcessRunnerOptions {
  /** The group, a permanent identity: operators decide under this name. */
  readonly name: string;
  readonly processes: readonly DurableProcess[];
  readonly database: Database;
  readonly feeds: LogFeeds;
  /** As for {@link ProjectionRunner}, like the next one. */
  readonly log?: LogIdentity;
  readonly decisions?: () => Promise<Decisions>;
  readonly observer?: RunnerObserver;
  readonly clock?: () => Date;
}

export interface ProcessRunnerStatus {
  /** The runner that folds the to-do lists. */
  readonly lists: ProjectionRunnerStatus;
  readonly processes: readonly ProcessStatus[];
}

const POLL_MS = 1_000;
const STOP_WITHIN_MS = 15_000;

/**
 * Folds the to-do lists of durable processes from their events and performs what is due. Items
 * wait while the lists are not live: in the middle of history nearly every item looks overdue.
 * Looks after each commit, every second, and when the next item becomes due.
 */
export class ProcessRunner {
  private readonly runner: ProjectionRunner;
  private readonly work: readonly { readonly list: string; readonly items: ProcessWork }[];
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private started = false;
  private unsubscribe: () => void = () => undefined;

  constructor(private readonly options: ProcessRunnerOptions) {
    const { name, processes, database, feeds, log, decisions, observer } = options;
    const clock = options.clock ?? (() => new Date());
    const causes = new Causes();
    const lists = processes.map(toDoList);
    this.work = processes.map((process, index) => ({
      list: lists[index]!.name,
      items: new ProcessWork(process, database, clock, causes),
    }));
    this.runner = new ProjectionRunner({
      name,
      projections: lists,
      database,
      feeds: causes.notedFrom(feeds),
      eventTypes: [...new Set(lists.flatMap(eventTypesOf))],
      ...(log ? { log } : {}),
      ...(decisions ? { decisions } : {}),
      ...(observer ? { observer } : {}),
    });
  }

  start(): void {
    this.started = true;
    this.unsubscribe = this.runner.onProgress(() => this.look());
    this.runner.start();
  }

  /** Takes up nothing more, tells items under way to end, and waits for them within bounds. */
  async stop(): Promise<void> {
    this.started = false;
    this.unsubscribe();
    clearTimeout(this.timer);
    await this.runner.stop();
    await this.looking;
    await Promise.all(this.work.map(({ items }) => items.idle(STOP_WITHIN_MS)));
  }

  status(): ProcessRunnerStatus {
    return { lists: this.runner.status(), processes: this.work.map(({ items }) => items.status()) };
  }

  /** As {@link ProjectionRunner.waitFor}, for the to-do lists. */
  waitFor(position: bigint, timeoutMs: number): Promise<void> {
    return this.runner.waitFor(position, timeoutMs);
  }

  /** One look at a time; wishes that come meanwhile are met by one more. */
  private look(): void {
    if (!this.started) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.lookAgain = false;
    clearTimeout(this.timer);
    this.looking = this.lookOnce().finally(() => {
      this.looking = undefined;
      if (this.lookAgain) this.look();
    });
  }

  private async lookOnce(): Promise<void> {
    let nextMs = POLL_MS;
    for (const { list, items } of this.work) {
      const tables = this.runner.liveTables(list);
      if (!tables) continue;
      try {
        const untilDueMs = await items.takeUp(tables.schema, tables.signal, () => this.look());
        nextMs = Math.min(nextMs, untilDueMs);
      } catch (error) {
        this.options.observer?.warned(this.options.name, 'The to-do list cannot be read', error);
      }
    }
    if (!this.started) return;
    this.timer = setTimeout(() => this.look(), Math.max(nextMs, 1));
  }
}

/** The list as a projection; the suffix keeps it apart from a read model of the same name. */
export const toDoList = ({ name, version, items, upcasters }: DurableProcess): Projection => ({
  name: `${name}_process`,
  version,
  tables: [{ ...items, table: withDueIndex(items.table) }],
  ...(upcasters ? { upcasters } : {}),
});

const withDueIndex = (table: AnyTableFold['table']): AnyTableFold['table'] => ({
  ...table,
  indexes: [...(table.indexes ?? []), ['due_at']],
});

/** Types under which events of interest may be stored: today's names and those lifted to them. */
const eventTypesOf = ({ tables, upcasters }: Projection): string[] => [
  ...tables.flatMap(({ keys }) => Object.keys(keys)),
  ...Object.keys(upcasters ?? {}),
];
