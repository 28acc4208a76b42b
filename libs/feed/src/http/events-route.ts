import {
  Controller,
  Get,
  Headers,
  Inject,
  Query,
  Req,
  Res,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import {
  acceptedType,
  AnyRole,
  AUTHENTICATORS,
  MayRefuse,
  Metrics,
  ProblemError,
  sendEventStream,
  type AuthenticatedRequest,
  type Authenticator,
} from '@hostledger/http';
import { EventFeed, type FeedPage } from '../event-feed.js';
import { INTERNAL_CATEGORIES, type FeedFilter } from '../filter.js';
import { eventSchemas } from '../schemas.js';
import { DEFAULT_LIMIT, FeedQuery } from './forms.js';
import './problems.js';
import { framesOf, OPENING, signOfLife } from './frames.js';
import { OpenStreams } from './open-streams.js';

const STREAM = 'text/event-stream';
const LINES = 'application/x-ndjson';
const BATCH = 'application/cloudevents-batch+json';
/** In the order of preference of who does not mind. */
const OFFERED = [BATCH, LINES, STREAM, 'application/json'] as const;

const POSITION = /^\d{1,19}$/;
/** A token that was withdrawn meanwhile ends its streams after this long. */
const TOKEN_CHECK_EVERY_MS = 15_000;

@ApiTags('feed')
@Controller('events')
export class EventsController implements OnModuleDestroy {
  private readonly streams: OpenStreams;

  constructor(
    private readonly feed: EventFeed,
    private readonly log: EventStore,
    @Inject(AUTHENTICATORS) private readonly authenticators: readonly Authenticator[],
    private readonly metrics: Metrics,
  ) {
    this.streams = new OpenStreams((open) => metrics.feedReadersNow(open));
  }

  @ApiOperation({
    summary: 'Everything that happened, in the order of the log, and what happens next',
    description:
      'CloudEvents 1.0. As `text/event-stream` a stream that goes on: each event has its position ' +
      'as `id`, so that a client that connects again with `Last-Event-ID` goes on where it was, ' +
      'without gap or double; an id without data is a position passed by the filter. In the other ' +
      'types a page: resume after its `Log-Position`, which is also the `next` of `Link` while ' +
      'there is more. Events of `accessToken` and `commandKey` come only if asked for by category ' +
      'or type, and only to auditors and admins.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Position after which to go on; goes before `after`',
    schema: { type: 'string' },
    example: '1048576',
  })
  @Get()
  @AnyRole()
  @ApiProduces(...OFFERED)
  @ApiOkResponse({
    description: 'See /asyncapi.json and /v1/schemas',
    schema: { type: 'array', items: { type: 'object' } },
    headers: {
      Link: { description: 'The next page, while there is more', schema: { type: 'string' } },
    },
  })
  @MayRefuse(
    'feed/last-event-id-invalid',
    'feed/category-restricted',
    'feed/position-ahead',
    'feed/position-unknown',
    'feed/too-many-streams',
  )
  async events(
    @Query() query: FeedQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: AuthenticatedRequest,
    @Res() response: FastifyReply,
  ): Promise<void> {
    const format = acceptedType(request, OFFERED);
    const filter = filterOf(query);
    mustBeAllowed(filter, request);
    const after = await this.positionOf(lastEventId, query.after);
    void response.header('vary', 'accept');
    if (format === STREAM) await this.stream(after, filter, request, response);
    else {
      const page = await this.feed.page(after, { filter, limit: query.limit ?? DEFAULT_LIMIT });
      this.metrics.feedSent(format, page.events.length);
      await sendPage(response, page, format, request.url);
    }
  }

  /** Before the server waits for its connections to end. */
  async onModuleDestroy(): Promise<void> {
    await this.feed.close();
  }

  private async stream(
    after: bigint,
    filter: FeedFilter,
    request: AuthenticatedRequest,
    response: FastifyReply,
  ): Promise<void> {
    const leave = this.streams.enter(request.actor!.subject);
    const leaving = new AbortController();
    response.raw.once('close', () => {
      leaving.abort();
      leave();
    });
    if (response.raw.destroyed) leave();
    const pages = this.feed.follow(after, { filter, signal: leaving.signal });
    await sendEventStream(response, this.written(pages, request));
  }

  private async *written(
    pages: AsyncIterable<FeedPage>,
    request: AuthenticatedRequest,
  ): AsyncGenerator<string | Buffer> {
    let checkedAt = performance.now();
    yield OPENING;
    for await (const { events, position } of pages) {
      if (performance.now() - checkedAt > TOKEN_CHECK_EVERY_MS) {
        if (!(await this.isStillGood(request))) return;
        checkedAt = performance.now();
      }
      if (events.length === 0) yield signOfLife(position);
      else yield* framesOf(events);
      this.metrics.feedSent(STREAM, events.length);
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

  private async positionOf(
    lastEventId: string | undefined,
    after: string = 'start',
  ): Promise<bigint> {
    if (lastEventId !== undefined && !POSITION.test(lastEventId)) {
      throw new ProblemError(
        400,
        'feed/last-event-id-invalid',
        'Last-Event-ID is the id of an event of this feed, a decimal number',
      );
    }
    const wanted = lastEventId ?? after;
    if (wanted === 'start') return 0n;
    const head = await this.log.head();
    if (wanted === 'end') return head;
    const position = BigInt(wanted);
    if (position > head) {
      throw new ProblemError(
        409,
        'feed/position-ahead',
        `The log ends at ${head}. If it was restored from a backup, what was read after that did not happen.`,
        { head: head.toString() },
      );
    }
    // The store would refuse it again and again, and the reader wait for ever.
    if (position === 0n || (await this.log.hasPosition(position))) return position;
    throw new ProblemError(
      409,
      'feed/position-unknown',
      `No event of the log is at ${position}. If it was restored from a backup, others are in their place.`,
    );
  }
}

const filterOf = ({ category, type, contractId, customerId }: FeedQuery): FeedFilter => ({
  ...(category && { categories: category }),
  ...(type && { types: type }),
  contractId,
  customerId,
});

const mustBeAllowed = (
  { categories = [], types = [] }: FeedFilter,
  { principal }: AuthenticatedRequest,
): void => {
  const asked = [...categories, ...types.map((type) => eventSchemas.get(type)?.category)];
  const internal = asked.find((category) => INTERNAL_CATEGORIES.some((one) => one === category));
  if (internal === undefined) return;
  if (principal?.roles.some((role) => role === 'admin' || role === 'auditor')) return;
  throw new ProblemError(
    403,
    'feed/category-restricted',
    `Events of the category ${internal} are for auditors and admins`,
  );
};

const sendPage = async (
  response: FastifyReply,
  { events, position, caughtUp }: FeedPage,
  format: Exclude<(typeof OFFERED)[number], typeof STREAM>,
  url: string,
): Promise<void> => {
  const items = events.map(({ json }) => json);
  const body =
    format === LINES ? items.map((item) => `${item}\n`).join('') : `[${items.join(',')}]`;
  const next = new URL(url, 'http://host');
  next.searchParams.set('after', position.toString());
  await response
    .header('content-type', `${format}; charset=utf-8`)
    .header('log-position', position.toString())
    .headers(caughtUp ? {} : { link: `<${next.pathname}${next.search}>; rel="next"` })
    .send(body);
};
