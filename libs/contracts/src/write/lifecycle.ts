import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID, Length } from 'class-validator';
import type { CommandContext } from '@hostledger/eventsourcing';
import {
  ActContext,
  IsDay,
  IsDigest,
  IsNested,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import {
  SUSPENSION_CAUSES,
  TERMINATION_CAUSES,
  type LifecycleCommand,
} from '../domain/lifecycle.js';
import { ContractParams } from '../http/forms.js';
import { NO_ACT } from '../http/refusals.js';
import { ChangeContractCommand } from './change-contract.js';

export class ActivateContractBody {
  /** @example 2023-10-01 */
  @IsDay()
  activatedOn: string;
}

export class SuspendServiceBody {
  /** @example 2024-02-01 */
  @IsDay()
  suspendedOn: string;

  @IsIn(SUSPENSION_CAUSES)
  cause: (typeof SUSPENSION_CAUSES)[number];

  /**
   * The clause that allows it.
   * @example "9.2"
   */
  @MayBeAbsent()
  @Length(1, 30)
  clauseRef?: string;
}

export class ResumeServiceBody {
  /** @example 2024-02-14 */
  @IsDay()
  resumedOn: string;
}

export class GiveNoticeBody {
  /** @example 2024-06-01 */
  @IsDay()
  noticedOn: string;

  /**
   * The day the contract can end on, at the earliest.
   * @example 2024-08-30
   */
  @IsDay()
  effectiveOn: string;

  /** Who gave it. */
  @IsIn(['host', 'customer'])
  by: 'host' | 'customer';

  /** @example "12.1" */
  @MayBeAbsent()
  @Length(1, 30)
  clauseRef?: string;
}

export class TerminateContractBody {
  /** @example 2024-08-30 */
  @IsDay()
  terminatedOn: string;

  /** With `notice`, not before the day that the notice names. */
  @IsIn(TERMINATION_CAUSES)
  cause: (typeof TERMINATION_CAUSES)[number];
}

export class ExpireContractBody {
  /**
   * After the last day of the term.
   * @example 2026-01-01
   */
  @IsDay()
  expiredOn: string;
}

export class RulingBody {
  /** @example S.D. Tex. Bankr. */
  @Length(1, 200)
  court: string;

  /** @example 22-90341, ECF 1749 */
  @Length(1, 100)
  docket: string;

  /**
   * SHA-256 of the order.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;
}

export class AssumeContractBody {
  /** @example 2024-01-23 */
  @IsDay()
  assumedOn: string;

  @IsNested(() => RulingBody)
  ruling: RulingBody;
}

export class RejectContractBody {
  /** @example 2023-01-03 */
  @IsDay()
  rejectedOn: string;

  @IsNested(() => RulingBody)
  ruling: RulingBody;
}

export class AssignPartyBody {
  /** The customer that the contract passes to. */
  @IsUUID()
  toCustomerId: string;

  /** @example 2026-02-04 */
  @IsDay()
  effectiveOn: string;

  /**
   * SHA-256 of the assignment.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;
}

export class ContractChangedReply {
  contractId: string;
}

@ApiTags('contracts')
@Controller('contracts/:contractId')
@Roles('commercial')
export class LifecycleController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'The conditions of an executed contract are met: service begins' })
  @Post('activation')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('contract/already-active', 'contract/deposit-unpaid', ...NO_ACT)
  activate(
    @Param() { contractId }: ContractParams,
    @Body() data: ActivateContractBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'ActivateContract', data, context);
  }

  @ApiOperation({ summary: 'Suspend service: nothing new is begun until it is resumed' })
  @Post('suspension')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('contract/not-active', ...NO_ACT)
  suspend(
    @Param() { contractId }: ContractParams,
    @Body() data: SuspendServiceBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'SuspendService', data, context);
  }

  @ApiOperation({ summary: 'Resume suspended service' })
  @Post('resumption')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('contract/not-suspended', 'contract/deposit-unpaid', ...NO_ACT)
  resume(
    @Param() { contractId }: ContractParams,
    @Body() data: ResumeServiceBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'ResumeService', data, context);
  }

  @ApiOperation({ summary: 'Record that one side gave notice' })
  @Post('notice')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('contract/notice-backwards', ...NO_ACT)
  giveNotice(
    @Param() { contractId }: ContractParams,
    @Body() data: GiveNoticeBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'GiveNotice', data, context);
  }

  @ApiOperation({ summary: 'End a contract: by notice, by agreement or for a cause' })
  @Post('termination')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('contract/notice-not-over', ...NO_ACT)
  terminate(
    @Param() { contractId }: ContractParams,
    @Body() data: TerminateContractBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'TerminateContract', data, context);
  }

  @ApiOperation({ summary: 'End a contract whose term is over and that was not renewed' })
  @Post('expiry')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('contract/term-not-over', ...NO_ACT)
  expire(
    @Param() { contractId }: ContractParams,
    @Body() data: ExpireContractBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'ExpireContract', data, context);
  }

  @ApiOperation({ summary: 'Record that a bankruptcy court allowed the contract to be kept' })
  @Post('assumption')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse(...NO_ACT)
  assume(
    @Param() { contractId }: ContractParams,
    @Body() data: AssumeContractBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'AssumeContract', plain(data), context);
  }

  @ApiOperation({ summary: 'Record that a bankruptcy court allowed the contract to be given up' })
  @Post('rejection')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse(...NO_ACT)
  reject(
    @Param() { contractId }: ContractParams,
    @Body() data: RejectContractBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'RejectContract', plain(data), context);
  }

  @ApiOperation({ summary: 'Pass the contract to another customer with all that it holds' })
  @Post('assignment')
  @HttpCode(200)
  @ApiOkResponse({ type: ContractChangedReply })
  @MayRefuse('customer/succeeded', 'customer/credit-stop', 'customer/unknown', ...NO_ACT)
  assign(
    @Param() { contractId }: ContractParams,
    @Body() data: AssignPartyBody,
    @ActContext() context: CommandContext,
  ) {
    return this.change(contractId, 'AssignParty', data, context);
  }

  private async change<Type extends LifecycleCommand['type']>(
    contractId: string,
    type: Type,
    data: Extract<LifecycleCommand, { type: Type }>['data'],
    context: CommandContext,
  ) {
    const command = { type, data: { ...data }, at: context.at } as unknown as LifecycleCommand;
    const change = new ChangeContractCommand(contractId, command, context);
    const body: ContractChangedReply = { contractId };
    return reply(await this.commands.execute(change), { body });
  }
}

/** A ruling is validated as a class of its own; an event holds plain data. */
const plain = <Data extends { readonly ruling: RulingBody }>(data: Data) => ({
  ...data,
  ruling: { ...data.ruling },
});

export const contractLifecycle = { controllers: [LifecycleController], providers: [] };
