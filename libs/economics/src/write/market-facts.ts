import { Body, Controller, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Max, Min } from 'class-validator';
import {
  AggregateStore,
  streamName,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import {
  ActContext,
  IsCurrency,
  IsInstant,
  IsNested,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import {
  difficultyStream,
  marketAggregate,
  priceStream,
  SUBSIDY_STREAM,
  type Market,
  type MarketCommand,
  type MarketEvent,
} from '../domain/market.js';
import { IsPositiveDecimal, MAX_BLOCK_HEIGHT, MAX_SATS } from '../http/forms.js';
import '../http/problems.js';

export class CorrectionBody {
  /**
   * Of the event that holds until now, in its stream, as the lists name it.
   * @example 0
   */
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  revision: number;

  /** @example Digits were swapped */
  @Length(1, 500)
  cause: string;
}

class StatementBody {
  /**
   * Who published it.
   * @example Bitcoin Core
   */
  @Length(1, 200)
  source: string;

  /** Where something else is recorded of it: which event is wrong, and why. */
  @MayBeAbsent()
  @IsNested(() => CorrectionBody)
  corrects?: CorrectionBody;
}

export class DifficultyBody extends StatementBody {
  /**
   * Of the first block of the epoch.
   * @example 840672
   */
  @IsInt()
  @Min(0)
  @Max(MAX_BLOCK_HEIGHT)
  blockHeight: number;

  /** @example "88104191118793.16" */
  @IsPositiveDecimal()
  difficulty: string;

  /**
   * When that block was found.
   * @example 2024-04-24T20:52:37.000Z
   */
  @IsInstant()
  effectiveAt: string;
}

export class SubsidyBody extends StatementBody {
  /**
   * Of the first block with the subsidy.
   * @example 840000
   */
  @IsInt()
  @Min(0)
  @Max(MAX_BLOCK_HEIGHT)
  blockHeight: number;

  /**
   * What a block pays beside fees.
   * @example 312500000
   */
  @IsInt()
  @Min(0)
  @Max(MAX_SATS)
  subsidySats: number;

  /**
   * When that block was found.
   * @example 2024-04-20T00:09:27.000Z
   */
  @IsInstant()
  effectiveAt: string;
}

export class PriceBody extends StatementBody {
  /**
   * ISO 4217.
   * @example USD
   */
  @IsCurrency()
  currency: string;

  /**
   * Of one bitcoin.
   * @example "64994.44"
   */
  @IsPositiveDecimal()
  price: string;

  /**
   * The instant that the price is for.
   * @example 2024-04-20T00:00:00.000Z
   */
  @IsInstant()
  fixedAt: string;
}

export class MarketFactReply {
  /** Of the stream that holds the fact: `market-difficulty.4`. */
  stream: string;
}

export class StateMarketFactCommand extends Command<Handled<Market, MarketEvent>> {
  constructor(
    readonly id: string,
    readonly command: MarketCommand,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(StateMarketFactCommand)
export class StateMarketFactHandler implements ICommandHandler<StateMarketFactCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ id, command, context }: StateMarketFactCommand) {
    return this.store.handle(marketAggregate, id, command, context);
  }
}

const EVERY = [
  'market/told-otherwise',
  'market/not-come',
  'market/correction-outdated',
  'market/nothing-to-correct',
  'market/before-bitcoin',
] as const;

@ApiTags('economics')
@Controller('market')
@Roles('commercial')
export class MarketFactsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Record the difficulty of an epoch, or correct what is recorded of it',
    description:
      'The same statement again changes nothing; another one has to say what it corrects.',
  })
  @Post('difficulty')
  @ApiCreatedResponse({ type: MarketFactReply })
  @MayRefuse(...EVERY, 'market/out-of-order', 'market/not-an-epoch')
  observe(@Body() body: DifficultyBody, @ActContext() context: CommandContext) {
    const command = { type: 'ObserveDifficulty', data: dataOf(body), at: context.at } as const;
    return this.state('difficulty', difficultyStream(body.blockHeight), command, context);
  }

  @ApiOperation({
    summary: 'Record from which block on the subsidy is halved, or correct what is recorded of it',
    description:
      'The same statement again changes nothing; another one has to say what it corrects.',
  })
  @Post('subsidy')
  @ApiCreatedResponse({ type: MarketFactReply })
  @MayRefuse(...EVERY, 'market/out-of-order', 'market/not-a-halving', 'market/not-the-subsidy')
  halve(@Body() body: SubsidyBody, @ActContext() context: CommandContext) {
    const command = { type: 'ChangeSubsidy', data: dataOf(body), at: context.at } as const;
    return this.state('subsidy', SUBSIDY_STREAM, command, context);
  }

  @ApiOperation({
    summary: 'Record the price of a bitcoin at an instant, or correct what is recorded of it',
    description:
      'The same statement again changes nothing; another one has to say what it corrects.',
  })
  @Post('prices')
  @ApiCreatedResponse({ type: MarketFactReply })
  @MayRefuse(...EVERY)
  fix(@Body() body: PriceBody, @ActContext() context: CommandContext) {
    const command = { type: 'FixPrice', data: dataOf(body), at: context.at } as const;
    return this.state('prices', priceStream(body.currency, body.fixedAt), command, context);
  }

  private async state(list: string, id: string, command: MarketCommand, context: CommandContext) {
    const handled = await this.commands.execute(new StateMarketFactCommand(id, command, context));
    return reply(handled, {
      status: 201,
      location: `/v1/market/${list}`,
      body: { stream: streamName(marketAggregate, id) } satisfies MarketFactReply,
    });
  }
}

/** Events hold plain objects. */
const dataOf = <Body extends StatementBody>({ corrects, ...said }: Body) => ({
  ...said,
  ...(corrects && { corrects: { ...corrects } }),
});

export const marketFacts = {
  controllers: [MarketFactsController],
  providers: [StateMarketFactHandler],
};
