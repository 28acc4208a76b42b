import { Body, Controller, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import {
  ActContext,
  AreNested,
  IsCurrency,
  IsMoney,
  IsNested,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import { proposalAggregate, type Proposal } from '../domain/proposal.js';
import {
  CANDIDATES,
  type Candidates,
  type ProposalEvent,
  type RelocationProposalRequested,
} from '../domain/proposal-events.js';
import { IsPercent, IsPositiveDecimal, IsRatePerKwh, MAX_SATS } from '../http/forms.js';

const MOST_NAMED = 200;
const MAX_HORIZON_DAYS = 3_650;
const MAX_DOWNTIME_HOURS = 24 * 90;
const MAX_MOVES = 100_000;
const DEFAULT_HOLD_HOURS = 7 * 24;
const MAX_HOLD_HOURS = 60 * 24;

/** What a list names, once each and at least one. */
const Named = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MOST_NAMED),
    ArrayUnique({ message: 'each of $property is named once' }),
  );
const NamesFacilities = (): PropertyDecorator =>
  applyDecorators(
    Named(),
    Matches(FACILITY_CODE, { each: true, message: 'each of $property is the code of a facility' }),
  );
const IsHours = (): PropertyDecorator => applyDecorators(IsInt(), Min(0), Max(MAX_DOWNTIME_HOURS));
const IsSats = (): PropertyDecorator => applyDecorators(IsInt(), Min(0), Max(MAX_SATS));

export class MovingCostBody {
  /**
   * Of a machine that goes from storage into a slot of its facility.
   * @example "15.00"
   */
  @IsMoney()
  within: string;

  /**
   * Of a machine that goes to another facility.
   * @example "60.00"
   */
  @IsMoney()
  between: string;
}

export class DowntimeBody {
  /** @example 4 */
  @IsHours()
  within: number;

  /** @example 48 */
  @IsHours()
  between: number;
}

export class ProposalScopeBody {
  /**
   * Only machines that stand at these.
   * @example ["DENTON"]
   */
  @NamesFacilities()
  facilities?: string[];

  /** Only machines of these customers. */
  @Named()
  @IsUUID(undefined, { each: true })
  customers?: string[];

  /** Only machines under these contracts. */
  @Named()
  @IsUUID(undefined, { each: true })
  contracts?: string[];

  /** @example ["S19JPRO-104"] */
  @Named()
  @Length(1, 60, { each: true })
  models?: string[];
}

/** What is left out is what is in force when the proposal is computed. */
export class ProposalConditionsBody {
  /** @example "88104191118793.16" */
  @MayBeAbsent()
  @IsPositiveDecimal()
  difficulty?: string;

  /** @example 312500000 */
  @MayBeAbsent()
  @IsSats()
  subsidySats?: number;

  /**
   * Average fees of a block, in satoshi; 0 if left out.
   * @example 20000000
   */
  @MayBeAbsent()
  @IsSats()
  feesSats?: number;

  /**
   * Of one bitcoin, in the currency of the proposal.
   * @example "60000"
   */
  @MayBeAbsent()
  @IsPositiveDecimal()
  price?: string;

  /**
   * What the pool keeps; 0 if left out.
   * @example "1.5"
   */
  @MayBeAbsent()
  @IsPercent()
  poolFeePercent?: string;

  /**
   * Share of the day that machines run; 100 if left out.
   * @example "98"
   */
  @MayBeAbsent()
  @IsPercent()
  availabilityPercent?: string;
}

export class ProposalRateBody {
  /** @example PECOS */
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  facility: string;

  /**
   * In the currency of the proposal.
   * @example "0.045"
   */
  @IsRatePerKwh()
  ratePerKwh: string;
}

export class RequestProposalBody {
  /**
   * Your name for the plan.
   * @example HALVING-2024
   */
  @Length(1, 100)
  reference: string;

  /**
   * Why machines are to move.
   * @example Halving: weak machines to cheap power
   */
  @Length(1, 300)
  cause: string;

