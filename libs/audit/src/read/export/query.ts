import { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { Kysely } from 'kysely';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { eventSchemas } from '@hostledger/feed';
import { MayBeAbsent, MayRefuse, ProblemError, requestClock, Roles } from '@hostledger/http';
import {
  exportAgain,
  exportBundle,
  ExportChanged,
  NotInLog,
  type ExportLog,
} from '../../bundle/export.js';
import type { BundleHead } from '../../bundle/format.js';
import { headShape } from '../../bundle/shapes.js';
import '../../http/bundle-problems.js';
import type { NotaryTables } from '../tree-table.js';
import { keptLeaves, type ReadTree } from './kept-leaves.js';

const POSITION = /^(0|[1-9]\d{0,17})$/;
const EXPORTS_AT_ONCE = 2;
const RETRY_AFTER_SECONDS = 60;

export class AuditExportQuery {
  /**
   * Only events at this position and after it; all when absent.
   * @example "0"
   */
  @MayBeAbsent()
  @Matches(POSITION, { message: '$property is a position in the log' })
  fromPosition?: string;

  /**
   * Up to and with this position; to the end of the log when absent.
   * @example "5515200"
   */
  @MayBeAbsent()
  @Matches(POSITION, { message: '$property is a position in the log' })
  until?: string;

  /**
   * To go on with an export that broke off: its `bundle.json` in base64url, which says what it is of. The
   * answer has the bytes after the first `skip`; `fromPosition` and `until` are those of that export.
   */
  @MayBeAbsent()
  @Matches(/^[A-Za-z0-9_-]{1,12000}$/, { message: '$property is base64url' })
  resume?: string;

  /**
   * Bytes that are there already.
   * @example 1048576
   */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  skip?: number;
}

@ApiTags('audit')
@Controller('audit/export')
@Roles('auditor')
export class AuditExportController {
  private running = 0;
  private readonly readTree: ReadTree = async <T>(
    query: (db: Kysely<NotaryTables>) => Promise<T>,
  ): Promise<T> => (await this.readModels.read<NotaryTables, T>({}, query)).value;

  constructor(
    private readonly eventStore: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  @ApiOperation({
    summary: 'The history as a bundle that is verified offline: hostledger audit verify',
    description:
      'A tar file of events in the order of the log, leaves, checkpoints, keys, proofs, schemas and a ' +
      'manifest. It is read no faster than it is taken; one that breaks off is found to be cut off, and ' +
      'is gone on with by `resume` and `skip`.',
  })
  @Get()
  @ApiProduces('application/x-tar')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @MayRefuse('audit/position-ahead', 'audit/export-changed', 'audit/too-many-exports')
  async export(@Query() query: AuditExportQuery, @Res() response: FastifyReply): Promise<void> {
    if (this.running >= EXPORTS_AT_ONCE) {
      throw new ProblemError(
        429,
        'audit/too-many-exports',
        `${EXPORTS_AT_ONCE} exports are being read; each takes its share of the server`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    }
    this.running += 1;
    const leave = once(() => (this.running -= 1));
    const taker = new AbortController();
    if (response.raw.destroyed) taker.abort();
    else response.raw.once('close', () => taker.abort());
    const { signal } = taker;
    const chunks = await this.begun(query, signal).catch((error: unknown) => {
      leave();
      if (!signal.aborted) throw error;
      return undefined;
    });
    if (!chunks || signal.aborted) {
      // Nobody is there to be told.
      leave();
      response.hijack();
      return;
    }
    // Closed once its generator has ended: not before is its share of the server free.
    const bytes = Readable.from(chunks, { objectMode: false }).once('close', leave);
    await response
      .header('content-type', 'application/x-tar')
      .header('content-disposition', 'attachment; filename="hostledger-bundle.tar"')
      .header('cache-control', 'no-store')
      .send(bytes);
  }

  /** The first bytes are awaited, so that what is refused is a problem and no broken download. */
  private async begun(
    { fromPosition, until, resume, skip = 0 }: AuditExportQuery,
    taker: AbortSignal,
  ): Promise<AsyncIterable<Buffer> | Iterable<Buffer>> {
    const kept = await keptLeaves(this.readTree);
    const schemas = new Map(
      [...eventSchemas].map(([type, { schema }]) => [type, schema as object]),
    );
    const source = {
      ...{ log: readWhileTaken(this.eventStore, taker), schemas },
      ...(kept && { kept }),
    };
    const after = afterOf(fromPosition);
    const chunks =
      resume === undefined
        ? exportBundle(
            source,
            { after, ...(until !== undefined && { until: BigInt(until) }) },
            requestClock.now(),
          )
        : exportAgain(source, headOf(resume), skip);
    try {
      const first = await chunks.next();
      return first.done ? [] : continued(first.value, chunks);
    } catch (error) {
      if (error instanceof NotInLog) {
        throw new ProblemError(409, 'audit/position-ahead', error.message);
      }
      if (!(error instanceof ExportChanged)) throw error;
      throw new ProblemError(409, 'audit/export-changed', error.message);
    }
  }
}

/** What is left out of a bundle is read before its first byte; nobody may be there any more to take that. */
const readWhileTaken = (log: ExportLog, taker: AbortSignal): ExportLog => ({
  head: () => log.head(),
  async *readLog(after, until) {
    taker.throwIfAborted();
    for await (const batch of log.readLog(after, until)) {
      taker.throwIfAborted();
      yield batch;
    }
  },
});

/** @throws ProblemError */
const headOf = (resume: string): BundleHead => {
  const text = Buffer.from(resume, 'base64url').toString('utf8');
  try {
    return headShape.parse(JSON.parse(text));
  } catch {
    throw new ProblemError(400, 'request/invalid', 'What should be a bundle.json is none', {
      errors: [{ pointer: '/resume', code: 'format', message: 'resume is no bundle.json' }],
    });
  }
};

async function* continued(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

const afterOf = (fromPosition: string | undefined): bigint => {
  const from = BigInt(fromPosition ?? 0);
  return from === 0n ? 0n : from - 1n;
};

const once = (act: () => void): (() => void) => {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
};

export const exportQuery = { controllers: [AuditExportController] };
