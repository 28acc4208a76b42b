import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type RawBuilder } from 'kysely';
import type { DurableProcess, ProcessItem } from '../process.js';
import { inSpan } from '../tracing.js';
import type { Causes } from './causes.js';
import type { Database } from './database.js';

/** An item that failed and waits for its next attempt. */
export interface FailingItem {
  readonly itemId: string;
  readonly attempts: number;
  readonly error: string;
  readonly nextAttemptAt: string;
}

export interface ProcessStatus {
  readonly name: string;
  /** Items on the list, due or not, as of the last count (once a second). */
  readonly backlog: number;
  readonly inFlight: number;
  /** The due item that has waited longest. */
  readonly oldestOverdue: { readonly itemId: string; readonly dueAt: string } | undefined;
  /** Items that failed, the most attempts first, 20 at most. */
  readonly failing: readonly FailingItem[];
}

/** The table of the list, in the schema of the generation that is in use. */
type List = RawBuilder<unknown>;

interface Failure {
  readonly attempts: number;
  readonly error: string;
  readonly nextAttempt: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;
/** An item is performed again if it is still there, unchanged, this long after it was performed. */
const SETTLE_MS = 5_000;
/** With this many failing items something general is wrong; no others are begun meanwhile. */
const MAX_FAILING = 1_000;
const COUNT_EVERY_MS = 1_000;
const FAILING_SHOWN = 20;

/** The to-do list of one process, and which of its items are under way, performed or failing. */
export class ProcessWork {
  private readonly inFlight = new Map<string, Promise<void>>();
  /** Performed, but the event that closes the item is not folded yet: the row, and since when. */
  private readonly performed = new Map<string, { readonly row: string; readonly at: number }>();
  private readonly failures = new Map<string, Failure>();
  private backlog = 0;
  private oldestOverdue: ProcessStatus['oldestOverdue'];
  private countedAt = -Infinity;

  constructor(
    private readonly process: DurableProcess,
    private readonly database: Database,
    private readonly clock: () => Date,
    private readonly causes: Causes,
  ) {}

  /**
   * Begins as many due items of the list in this schema as there is room for and returns how many
   * milliseconds there are until the next one is due. `onDone` is called when one ends.
   */
  async takeUp(schema: string, signal: AbortSignal, onDone: () => void): Promise<number> {
    const now = this.clock();
    const list = sql`${sql.id(schema, this.process.items.table.name)}`;
    await this.count(list, now);
    for (const [id, { at }] of this.performed) {
      if (now.getTime() - at >= SETTLE_MS) this.performed.delete(id);
    }
    const room = (this.process.concurrency ?? 1) - this.inFlight.size;
    if (room <= 0) return Infinity;
    const due = await this.dueItems(list, now, room + this.performed.size);
    const free = due.filter((item) => this.performed.get(item.item_id)?.row !== textOf(item));
    for (const item of free.slice(0, room)) {
      if (!signal.aborted) this.begin(item, signal, onDone);
    }
    return this.untilNextMs(list, now);
  }

  status(): ProcessStatus {
    const failing = [...this.failures]
      .sort(([, a], [, b]) => b.attempts - a.attempts)
      .slice(0, FAILING_SHOWN)
      .map(([itemId, { attempts, error, nextAttempt }]) => ({
        itemId,
        attempts,
        error,
        nextAttemptAt: new Date(nextAttempt).toISOString(),
      }));
    return {
      name: this.process.name,
      backlog: this.backlog,
      inFlight: this.inFlight.size,
      oldestOverdue: this.oldestOverdue,
      failing,
    };
  }

