import { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { Kysely } from 'kysely';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { eventSchemas } from '@hostledger/feed';
import { MayBeAbsent, MayRefuse, ProblemError, requestClock, Roles } from '@hostledger/http';
import { exportBundle, NotInLog, type ExportLog } from '../../bundle/export.js';
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
      'manifest. It is read no faster than it is taken; one that breaks off is found to be cut off.',
  })
  @Get()
  @ApiProduces('application/x-tar')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @MayRefuse('audit/position-ahead', 'audit/too-many-exports')
  async export(
    @Query() { fromPosition, until }: AuditExportQuery,
    @Res() response: FastifyReply,
  ): Promise<void> {
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
    const chunks = await this.begun(afterOf(fromPosition), until, signal).catch(
      (error: unknown) => {
        leave();
        if (!signal.aborted) throw error;
        return undefined;
      },
    );
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
    after: bigint,
    until: string | undefined,
    taker: AbortSignal,
  ): Promise<AsyncIterable<Buffer>> {
    const kept = await keptLeaves(this.readTree);
    const schemas = new Map(
      [...eventSchemas].map(([type, { schema }]) => [type, schema as object]),
    );
    const chunks = exportBundle(
      { log: readWhileTaken(this.eventStore, taker), schemas, ...(kept && { kept }) },
      { after, ...(until !== undefined && { until: BigInt(until) }) },
      requestClock.now(),
    );
    try {
      const first = await chunks.next();
      return continued(first.value as Buffer, chunks);
    } catch (error) {
      if (!(error instanceof NotInLog)) throw error;
      throw new ProblemError(409, 'audit/position-ahead', error.message);
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
