import { Controller, Get, Optional, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, MayRefuse, ReadAt, type ReadOptions } from '@hostledger/http';
import type { Statement } from '../../domain/statement.js';
import { StatementDocumentForm, StatementDocumentParams } from '../../http/paper-forms.js';
import { formatWanted } from '../../http/format.js';
import '../../http/paper-problems.js';
import { documentOf, PAPER_TYPES } from './documents.js';
import { statementOf, type StatementTables } from './load.js';
import { Issuer, NEUTRAL, partiesOf, type Parties, type PartyTables } from './parties.js';

@ApiTags('billing')
@Controller('statements')
export class StatementDocumentsController {
  constructor(
    private readonly readModels: ReadModels,
    @Optional() private readonly issuer: Issuer = NEUTRAL,
  ) {}

  @ApiOperation({
    summary: 'A statement as a file: the PDF that a customer is sent, or CSV',
    description:
      'The same statement is the same bytes, whenever it is asked for. The head of the PDF is from the ' +
      'configuration (`ISSUER_NAME`, `ISSUER_ADDRESS`).',
  })
  @Get(':statementId/document')
  @AnyRole()
  @ApiProduces('application/pdf', 'text/csv')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @MayRefuse('statement/unknown', 'request/not-acceptable')
  async document(
    @Param() { statementId }: StatementDocumentParams,
    @Query() { format }: StatementDocumentForm,
    @ReadAt() at: ReadOptions,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ) {
    const wanted = formatWanted(request, format, PAPER_TYPES);
    const { position, value } = await this.readModels.read<Tables, Paper | undefined>(at, (db) =>
      paperOf(db, statementId, this.issuer),
    );
    if (!value)
      throw new DomainError('notFound', 'statement/unknown', 'There is no such statement');
    const paper = await documentOf(value.statement, value.parties, wanted);
    await response
      .header('content-type', paper.contentType)
      .header('content-disposition', `attachment; filename="${paper.fileName}"`)
      .header('log-position', position.toString())
      .send(paper.body);
  }
}

type Tables = StatementTables & PartyTables;

interface Paper {
  readonly statement: Statement;
  readonly parties: Parties;
}

/** A statement with what its paper says beside it: the two sides, and the numbers it refers to. */
const paperOf = async (
  db: Kysely<Tables>,
  statementId: string,
  issuer: Issuer,
): Promise<Paper | undefined> => {
  const statement = await statementOf(db as unknown as Kysely<StatementTables>, statementId);
  if (!statement) return undefined;
  const parties = await partiesOf(db as unknown as Kysely<PartyTables>, statement, issuer);
  const adjusted = statement.lines.flatMap(({ adjusts }) => adjusts?.statementId ?? []);
  if (adjusted.length === 0) return { statement, parties };
  const rows = await db
    .selectFrom('billing_statements')
    .select(['statement_id', 'number'])
    .where('statement_id', 'in', [...new Set(adjusted)])
    .execute();
  const numbers = new Map(rows.map(({ statement_id, number }) => [statement_id, number!]));
  return { statement, parties: { ...parties, numbers } };
};

export const statementDocuments = { controllers: [StatementDocumentsController], providers: [] };
