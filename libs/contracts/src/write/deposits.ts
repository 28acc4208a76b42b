import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID, Length } from 'class-validator';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, IsCurrency, IsDay, IsMoney, MayRefuse, reply, Roles } from '@hostledger/http';
import { ContractParams } from '../http/forms.js';
import { NO_PAYMENT } from '../http/refusals.js';
import { ChangeContractCommand } from './change-contract.js';

export class DepositParams extends ContractParams {
  @IsUUID()
  depositId: string;
}

class Payment {
  /**
   * Decimal, in units of the currency.
   * @example "7800000.00"
   */
  @IsMoney()
  amount: string;

  /**
   * ISO 4217; that of the contract.
   * @example USD
   */
  @IsCurrency()
  currency: string;

  /**
   * Of the payment, as the books call it.
   * @example WIRE-2024-0917
   */
  @Length(1, 100)
  reference: string;
}

export class ReceiveDepositBody extends Payment {
  /** @example 2024-09-17 */
  @IsDay()
  receivedOn: string;
}

export class DrawDepositBody extends Payment {
  /** @example 2025-02-01 */
  @IsDay()
  drawnOn: string;

  /**
   * What it is kept for.
   * @example Hosting fees of December 2024
   */
  @Length(1, 500)
  cause: string;
}

export class RefundDepositBody extends Payment {
  /** @example 2026-01-15 */
  @IsDay()
  refundedOn: string;
}

export class DepositReply {
  contractId: string;
  depositId: string;
}

@ApiTags('contracts')
@Controller('contracts/:contractId/deposits')
@Roles('commercial')
export class DepositsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Record that the customer paid a deposit' })
  @Post()
  @ApiCreatedResponse({ type: DepositReply })
  @MayRefuse('contract/ended', ...NO_PAYMENT)
  async receive(
    @Param() { contractId }: ContractParams,
    @Body() body: ReceiveDepositBody,
    @ActContext() context: CommandContext,
  ) {
    const depositId = deriveId(context.commandId, 'deposit');
    const data = { depositId, ...body };
    const command = { type: 'ReceiveDeposit', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    return reply(await this.commands.execute(change), {
      status: 201,
      location: `/v1/contracts/${contractId}/deposits`,
      body: { contractId, depositId } satisfies DepositReply,
    });
  }

  @ApiOperation({
    summary: 'Keep a part of a deposit for what the customer owes',
    description:
      'Of nothing that was billed: no statement is paid by it. For a statement it is drawn by ' +
      'POST /v1/billing/accounts/{contractId}/deposit-draws, which keeps it here as well.',
  })
  @Post(':depositId/draw')
  @HttpCode(200)
  @ApiOkResponse({ type: DepositReply })
  @MayRefuse(
    'contract/deposit-exceeded',
    'contract/deposit-unknown',
    'contract/deposit-not-received',
    ...NO_PAYMENT,
  )
  async draw(
    @Param() { contractId, depositId }: DepositParams,
    @Body() body: DrawDepositBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { depositId, drawId: deriveId(context.commandId, 'draw'), ...body };
    const command = { type: 'DrawDeposit', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    const done: DepositReply = { contractId, depositId };
    return reply(await this.commands.execute(change), { body: done });
  }

  @ApiOperation({ summary: 'Give a part of a deposit back to the customer' })
  @Post(':depositId/refund')
  @HttpCode(200)
  @ApiOkResponse({ type: DepositReply })
  @MayRefuse(
    'contract/deposit-exceeded',
    'contract/deposit-unknown',
    'contract/deposit-not-received',
    ...NO_PAYMENT,
  )
  async refund(
    @Param() { contractId, depositId }: DepositParams,
    @Body() body: RefundDepositBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { depositId, refundId: deriveId(context.commandId, 'refund'), ...body };
    const command = { type: 'RefundDeposit', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    const done: DepositReply = { contractId, depositId };
    return reply(await this.commands.execute(change), { body: done });
  }
}

export const deposits = { controllers: [DepositsController], providers: [] };
