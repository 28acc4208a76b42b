import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsInt, Length, Max, Min } from 'class-validator';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { minerModel, modelUnknown, type MinerModel } from '@hostledger/fleet';
import {
  ActContext,
  AreNested,
  IsCurrency,
  IsDay,
  IsDigest,
  IsMoney,
  IsTimeZoneName,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import type { CallOption, SupplyLine } from '../domain/supply-events.js';
import { IsHashrate, SupplyLegsBody, newLeg } from '../http/supply-forms.js';
import { ChangeSupplyCommand } from './change-supply.js';

const MAX_LINES = 100;

export class SupplyLineBody {
  /** @example S19JXP-151 */
  @Length(1, 40)
  model: string;

  /**
   * How many units are announced.
   * @example 27000
   */
  @IsInt()
  @Min(1)
  @Max(10_000_000)
  units: number;

  /**
   * What is bought, in GH/s; units x rating if left out.
   * @example 4077000000
   */
  @MayBeAbsent()
  @IsHashrate()
  contractedHashrateGhs?: number;

  /**
   * In the currency of the agreement. Where every line says it, they come to the price.
   * @example "18.90"
   */
  @MayBeAbsent()
  @IsMoney()
  pricePerTh?: string;
}

export class CallOptionBody {
  /** @example S21XP-270 */
  @Length(1, 40)
  model: string;

  /**
   * The most that may be bought under it, in GH/s.
   * @example 8684280000
   */
  @IsHashrate()
  hashrateGhs: number;

  /** @example "21.50" */
  @IsMoney()
  pricePerTh: string;

  /**
   * Last day on which it may be exercised.
   * @example 2025-06-30
   */
  @IsDay()
  expiresOn: string;
}

export class AgreeSupplyBody extends SupplyLegsBody {
  /**
   * The number by which both parties call the agreement.
   * @example APA-2023-09-05
   */
  @Length(1, 100)
  reference: string;

  /** @example Asset purchase agreement */
  @Length(1, 300)
  title: string;

  /** @example Bitmain Technologies Delaware Limited */
  @Length(1, 200)
  seller: string;

  /** @example Core Scientific, Inc. */
  @Length(1, 200)
  buyer: string;

  /** @example 2023-09-05 */
  @IsDay()
  agreedOn: string;

  /**
   * IANA time zone of its days.
   * @example America/Chicago
   */
  @IsTimeZoneName()
  timeZone: string;

  /**
   * ISO 4217.
   * @example USD
   */
  @IsCurrency()
  currency: string;

  /** @example "77000000.00" */
  @IsMoney()
  price: string;

  /** SHA-256 of the signed document. */
  @IsDigest()
  documentDigest: string;

  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_LINES)
  @AreNested(() => SupplyLineBody)
  lines: SupplyLineBody[];

  @MayBeAbsent()
  @ArrayMaxSize(MAX_LINES)
  @AreNested(() => CallOptionBody)
  options?: CallOptionBody[];
}

export class SupplyAgreedReply {
  agreementId: string;
}

/** @throws DomainError `model/unknown`. */
export const modelOf = (code: string, pointer: string): MinerModel => {
  const model = minerModel(code);
  if (!model) throw modelUnknown(code, pointer);
  return model;
};

@ApiTags('deals')
@Controller('supply-agreements')
export class AgreeSupplyController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Record a supply agreement: hashrate that is bought, and the legs of its price',
  })
  @Post()
  @Roles('commercial')
  @ApiCreatedResponse({ type: SupplyAgreedReply })
  @MayRefuse(
    'supply/already-agreed',
    'supply/act-in-future',
    'supply/legs-unequal-price',
    'supply/lines-unequal-price',
    'supply/units-mismatch',
    'supply/instalments-of-cash',
    'supply/instalments-unequal-leg',
    'supply/valuation-of-equity',
    'supply/amount-too-fine',
    'supply/amount-nothing',
    'model/unknown',
  )
  async agree(@Body() body: AgreeSupplyBody, @ActContext() context: CommandContext) {
    const agreementId = deriveId(context.commandId, 'supplyAgreement');
    const { lines, options = [], legs, ...said } = body;
    const data = {
      agreementId,
      ...said,
      lines: lines.map(supplyLine),
      options: options.map(callOption),
      recordedBy: context.actor.subject,
      legs: legs.map((leg) => newLeg(leg, said.timeZone)),
    };
    const command = { type: 'AgreeSupply', data, at: context.at } as const;
    const change = new ChangeSupplyCommand(agreementId, command, context);
    return reply(await this.commands.execute(change), {
      status: 201,
      location: `/v1/supply-agreements/${agreementId}`,
      body: { agreementId } satisfies SupplyAgreedReply,
    });
  }
}

const supplyLine = (body: SupplyLineBody, index: number): SupplyLine => {
  const { model, units, contractedHashrateGhs, pricePerTh } = body;
  const { ratedHashrateGhs: unitHashrateGhs } = modelOf(model, `/lines/${index}/model`);
  return {
    line: index + 1,
    ...{ model, unitHashrateGhs, units },
    contractedHashrateGhs: contractedHashrateGhs ?? units * unitHashrateGhs,
    ...(pricePerTh !== undefined && { pricePerTh }),
  };
};

const callOption = (body: CallOptionBody, index: number): CallOption => {
  const { model, hashrateGhs, pricePerTh, expiresOn } = body;
  const { ratedHashrateGhs: unitHashrateGhs } = modelOf(model, `/options/${index}/model`);
  return { option: index + 1, ...{ model, unitHashrateGhs, hashrateGhs, pricePerTh, expiresOn } };
};

export const agreeSupply = { controllers: [AgreeSupplyController], providers: [] };
