import { Readable } from 'node:stream';
import { Controller, Get, Optional, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, MayRefuse, noFormula, ReadAt, sendCsv, type ReadOptions } from '@hostledger/http';
import { formatWanted } from '../../http/format.js';
import { ExportQuery } from '../../http/paper-forms.js';
import '../../http/paper-problems.js';
import { Issuer, NEUTRAL } from '../statements/parties.js';
import { csvRow, EXPORT_COLUMNS, jsonRow, type ExportedLine } from './columns.js';
import { ExportPages, type Exported } from './pages.js';

const TYPES = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

@ApiTags('billing')
@Controller('billing/export')
export class BillingExportController {
  constructor(
    private readonly readModels: ReadModels,
    @Optional() private readonly issuer: Issuer = NEUTRAL,
  ) {}

  @ApiOperation({
    summary: 'Lines of statements for other systems, in the columns of FOCUS where it has them',
    description:
      'A row for each line of each statement and credit note of one `month`, or of those `from` one ' +
      '`until` another, in the order in which they were issued. Rows never change and only come to be added, ' +
      'so `after` goes on where a file ended. docs/billing-export.md tells of each column.',
  })
  @Get()
  @AnyRole()
  @ApiProduces('text/csv', 'application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string' } })
  @MayRefuse(
    'billing/months-unclear',
    'statement/unknown',
    'contract/unknown',
    'customer/unknown',
    'request/not-acceptable',
  )
  async export(
    @Query() query: ExportQuery,
    @ReadAt() at: ReadOptions,
    @Req() request: FastifyRequest,
    @Res() response: FastifyReply,
  ) {
    const format = formatWanted(request, query.format, TYPES);
    const wanted = wantedBy(query);
    const pages = new ExportPages(this.readModels, this.issuer, wanted);
    // Before the first byte, so that what is wrong can still be told.
    const first = await pages.first(at);
    const rows = pages.rest(first);
    void response.header('log-position', first.position.toString());
    const name = `billing-${wanted.from}-${wanted.until}.${format}`;
    if (format === 'csv') await sendCsv(response, name, csvLines(rows));
    else {
      await response
        .header('content-type', TYPES.ndjson)
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(Readable.from(jsonLines(rows), { objectMode: false }));
    }
  }
}

async function* csvLines(rows: AsyncIterable<ExportedLine>): AsyncGenerator<readonly string[]> {
  yield EXPORT_COLUMNS.map(({ name }) => name);
  for await (const row of rows) yield csvRow(row).map(noFormula);
}

async function* jsonLines(rows: AsyncIterable<ExportedLine>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(jsonRow(row))}\n`;
}

/** @throws DomainError `billing/months-unclear`. */
const wantedBy = ({ month, from, until, after, contractId, customerId }: ExportQuery): Exported => {
  const first = month ?? from;
  const last = month ?? until;
  const both = month !== undefined && (from !== undefined || until !== undefined);
  if (first === undefined || last === undefined || both || first > last) {
    throw new DomainError(
      'invalid',
      'billing/months-unclear',
      'Name either month, or from and until in this order',
    );
  }
  const [number, line = Infinity] = after?.split('.') ?? [];
  return {
    ...{ from: first, until: last, contractId, customerId },
    ...(number !== undefined && { after: { number, line: Number(line) } }),
  };
};

export const billingExport = { controllers: [BillingExportController], providers: [] };
