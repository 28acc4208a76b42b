import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, Req, Res, type OnModuleDestroy } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  acceptedType,
  AUTHENTICATORS,
  cursorOf,
  cursorValues,
  DEFAULT_LIMIT,
  MayRefuse,
  ProblemError,
  ReadAt,
  type ReadOptions,
  Roles,
  type AuthenticatedRequest,
  type Authenticator,
} from '@hostledger/http';
import '../../http/history-problems.js';
import { filterOf, HistoryQuery } from './form.js';
import { HistorySearch, type FoundEvent, type Search } from './search.js';
import { csvHead, csvOf, foundView, HistoryEventList, type HistoryEventView } from './views.js';

const TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;
type Format = keyof typeof TYPES;

/** A page of a search that few events pass is told as far as it came. */
const PAGE_WITHIN_MS = 3_000;
/** Each holds a page of events; all of them share the database with the commands. */
const MAX_EXPORTS = 8;
const RETRY_AFTER_SECONDS = 30;
/** A token that was withdrawn meanwhile ends its exports after this long. */
const TOKEN_CHECK_EVERY_MS = 15_000;
const MAX_CHUNK_CHARACTERS = 64 * 1024;

@ApiTags('audit')
@ApiExtraModels(HistoryEventList)
@Controller('audit/events')
export class HistoryController implements OnModuleDestroy {
  private exports = 0;
  private closing = false;

  constructor(
    private readonly search: HistorySearch,
    @Inject(AUTHENTICATORS) private readonly authenticators: readonly Authenticator[],
  ) {}

  @ApiOperation({
    summary: 'Everything that happened: who did what when, why, and in answer to what',
    description:
      'In the order of the log, as JSON in pages, or whole as `application/x-ndjson` and `text/csv`. ' +
      'The answer is true at its `Log-Position`: what is recorded meanwhile is not in it. Data and ' +
      'metadata are those of the log, but for hashes of secrets, which `withheld` names. Events of ' +
      '`accessDenials`, `accessToken` and `commandKey` come only if asked for by category, type, stream, ' +
      'subject, command, cause or correlation. A page with `searchedUntil` ends before it is full, since ' +
      'the search took long: `nextCursor` goes on. A file that ends before its end was cut off, and its ' +
      'connection with it: ask for what comes after its last position.',
  })
  @Get()
  @Roles('auditor')
  @MayRefuse('audit/type-unknown', 'request/cursor-invalid', 'audit/too-many-exports')
  @ApiOkResponse({
    content: {
      [TYPES.json]: { schema: { $ref: getSchemaPath(HistoryEventList) } },
      [TYPES.ndjson]: { schema: { type: 'string' } },
      [TYPES.csv]: { schema: { type: 'string' } },
    },
  })
  async events(
    @Query() query: HistoryQuery,
    @ReadAt() at: ReadOptions,
    @Req() request: AuthenticatedRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    const format = query.format ?? formatOf(request);
    const filter = filterOf(query);
    const withData = query.data !== 'false';
    const direction = query.order ?? 'asc';
    if (format !== 'json') refusePages(query, format);
    const from = placeOf(query);
    const search = await this.search.begin(filter, { direction, withData }, at);
    refuseUnknown(search);
    void response.headers({
      vary: 'accept',
      'log-position': search.position.toString(),
      'content-type': `${TYPES[format]}; charset=utf-8`,
    });
    if (format === 'json') {
      await response.send(await this.page(search, query.limit ?? DEFAULT_LIMIT, from));
    } else {
      await this.send(response, request, this.written(search, format), format);
    }
  }

  /** Before the server waits for its connections to end. */
  onModuleDestroy(): void {
    this.closing = true;
  }

  private async page(
    search: Search,
    limit: number,
    from: bigint | undefined,
  ): Promise<HistoryEventList> {
    const { direction, withData } = search.options;
    const until = performance.now() + PAGE_WITHIN_MS;
    const found: FoundEvent[] = [];
    const on = (reached: bigint) => cursorOf(listOf(direction), [reached]);
    const view = (events: readonly FoundEvent[]) => events.map((one) => foundView(one, withData));
    for await (const { events, reached } of this.search.pages(search, from, limit + 1)) {
      found.push(...events);
      if (found.length > limit) {
        const items = found.slice(0, limit);
        return { items: view(items), nextCursor: on(items.at(-1)!.row.position) };
      }
      if (performance.now() > until) {
        return { items: view(found), nextCursor: on(reached), searchedUntil: reached.toString() };
      }
    }
    return { items: view(found) };
  }

