import { Controller, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  AggregateStore,
  DomainError,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import {
  BulkRoute,
  ProblemError,
  reply,
  Roles,
  toProblem,
  Upload,
  type BulkUpload,
} from '@hostledger/http';
import type { Facility, FacilityEvent, RackPlan } from '../domain/facility.js';
import { RACK_CODE } from '../domain/rack.js';
import { FacilityParams } from '../http/codes.js';
import { commissionRacks } from '../process/rack-commissioning.js';

const MAX_RACKS = 2_000;

/** A whole number, as a number in JSON or as digits in CSV. */
const whole = (min: number, max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/, 'Not a whole number')
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max));

/** One rack of an upload. */
export const rackLine = z.strictObject({
  rack: z
    .string()
    .regex(RACK_CODE, '1 to 32 capital letters, digits and dashes')
    .meta({ example: 'A-01' }),
  slotCount: whole(1, 1_000).meta({ example: 100 }),
  powerLimitWatts: whole(1, 100_000_000).meta({ example: 350_000 }),
});

export class RefusedLine {
  /**
   * Line of the file, or index in the JSON array from 1.
   * @example 17
   */
  line: number;
  column?: string;
  /** @example line/invalid */
  code: string;
  message: string;
  /** The fields of the line as they were sent. */
  fields?: object;
  /** What was sent beside them. */
  others?: unknown;
}

export class RacksCommissionedReply {
  /** @example DENTON */
  facility: string;
  /** Racks of the upload that are in service now. */
  commissioned: number;
  /** Lines refused for their form; the others were taken. */
  rejected: RefusedLine[];
}

export class CommissionRacksCommand extends Command<Handled<Facility, FacilityEvent>> {
  constructor(
    readonly facility: string,
    readonly racks: readonly RackPlan[],
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(CommissionRacksCommand)
export class CommissionRacksHandler implements ICommandHandler<CommissionRacksCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ facility, racks, context }: CommissionRacksCommand) {
    return commissionRacks(this.store, facility, racks, context);
  }
}

@ApiTags('sites')
@Controller('facilities/:code/racks')
export class CommissionRacksController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Commission racks, up to 2,000 at once',
    description:
      'Lines of the wrong form are refused one by one (or all, with `mode=all-or-nothing`). The rules hold for the rest as a whole: if one rack exists with other data or the power envelope does not suffice, none is commissioned.',
  })
  @Post()
  @Roles('operator')
  @BulkRoute(rackLine)
  @ApiCreatedResponse({ type: RacksCommissionedReply })
  async commission(
    @Param() { code: facility }: FacilityParams,
    @Upload(rackLine) { lines, rejected, context }: BulkUpload<RackPlan>,
  ) {
    if (lines.length > MAX_RACKS) throw tooManyRacks(lines.length);
    const racks = lines.map(({ value }) => value);
    const handled = await this.commands
      .execute(new CommissionRacksCommand(facility, racks, context))
      .catch((error: unknown) => {
        throw onLine(error, lines);
      });
    return reply(handled, {
      status: 201,
      location: `/v1/facilities/${facility}/racks`,
      body: { facility, commissioned: lines.length, rejected },
    });
  }
}

const tooManyRacks = (count: number): DomainError =>
  new DomainError(
    'invalid',
    'facility/too-many-racks',
    `An upload commissions at most ${MAX_RACKS} racks, not ${count}; split it`,
    { count, limit: MAX_RACKS },
  );

/** A rule that blames one rack names the uploader's line, not our index. */
const onLine = (error: unknown, lines: BulkUpload<RackPlan>['lines']): unknown => {
  if (!(error instanceof DomainError)) return error;
  const [, index, column] = /^\/racks\/(\d+)\/(\w+)$/.exec(error.pointer ?? '') ?? [];
  const line = index === undefined ? undefined : lines[Number(index)]?.line;
  if (line === undefined || column === undefined) return error;
  const { code, message, details } = error;
  const errors = [{ line, column, code, message }];
  return new ProblemError(toProblem(error).status, code, message, { ...details, errors });
};

export const commissionManyRacks = {
  controllers: [CommissionRacksController],
  providers: [CommissionRacksHandler],
};
