import { Injectable, Optional } from '@nestjs/common';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { readReply, type HttpReply } from '@hostledger/http';
import type { Kysely } from 'kysely';
import type { Statement } from '../../domain/statement.js';
import { documentOf, PAPER_TYPES, type PaperFormat } from './documents.js';
import type { StatementTables } from './load.js';
import { Issuer, NEUTRAL, partiesOf, type Parties, type PartyTables } from './parties.js';

/** What a statement is served as; as data to whoever does not mind. */
export const STATEMENT_TYPES = { json: 'application/json', ...PAPER_TYPES } as const;

type Tables = StatementTables & PartyTables;

/** Statements as files. */
@Injectable()
export class StatementPapers {
  constructor(
    private readonly readModels: ReadModels,
    @Optional() private readonly issuer: Issuer = NEUTRAL,
  ) {}

  /** @param position that the statement was read at. */
  async reply(
    statement: Statement,
    format: PaperFormat,
    position: bigint,
  ): Promise<HttpReply<Buffer>> {
    const { value: parties } = await this.readModels.read<Tables, Parties>(
      { minPosition: position },
      (db) => partiesWithNumbers(db, statement, this.issuer),
    );
    const { contentType, fileName, body } = await documentOf(statement, parties, format);
    return readReply(position, body, {
      'content-type': contentType,
      'content-disposition': `attachment; filename="${fileName}"`,
    });
  }
}

/** The two sides, and the numbers of the statements that this one adjusts. */
const partiesWithNumbers = async (
  db: Kysely<Tables>,
  statement: Statement,
  issuer: Issuer,
): Promise<Parties> => {
  const parties = await partiesOf(db, statement, issuer);
  const adjusted = statement.lines.flatMap(({ adjusts }) => adjusts?.statementId ?? []);
  if (adjusted.length === 0) return parties;
  const rows = await db
    .selectFrom('billing_statements')
    .select(['statement_id', 'number'])
    .where('statement_id', 'in', [...new Set(adjusted)])
    .where('status', '=', 'issued')
    .execute();
  const numbers = new Map(rows.map(({ statement_id, number }) => [statement_id, number!]));
  return { ...parties, numbers };
};
