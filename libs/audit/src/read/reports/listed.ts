import { sql, type SelectQueryBuilder } from 'kysely';
import { MAX_LISTED } from './period.js';

/** The first of what was found, and how much that is. */
export interface Listed<View> {
  readonly count: number;
  readonly listed: View[];
}

export const countOf = sql<string>`count(*)`;

/** Counts what a query finds and lists the first of it. */
export const listedOf = async <DB, TB extends keyof DB, Row extends object, View>(
  query: SelectQueryBuilder<DB, TB, Row>,
  inOrder: (query: SelectQueryBuilder<DB, TB, Row>) => SelectQueryBuilder<DB, TB, Row>,
  view: (row: Row) => View,
): Promise<Listed<View>> => {
  const counted = await query.clearSelect().select(countOf.as('count')).executeTakeFirstOrThrow();
  const { count } = counted as unknown as { readonly count: string };
  const rows = await inOrder(query).limit(MAX_LISTED).execute();
  return { count: Number(count), listed: (rows as Row[]).map(view) };
};
