import {
  DomainError,
  upcast,
  type AnyTableFold,
  type DomainEvent,
  type Json,
  type Projection,
  type Recorded,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { rowKey, settled, type RowKey } from '@hostledger/eventsourcing/postgres';
import { plain } from '../domain/plain.js';
import type { Subject } from './subject.js';

/** A table of a read model with what fills it. */
export interface TableOf {
  readonly projection: Projection;
  readonly fold: AnyTableFold;
}

/** Their names are unique in the whole system. */
export const tablesOf = (projections: readonly Projection[]): ReadonlyMap<string, TableOf> =>
  new Map(
    projections.flatMap((projection) =>
      projection.tables.map((fold) => [fold.table.name, { projection, fold }] as const),
    ),
  );

/** @throws DomainError `audit/table-unknown` */
export const tableNamed = (tables: ReadonlyMap<string, TableOf>, name: string): TableOf => {
  const found = tables.get(name);
  if (found) return found;
  const message = `No read model has a table ${name}`;
  throw new DomainError('notFound', 'audit/table-unknown', message, {
    tables: [...tables.keys()].sort(),
  });
};

/**
 * The key of a row, of which each column is given as text.
 * @throws DomainError `audit/row-key-invalid`, for a column too many or too few, and for a value that its
 *   column cannot hold.
 */
export const keyOf = (
  { fold: { table } }: TableOf,
  given: Readonly<Record<string, string>>,
): RowKey => {
  const wanted = table.key.join(', ');
  const invalid = (message: string): DomainError =>
    new DomainError('invalid', 'audit/row-key-invalid', message, { key: [...table.key] });
  const names = Object.keys(given);
  if (names.length !== table.key.length || !table.key.every((column) => names.includes(column))) {
    throw invalid(`A row of ${table.name} is named by ${wanted}`);
  }
  const typed = table.key.map((column) => [
    column,
    valueOf(table.columns[column]!, given[column]!),
  ]);
  try {
    return rowKey(table, Object.fromEntries(typed) as Record<string, unknown>);
  } catch (error) {
    throw invalid((error as Error).message);
  }
};

/** A text, or nothing, where the type of the column does not take it, which is refused then. */
const valueOf = (type: AnyTableFold['table']['columns'][string], text: string): unknown => {
  if (type === 'integer' && /^-?\d{1,10}$/.test(text)) return Number(text);
  if (type === 'bigint' && /^-?\d{1,19}$/.test(text)) {
    const value = BigInt(text);
    return BigInt.asIntN(64, value) === value ? value : text;
  }
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  // PostgreSQL has no year 0, and fails on it.
  if ((type === 'date' || type === 'timestamptz') && text.startsWith('0000')) return undefined;
  if (type === 'numeric' && !/^-?\d{1,100}(\.\d{1,100})?$/.test(text)) return undefined;
  return text;
};

/** One row as the events leave it, folded by what fills the table. */
export class RowSubject implements Subject {
  private row: Record<string, unknown> | undefined;

  constructor(
    private readonly table: TableOf,
    private readonly key: RowKey,
  ) {}

  apply(stored: RecordedEvent): boolean {
    const { fold, projection } = this.table;
    const event = lifted(projection, stored);
    if (!Object.hasOwn(fold.keys, event.type)) return false;
    let touched = false;
    for (const given of fold.keys[event.type]!(event)) {
      const { id, key } = rowKey(fold.table, given);
      if (id !== this.key.id) continue;
      const row = fold.evolve(this.row, event, key);
      this.row = row === undefined || row === this.row ? row : settled(fold.table, key, row);
      touched = true;
    }
    return touched;
  }

  value(): Json {
    return rowAsJson(this.row);
  }
}

/** Null where there is no such row. */
export const rowAsJson = (row: Record<string, unknown> | undefined): Json => plain(row);

const lifted = ({ upcasters }: Projection, stored: RecordedEvent): Recorded<DomainEvent> => {
  if (!upcasters) return stored;
  const { type, data } = upcast(upcasters, stored);
  return type === stored.type && data === stored.data ? stored : { ...stored, type, data };
};
