import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsUUID, Matches, Max, Min } from 'class-validator';
import type { Kysely } from 'kysely';
import { DomainError } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  MayBeAbsent,
  MayRefuse,
  ProblemError,
  ReadAt,
  readReply,
  Roles,
  type ReadOptions,
} from '@hostledger/http';
import '../../http/notary-problems.js';
import { NOTARY_SCHEMA, positionsOf, tilesIn, type NotaryTables } from '../tree-table.js';
import { withoutSecrets } from '@hostledger/feed';
import { leafHash, leafLine } from '../../transparency/leaf.js';
import { consistencyPath, inclusionPath, type LeafRange } from '../../transparency/merkle.js';
import { rangeHashes, TILE_WIDTH, TileMissing } from '../../transparency/tiles.js';
import { checkpointOf, type CheckpointTables } from '../checkpoints/query.js';
import { ConsistencyProofView, InclusionProofView } from './views.js';

const MAX_SIZE = 9_007_199_254_740_991;

export class InclusionQuery {
  /**
   * Of the event, in the log; this or `eventId`.
   * @example "5515200"
   */
  @MayBeAbsent()
  @Matches(/^(0|[1-9]\d{0,18})$/, { message: '$property is a position in the log' })
  position?: string;

  /** @example 0f0c7e5e-0c3c-5d50-8a60-0c3b0a1f9a11 */
  @MayBeAbsent()
  @IsUUID()
  eventId?: string;

  /**
   * Of the checkpoint; the latest one when absent.
   * @example 27175
   */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  size?: number;
}

export class ConsistencyQuery {
  /**
   * Of the older checkpoint.
   * @example 27175
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  from: number;

  /**
   * Of the newer one; the latest when absent.
   * @example 54321
   */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  to?: number;
}

/** The history's index, by which an event is found; a read model of its own. */
interface IndexTables {
  audit_events: { event_id: string; position: bigint };
}

type ProofTables = CheckpointTables & NotaryTables & IndexTables;

const RETRY_AFTER_SECONDS = 5;

@ApiTags('audit')
@Controller('audit/proofs')
@Roles('auditor')
export class ProofsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly eventStore: EventStore,
  ) {}

  @ApiOperation({
    summary: 'Prove that an event is part of what was signed',
    description:
      'The hash of the line and the proof lead to the root of the checkpoint, which the note signs. The ' +
      'line of an event with the hash of a secret is not told: its hash is, and the bundle has the line.',
  })
  @Get('inclusion')
  @ApiOkResponse({ type: InclusionProofView })
  @MayRefuse(
    'audit/not-covered',
    'audit/event-unknown',
    'audit/checkpoint-unknown',
    'audit/tree-behind',
  )
  async inclusion(@Query() { position, eventId, size }: InclusionQuery, @ReadAt() at: ReadOptions) {
    const where = await this.placeOf(position, eventId, at);
    const event = await this.eventStore.eventAt(where);
    if (!event || event.type.startsWith('$')) throw unknownEvent(`at position ${where}`);
    const { position: trueAt, value } = await this.readModels.read<ProofTables, InclusionProofView>(
      at,
      async (db) => {
        const checkpoint = await checkpointOf(db, size);
        if (where > BigInt(checkpoint.position)) {
          throw new DomainError(
            'conflict',
            'audit/not-covered',
            `The checkpoint of ${checkpoint.treeSize} events ends at position ${checkpoint.position}`,
            { treeSize: checkpoint.treeSize },
          );
        }
        const index = await indexOf(db, where);
        const proof = await hashesOf(db, inclusionPath(index, checkpoint.treeSize));
        const line = leafLine(event);
        const { withheld } = withoutSecrets(event.stream, event.data, '/data');
        return {
          ...(withheld ? { withheld } : { leaf: line }),
          ...{ leafHash: leafHash(line).toString('base64'), index, proof, checkpoint },
        };
      },
    );
    return readReply(trueAt, value);
  }

  @ApiOperation({
    summary: 'Prove that one checkpoint goes on from another: nothing was changed in between',
  })
  @Get('consistency')
  @ApiOkResponse({ type: ConsistencyProofView })
  @MayRefuse('audit/sizes-out-of-order', 'audit/checkpoint-unknown', 'audit/tree-behind')
  async consistency(@Query() query: ConsistencyQuery, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<ProofTables, ConsistencyProofView>(
      at,
      async (db) => {
        const from = await checkpointOf(db, query.from);
        const to = await checkpointOf(db, query.to);
        if (from.treeSize > to.treeSize) {
          throw new DomainError(
            'invalid',
            'audit/sizes-out-of-order',
            `A tree of ${to.treeSize} events has not grown out of one of ${from.treeSize}`,
            {},
            '/from',
          );
        }
        const path = consistencyPath(from.treeSize, to.treeSize);
        return { proof: await hashesOf(db, path), from, to };
      },
    );
    return readReply(position, value);
  }

  private async placeOf(
    position: string | undefined,
    eventId: string | undefined,
    at: ReadOptions,
  ): Promise<bigint> {
    if ((position === undefined) === (eventId === undefined)) {
      throw new ProblemError(400, 'request/invalid', 'One of position and eventId is wanted', {
        errors: [{ pointer: '/position', code: 'one', message: 'Either this or eventId' }],
      });
    }
    if (position !== undefined) return BigInt(position);
    const { value } = await this.readModels.read<ProofTables, { position: bigint } | undefined>(
      at,
      (db) =>
        db
          .selectFrom('audit_events')
          .select('position')
          .where('event_id', '=', eventId!)
          .executeTakeFirst(),
    );
    if (value) return value.position;
    throw unknownEvent(`with the id ${eventId}`);
  }
}

const unknownEvent = (which: string): DomainError =>
  new DomainError('notFound', 'audit/event-unknown', `There is no event ${which} in the log`);

/** Of the leaf; that tile is looked at which begins at the position or before. */
const indexOf = async (db: Kysely<NotaryTables>, position: bigint): Promise<number> => {
  const tile = await db
    .withSchema(NOTARY_SCHEMA)
    .selectFrom('leaves')
    .select(['index', 'positions'])
    .where('first_position', '<=', position)
    .orderBy('first_position', 'desc')
    .limit(1)
    .executeTakeFirst();
  const at = positionsOf(tile?.positions).indexOf(position);
  if (!tile || at < 0) throw treeBehind();
  return Number(tile.index) * TILE_WIDTH + at;
};

const hashesOf = async (
  db: Kysely<NotaryTables>,
  path: readonly LeafRange[],
): Promise<string[]> => {
  try {
    const hashes = await rangeHashes(path, (keys) => tilesIn(db, keys));
    return hashes.map((hash) => hash.toString('base64'));
  } catch (error) {
    throw error instanceof TileMissing ? treeBehind() : error;
  }
};

const treeBehind = (): ProblemError =>
  new ProblemError(503, 'audit/tree-behind', 'The tree is built from the log and not there yet', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });

export const proofsQuery = { controllers: [ProofsController] };
