import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { DomainError } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import {
  AsOfQuery,
  IsDayOrInstant,
  knownBy,
  MayBeAbsent,
  MayRefuse,
  readReply,
  Roles,
} from '@hostledger/http';
import { AuditCatalogue } from '../catalogue.js';
import { aggregateOf, streamAsOf } from '../domain/as-of.js';
import { plain } from '../domain/plain.js';
import '../http/as-of-problems.js';
import { CitedEventView, citedView } from './cited.js';
import { wholeStream } from './whole-stream.js';
import { withoutSecrets } from '@hostledger/feed';

export class StreamParams {
  /**
   * `<category>-<id>`, as events name it.
   * @example facility-DENTON
   */
  @Matches(/^[A-Za-z][A-Za-z0-9]*-.{1,300}$/, {
    message: '$property is the name of a stream, <category>-<id>',
  })
  stream: string;
}

export class StreamAsOfQuery extends AsOfQuery {
  /**
   * Only what had happened by then, by the business time of the events: a day, as far as the last
   * instant of it in the zone that the stream names (UTC where it names none), or an instant in UTC.
   * Absent: all that was known.
   * @example 2023-12-31
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  override asOf?: string;
}

/** How many events of the stream do not count. */
export class NotCountedView {
  /** Recorded after `knownAt`. */
  recordedLater: number;
  /** Known by then, but of a business time after `asOf`. */
  happenedLater: number;
}

/** The state of one stream, as of one moment, as known at another. */
export class StreamAsOfView {
  stream: string;
  category: string;
  /** As it was asked for. */
  asOf?: string;
  knownAt?: string;
  /**
   * By which a day was told.
   * @example America/Chicago
   */
  timeZone: string;
  /**
   * What the rules of its kind make of the events that count. Maps are objects by their keys, sets are
   * lists in order, whole numbers beyond a double are decimal texts; fields are in the order of their names.
   */
  state: Record<string, unknown>;
  /**
   * Fields that are left out of the state, of access tokens the hashes of their secrets (RFC 6901).
   * @example ["/state/secretHash"]
   */
  withheld?: string[];
  /** The last event that counts. */
  last: CitedEventView;
  /** How many events count. */
  counted: number;
  leftOut: NotCountedView;
}

@ApiTags('audit')
@Controller('audit/as-of')
@Roles('auditor')
export class AsOfController {
  constructor(
    private readonly log: EventStore,
    private readonly catalogue: AuditCatalogue,
  ) {}

  @ApiOperation({
    summary: 'The state of any stream as of a moment, as known at another',
    description:
      'Folds the events of the stream that had been recorded by `knownAt` and had happened by `asOf`. It is the state that commands are decided on; with neither moment it is the present one.',
  })
  @Get(':stream')
  @ApiOkResponse({ type: StreamAsOfView })
  @MayRefuse(
    'audit/stream-unknown',
    'audit/category-unknown',
    'audit/not-known-then',
    'audit/state-untold',
  )
  async get(@Param() { stream }: StreamParams, @Query() moment: StreamAsOfQuery) {
    const aggregate = aggregateOf(this.catalogue.aggregates, stream);
    const { asOf, knownAt } = moment;
    const position = await this.log.head();
    const events = await wholeStream(this.log, stream);
    if (events.length === 0) throw streamUnknown(stream);
    const found = streamAsOf(aggregate, events, {
      isKnown: knownBy(knownAt),
      ...(asOf !== undefined && { asOf }),
    });
    const { state, timeZone, counted, recordedLater, happenedLater } = found;
    const last = counted.at(-1);
    if (!last) throw notKnownThen(stream, moment);
    const told = withoutSecrets(stream, plain(state), '/state');
    const body: StreamAsOfView = {
      ...{ stream, category: aggregate.category, timeZone },
      ...(asOf !== undefined && { asOf }),
      ...(knownAt !== undefined && { knownAt }),
      state: told.value as Record<string, unknown>,
      ...(told.withheld && { withheld: told.withheld }),
      last: citedView(last),
      counted: counted.length,
      leftOut: { recordedLater: recordedLater.length, happenedLater: happenedLater.length },
    };
    return readReply(position > last.position ? position : last.position, body);
  }
}

export const streamUnknown = (stream: string): DomainError =>
  new DomainError('notFound', 'audit/stream-unknown', `There is no stream ${stream}`, { stream });

export const notKnownThen = (stream: string, { asOf, knownAt }: AsOfQuery): DomainError =>
  new DomainError(
    'notFound',
    'audit/not-known-then',
    `Nothing of ${stream} had been recorded and had happened by then`,
    { stream, ...(asOf !== undefined && { asOf }), ...(knownAt !== undefined && { knownAt }) },
  );

export const asOfQuery = { controllers: [AsOfController], providers: [] };
