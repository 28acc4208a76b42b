import type { Kysely } from 'kysely';
import type { Statement, StatementLine } from '../../domain/statement.js';
import type { PeriodRow, StatementLineRow, StatementRow } from '../periods/projection.js';

export interface StatementTables {
  billing_periods: PeriodRow;
  billing_statements: StatementRow;
  billing_statement_lines: StatementLineRow;
}

/** A statement that was issued, whole; undefined where there is none. */
export const statementOf = async (
  db: Kysely<StatementTables>,
  statementId: string,
): Promise<Statement | undefined> => {
  const row = await db
    .selectFrom('billing_statements')
    .selectAll()
    .where('statement_id', '=', statementId)
    .where('status', '=', 'issued')
    .executeTakeFirst();
  return row && statementFrom(row, await linesOf(db, statementId));
};

/** In the order of their numbers. */
export const linesOf = async (
  db: Kysely<StatementTables>,
  statementId: string,
): Promise<StatementLine[]> => {
  const rows = await db
    .selectFrom('billing_statement_lines')
    .select('line')
    .where('statement_id', '=', statementId)
    .orderBy('number')
    .execute();
  return rows.map(({ line }) => line);
};

/** @param row of a statement that was issued. */
export const statementFrom = (row: StatementRow, lines: readonly StatementLine[]): Statement => ({
  statementId: row.statement_id,
  number: row.number!,
  kind: row.kind,
  contractId: row.contract_id,
  customerId: row.customer_id,
  month: row.month,
  issuedOn: row.issued_on!,
  ...(row.due_on !== null && { dueOn: row.due_on }),
  lines,
  totals: row.totals,
  position: row.position,
  inputsDigest: row.inputs_digest,
  linesDigest: row.lines_digest,
});