  /**
   * Days that the gain of a move is counted for, from the departure on.
   * @example 180
   */
  @IsInt()
  @Min(1)
  @Max(MAX_HORIZON_DAYS)
  horizonDays: number;

  /**
   * ISO 4217; of all amounts, of the price of a bitcoin and of the power rates.
   * @example USD
   */
  @IsCurrency()
  currency: string;

  /** Of one machine. */
  @IsNested(() => MovingCostBody)
  movingCost: MovingCostBody;

  /** Whole hours that one machine is without power. */
  @IsNested(() => DowntimeBody)
  downtimeHours: DowntimeBody;

  /** `running` if left out: machines that draw power now. `all`: also idle and stored ones. */
  @MayBeAbsent()
  @IsIn(CANDIDATES)
  candidates?: Candidates;

  /** Which machines may be moved; all of them if left out. */
  @MayBeAbsent()
  @IsNested(() => ProposalScopeBody)
  scope?: ProposalScopeBody;

  /**
   * Facilities that machines may be brought to; all that are open if left out.
   * @example ["PECOS"]
   */
  @NamesFacilities()
  destinations?: string[];

  /** What if power cost this there? The other facilities keep the rate in force. */
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MOST_NAMED)
  @ArrayUnique(({ facility }: ProposalRateBody) => facility, {
    message: 'each of $property is for another facility',
  })
  @AreNested(() => ProposalRateBody)
  rates?: ProposalRateBody[];

  /** What the market is taken to be; as it is if left out. */
  @MayBeAbsent()
  @IsNested(() => ProposalConditionsBody)
  conditions?: ProposalConditionsBody;

  /** @example 500 */
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_MOVES)
  maxMoves?: number;

  /**
   * For the moving costs of all moves together.
   * @example "30000.00"
   */
  @MayBeAbsent()
  @IsMoney()
  budget?: string;

  /**
   * No plan is made that brings less.
   * @example "10000.00"
   */
  @MayBeAbsent()
  @IsMoney()
  minimumGain?: string;

  /** For how long after the approval slots at another facility are held; a week if left out. */
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MAX_HOLD_HOURS)
  holdHours?: number;

  /** Whatever else the approver should know. */
  @MayBeAbsent()
  @MaxLength(2_000)
  notes?: string;
}

export class ProposalRequestedReply {
  proposalId: string;
}

export class RequestProposalCommand extends Command<Handled<Proposal, ProposalEvent>> {
  constructor(
    readonly data: RelocationProposalRequested['data'],
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(RequestProposalCommand)
export class RequestProposalHandler implements ICommandHandler<RequestProposalCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ data, context }: RequestProposalCommand) {
    const command = { type: 'RequestProposal', data, at: context.at } as const;
    const options = { assumeNew: true };
    return this.store.handle(proposalAggregate, data.proposalId, command, context, options);
  }
}

@ApiTags('economics')
@Controller('relocation-proposals')
export class RequestProposalController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Ask which machines are best moved where',
    description:
      'The moves that raise the margin most over the horizon, under free slots and power, the clauses of contracts, moving costs and downtime. They become a relocation plan, which another subject approves. What came of the request is told by the proposal itself.',
  })
  @Post()
  @Roles('operator')
  @ApiAcceptedResponse({ type: ProposalRequestedReply })
  @MayRefuse('proposal/downtime-too-long')
  async request(@Body() body: RequestProposalBody, @ActContext() context: CommandContext) {
    const proposalId = deriveId(context.commandId, 'relocation proposal');
    const { candidates = 'running', scope = {}, conditions = {}, ...asked } = body;
    const { holdHours = DEFAULT_HOLD_HOURS } = body;
    const requestedBy = context.actor.subject;
    const data = { ...asked, proposalId, requestedBy, candidates, scope, conditions, holdHours };
    const handled = await this.commands.execute(new RequestProposalCommand(data, context));
    return reply(handled, {
      status: 202,
      location: `/v1/relocation-proposals/${proposalId}`,
      body: { proposalId } satisfies ProposalRequestedReply,
    });
  }
}

export const requestProposals = {
  controllers: [RequestProposalController],
  providers: [RequestProposalHandler],
};
