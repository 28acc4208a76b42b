import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import { fractionOf } from '../../domain/amounts.js';
import { windowOf } from '../../domain/months.js';
import { lateFeeFor, lateFeeLine, type ChargedFor } from '../../domain/late-fee-note.js';
import type { Credits, PaperLine, Statement, StatementLine } from '../../domain/statement.js';
import type { CreditNoteRow, LateFeeNoteRow } from '../periods/notes.js';
import type { PeriodRow, StatementLineRow, StatementRow } from '../periods/projection.js';

// Everything that has a number of the series: statements, restatements, and beside them credit notes and
// late fee notes.

export interface StatementTables {
  billing_periods: PeriodRow;
  billing_statements: StatementRow;
  billing_statement_lines: StatementLineRow;
  billing_credit_notes: CreditNoteRow;
  billing_late_fee_notes: LateFeeNoteRow;
}

/** A statement that was issued, or a credit or late fee note under its own id. */
export interface IssuedRow extends Omit<
  StatementRow,
  'status' | 'number' | 'issued_on' | 'issued_position' | 'inputs_digest' | 'lines_digest'
> {
  readonly number: string;
  readonly issued_on: string;
  readonly issued_position: bigint;
  readonly inputs_digest: string | null;
  readonly lines_digest: string | null;
  /** Of a credit note. */
  readonly credits: (Credits & { readonly timeZone: string }) | null;
  /** Of a late fee note, and of a credit note for one. */
  readonly late_fee: ChargedFor | null;
}

type Issued = SelectQueryBuilder<{ issued: IssuedRow }, 'issued', IssuedRow>;

/**
 * To be narrowed and put in order. A credit or late fee note is to whom its statement was sent. A credit note is of the month of the statement or late fee that it is for,
 * a late fee note of that of the last day it is for.
 */
export const issued = <Tables extends StatementTables>(tables: Kysely<Tables>): Issued => {
  const db = tables as unknown as Kysely<StatementTables>;
  const statements = db
    .selectFrom('billing_statements')
    .select(['statement_id', 'number', 'kind', 'contract_id', 'customer_id', 'month'])
    .select(['issued_on', 'due_on', 'totals', 'line_count', 'position'])
    .select(['inputs_digest', 'lines_digest', NONE.as('credits'), NONE.as('late_fee')])
    .select('issued_position')
    .where('status', '=', 'issued');
  const credits = sql`jsonb_strip_nulls(jsonb_build_object(
    'statementId', note.statement_id, 'number', statement.number, 'line', note.line,
    'lateFeeId', note.late_fee_id, 'lateFeeNumber', fee.number,
    'reason', note.reason, 'timeZone', period.closed ->> 'timeZone'
  ))`;
  const month = sql`coalesce(fee.month, statement.month)`;
  const notes = db
    .selectFrom('billing_credit_notes as note')
    .innerJoin('billing_statements as statement', 'statement.statement_id', 'note.statement_id')
    .innerJoin('billing_periods as period', (join) =>
      join
        .onRef('period.contract_id', '=', 'statement.contract_id')
        .onRef('period.month', '=', 'statement.month'),
    )
    .leftJoin('billing_late_fee_notes as fee', 'fee.late_fee_id', 'note.late_fee_id')
    .select(['note.credit_note_id', 'note.number', sql`'creditNote'`.as('kind')])
    .select(['note.contract_id', 'statement.customer_id', month.as('month')])
    .select(['note.issued_on', sql`null`.as('due_on'), 'note.totals', sql`1`.as('line_count')])
    .select(['note.position', sql`null`.as('inputs_digest'), sql`null`.as('lines_digest')])
    .select([credits.as('credits'), chargedFor('fee').as('late_fee')])
    .select(sql`note.position::bigint`.as('issued_position'));
  const all = statements.unionAll(notes as never).unionAll(lateFeeNotes(db) as never);
  return db.selectFrom(all.as('issued')).selectAll() as unknown as Issued;
};

const NONE = sql`null::jsonb`;

/** A {@link ChargedFor} of the late fee in a table of that name; null where there is none. */
const chargedFor = (fee: 'note' | 'fee') => {
  const charged = sql.ref(`${fee}.charged`);
  return sql`case when ${charged} is not null then jsonb_strip_nulls(jsonb_build_object(
    'charged', ${charged}, 'number', statement.number, 'dueOn', statement.due_on,
    'timeZone', period.closed ->> 'timeZone',
    'termsVersion', period.closed -> 'terms' -> -1 -> 'version'
  )) end`;
};