  private async send(
    response: FastifyReply,
    request: AuthenticatedRequest,
    lines: AsyncIterable<string>,
    format: Format,
  ): Promise<void> {
    if (this.exports >= MAX_EXPORTS) {
      throw new ProblemError(
        429,
        'audit/too-many-exports',
        `At most ${MAX_EXPORTS} are written at once`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    }
    this.exports += 1;
    if (response.raw.destroyed) this.exports -= 1;
    else response.raw.once('close', () => (this.exports -= 1));
    const name = `audit-events.${format}`;
    await response
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', 'no-store')
      .send(Readable.from(this.whileAllowed(lines, request), { objectMode: false }));
  }

  private async *written(search: Search, format: Format): AsyncGenerator<string> {
    const { withData } = search.options;
    const lineOf = (view: HistoryEventView): string =>
      format === 'csv' ? csvOf(view, withData) : `${JSON.stringify(view)}\n`;
    let text = format === 'csv' ? csvHead(withData) : '';
    for await (const { events } of this.search.pages(search)) {
      for (const found of events) {
        text += lineOf(foundView(found, withData));
        if (text.length < MAX_CHUNK_CHARACTERS) continue;
        yield text;
        text = '';
      }
    }
    if (text !== '') yield text;
  }

  /** What cannot be written to its end is broken off, so that nobody takes it for whole. */
  private async *whileAllowed(
    chunks: AsyncIterable<string>,
    request: AuthenticatedRequest,
  ): AsyncGenerator<string> {
    let checkedAt = performance.now();
    for await (const chunk of chunks) {
      yield chunk;
      if (this.closing) throw new Error('The server ends');
      if (performance.now() - checkedAt < TOKEN_CHECK_EVERY_MS) continue;
      if (!(await this.isStillGood(request))) throw new Error('The token was withdrawn');
      checkedAt = performance.now();
    }
  }

  private async isStillGood({ headers, actor }: AuthenticatedRequest): Promise<boolean> {
    const token = headers.authorization?.split(' ')[1] ?? '';
    for (const authenticator of this.authenticators) {
      const principal = await authenticator.authenticate(token);
      if (principal) return principal.roles.some((role) => role === actor!.role);
    }
    return false;
  }
}

const formatOf = (request: AuthenticatedRequest): Format => {
  const type = acceptedType(request, Object.values(TYPES));
  return (Object.keys(TYPES) as Format[]).find((format) => TYPES[format] === type)!;
};

const listOf = (direction: 'asc' | 'desc'): string => `audit events ${direction}`;

/** @throws ProblemError `request/cursor-invalid`. */
const placeOf = ({ cursor, order = 'asc' }: HistoryQuery): bigint | undefined => {
  if (cursor === undefined) return undefined;
  const [position] = cursorValues(cursor, listOf(order), 1);
  // A made-up cursor that names the list but no position.
  return /^\d{1,19}$/.test(position!) ? BigInt(position!) : 0n;
};

/** What is written whole has no pages; to leave out what was asked for would be taken for the whole. */
const refusePages = ({ cursor, limit }: HistoryQuery, format: Format): void => {
  const asked = Object.entries({ cursor, limit }).filter(([, value]) => value !== undefined);
  if (asked.length === 0) return;
  throw new ProblemError(
    400,
    'request/invalid',
    `Only JSON has pages, ${format} is written whole`,
    {
      errors: asked.map(([name]) => ({
        pointer: `/${name}`,
        code: 'format',
        message: `${name} is for JSON`,
      })),
    },
  );
};

const refuseUnknown = ({ unknownTypes }: Search): void => {
  if (unknownTypes.length === 0) return;
  throw new ProblemError(
    400,
    'audit/type-unknown',
    `No event of the type ${unknownTypes.join(', ')} can be or was recorded`,
    {
      errors: [{ pointer: '/type', code: 'type', message: '/v1/schemas lists those of the rooms' }],
    },
  );
};
