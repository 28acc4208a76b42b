import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, IsUUID, Length, Max, Min } from 'class-validator';
import { contractAggregate } from '@hostledger/contracts';
import {
  AggregateStore,
  deriveId,
  DomainError,
  type CommandContext,
} from '@hostledger/eventsourcing';
import {
  ActContext,
  IsDay,
  IsDigest,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import { SupplyParams } from '../http/supply-forms.js';
import { ChangeSupplyCommand } from './change-supply.js';
import { SupplyChangedReply } from './supply-hashrate.js';

export class LinkHostingContractBody {
  /** The hosting contract that was signed with the agreement. */
  @IsUUID()
  contractId: string;

  /** @example 2023-09-22 */
  @IsDay()
  linkedOn: string;
}

export class AgreeUpgradeProgrammeBody {
  /** @example UP-2023 */
  @Length(1, 100)
  reference: string;

  /** @example Joint upgrade of older hosted machines */
  @Length(1, 300)
  title: string;

  /** @example 2023-09-22 */
  @IsDay()
  agreedOn: string;

  /** SHA-256 of the document. */
  @IsDigest()
  documentDigest: string;

  /**
   * Machines to be upgraded, where a number was agreed.
   * @example 10000
   */
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(10_000_000)
  units?: number;
}

export class CompleteSupplyBody {
  /** @example 2024-03-31 */
  @IsDay()
  completedOn: string;
}

export class UpgradeProgrammeReply {
  agreementId: string;
  programmeId: string;
}

const NO_ACT = ['supply/unknown', 'supply/act-in-future', 'supply/before-agreement'] as const;

@ApiTags('deals')
@Controller('supply-agreements/:agreementId')
@Roles('commercial')
export class SupplyLinksController {
  constructor(
    private readonly commands: CommandBus,
    private readonly store: AggregateStore,
  ) {}

  @ApiOperation({ summary: 'Link the hosting contract that was signed with the agreement' })
  @Post('hosting-contracts')
  @HttpCode(200)
  @ApiOkResponse({ type: SupplyChangedReply })
  @MayRefuse('contract/unknown', ...NO_ACT)
  async link(
    @Param() { agreementId }: SupplyParams,
    @Body() body: LinkHostingContractBody,
    @ActContext() context: CommandContext,
  ) {
    const { contractId } = body;
    const { state } = await this.store.load(contractAggregate, contractId);
    if (state.status === 'unknown') {
      const message = `There is no contract ${contractId}`;
      const details = { contractId };
      throw new DomainError('notFound', 'contract/unknown', message, details, '/contractId');
    }
    const command = { type: 'LinkHostingContract', data: body, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: SupplyChangedReply = { agreementId };
    return reply(await this.commands.execute(change), { body: done });
  }

  @ApiOperation({ summary: 'Record a programme to upgrade machines that was agreed with it' })
  @Post('upgrade-programmes')
  @ApiCreatedResponse({ type: UpgradeProgrammeReply })
  @MayRefuse('supply/programme-known', ...NO_ACT)
  async programme(
    @Param() { agreementId }: SupplyParams,
    @Body() body: AgreeUpgradeProgrammeBody,
    @ActContext() context: CommandContext,
  ) {
    const programmeId = deriveId(agreementId, 'programme', body.reference);
    const data = { programmeId, ...body };
    const command = { type: 'AgreeUpgradeProgramme', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: UpgradeProgrammeReply = { agreementId, programmeId };
    return reply(await this.commands.execute(change), { status: 201, body: done });
  }

  @ApiOperation({ summary: 'Complete an agreement under which nothing is owed any more' })
  @Post('completion')
  @HttpCode(200)
  @ApiOkResponse({ type: SupplyChangedReply })
  @MayRefuse(
    'supply/hashrate-outstanding',
    'supply/legs-open',
    'supply/completed-before-act',
    ...NO_ACT,
  )
  async complete(
    @Param() { agreementId }: SupplyParams,
    @Body() data: CompleteSupplyBody,
    @ActContext() context: CommandContext,
  ) {
    const command = { type: 'CompleteSupply', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    const done: SupplyChangedReply = { agreementId };
    return reply(await this.commands.execute(change), { body: done });
  }
}

export const supplyLinks = { controllers: [SupplyLinksController], providers: [] };
