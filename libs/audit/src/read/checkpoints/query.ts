import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { ApiExtraModels } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  acceptedType,
  keysetPage,
  MayRefuse,
  Page,
  ReadAt,
  readReply,
  Roles,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import '../../http/notary-problems.js';
import { believedKeys, isSigned } from './believed.js';
import type { CheckpointRow, CosignatureRow, NotaryKeyRow } from './projection.js';
import {
  CheckpointList,
  CheckpointView,
  checkpointView,
  cosignedNote,
  NotaryKeyList,
  notaryKeyView,
} from './views.js';

export interface CheckpointTables {
  audit_checkpoints: CheckpointRow;
  audit_cosignatures: CosignatureRow;
  audit_notary_keys: NotaryKeyRow;
}

@ApiTags('audit')
@Controller('audit')
@Roles('auditor')
export class CheckpointsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'The latest checkpoint: what was signed of the history',
    description:
      'As `text/plain` it is the signed note itself, with the signatures of witnesses, in the format ' +
      'of https://c2sp.org/tlog-checkpoint.',
  })
  @Get('checkpoint')
  @ApiProduces('application/json', 'text/plain')
  @ApiExtraModels(CheckpointView)
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: getSchemaPath(CheckpointView) } },
      'text/plain': { schema: { type: 'string' } },
    },
  })
  @MayRefuse('audit/checkpoint-unknown')
  async latest(@ReadAt() at: ReadOptions, @Req() request: FastifyRequest) {
    const type = acceptedType(request, ['application/json', 'text/plain']);
    const { position, value } = await this.readModels.read<CheckpointTables, CheckpointView>(
      at,
      (db) => checkpointOf(db, undefined),
    );
    return type === 'application/json'
      ? readReply(position, value)
      : readReply(position, cosignedNote(value), { 'content-type': 'text/plain; charset=utf-8' });
  }

  @ApiOperation({
    summary: 'List checkpoints with their witnesses, the latest first',
    description:
      'Those that the key in force has signed, each size once. A page has fewer where somebody has ' +
      'written others into the log.',
  })
  @Get('checkpoints')
  @ApiOkResponse({ type: CheckpointList })
  async list(@Query() page: Page, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<
      CheckpointTables,
      PageOf<CheckpointView>
    >(at, async (db) => {
      const query = db.selectFrom('audit_checkpoints').selectAll();
      const found = await keysetPage(query, page, ['tree_size', 'position'], 'desc');
      const keys = await keysOf(db);
      const signed = found.items.filter((row) => isSigned(row, keys));
      const items = signed.filter(({ tree_size }, n) => signed[n + 1]?.tree_size !== tree_size);
      const cosignatures = await cosignaturesOf(db, items);
      return { ...found, items: items.map((row) => checkpointView(row, cosignatures)) };
    });
    return readReply(position, value);
  }

  @ApiOperation({ summary: 'The keys that checkpoints are signed with, each and by what right' })
  @Get('keys')
  @ApiOkResponse({ type: NotaryKeyList })
  async keys(@ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<CheckpointTables, NotaryKeyRow[]>(
      at,
      async (db) => [...(await keysOf(db))],
    );
    return readReply(position, { items: value.map(notaryKeyView) } satisfies NotaryKeyList);
  }
}

/** Of this size, or the latest one. @throws DomainError */
export const checkpointOf = async (
  db: Kysely<CheckpointTables>,
  size: number | undefined,
): Promise<CheckpointView> => {
  const keys = await keysOf(db);
  const all = db.selectFrom('audit_checkpoints').selectAll().orderBy('tree_size', 'desc');
  const query = size === undefined ? all : all.where('tree_size', '=', BigInt(size));
  for (let passed = 0; ; passed += AT_A_TIME) {
    const rows = await query.orderBy('position').offset(passed).limit(AT_A_TIME).execute();
    const row = rows.find((one) => isSigned(one, keys));
    if (row) return checkpointView(row, await cosignaturesOf(db, [row]));
    if (rows.length < AT_A_TIME) break;
  }
  throw new DomainError(
    'notFound',
    'audit/checkpoint-unknown',
    size === undefined
      ? 'No checkpoint was signed yet'
      : `No checkpoint of ${size} events was signed`,
  );
};

/** Mostly the first one is it; others are there only where somebody has forged some. */
const AT_A_TIME = 10;

const keysOf = async (db: Kysely<CheckpointTables>): Promise<readonly NotaryKeyRow[]> =>
  believedKeys(await db.selectFrom('audit_notary_keys').selectAll().orderBy('position').execute());

const cosignaturesOf = async (
  db: Kysely<CheckpointTables>,
  rows: readonly CheckpointRow[],
): Promise<CosignatureRow[]> => {
  const sizes = rows.map(({ tree_size }) => tree_size);
  if (sizes.length === 0) return [];
  return db
    .selectFrom('audit_cosignatures')
    .selectAll()
    .where('tree_size', 'in', sizes)
    .orderBy('position')
    .execute();
};

export const checkpointsQuery = { controllers: [CheckpointsController] };
