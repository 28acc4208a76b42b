import type { AnyTableFold } from './projection.js';
import type { Upcasters } from './codec.js';

/**
 * A durable process as a to-do list: the log opens and closes items (a pure fold into a table),
 * and whoever owns the process performs the items that are due.
 *
 * `perform` must be idempotent: it may run again after a crash at any point, and it may run for an
 * item whose closing event is in the log but not yet in the table. It closes the item only by
 * appending events. It throws for infrastructure failures only (retried with back-off, visible in
 * readiness); a refusal by a decider is an outcome that it must turn into an event.
 */
export interface DurableProcess<Item extends ProcessItem = ProcessItem> {
  /** snake_case, a permanent identity: lock, checkpoint and actor carry it. */
  readonly name: string;
  readonly version: number;
  /** The to-do list; the table's rows extend {@link ProcessItem}. */
  readonly items: AnyTableFold;
  readonly upcasters?: Upcasters;
  // A method, so that a process is assignable without its item type: the table checks that.
  perform(item: Item, act: ProcessAct): Promise<void>;
  /** How many items may be in `perform` at once; 1 unless said otherwise. */
  readonly concurrency?: number;
}

/** The columns every to-do list has. */
export interface ProcessItem {
  /** Primary key. */
  readonly item_id: string;
  /** Not before this instant (ISO 8601 UTC); deadlines and graces for inline completion. */
  readonly due_at: string;
  /** The event that opened the item and its correlation, for the metadata of what is done. */
  readonly cause_id: string;
  readonly correlation_id: string;
}

/** What the runner hands to `perform`. */
export interface ProcessAct {
  /** Now, ISO 8601 UTC. */
  readonly at: string;
  /** Aborted when ownership is lost or the worker stops: finish the step at hand and return. */
  readonly signal: AbortSignal;
}

/** Column types of {@link ProcessItem}, to be spread into the table definition. */
export const processItemColumns = {
  item_id: 'text',
  due_at: 'timestamptz',
  cause_id: 'text',
  correlation_id: 'text',
} as const;
