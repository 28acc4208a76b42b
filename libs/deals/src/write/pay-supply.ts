import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Max, Min } from 'class-validator';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, IsDay, IsDigest, IsMoney, MayRefuse, reply, Roles } from '@hostledger/http';
import { IsNumberOfPart, SupplyParams } from '../http/supply-forms.js';
import { ChangeSupplyCommand } from './change-supply.js';

class OfLeg {
  /**
   * Of the price, by its number.
   * @example 1
   */
  @IsNumberOfPart()
  leg: number;

  /**
   * Of the payment, as the books call it.
   * @example WIRE-2023-0930
   */
  @Length(1, 100)
  reference: string;
}

export class PayInstalmentBody extends OfLeg {
  /** @example 1 */
  @IsNumberOfPart()
  instalment: number;

  /**
   * In the currency of the agreement; a part of the instalment may be paid.
   * @example "4100000.00"
   */
  @IsMoney()
  amount: string;

  /** @example 2023-09-29 */
  @IsDay()
  paidOn: string;
}

export class PerformConsiderationBody extends OfLeg {
  /** @example "1000000.00" */
  @IsMoney()
  amount: string;

  /** @example 2024-01-23 */
  @IsDay()
  performedOn: string;

  /** SHA-256 of the document that shows it. */
  @IsDigest()
  documentDigest: string;
}

export class IssueSharesBody extends OfLeg {
  /** @example 10735143 */
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  shares: number;

  /** @example 2024-01-23 */
  @IsDay()
  issuedOn: string;

  /**
   * To whom.
   * @example Affiliate of Bitmain Technologies Delaware Limited
   */
  @Length(1, 200)
  holder: string;

  /** SHA-256 of the register's confirmation. */
  @IsDigest()
  documentDigest: string;
}

export class InstalmentPaidReply {
  agreementId: string;
  paymentId: string;
}

export class ConsiderationPerformedReply {
  agreementId: string;
  performanceId: string;
}

export class SharesIssuedReply {
  agreementId: string;
  issueId: string;
}

const NO_PAYMENT = [
  'supply/leg-kind',
  'supply/unknown',
  'supply/leg-unknown',
  'supply/completed',
  'supply/act-in-future',
  'supply/before-agreement',
] as const;

@ApiTags('deals')
@Controller('supply-agreements/:agreementId')
@Roles('commercial')
export class PaySupplyController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Record that cash was paid of an instalment' })
  @Post('instalments')
  @ApiCreatedResponse({ type: InstalmentPaidReply })
  @MayRefuse(
    'supply/amount-exceeded',
    'supply/instalment-unknown',
    'supply/amount-too-fine',
    'supply/amount-nothing',
    ...NO_PAYMENT,
  )
  async pay(
    @Param() { agreementId }: SupplyParams,
    @Body() body: PayInstalmentBody,
    @ActContext() context: CommandContext,
  ) {
    const paymentId = deriveId(context.commandId, 'payment');
    const command = {
      type: 'PayInstalment',
      data: { paymentId, ...body },
      at: context.at,
    } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: InstalmentPaidReply = { agreementId, paymentId };
    return reply(await this.commands.execute(change), { status: 201, body: done });
  }

  @ApiOperation({
    summary: 'Record that a leg in claims, equipment or service credit was performed, or a part',
  })
  @Post('performances')
  @ApiCreatedResponse({ type: ConsiderationPerformedReply })
  @MayRefuse(
    'supply/amount-exceeded',
    'supply/amount-too-fine',
    'supply/amount-nothing',
    ...NO_PAYMENT,
  )
  async perform(
    @Param() { agreementId }: SupplyParams,
    @Body() body: PerformConsiderationBody,
    @ActContext() context: CommandContext,
  ) {
    const performanceId = deriveId(context.commandId, 'performance');
    const data = { performanceId, ...body };
    const command = { type: 'PerformConsideration', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: ConsiderationPerformedReply = { agreementId, performanceId };
    return reply(await this.commands.execute(change), { status: 201, body: done });
  }

  @ApiOperation({ summary: 'Record that shares of a valued leg were issued' })
  @Post('share-issues')
  @ApiCreatedResponse({ type: SharesIssuedReply })
  @MayRefuse(
    'supply/shares-exceeded',
    'supply/leg-not-valued',
    'supply/issue-before-valuation',
    ...NO_PAYMENT,
  )
  async issue(
    @Param() { agreementId }: SupplyParams,
    @Body() body: IssueSharesBody,
    @ActContext() context: CommandContext,
  ) {
    const issueId = deriveId(context.commandId, 'issue');
    const command = { type: 'IssueShares', data: { issueId, ...body }, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: SharesIssuedReply = { agreementId, issueId };
    return reply(await this.commands.execute(change), { status: 201, body: done });
  }
}

export const paySupply = { controllers: [PaySupplyController], providers: [] };
