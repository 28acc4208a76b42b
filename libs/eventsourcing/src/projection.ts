import type { DomainEvent, Recorded, RecordedEvent } from './message.js';
import type { Upcasters } from './codec.js';

/** PostgreSQL types a read model may use. `bigint` is a TypeScript bigint, `jsonb` any JSON value. */
export type ColumnType =
  'text' | 'integer' | 'bigint' | 'numeric' | 'boolean' | 'date' | 'timestamptz' | 'jsonb';

/** One table of a read model. Every column not named in `nullable` is NOT NULL. */
export interface TableDefinition<Row extends object> {
  /** snake_case, unique in the whole system: queries read it through the view of this name. */
  readonly name: string;
  readonly columns: Readonly<Record<keyof Row & string, ColumnType>>;
  readonly key: readonly (keyof Row & string)[];
  readonly nullable?: readonly (keyof Row & string)[];
  /** Further b-tree indexes, each a list of columns. */
  readonly indexes?: readonly (readonly (keyof Row & string)[])[];
  /** Rows are only ever inserted, each by one event: the runner need not load them first. */
  readonly insertOnly?: boolean;
}

/** Which rows of a table an event touches, as the values of the key columns. */
export type RowKeys<Row extends object, E extends DomainEvent> = {
  readonly [T in E['type']]?: (event: Extract<Recorded<E>, { type: T }>) => readonly Partial<Row>[];
};

/**
 * One table as a pure fold: for each event type the keys it touches, and for each touched row what
 * becomes of it (`undefined` means the row does not exist, before or after).
 * Rows hold JSON-honest values and bigint; instants are ISO strings. Ids come from the event.
 */
export interface TableFold<Row extends object, E extends DomainEvent> {
  readonly table: TableDefinition<Row>;
  readonly keys: RowKeys<Row, E>;
  /** Of events whose type `keys` does not name, those that no room knows included. */
  readonly otherKeys?: (event: RecordedEvent) => readonly Partial<Row>[];
  readonly evolve: (row: Row | undefined, event: Recorded<E>, key: Partial<Row>) => Row | undefined;
}

/** A fold whose row and event types are forgotten, as the runner holds it. */
export interface AnyTableFold {
  readonly table: TableDefinition<Record<string, unknown>>;
  readonly keys: Readonly<
    Record<
      string,
      ((event: Recorded<DomainEvent>) => readonly Record<string, unknown>[]) | undefined
    >
  >;
  readonly otherKeys?: (event: Recorded<DomainEvent>) => readonly Record<string, unknown>[];
  readonly evolve: (
    row: Record<string, unknown> | undefined,
    event: Recorded<DomainEvent>,
    key: Record<string, unknown>,
  ) => Record<string, unknown> | undefined;
}

/** Forgets the types of a fold; the pairing of table, keys and evolve was checked before. */
export const tableFold = <Row extends object, E extends DomainEvent>(
  fold: TableFold<Row, E>,
): AnyTableFold => fold as unknown as AnyTableFold;

/**
 * A read model: tables filled from the log by one name and version. The name is a permanent
 * identity; a changed shape or fold is a new version, filled into a schema of its own.
 */
export interface Projection {
  /** snake_case. */
  readonly name: string;
  readonly version: number;
  readonly tables: readonly AnyTableFold[];
  readonly upcasters?: Upcasters;
}
