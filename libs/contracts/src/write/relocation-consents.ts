import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID, Length } from 'class-validator';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import {
  ActContext,
  IsDay,
  IsDigest,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import { ContractParams, IsSites } from '../http/forms.js';
import { ChangeContractCommand } from './change-contract.js';

export class ConsentParams extends ContractParams {
  @IsUUID()
  consentId: string;
}

export class ConsentToRelocationBody {
  /**
   * Sites that machines may be brought to.
   * @example ["PECOS"]
   */
  @IsSites()
  facilities: string[];

  /**
   * When the customer said so.
   * @example 2024-04-22
   */
  @IsDay()
  consentedOn: string;

  /**
   * First day on which machines may be moved under it.
   * @example 2024-05-01
   */
  @IsDay()
  fromOn: string;

  /**
   * Last such day; left out, it holds until it is withdrawn.
   * @example 2024-07-31
   */
  @MayBeAbsent()
  @IsDay()
  untilOn?: string;

  /**
   * SHA-256 of what the customer signed or wrote.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;
}

export class WithdrawConsentBody {
  /**
   * From this day on nothing is moved under it.
   * @example 2024-06-01
   */
  @IsDay()
  withdrawnOn: string;

  /** @example The customer sells the machines */
  @Length(1, 500)
  cause: string;
}

export class ConsentReply {
  contractId: string;
  consentId: string;
}

@ApiTags('contracts')
@Controller('contracts/:contractId/relocation-consents')
@Roles('commercial')
export class RelocationConsentsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Record that the customer consents to machines being brought to other sites',
    description: 'Asked for where the terms in force say that consent is required.',
  })
  @Post()
  @ApiCreatedResponse({ type: ConsentReply })
  @MayRefuse(
    'contract/unknown',
    'contract/not-executed',
    'contract/ended',
    'contract/act-in-future',
    'contract/consent-backwards',
    'contract/relocation-site-repeated',
  )
  async consent(
    @Param() { contractId }: ContractParams,
    @Body() body: ConsentToRelocationBody,
    @ActContext() context: CommandContext,
  ) {
    const consentId = deriveId(context.commandId, 'relocation consent');
    const data = { consentId, ...body };
    const command = { type: 'ConsentToRelocation', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    return reply(await this.commands.execute(change), {
      status: 201,
      location: `/v1/contracts/${contractId}/relocation-consents`,
      body: { contractId, consentId } satisfies ConsentReply,
    });
  }

  @ApiOperation({
    summary: 'Record that the customer withdrew a consent',
    description: 'Machines that have left arrive; nothing is proposed under it from that day on.',
  })
  @Post(':consentId/withdrawal')
  @HttpCode(200)
  @ApiOkResponse({ type: ConsentReply })
  @MayRefuse(
    'contract/unknown',
    'contract/consent-unknown',
    'contract/consent-not-given',
    'contract/act-in-future',
    'contract/recorded-otherwise',
  )
  async withdraw(
    @Param() { contractId, consentId }: ConsentParams,
    @Body() body: WithdrawConsentBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { consentId, ...body };
    const command = { type: 'WithdrawRelocationConsent', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    const done: ConsentReply = { contractId, consentId };
    return reply(await this.commands.execute(change), { body: done });
  }
}

export const relocationConsents = { controllers: [RelocationConsentsController], providers: [] };
