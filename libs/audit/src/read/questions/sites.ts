import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags, IntersectionType } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import {
  AsOfQuery,
  cursorOf,
  cursorValues,
  knownBy,
  MayRefuse,
  Page,
  readReply,
  Roles,
} from '@hostledger/http';
import {
  FACILITY_CODE,
  facilityAggregate,
  RACK_CODE,
  rackAggregate,
  rackId,
  type FacilityEvent,
  type Rack,
  type RackEvent,
} from '@hostledger/sites';
import { streamAsOf } from '../../domain/as-of.js';
import '../../http/as-of-problems.js';
import { notKnownThen, streamUnknown } from '../as-of.js';
import { CitedEventView, citedView } from '../cited.js';
import { wholeStream } from '../whole-stream.js';
import { asked, QuestionAnswer, type Asked } from './asked.js';

export class AskedFacilityParams {
  /** @example DENTON */
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  code: string;
}

export class AskedRackParams extends AskedFacilityParams {
  /** @example A-01 */
  @Matches(RACK_CODE, { message: '$property is the code of a rack' })
  rack: string;
}

export class FixedRateView {
  /**
   * Decimal, for one kWh.
   * @example "0.0480"
   */
  ratePerKwh: string;
  currency: string;
  effectiveOn: string;
  /** Whether it is the one that holds on the day; of several for one day the last one does. */
  holds: boolean;
  said: CitedEventView;
}

export class PowerRateAnswer extends QuestionAnswer {
  facility: string;
  /** Absent before the first rate takes effect. */
  ratePerKwh?: string;
  currency?: string;
  /** Every rate that was known to be fixed, in the order in which it was recorded. */
  fixed: FixedRateView[];
}

/** What a slot was held by. */
export class SlotContentView {
  /** From 1. */
  slot: number;
  /** A reserved slot waits for its machine. */
  status: 'reserved' | 'occupied';
  serial: string;
  /** That count against the limit of the rack. */
  powerWatts: number;
  /** The event by which the machine, or its reservation, came there. */
  said: CitedEventView;
}

/** A rack at a moment. */
export class RackContentView {
  rack: string;
  slotCount: number;
  /** In force then. */
  powerLimitWatts: number;
  powerWattsInUse: number;
  occupied: number;
  reserved: number;
  /** Of the rack, that counts. */
  last: CitedEventView;
}

export class RackContentAnswer extends RackContentView {
  facility: string;
  /** As it was asked for: a day of the zone, all of it, or an instant. */
  asOf?: string;
  timeZone: string;
  /** Events of the rack that were recorded later than `knownAt`. */
  recordedLater: number;
  /** Those that are not free, by their numbers. */
  slots: SlotContentView[];
}

export class RacksAnswer {
  facility: string;
  asOf?: string;
  timeZone: string;
  /** In the order of their codes. */
  items: RackContentView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class RacksQuery extends IntersectionType(AsOfQuery, Page) {}

const refusals = ['audit/stream-unknown', 'audit/not-known-then', 'audit/state-untold'] as const;
const DEFAULT_RACKS = 50;

@ApiTags('audit')
@Controller('audit/facilities/:code')
@Roles('auditor')
export class SiteQuestionsController {
  constructor(private readonly log: EventStore) {}

  @ApiOperation({
    summary: 'What energy cost a site on a day, as known at a moment, and who said so',
  })
  @Get('power-rate')
  @ApiOkResponse({ type: PowerRateAnswer })
  @MayRefuse(...refusals)
  async powerRate(@Param() { code: facility }: AskedFacilityParams, @Query() moment: AsOfQuery) {
    const { position, known, day, answer } = await this.facility(facility, moment);
    const rates = known.flatMap((recorded) => {
      const event = recorded as unknown as FacilityEvent;
      return event.type === 'PowerRateFixed' ? [{ recorded, data: event.data }] : [];
    });
    // Of the latest day that has come, what was said last.
    const holding = rates
      .filter(({ data }) => data.effectiveOn <= day)
      .reduce<(typeof rates)[number] | undefined>(
        (best, rate) => (best && best.data.effectiveOn > rate.data.effectiveOn ? best : rate),
        undefined,
      );
    const fixed = rates.map(({ recorded, data }): FixedRateView => {
      const { ratePerKwh, currency, effectiveOn } = data;
      const holds = recorded === holding?.recorded;
      return { ratePerKwh, currency, effectiveOn, holds, said: citedView(recorded) };
    });
    const inForce = holding && {
      ...{ ratePerKwh: holding.data.ratePerKwh, currency: holding.data.currency },
    };
    return readReply(position, {
      ...answer,
      ...{ facility, fixed, ...inForce },
    } satisfies PowerRateAnswer);
  }

