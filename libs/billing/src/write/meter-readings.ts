import { Body, Controller, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, Length } from 'class-validator';
import { AggregateStore, type CommandContext, type Handled } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import {
  ActContext,
  AreNested,
  BulkRoute,
  IsInstant,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
  Upload,
  type BulkUpload,
} from '@hostledger/http';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import { amountsIn } from '../domain/meter-amounts.js';
import type { KnownMeter } from '../domain/meter.js';
import { MAX_REPLACEMENTS, type MeterMonthEvent } from '../domain/meter-month.js';
import type { Reading, Readings } from '../domain/meter-readings.js';
import { IsKwh, IsSatoshi, MeterParams, readingLine } from '../http/meter-forms.js';
import '../http/meter-problems.js';
import { knownMeter } from '../process/meter-facts.js';
import {
  correctUsage,
  METER_READINGS,
  unitWrong,
  type ReadingLine,
} from '../process/meter-readings.js';

export class ReadingsAccepted {
  /** Progress and refused lines: `/v1/operations/{operationId}`. */
  operationId: string;
  /**
   * Lines that will be taken in or refused by the rules of readings.
   * @example 744
   */
  accepted: number;
  /** Lines refused at once for their form; the operation names each. */
  rejected: number;
}

export class CorrectedReadingBody {
  /** @example 2024-06-01T05:00:00.000Z */
  @IsInstant()
  from: string;

  /** @example 2024-06-01T06:00:00.000Z */
  @IsInstant()
  until: string;

  /**
   * Of a meter of energy.
   * @example "1234.567"
   */
  @MayBeAbsent()
  @IsKwh()
  energyKwh?: string;

  /**
   * Of a meter of proceeds.
   * @example "625000000"
   */
  @MayBeAbsent()
  @IsSatoshi()
  satoshi?: string;

  /** What a meter of energy counts up to, as it stood at the end. */
  @MayBeAbsent()
  @IsKwh()
  registerKwh?: string;

  /** What a meter of proceeds counts up to, as it stood at the end. */
  @MayBeAbsent()
  @IsSatoshi()
  registerSatoshi?: string;

  /**
   * How it was estimated; left out where it was measured.
   * @example nameplate
   */
  @MayBeAbsent()
  @Length(1, 200)
  estimatedBy?: string;
}

export class CorrectUsageBody {
  /**
   * Where the first of the known readings begins that are replaced.
   * @example 2024-06-01T05:00:00.000Z
   */
  @IsInstant()
  from: string;

  /**
   * Where the last of them ends.
   * @example 2024-06-02T05:00:00.000Z
   */
  @IsInstant()
  until: string;

  /** What takes their place, without a gap. */
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_REPLACEMENTS)
  @AreNested(() => CorrectedReadingBody)
  readings: CorrectedReadingBody[];

  /** @example The head office's totals came in place of the estimate */
  @Length(1, 500)
  cause: string;
}

export class UsageCorrectedReply {
  /** @example DENTON-A-07 */
  meterId: string;
  /**
   * Of the contract's zone.
   * @example 2024-06
   */
  month: string;
}

export class TakeReadingsCommand extends Command<StartedOperation> {
  constructor(
    readonly meterId: string,
    readonly upload: BulkUpload<ReadingLine>,
  ) {
    super();
  }
}

@CommandHandler(TakeReadingsCommand)
export class TakeReadingsHandler implements ICommandHandler<TakeReadingsCommand> {
  constructor(private readonly store: AggregateStore) {}

  async execute({ meterId, upload }: TakeReadingsCommand) {
    const { lines, rejected, digest, context } = upload;
    await knownMeter(this.store, meterId);
    const taken = {
      kind: METER_READINGS,
      params: { meterId, digest },
      lines: lines.toSorted((a, b) => (a.value.from < b.value.from ? -1 : 1)),
      rejected: rejected.map(({ column: _, ...refused }) => refused),
      digest,
    };
    return startOperation(this.store, taken, context);
  }
}

export class CorrectUsageCommand extends Command<
  Handled<Readings, MeterMonthEvent> & { readonly month: string }
> {
  constructor(
    readonly meterId: string,
    readonly body: CorrectUsageBody,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(CorrectUsageCommand)
export class CorrectUsageHandler implements ICommandHandler<CorrectUsageCommand> {
  constructor(
    private readonly store: AggregateStore,
    private readonly log: EventStore,
  ) {}

  async execute({ meterId, body, context }: CorrectUsageCommand) {
    const meter = await knownMeter(this.store, meterId);
    const readings = body.readings.map((told, index) => readingOf(meter, told, index));
    const { from, until, cause } = body;
    const correction = { from, until, readings, cause };
    return correctUsage(this.store, this.log, meter, correction, context);
  }
}

const readingOf = ({ kind }: KnownMeter, told: CorrectedReadingBody, index: number): Reading => {
  const amounts = amountsIn(kind, told);
  if (!amounts) throw unitWrong(kind, `/readings/${index}`);
  const { from, until, estimatedBy } = told;
  return { from, until, ...amounts, ...(estimatedBy !== undefined && { estimatedBy }) };
};

@ApiTags('billing')
@Controller('meters/:meterId')
@Roles('operator', 'billing')
export class MeterReadingsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Take in readings of a meter, up to 100,000 lines in any order',
    description:
      'Taken in in the background, in the order of time: each goes on where what is known of the month ends. A line that overlaps that, leaves a gap, or contradicts a register is refused with the rule, and the operation names it; what was told before changes nothing.',
  })
  @Post('readings')
  @BulkRoute(readingLine)
  @ApiAcceptedResponse({ type: ReadingsAccepted })
  @MayRefuse('meter/unknown')
  async take(
    @Param() { meterId }: MeterParams,
    @Upload(readingLine) upload: BulkUpload<ReadingLine>,
  ) {
    const started = await this.commands.execute(new TakeReadingsCommand(meterId, upload));
    const { operationId } = started;
    const { lines, rejected } = upload;
    return reply(started, {
      status: 202,
      location: `/v1/operations/${operationId}`,
      body: {
        operationId,
        accepted: lines.length,
        rejected: rejected.length,
      } satisfies ReadingsAccepted,
    });
  }

  @ApiOperation({
    summary: 'Correct what is known of an interval: a true-up, or what was told wrongly',
    description:
      'All known readings of the interval are replaced, one by many or many by one. The `ETag` is that of the month of the meter, for `If-Match`.',
  })
  @Post('corrections')
  @ApiCreatedResponse({ type: UsageCorrectedReply })
  @MayRefuse(
    'meter/unknown',
    'meter/nothing-to-correct',
    'meter/correction-incomplete',
    'meter/estimate-not-agreed',
    'meter/register-mismatch',
    'meter/below-previous',
    'meter/above-next',
    'meter/unit-wrong',
    'meter/backwards',
  )
  async correct(
    @Param() { meterId }: MeterParams,
    @Body() body: CorrectUsageBody,
    @ActContext() context: CommandContext,
  ) {
    const handled = await this.commands.execute(new CorrectUsageCommand(meterId, body, context));
    const { from, until } = body;
    return reply(handled, {
      status: 201,
      location: `/v1/meters/${meterId}/readings?from=${from}&until=${until}`,
      body: { meterId, month: handled.month } satisfies UsageCorrectedReply,
    });
  }
}

export const meterReadings = {
  controllers: [MeterReadingsController],
  providers: [TakeReadingsHandler, CorrectUsageHandler],
};
