import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { minerAggregate, type Miner, type MinerEvent } from '@hostledger/fleet';
import { AsOfQuery, knownBy, MayRefuse, readReply, Roles } from '@hostledger/http';
import { streamAsOf } from '../../domain/as-of.js';
import { CUSTODY, custodyOf, type CustodyEntry } from '../../domain/custody.js';
import '../../http/as-of-problems.js';
import { notKnownThen } from '../as-of.js';
import { CitedEventView, citedView } from '../cited.js';
import { asked, QuestionAnswer } from './asked.js';

export class AskedMinerParams {
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is a serial number in capitals' })
  serial: string;
}

/** Where a machine was at a moment, and whose. */
export class MinerPlaceAnswer extends QuestionAnswer {
  serial: string;
  /** @example installed */
  status: Exclude<Miner['status'], 'unknown'>;
  /** A slot, a storage, the road, or a vendor; of one that is retired where it was last. */
  place: Record<string, unknown>;
  customerId: string;
  contractId: string;
  model: string;
  powerWatts: number;
  /** The event by which it came there. */
  placed: CitedEventView;
  /** The last event that counts. */
  last: CitedEventView;
  /** Known by then, but of a business time after the moment. */
  happenedLater: number;
}

/** One hand-over, scan, change of title or repair. */
export class CustodyEntryView {
  kind: CustodyEntry['kind'];
  /** Where it was afterwards. */
  place?: Record<string, unknown>;
  /** Whose it was afterwards. */
  customerId: string;
  /** Under which contract afterwards. */
  contractId: string;
  /** SHA-256 of the paper, where one is named. */
  documentDigest?: string;
  /**
   * It says that the machine came from elsewhere than where it was, or from somebody else than whose it
   * was: what was known before does not lead here.
   */
  isBroken?: true;
  /** The event as it was recorded; see the event catalogue. */
  data: Record<string, unknown>;
  said: CitedEventView;
}

export class CustodyAnswer extends QuestionAnswer {
  serial: string;
  /** Whether every entry begins where the one before it ended. */
  isUnbroken: boolean;
  /** From the dock on, in the order in which they were recorded. */
  entries: CustodyEntryView[];
}

@ApiTags('audit')
@Controller('audit/miners/:serial')
@Roles('auditor')
export class MachineQuestionsController {
  constructor(private readonly log: EventStore) {}

  @ApiOperation({
    summary: 'Where a machine was on a day, as known at a moment, and who put it there',
    description: 'A day is one of UTC, all of it: machines go from zone to zone.',
  })
  @Get('place')
  @ApiOkResponse({ type: MinerPlaceAnswer })
  @MayRefuse('audit/stream-unknown', 'audit/not-known-then', 'audit/state-untold')
  async place(@Param() { serial }: AskedMinerParams, @Query() moment: AsOfQuery) {
    const { position, known, answer } = await this.asked(serial, moment);
    const asOf = moment.asOf ?? answer.asOf;
    const { state, counted, happenedLater } = streamAsOf(minerAggregate, known, {
      isKnown: knownBy(undefined),
      asOf,
    });
    const miner = state as Miner;
    if (miner.status === 'unknown') throw notKnownThen(streamName(minerAggregate, serial), moment);
    const { status, place, customerId, contractId, model, powerWatts } = miner;
    const placed = counted.findLast(({ type }) => CUSTODY[type as MinerEvent['type']] === 'move');
    const body: MinerPlaceAnswer = {
      ...{ ...answer, asOf, serial, status, place: { ...place }, customerId, contractId },
      ...{ model, powerWatts, placed: citedView(placed ?? counted[0]!) },
      ...{ last: citedView(counted.at(-1)!), happenedLater: happenedLater.length },
    };
    return readReply(position, body);
  }

  @ApiOperation({
    summary: 'Every hand-over of a machine from the dock to its end, with scans and titles',
    description:
      'By what was known at a moment, as far as a day. Where an entry does not begin where the one before it ended, the chain is broken there.',
  })
  @Get('custody')
  @ApiOkResponse({ type: CustodyAnswer })
  @MayRefuse('audit/stream-unknown', 'audit/not-known-then', 'audit/state-untold')
  async custody(@Param() { serial }: AskedMinerParams, @Query() moment: AsOfQuery) {
    const { position, known, answer } = await this.asked(serial, moment);
    const asOf = moment.asOf ?? answer.asOf;
    const { counted } = streamAsOf(minerAggregate, known, { isKnown: knownBy(undefined), asOf });
    const chain = custodyOf(counted as readonly RecordedEvent<MinerEvent>[]);
    if (chain.length === 0) throw notKnownThen(streamName(minerAggregate, serial), moment);
    const body: CustodyAnswer = {
      ...{ ...answer, asOf, serial, isUnbroken: chain.every(({ isBroken }) => !isBroken) },
      entries: chain.map(entryView),
    };
    return readReply(position, body);
  }

  private asked(serial: string, moment: AsOfQuery) {
    return asked<MinerEvent>(this.log, minerAggregate, serial, moment);
  }
}

const entryView = ({ event, place, isBroken, ...entry }: CustodyEntry): CustodyEntryView => ({
  ...entry,
  ...(place && { place: { ...place } }),
  ...(isBroken && { isBroken }),
  data: { ...event.data },
  said: citedView(event),
});

export const machineQuestions = { controllers: [MachineQuestionsController], providers: [] };
