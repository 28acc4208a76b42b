import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  InScope,
  keysetPage,
  MayBeAbsent,
  MayRefuse,
  OwnObject,
  OwnRows,
  ownRows,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
  type Scope,
} from '@hostledger/http';
import {
  STATEMENT_KINDS,
  type PaperLine,
  type Statement,
  type StatementKind,
} from '../../domain/statement.js';
import { formatWanted } from '../../http/format.js';
import { StatementForm } from '../../http/paper-forms.js';
import { ownStatement } from '../own.js';
import { IsMonth, StatementLineParams, StatementParams } from '../../http/period-forms.js';
import { factReads } from '../inputs/fact-reads.js';
import type { InputTools } from '../inputs/ports.js';
import { explainCredit } from './explain-credit.js';
import { explainLateFee } from './explain-late-fee.js';
import { explain, explainAgreed } from './explanation.js';
import { headOf, issued, issuedUnder, type IssuedRow, type StatementTables } from './load.js';
import { STATEMENT_TYPES, StatementPapers } from './papers.js';
import { pageOfSources } from './source-pages.js';
import {
  headView,
  LineExplanation,
  StatementList,
  BillingStatementView,
  statementView,
} from './views.js';

export class StatementsPage extends Page {
  @MayBeAbsent()
  @IsUUID()
  contractId?: string;

  @MayBeAbsent()
  @IsUUID()
  customerId?: string;

  /** @example 2024-03 */
  @MayBeAbsent()
  @IsMonth()
  month?: string;

  @MayBeAbsent()
  @IsIn(STATEMENT_KINDS)
  kind?: StatementKind;
}

@ApiTags('billing')
@Controller('statements')
@AnyRole()
export class StatementsQueries {
  private readonly tools: InputTools;

  constructor(
    private readonly readModels: ReadModels,
    private readonly papers: StatementPapers,
    log: EventStore,
  ) {
    this.tools = { readModels, log, facts: factReads };
  }

  @ApiOperation({
    summary:
      'List the statements, credit notes and late fee notes that were issued, by their numbers',
    description:
      'A year has every number once. A credit note is of the month of its statement, a late fee note of that of the last day it is for; their ids are those of the account.',
  })
  @Get()
  @OwnRows()
  @ApiOkResponse({ type: StatementList })
  async list(
    @Query() { contractId, customerId, month, kind, ...page }: StatementsPage,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const filters = { contract_id: contractId, customer_id: customerId, month, kind };
    const { position, value } = await this.readModels.read<StatementTables, PageOf<IssuedRow>>(
      at,
      (db) => keysetPage(ownRows(issued(db), filters, scope), page, ['number']),
    );
    const items = value.items.map((row) => headView(headOf(row)));
    return readReply(position, { ...value, items });
  }

  @ApiOperation({
    summary:
      'Show a statement, credit note or late fee note with its lines: as data, as CSV, or as the PDF that a customer is sent',
    description:
      'The same statement is the same bytes, whenever it is asked for. The head of the PDF is from the configuration (`ISSUER_NAME`, `ISSUER_ADDRESS`).',
  })
  @Get(':statementId')
  @OwnObject(ownStatement)
  @ApiProduces('application/json', 'text/csv', 'application/pdf')
  @ApiOkResponse({ type: BillingStatementView })
  @MayRefuse('statement/unknown', 'request/not-acceptable')
  async get(
    @Param() { statementId }: StatementParams,
    @Query() { format }: StatementForm,
    @ReadAt() at: ReadOptions,
    @Req() request: FastifyRequest,
  ) {
    const wanted = formatWanted(request, format, STATEMENT_TYPES);
    const { position, statement } = await this.find(statementId, at);
    if (wanted !== 'json') return this.papers.reply(statement, wanted, position);
    return readReply(position, statementView(statement));
  }

  @ApiOperation({
    summary: 'Explain a line of a statement down to every event that it depends on',
    description:
      'Computes the line once more at the position of the statement, and says whether it comes to the same. What was agreed on is computed from nothing: who agreed to it, and why, is told with the event that says so; of a credit note also who asked for it, and how much could be given back.',
  })
  @Get(':statementId/lines/:line/explanation')
  @OwnObject(ownStatement, { without: ['stream'] })
  @ApiOkResponse({ type: LineExplanation })
  @MayRefuse('statement/unknown', 'statement/line-unknown', 'period/formula-unknown')
  async explanation(
    @Param() { statementId, line: number }: StatementLineParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const { position, statement } = await this.find(statementId, at);
    const line = statement.lines[number - 1];
    if (!line) {
      throw new DomainError(
        'notFound',
        'statement/line-unknown',
        `The statement has no line ${number}`,
        { lines: statement.lines.length },
      );
    }
    const { explanation, sources } = await explainerOf(statement, line)(
      this.tools,
      statement,
      line,
    );
    // Of what was agreed on, the steps say in words which of the company agreed.
    const isTold = !scope.customers || explanation.basis === 'computed';
    const body: LineExplanation = {
      ...explanation,
      steps: isTold ? explanation.steps : [],
      ...pageOfSources(sources, page),
    };
    return readReply(position, body);
  }

  private async find(
    statementId: string,
    at: ReadOptions,
  ): Promise<{ readonly position: bigint; readonly statement: Statement }> {
    const { position, value } = await this.readModels.read<StatementTables, Statement | undefined>(
      at,
      (db) => issuedUnder(db, statementId),
    );
    if (value) return { position, statement: value };
    throw new DomainError('notFound', 'statement/unknown', 'There is no such statement', {
      statementId,
    });
  }
}

const explainerOf = ({ credits, lateFee }: Statement, { adjusts }: PaperLine): typeof explain => {
  if (credits) return explainCredit;
  if (lateFee) return explainLateFee;
  return adjusts?.cause === 'agreed' ? explainAgreed : explain;
};

export const statementsQuery = { controllers: [StatementsQueries], providers: [StatementPapers] };
