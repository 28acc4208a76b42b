import { Controller, Post, Query } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, Length, Matches, Max, MaxLength, Min } from 'class-validator';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import {
  BulkRoute,
  type BulkUpload,
  faultOf,
  MayBeAbsent,
  ProblemError,
  reply,
  Roles,
  Upload,
  type UploadLine,
  type UploadRejection,
} from '@hostledger/http';
import type { RelocationEconomics } from '../domain/relocation.js';
import { checkLines } from '../http/lines.js';
import type { MoveLine } from '../process/bulk-moves.js';
import {
  mustBeRecorded,
  planRelocation,
  type RelocationProposal,
  type StartedPlan,
} from '../process/relocation-plan.js';
import { eachMinerOnce } from './bulk.js';
import { moveLine } from './move-many-miners.js';

const DEFAULT_HOLD_HOURS = 7 * 24;
const MAX_HOLD_HOURS = 60 * 24;
const AMOUNT = /^\d{1,15}(\.\d{1,8})?$/;

export class RelocationPlanQuery {
  /**
   * The planner's name for the plan.
   * @example HALVING-2024
   */
  @Length(1, 100)
  reference: string;

  /**
   * Why machines are to move.
   * @example Halving: S19 to the site with the lower rate
   */
  @Length(1, 300)
  cause: string;

  /** For how long after the approval slots at another facility are held; a week if left out. */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_HOLD_HOURS)
  holdHours?: number;

  /** `Log-Position` of the reads the plan was computed from; the present one if left out. */
  @MayBeAbsent()
  @Matches(/^\d{1,20}$/, { message: '$property is a position as a reply carried it' })
  logPosition?: string;

  /**
   * Currency of the amounts, ISO 4217.
   * @example USD
   */
  @MayBeAbsent()
  @Matches(/^[A-Z]{3}$/, { message: '$property is a currency code of three letters' })
  currency?: string;

  /**
   * What carrying the plan out costs, once.
   * @example "120000.00"
   */
  @MayBeAbsent()
  @Matches(AMOUNT, { message: '$property is a decimal amount' })
  movingCost?: string;

  /**
   * What the plan is expected to bring a month.
   * @example "45000.00"
   */
  @MayBeAbsent()
  @Matches(AMOUNT, { message: '$property is a decimal amount' })
  monthlyGain?: string;

  /** Whatever else the approver should know. */
  @MayBeAbsent()
  @MaxLength(2_000)
  notes?: string;

  /** A plan is accepted as a whole or not at all. */
  @MayBeAbsent()
  @IsIn(['all-or-nothing'])
  mode?: string;
}

export class RelocationPlannedReply {
  relocationId: string;
  /** Moves of the plan. */
  moves: number;
}

export class PlanRelocationCommand extends Command<StartedPlan> {
  constructor(
    readonly proposal: RelocationProposal,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(PlanRelocationCommand)
export class PlanRelocationHandler implements ICommandHandler<PlanRelocationCommand> {
  constructor(
    private readonly store: AggregateStore,
    private readonly log: EventStore,
  ) {}

  async execute({ proposal, context }: PlanRelocationCommand) {
    await mustBeRecorded(this.log, proposal.logPosition);
    return planRelocation(this.store, proposal, context);
  }
}

@ApiTags('fleet')
@Controller('relocation-plans')
export class PlanRelocationController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Propose a relocation of up to 100,000 machines',
    description:
      'Nothing is reserved or moved before another subject approves it. One invalid line refuses the whole plan, so that what is approved is what was proposed.',
  })
  @Post()
  @Roles('operator')
  @BulkRoute(moveLine)
  @ApiAcceptedResponse({ type: RelocationPlannedReply })
  async plan(@Query() about: RelocationPlanQuery, @Upload(moveLine) sent: BulkUpload<MoveLine>) {
    const { lines, digest, context } = whole(checkLines(sent, 'all-or-nothing', eachPlaceOnce()));
    const { reference, cause, notes, logPosition, holdHours = DEFAULT_HOLD_HOURS } = about;
    const economics = economicsOf(about);
    const proposal: RelocationProposal = {
      reference,
      cause,
      digest,
      holdHours,
      moves: lines.map(({ value }) => value),
      ...(economics === undefined ? {} : { economics }),
      ...(notes === undefined ? {} : { notes }),
      ...(logPosition === undefined ? {} : { logPosition }),
    };
    const planned = await this.commands.execute(new PlanRelocationCommand(proposal, context));
    const { relocationId } = planned;
    return reply(planned, {
      status: 202,
      location: `/v1/relocation-plans/${relocationId}`,
      body: { relocationId, moves: lines.length } satisfies RelocationPlannedReply,
    });
  }
}

const economicsOf = ({
  currency,
  movingCost,
  monthlyGain,
}: RelocationPlanQuery): RelocationEconomics | undefined => {
  if (movingCost === undefined && monthlyGain === undefined) return undefined;
  if (currency === undefined) {
    throw new ProblemError(400, 'request/invalid', 'Amounts have a currency', {
      errors: [{ pointer: '/currency', code: 'required', message: 'Amounts have a currency' }],
    });
  }
  return {
    currency,
    ...(movingCost === undefined ? {} : { movingCost }),
    ...(monthlyGain === undefined ? {} : { monthlyGain }),
  };
};

/** A plan is approved as a whole, so a line of the wrong form refuses all of it. */
const whole = (upload: BulkUpload<MoveLine>): BulkUpload<MoveLine> => {
  const { rejected } = upload;
  if (rejected.length === 0) return upload;
  throw new ProblemError(
    422,
    'upload/lines-invalid',
    `${rejected.length} lines are invalid, and a plan is accepted as a whole`,
    { errors: rejected.slice(0, MAX_ERRORS_NAMED).map(faultOf), totalErrors: rejected.length },
  );
};

const MAX_ERRORS_NAMED = 1_000;

/** No machine goes to two places, and no two machines go to one. */
const eachPlaceOnce = () => {
  const minerOnce = eachMinerOnce();
  const lineOf = new Map<string, number>();
  return (line: UploadLine<MoveLine>): Omit<UploadRejection, 'line'> | undefined => {
    const fault = minerOnce(line);
    if (fault) return fault;
    const { facility, rack, slot } = line.value;
    const place = `${facility}/${rack}/${slot}`;
    const before = lineOf.get(place);
    if (before === undefined) {
      lineOf.set(place, line.line);
      return undefined;
    }
    const message = `Slot ${place} is on line ${before} already`;
    return { column: 'slot', code: 'relocation/slot-twice', message };
  };
};

export const planRelocations = {
  controllers: [PlanRelocationController],
  providers: [PlanRelocationHandler],
};