  /** Resolves when nothing is under way, or after the time. */
  async idle(withinMs: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([
      Promise.all(this.inFlight.values()),
      sleep(withinMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }

  private begin(item: ProcessItem, signal: AbortSignal, onDone: () => void): void {
    const performing = this.perform(item, signal).finally(() => {
      this.inFlight.delete(item.item_id);
      onDone();
    });
    this.inFlight.set(item.item_id, performing);
  }

  private async perform(item: ProcessItem, signal: AbortSignal): Promise<void> {
    const id = item.item_id;
    try {
      await this.traced(item, () =>
        this.process.perform(item, { at: this.clock().toISOString(), signal }),
      );
      this.failures.delete(id);
      this.performed.set(id, { row: textOf(item), at: this.clock().getTime() });
    } catch (error) {
      // Told to end, it may have thrown for that reason alone; the next owner begins it again.
      if (signal.aborted) return;
      const attempts = (this.failures.get(id)?.attempts ?? 0) + 1;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
      this.failures.set(id, {
        attempts,
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
        nextAttempt: this.clock().getTime() + pause * (0.5 + Math.random() / 2),
      });
    }
  }

  /** A trace of its own: the item may have waited for weeks for its day. */
  private traced(item: ProcessItem, perform: () => Promise<void>): Promise<void> {
    const attributes = {
      'hostledger.process': this.process.name,
      'hostledger.item': item.item_id,
      'hostledger.cause': item.cause_id,
      'hostledger.correlation_id': item.correlation_id,
      'hostledger.attempt': (this.failures.get(item.item_id)?.attempts ?? 0) + 1,
    };
    const links = this.causes.of(item.cause_id);
    return inSpan(this.process.name, { isRoot: true, attributes, links }, perform);
  }

  private async dueItems(list: List, now: Date, limit: number): Promise<ProcessItem[]> {
    const excluded = [...this.inFlight.keys()];
    const ready: string[] = [];
    for (const [id, { nextAttempt }] of this.failures) {
      (nextAttempt > now.getTime() ? excluded : ready).push(id);
    }
    const onlyReady = this.failures.size >= MAX_FAILING;
    const { rows } = await sql<ProcessItem>`select * from ${list}
      where due_at <= ${now.toISOString()} and item_id <> all(${excluded}::text[])
      and (${!onlyReady}::boolean or item_id = any(${ready}::text[]))
      order by due_at, item_id limit ${limit}`.execute(this.database.for());
    return rows;
  }

  private async count(list: List, now: Date): Promise<void> {
    if (Math.abs(performance.now() - this.countedAt) < COUNT_EVERY_MS) return;
    this.countedAt = performance.now();
    const db = this.database.for<unknown>();
    const { rows } = await sql<{ backlog: bigint }>`
      select count(*) as backlog from ${list}`.execute(db);
    this.backlog = Number(rows[0]!.backlog);
    const oldest = await sql<ProcessItem>`select item_id, due_at from ${list}
      where due_at <= ${now.toISOString()} order by due_at, item_id limit 1`.execute(db);
    const [item] = oldest.rows;
    this.oldestOverdue = item && { itemId: item.item_id, dueAt: item.due_at };
    await this.forgetClosed(list);
  }

  /** Failures of items that have left the list meanwhile. */
  private async forgetClosed(list: List): Promise<void> {
    if (this.failures.size === 0) return;
    const ids = [...this.failures.keys()];
    const { rows } = await sql<ProcessItem>`select item_id from ${list}
      where item_id = any(${ids}::text[])`.execute(this.database.for());
    const open = new Set(rows.map(({ item_id }) => item_id));
    for (const id of ids) {
      if (!open.has(id) && !this.inFlight.has(id)) this.failures.delete(id);
    }
  }

  private async untilNextMs(list: List, now: Date): Promise<number> {
    const { rows } = await sql<{ due_at: string | null }>`select min(due_at) as due_at
      from ${list} where due_at > ${now.toISOString()}`.execute(this.database.for());
    const due = rows[0]?.due_at;
    const waiting = Array.from(this.failures.values(), ({ nextAttempt }) => nextAttempt);
    const next = Math.min(due ? Date.parse(due) : Infinity, ...waiting);
    return next - now.getTime();
  }
}

/** A row as text, to tell whether it has changed. */
const textOf = (item: ProcessItem): string =>
  JSON.stringify(item, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
