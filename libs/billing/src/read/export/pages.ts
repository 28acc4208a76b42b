import { DomainError } from '@hostledger/eventsourcing';
import type { Kysely } from 'kysely';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { ReadOptions } from '@hostledger/http';
import {
  headOf,
  issued,
  linesOfIssued,
  type IssuedRow,
  type StatementTables,
} from '../statements/load.js';
import { toldLines } from '../statements/nothing.js';
import { partiesOf, type Issuer, type Parties, type PartyTables } from '../statements/parties.js';
import { mustKnowParties } from '../known.js';
import type { ExportedLine } from './columns.js';

/** Statements read at once; most have some dozens of lines. */
const STATEMENTS_A_PAGE = 50;

/** Whose lines of which months, both included; only those after a line of a statement. */
export interface Exported {
  readonly from: string;
  readonly until: string;
  readonly contractId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly after?: { readonly number: string; readonly line: number } | undefined;
}

export interface ExportPage {
  readonly position: bigint;
  readonly rows: readonly ExportedLine[];
  /** Where in the log the last statement was issued; there may be more after it. */
  readonly last?: bigint;
}

type Tables = StatementTables & PartyTables;

/**
 * Reads lines of statements in the order in which they were issued, a page at a time. That is not always
 * the order of their numbers, which begin anew with the year of each contract's own zone: by number, what
 * is issued last of an old year would come before what was read already.
 */
export class ExportPages {
  /** Of statements that were seen; a contract has many. */
  private readonly parties = new Map<string, Parties>();

  constructor(
    private readonly readModels: Pick<ReadModels, 'read'>,
    private readonly issuer: Issuer,
    private readonly wanted: Exported,
  ) {}

  /**
   * The first page; those after it in {@link rest}.
   * @throws DomainError `contract/unknown`, `customer/unknown`.
   */
  first(at: ReadOptions): Promise<ExportPage> {
    return this.page(at, undefined);
  }

  /** All rows, beginning with those of a page that was read. */
  async *rest(page: ExportPage): AsyncGenerator<ExportedLine> {
    for (let { rows, last } = page; ;) {
      yield* rows;
      if (last === undefined) return;
      ({ rows, last } = await this.page({ minPosition: page.position }, last));
    }
  }

  private async page(at: ReadOptions, beyond: bigint | undefined): Promise<ExportPage> {
    const { position, value } = await this.readModels.read<Tables, Omit<ExportPage, 'position'>>(
      at,
      async (db) => {
        if (beyond === undefined) await mustKnowParties(db, this.wanted);
        const statements = await this.statements(db, beyond);
        const rows = await this.rows(db, statements);
        const last =
          statements.length < STATEMENTS_A_PAGE ? undefined : statements.at(-1)?.issued_position;
        return { rows, ...(last !== undefined && { last }) };
      },
    );
    return { position, ...value };
  }

  private async statements(db: Kysely<Tables>, beyond: bigint | undefined): Promise<IssuedRow[]> {
    const { from, until, contractId, customerId } = this.wanted;
    const since = beyond === undefined ? await this.since(db) : undefined;
    let query = issued(db).where('month', '>=', from).where('month', '<=', until);
    if (contractId !== undefined) query = query.where('contract_id', '=', contractId);
    if (customerId !== undefined) query = query.where('customer_id', '=', customerId);
    if (since !== undefined) query = query.where('issued_position', '>=', since);
    if (beyond !== undefined) query = query.where('issued_position', '>', beyond);
    return query.orderBy('issued_position').limit(STATEMENTS_A_PAGE).execute();
  }

  /** @throws DomainError `statement/unknown`. */
  private async since(db: Kysely<Tables>): Promise<bigint | undefined> {
    const { after } = this.wanted;
    if (!after) return undefined;
    const row = await issued(db).where('number', '=', after.number).executeTakeFirst();
    if (row) return row.issued_position;
    const message = `There is no statement ${after.number}`;
    throw new DomainError('notFound', 'statement/unknown', message, { number: after.number });
  }

  private async rows(
    db: Kysely<Tables>,
    statements: readonly IssuedRow[],
  ): Promise<ExportedLine[]> {
    const lines = await linesOfIssued(db, statements);
    const { after } = this.wanted;
    const rows: ExportedLine[] = [];
    for (const row of statements) {
      const statement = headOf(row);
      const parties = await this.partiesOf(db, row);
      for (const line of toldLines(lines.get(row.statement_id) ?? [], statement, parties)) {
        if (row.number === after?.number && line.number <= after.line) continue;
        rows.push({ line, statement, parties });
      }
    }
    return rows;
  }

  private async partiesOf(db: Kysely<Tables>, row: IssuedRow): Promise<Parties> {
    const { contract_id: contractId, customer_id: customerId } = row;
    const key = `${contractId} ${customerId}`;
    const parties =
      this.parties.get(key) ?? (await partiesOf(db, { contractId, customerId }, this.issuer));
    this.parties.set(key, parties);
    return parties;
  }
}