  @ApiOperation({ summary: 'What each rack of a site held at a moment, as known at another' })
  @Get('racks')
  @ApiOkResponse({ type: RacksAnswer })
  @MayRefuse(...refusals)
  async racks(
    @Param() { code: facility }: AskedFacilityParams,
    @Query() { limit = DEFAULT_RACKS, cursor, ...moment }: RacksQuery,
  ) {
    const { position, known, answer } = await this.facility(facility, { ...moment });
    const list = `audit racks ${facility}`;
    const after = cursor === undefined ? '' : cursorValues(cursor, list, 1)[0]!;
    const codes = racksIn(known).filter((rack) => rack > after);
    const items: RackContentView[] = [];
    let last: string | undefined;
    for (const rack of codes) {
      if (items.length === limit) break;
      const found = await this.rackAt(facility, rack, moment, answer.timeZone);
      if (found) items.push(contentView(rack, found));
      last = rack;
    }
    const isMore = last !== undefined && last !== codes.at(-1);
    return readReply(position, {
      ...{ facility, timeZone: answer.timeZone, items },
      ...(moment.asOf !== undefined && { asOf: moment.asOf }),
      ...(isMore && { nextCursor: cursorOf(list, [last]) }),
    } satisfies RacksAnswer);
  }

  @ApiOperation({ summary: 'What a rack held at a moment, as known at another, slot by slot' })
  @Get('racks/:rack')
  @ApiOkResponse({ type: RackContentAnswer })
  @MayRefuse(...refusals)
  async rack(@Param() { code: facility, rack }: AskedRackParams, @Query() moment: AsOfQuery) {
    const { position, answer } = await this.facility(facility, moment);
    const found = await this.rackAt(facility, rack, moment, answer.timeZone);
    if (!found) {
      const stream = streamName(rackAggregate, rackId(facility, rack));
      throw (await wholeStream(this.log, stream)).length === 0
        ? streamUnknown(stream)
        : notKnownThen(stream, moment);
    }
    return readReply(position, {
      ...{ facility, timeZone: answer.timeZone, ...contentView(rack, found) },
      ...(moment.asOf !== undefined && { asOf: moment.asOf }),
      ...{ recordedLater: found.recordedLater.length, slots: slotsOf(found) },
    } satisfies RackContentAnswer);
  }

  private facility(code: string, moment: AsOfQuery): Promise<Asked<FacilityEvent>> {
    return asked<FacilityEvent>(this.log, facilityAggregate, code, moment);
  }

  /** Undefined where nothing was known of it, or it was not in service. */
  private async rackAt(
    facility: string,
    rack: string,
    { asOf, knownAt }: AsOfQuery,
    timeZone: string,
  ): Promise<RackAt | undefined> {
    const stream = streamName(rackAggregate, rackId(facility, rack));
    const events = await wholeStream(this.log, stream);
    const isKnown = knownBy(knownAt);
    const moment = { isKnown, timeZone, ...(asOf !== undefined && { asOf }) };
    const { state, counted, recordedLater } = streamAsOf(rackAggregate, events, moment);
    const content = state as Rack;
    return content.status === 'unknown' ? undefined : { content, counted, recordedLater };
  }
}

interface RackAt {
  readonly content: Extract<Rack, { status: 'commissioned' }>;
  readonly counted: readonly RecordedEvent[];
  readonly recordedLater: readonly RecordedEvent[];
}

const racksIn = (known: readonly RecordedEvent[]): string[] => {
  const codes = (known as readonly unknown[] as readonly FacilityEvent[]).flatMap((event) =>
    event.type === 'RackPowerCommitted' ? event.data.racks.map(({ rack }) => rack) : [],
  );
  return [...new Set(codes)].sort();
};

const contentView = (rack: string, { content, counted }: RackAt): RackContentView => {
  const { slotCount, powerLimitWatts, powerWattsInUse, slots } = content;
  return {
    ...{ rack, slotCount, powerLimitWatts, powerWattsInUse },
    occupied: slots.filter((slot) => slot?.status === 'occupied').length,
    reserved: slots.filter((slot) => slot?.status === 'reserved').length,
    last: citedView(counted.at(-1)!),
  };
};

const slotsOf = ({ content, counted }: RackAt): SlotContentView[] =>
  content.slots.flatMap((hold, index) => {
    if (!hold) return [];
    const { status, serial, powerWatts, reservationId } = hold;
    const came = status === 'occupied' ? 'SlotOccupied' : 'SlotReserved';
    const said = counted.findLast((recorded) => {
      const event = recorded as unknown as RackEvent;
      return event.type === came && event.data.reservationId === reservationId;
    });
    return [{ slot: index + 1, status, serial, powerWatts, said: citedView(said!) }];
  });

export const siteQuestions = { controllers: [SiteQuestionsController], providers: [] };
