import { dayIn } from '@hostledger/quantities';
import { sql, type Kysely } from 'kysely';
import { billedAt, issuedBy, type Billed, type Billing } from '../../domain/accrual.js';
import type { PeriodRow, StatementRow } from '../periods/projection.js';
import { linesOf, type StatementTables } from '../statements/load.js';
import type { BilledMonth } from './accrued.js';

// What statements that were issued by a day have of the months of contracts.

/** Lines are added, and never change: they may be read later than the statements that have them. */
export type ReadLines = <T>(query: (db: Kysely<StatementTables>) => Promise<T>) => Promise<T>;

/**
 * Of each contract the months that it was billed for by the end of a day.
 * @param readLines for what is looked at only where something changed.
 */
export const billedMonths = async <Tables extends StatementTables>(
  tables: Kysely<Tables>,
  contractIds: readonly string[],
  on: string,
  readLines: ReadLines,
): Promise<ReadonlyMap<string, readonly BilledMonth[]>> => {
  if (contractIds.length === 0) return new Map();
  const db = tables as unknown as Kysely<StatementTables>;
  const periods = await db
    .selectFrom('billing_periods')
    .selectAll()
    .where('contract_id', 'in', contractIds)
    .where('closed', 'is not', null)
    .orderBy('month')
    .execute();
  const statements = await db
    .selectFrom('billing_statements')
    .select(['statement_id', 'contract_id', 'kind', 'month', 'issued_on', 'position'])
    .where('contract_id', 'in', contractIds)
    .where('status', 'in', ['closed', 'issued'])
    .orderBy((eb) => sql`${eb.ref('issued_position')} nulls last`)
    .orderBy('statement_id')
    .execute();
  const ofContract = Map.groupBy(statements, ({ contract_id }) => contract_id);
  return new Map(
    [...Map.groupBy(periods, ({ contract_id }) => contract_id)].map(([id, rows]) => [
      id,
      monthsOf(rows, ofContract.get(id) ?? [], on, readLines),
    ]),
  );
};

type Listed = Pick<StatementRow, 'statement_id' | 'kind' | 'month' | 'issued_on' | 'position'>;

const monthsOf = (
  periods: readonly PeriodRow[],
  statements: readonly Listed[],
  on: string,
  readLines: ReadLines,
): BilledMonth[] => {
  const dates = new Map(periods.map((row) => [row.statement_id, row.closed!.issuedOn]));
  const billings = statements.map((row) => billingOf(row, dates));
  const issued = issuedBy(billings, on).map(({ statementId }) => statementId);
  return periods
    .filter(({ statement_id }) => issued.includes(statement_id))
    .map((row) => ({
      month: row.month,
      since: billedAt(row.month, billings, on),
      agreed: openBy(row, on, issued),
      read: () => readLines((db) => billedIn(db, row, issued)),
    }));
};

/** A close is dated when it is begun, and has a number a moment later. */
const billingOf = (
  { statement_id: statementId, kind, month, issued_on, position }: Listed,
  dates: ReadonlyMap<string, string>,
): Billing => {
  const issuedOn = dates.get(statementId) ?? issued_on;
  return {
    ...{ statementId, month, position },
    kind: kind === 'restatement' ? kind : 'statement',
    ...(issuedOn !== null && { issuedOn }),
  };
};

/** What was agreed on by the day and is on none of the statements issued by it. */
const openBy = (
  { contract_id: contractId, month, closed, agreements }: PeriodRow,
  on: string,
  issued: readonly string[],
): Billed['agreed'] =>
  agreements.flatMap(({ agreedAt, statementId, ...agreed }) => {
    const isBilled = statementId !== undefined && issued.includes(statementId);
    const isAgreed = dayIn(closed!.timeZone, agreedAt) <= on;
    return isAgreed && !isBilled ? [{ contractId, month, ...agreed }] : [];
  });

const billedIn = async (
  db: Kysely<StatementTables>,
  { contract_id, month, statement_id: statementId }: PeriodRow,
  issued: readonly string[],
): Promise<Omit<Billed, 'agreed'>> => {
  const rows = await db
    .selectFrom('billing_statement_lines')
    .select(['statement_id', 'line'])
    .where('contract_id', '=', contract_id)
    .where('adjusts_month', '=', month)
    .where('statement_id', 'in', issued)
    .orderBy('number')
    .execute();
  const byStatement = Map.groupBy(rows, (row) => row.statement_id);
  const later = issued.flatMap((id) => (byStatement.get(id) ?? []).map(({ line }) => line));
  return { month, statementId, lines: await linesOf(db, statementId), later };
};