const lateFeeNotes = (db: Kysely<StatementTables>) =>
  db
    .selectFrom('billing_late_fee_notes as note')
    .innerJoin('billing_statements as statement', 'statement.statement_id', 'note.statement_id')
    .innerJoin('billing_periods as period', (join) =>
      join
        .onRef('period.contract_id', '=', 'statement.contract_id')
        .onRef('period.month', '=', 'statement.month'),
    )
    .select(['note.late_fee_id', 'note.number', sql`'lateFeeNote'`.as('kind')])
    .select(['note.contract_id', 'statement.customer_id', 'note.month'])
    .select(['note.issued_on', sql`null`.as('due_on'), 'note.totals', sql`1`.as('line_count')])
    .select(['note.position', sql`null`.as('inputs_digest'), sql`null`.as('lines_digest')])
    .select([NONE.as('credits'), chargedFor('note').as('late_fee'), 'note.issued_position'])
    .where('note.number', 'is not', null);

/** The lines of what was issued, each in their order; one line of a credit or late fee note. */
export const linesOfIssued = async <Tables extends StatementTables>(
  db: Kysely<Tables>,
  rows: readonly IssuedRow[],
): Promise<ReadonlyMap<string, readonly PaperLine[]>> => {
  if (rows.length === 0) return new Map();
  const notes = rows.filter(({ credits }) => credits);
  const fees = rows.filter(({ late_fee, credits }) => late_fee && !credits);
  const ids = rows.map((row) => row.credits?.statementId ?? row.statement_id);
  const found = await (db as unknown as Kysely<StatementTables>)
    .selectFrom('billing_statement_lines')
    .select(['statement_id', 'line'])
    .where('statement_id', 'in', [...new Set(ids)])
    .orderBy('number')
    .execute();
  const lines = new Map(
    [...Map.groupBy(found, ({ statement_id }) => statement_id)].map(
      ([id, own]): [string, readonly PaperLine[]] => [id, own.map(({ line }) => line)],
    ),
  );
  const credited = notes.map((note): [string, readonly PaperLine[]] => [
    note.statement_id,
    [creditOf(note, lines)],
  ]);
  const charged = fees.map(({ statement_id, late_fee }): [string, readonly PaperLine[]] => [
    statement_id,
    [{ number: 1, ...lateFeeLine(late_fee!) }],
  ]);
  return new Map([...lines, ...credited, ...charged]);
};

/** What a credit note gives back: of the line or late fee that it is for, else of the whole statement. */
const creditOf = (
  { statement_id, credits, month, totals, late_fee }: IssuedRow,
  lines: ReadonlyMap<string, readonly PaperLine[]>,
): PaperLine => {
  const { statementId, line, reason, timeZone } = credits!;
  const { currency, amount } = totals[0]!;
  const ofLine = line === undefined ? undefined : lines.get(statementId)?.[line - 1];
  const of = late_fee ? lateFeeLine(late_fee) : ofLine;
  const { component, facility, termsVersion, clauseRef } = of ?? {};
  return {
    ...{ number: 1, key: `credit/${statement_id}`, component: component ?? 'credit' },
    description: `Credit for ${creditedWhat(credits!)}: ${reason}`,
    ...(facility !== undefined && { facility }),
    ...(termsVersion !== undefined && { termsVersion }),
    ...(clauseRef !== undefined && { clauseRef }),
    window: of?.window ?? windowOf(timeZone, month),
    ...{ quantity: '1', unit: 'case', rate: amount, exactAmount: fractionOf(amount) },
    rounding: { mode: 'halfUp', scale: amount.split('.')[1]?.length ?? 0 },
    ...{ amount, currency },
  };
};

/** In words. */
export const creditedWhat = ({ number, line, lateFeeNumber }: Omit<Credits, 'reason'>): string => {
  if (lateFeeNumber !== undefined) return `late fee ${lateFeeNumber} on statement ${number}`;
  return line === undefined ? `statement ${number}` : `line ${line} of statement ${number}`;
};

/** What was issued under an id, whole; undefined where there is nothing. */
export const issuedUnder = async (
  db: Kysely<StatementTables>,
  statementId: string,
): Promise<Statement | undefined> => {
  const row = await issued(db).where('statement_id', '=', statementId).executeTakeFirst();
  if (!row) return undefined;
  const lines = await linesOfIssued(db, [row]);
  return { ...headOf(row), lines: lines.get(statementId) ?? [] };
};

export const headOf = (row: IssuedRow): Omit<Statement, 'lines'> => ({
  statementId: row.statement_id,
  number: row.number,
  kind: row.kind,
  contractId: row.contract_id,
  customerId: row.customer_id,
  month: row.month,
  issuedOn: row.issued_on,
  ...(row.due_on !== null && { dueOn: row.due_on }),
  ...(row.credits && { credits: creditsOf(row.credits) }),
  ...(row.late_fee && !row.credits && { lateFee: lateFeeFor(row.late_fee) }),
  totals: row.totals,
  position: row.position,
  ...(row.inputs_digest !== null && { inputsDigest: row.inputs_digest }),
  ...(row.lines_digest !== null && { linesDigest: row.lines_digest }),
});

const creditsOf = ({ timeZone: _, ...credits }: Credits & { readonly timeZone: string }): Credits =>
  credits;

/** Those of a statement, in the order of their numbers. */
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
