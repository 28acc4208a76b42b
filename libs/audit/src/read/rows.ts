import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { MayRefuse, ReadAt, readReply, Roles, type ReadOptions } from '@hostledger/http';
import { AuditCatalogue } from '../catalogue.js';
import { plain } from '../domain/plain.js';
import '../http/as-of-problems.js';
import { keyOf, rowAsJson, tableNamed } from '../recompute/row.js';

export class TableParams {
  /** @example miners */
  @Matches(/^[a-z][a-z0-9_]{0,62}$/, { message: '$property is the name of a table' })
  table: string;
}

/** One row of a read model, as it is now. */
export class ReadModelRowView {
  table: string;
  /** Of the read model that the table belongs to, and the version of what fills it. */
  projection: string;
  version: number;
  key: Record<string, unknown>;
  /** Null where there is no such row. Figures beyond a double are decimal texts. */
  row: Record<string, unknown> | null;
  /** That it is true at: all events up to here are in it. */
  position: string;
}

type Tables = Record<string, Record<string, unknown>>;

@ApiTags('audit')
@Controller('audit/rows')
@Roles('auditor')
export class RowsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly catalogue: AuditCatalogue,
  ) {}

  @ApiOperation({
    summary: 'A row of a read model as it is now, to be held against one that is recomputed',
    description: 'The row is named by its key, a parameter `key.<column>` for each column of it.',
  })
  @Get(':table')
  @ApiQuery({
    name: 'key',
    required: true,
    style: 'form',
    explode: true,
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    description: 'As `key.<column>=<value>`, one for each column of the key',
  })
  @ApiOkResponse({ type: ReadModelRowView })
  @MayRefuse('audit/table-unknown', 'audit/row-key-invalid')
  async get(
    @Param() { table: name }: TableParams,
    @Req() { query }: FastifyRequest,
    @ReadAt() at: ReadOptions,
  ) {
    const table = tableNamed(this.catalogue.tables, name);
    const { key } = keyOf(table, namedIn(query));
    const { position, value } = await this.readModels.read<Tables, Record<string, unknown>[]>(
      at,
      (db) => rowsWith(db, name, key),
    );
    const { projection } = table;
    const body: ReadModelRowView = {
      ...{ table: name, projection: projection.name, version: projection.version },
      key: plain(key) as Record<string, unknown>,
      row: rowAsJson(value[0]) as Record<string, unknown> | null,
      position: position.toString(),
    };
    return readReply(position, body);
  }
}

const rowsWith = (
  db: Kysely<Tables>,
  table: string,
  key: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>[]> => {
  let rows = db.selectFrom(table).selectAll();
  for (const [column, value] of Object.entries(key)) rows = rows.where(column, '=', value);
  return rows.limit(1).execute();
};

const PREFIX = 'key.';

/** @throws DomainError `audit/row-key-invalid` */
const namedIn = (query: unknown): Record<string, string> => {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(query as Record<string, unknown>)) {
    if (!name.startsWith(PREFIX) || typeof value !== 'string') {
      throw new DomainError(
        'invalid',
        'audit/row-key-invalid',
        `${name} names no column of a key: each is given once, as key.<column>`,
        { parameter: name },
      );
    }
    given[name.slice(PREFIX.length)] = value;
  }
  return given;
};

export const rowsQuery = { controllers: [RowsController], providers: [] };
