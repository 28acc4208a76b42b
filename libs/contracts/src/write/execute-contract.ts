import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, Length } from 'class-validator';
import type { CommandContext } from '@hostledger/eventsourcing';
import {
  ActContext,
  AreNested,
  IsDay,
  IsDigest,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import { ContractParams } from '../http/forms.js';
import { ChangeContractCommand } from './change-contract.js';

export class SignatoryBody {
  /** @example Bitmain Technologies Delaware Limited */
  @Length(1, 300)
  party: string;

  /** @example A. Signer */
  @Length(1, 200)
  name: string;

  /** @example Authorised signatory */
  @MayBeAbsent()
  @Length(1, 200)
  title?: string;
}

export class ExecuteContractBody {
  /** @example 2023-09-25 */
  @IsDay()
  executedOn: string;

  /**
   * SHA-256 of the signed document.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @AreNested(() => SignatoryBody)
  signatories: SignatoryBody[];
}

export class ContractExecutedReply {
  contractId: string;
}

@ApiTags('contracts')
@Controller('contracts/:contractId/execution')
export class ExecuteContractController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Record that a contract was signed' })
  @Post()
  @HttpCode(200)
  @Roles('commercial')
  @ApiOkResponse({ type: ContractExecutedReply })
  @MayRefuse(
    'contract/already-executed',
    'contract/no-terms',
    'contract/terms-after-execution',
    'contract/act-in-future',
    'contract/unknown',
  )
  async execute(
    @Param() { contractId }: ContractParams,
    @Body() data: ExecuteContractBody,
    @ActContext() context: CommandContext,
  ) {
    const command = { type: 'ExecuteContract', data: { ...data }, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    const body: ContractExecutedReply = { contractId };
    return reply(await this.commands.execute(change), { body });
  }
}

export const executeContract = { controllers: [ExecuteContractController], providers: [] };
