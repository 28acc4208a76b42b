import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  AsOfQuery,
  equalTo,
  flagOf,
  IsTrueOrFalse,
  keysetPage,
  knownBy,
  MayBeAbsent,
  Page,
  ReadAt,
  readReply,
  readTimeline,
  recordedView,
  requestClock,
  Timeline,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import { dayIn } from '@hostledger/quantities';
import { supplyAggregate } from '../../domain/supply-agreement.js';
import {
  dayOfSupplyEvent,
  type SupplyAgreed,
  type SupplyEvent,
} from '../../domain/supply-events.js';
import { supplyUnknown } from '../../domain/supply-refusals.js';
import { evolve, type Supply } from '../../domain/supply-state.js';
import { SupplyParams } from '../../http/supply-forms.js';
import type { SupplyAgreementRow } from './projection.js';
import {
  agreementView,
  summaryOf,
  SupplyAgreementAsOfView,
  SupplyAgreementList,
  SupplyAgreementView,
} from './views.js';

interface Tables {
  supply_agreements: SupplyAgreementRow;
}

export class SupplyAgreementsPage extends Page {
  /**
   * Only those of this number.
   * @example APA-2023-09-05
   */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;

  @MayBeAbsent()
  @IsIn(['agreed', 'completed'])
  status?: 'agreed' | 'completed';

  /** Whether a leg is still to be valued. */
  @IsTrueOrFalse()
  valuationPending?: 'true' | 'false';
}

@ApiTags('deals')
@Controller('supply-agreements')
export class SupplyAgreementsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({ summary: 'List supply agreements by the day they were made' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: SupplyAgreementList })
  async list(
    @Query() { reference, status, valuationPending, ...page }: SupplyAgreementsPage,
    @ReadAt() at: ReadOptions,
  ) {
    const filters = { reference, status, valuation_pending: flagOf(valuationPending) };
    const { position, value } = await this.readModels.read<Tables, PageOf<SupplyAgreementRow>>(
      at,
      (db) => {
        const all = db.selectFrom('supply_agreements').selectAll();
        return keysetPage(equalTo(all, filters), page, ['agreed_on', 'agreement_id']);
      },
    );
    return readReply(position, {
      ...value,
      items: value.items.map(({ state }) => summaryOf(state)),
    });
  }

  @ApiOperation({
    summary: 'Get a supply agreement: face, valued, performed and remaining per leg',
    description:
      'With `asOf` or `knownAt`: what was true on a day, by what had been recorded, answered from ' +
      'the agreement’s own events.',
  })
  @Get(':agreementId')
  @AnyRole()
  @ApiExtraModels(SupplyAgreementView, SupplyAgreementAsOfView)
  @ApiOkResponse({
    schema: {
      oneOf: [
        { $ref: getSchemaPath(SupplyAgreementView) },
        { $ref: getSchemaPath(SupplyAgreementAsOfView) },
      ],
    },
  })
  async get(
    @Param() { agreementId }: SupplyParams,
    @Query() moment: AsOfQuery,
    @ReadAt() at: ReadOptions,
  ) {
    if (moment.asOf !== undefined || moment.knownAt !== undefined) {
      const { position, view } = await this.asOf(agreementId, moment);
      return readReply(position, view);
    }
    const { position, value: row } = await this.readModels.read<
      Tables,
      SupplyAgreementRow | undefined
    >(at, (db) =>
      db
        .selectFrom('supply_agreements')
        .selectAll()
        .where('agreement_id', '=', agreementId)
        .executeTakeFirst(),
    );
    if (!row) throw supplyUnknown();
    const today = dayIn(row.state.timeZone, requestClock.now());
    return readReply(position, agreementView(row.state, today), { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: "A supply agreement's events, with who did what and why" })
  @Get(':agreementId/timeline')
  @AnyRole()
  @ApiOkResponse({ type: Timeline })
  async timeline(@Param() { agreementId }: SupplyParams, @Query() page: Page) {
    const read = await readTimeline(this.log, streamName(supplyAggregate, agreementId), page);
    if (!read) throw supplyUnknown();
    return readReply(read.position, read.timeline);
  }

  /** Folds the agreement's own stream, which is short, as far as it was known and had come. */
  private async asOf(
    agreementId: string,
    { asOf, knownAt }: AsOfQuery,
  ): Promise<{ position: bigint; view: SupplyAgreementAsOfView }> {
    const events = await this.log.readStream(streamName(supplyAggregate, agreementId), 0n);
    const known = events.filter(knownBy(knownAt));
    const agreed = known[0]?.data as SupplyAgreed['data'] | undefined;
    if (!agreed) throw supplyUnknown();
    const moment = asOf ?? requestClock.now();
    const day = moment.includes('T') ? dayIn(agreed.timeZone, moment) : moment;
    const counted = known.filter((event) => dayOfSupplyEvent(supplyEvent(event)) <= day);
    const supply = counted.map(supplyEvent).reduce<Supply>(evolve, { status: 'unknown' });
    const last = counted.at(-1);
    if (supply.status === 'unknown' || !last) throw supplyUnknown();
    const view = { ...agreementView(supply, day), asOf: day, knownAt: recordedView(last) };
    return { position: known.at(-1)?.position ?? last.position, view };
  }
}

const supplyEvent = (event: RecordedEvent): SupplyEvent => event as unknown as SupplyEvent;

export const supplyAgreementsQuery = { controllers: [SupplyAgreementsController], providers: [] };
