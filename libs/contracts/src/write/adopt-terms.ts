import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, Length, Max, Min } from 'class-validator';
import type { CommandContext } from '@hostledger/eventsourcing';
import {
  ActContext,
  AreNested,
  IsDay,
  IsDigest,
  IsMoney,
  IsNested,
  MayBeAbsent,
  MayRefuse,
  reply,
  Roles,
} from '@hostledger/http';
import { TERMS_KINDS, type TermsKind } from '../domain/contract-events.js';
import { type Contract } from '../domain/contract-state.js';
import {
  COST_CLASSES,
  RELOCATION_CONSENTS,
  type ConsentRule,
  type CostClass,
} from '../domain/relocation-clause.js';
import { ContractParams, IsSites, IsUnits, IsWatts } from '../http/forms.js';
import { UNSOUND_TERMS } from '../http/refusals.js';
import { ChangeContractCommand } from './change-contract.js';
import { RateCardBody } from './rate-card-body.js';

export class ClauseBody {
  /**
   * The clause's number in the document.
   * @example "4.1"
   */
  @Length(1, 30)
  ref: string;

  /** @example Hosting fee */
  @Length(1, 300)
  title: string;

  /** @example The Client pays the rate per kWh of nameplate consumption. */
  @Length(1, 10_000)
  text: string;
}

export class OrderCapsBody {
  /**
   * Machines of all orders together.
   * @example 30000
   */
  @MayBeAbsent()
  @IsUnits()
  units?: number;

  /**
   * Power of all orders together, in watts.
   * @example 100000000
   */
  @MayBeAbsent()
  @IsWatts()
  powerWatts?: number;
}

export class RelocationClauseBody {
  /**
   * The clause that says so, one of those below.
   * @example "4.1"
   */
  @Length(1, 30)
  clauseRef: string;

  /**
   * Sites that the machines may stand at; any where it is left out.
   * @example ["DENTON", "PECOS"]
   */
  @MayBeAbsent()
  @IsSites()
  facilities?: string[];

  /** Whether the utility rate of a destination may be above that of the site they leave. */
  @MayBeAbsent()
  @IsIn(COST_CLASSES)
  costClass?: CostClass;

  /** Whether the customer is asked before machines go to another site. */
  @IsIn(RELOCATION_CONSENTS)
  consent: ConsentRule;
}

/** What a version of the terms says. */
export class TermsBody {
  /**
   * SHA-256 of the document with the terms.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;

  /** The clauses that charges and decisions refer to. */
  @IsArray()
  @ArrayMaxSize(200)
  @AreNested(() => ClauseBody)
  clauses: ClauseBody[];

  @IsNested(() => RateCardBody)
  rateCard: RateCardBody;

  /**
   * Last day of the term, if the terms name one.
   * @example 2026-12-31
   */
  @MayBeAbsent()
  @IsDay()
  termEndsOn?: string;

  /** The most that may be ordered while the terms are in force. */
  @MayBeAbsent()
  @IsNested(() => OrderCapsBody)
  caps?: OrderCapsBody;

  /**
   * Amount of money in the contract's currency that must be held in deposits before service begins,
   * and before it goes on after a suspension.
   * @example "7800000.00"
   */
  @MayBeAbsent()
  @IsMoney()
  requiredDeposit?: string;

  /** Where machines may be moved; to any site where it is left out. */
  @MayBeAbsent()
  @IsNested(() => RelocationClauseBody)
  relocation?: RelocationClauseBody;
}

export class AdoptTermsBody extends TermsBody {
  /**
   * The terms are in force from this day on, until later ones are.
   * @example 2023-09-25
   */
  @IsDay()
  effectiveOn: string;

  /** Left out: the first version is the original, later ones are amendments. */
  @MayBeAbsent()
  @IsIn(TERMS_KINDS)
  kind?: TermsKind;

  /**
   * What is different from the version before.
   * @example The rate passes the price of power through.
   */
  @MayBeAbsent()
  @Length(1, 2_000)
  changes?: string;
}

export class CorrectTermsBody extends TermsBody {
  /**
   * What had been recorded wrongly.
   * @example The rate of Exhibit B had been taken down as 0.0705.
   */
  @Length(1, 2_000)
  cause: string;
}

export class TermsVersionParams extends ContractParams {
  /** @example 1 */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  version: number;
}

export class TermsAdoptedReply {
  contractId: string;
  /** @example 1 */
  version: number;
}

@ApiTags('contracts')
@Controller('contracts/:contractId/terms')
export class AdoptTermsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: "Adopt the next version of a contract's terms" })
  @Post()
  @Roles('commercial')
  @ApiCreatedResponse({ type: TermsAdoptedReply })
  @MayRefuse(
    'contract/terms-not-later',
    'contract/terms-after-execution',
    'contract/terms-kind',
    'contract/ended',
    ...UNSOUND_TERMS,
  )
  async adopt(
    @Param() { contractId }: ContractParams,
    @Body() data: AdoptTermsBody,
    @ActContext() context: CommandContext,
  ) {
    const command = { type: 'AdoptTerms', data: { ...data }, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    const handled = await this.commands.execute(change);
    const version = versionOf(handled.state, data.effectiveOn);
    return reply(handled, {
      status: 201,
      location: `/v1/contracts/${contractId}/terms`,
      body: { contractId, version } satisfies TermsAdoptedReply,
    });
  }

  @ApiOperation({
    summary: 'Correct a version of the terms that had been recorded wrongly',
    description:
      'Says all that the version says, as it was agreed. What was recorded before stays what was ' +
      'known before: `asOf` and `knownAt` tell the two apart.',
  })
  @Post(':version/correction')
  @HttpCode(200)
  @Roles('commercial')
  @ApiOkResponse({ type: TermsAdoptedReply })
  @MayRefuse('contract/terms-unknown', ...UNSOUND_TERMS)
  async correct(
    @Param() { contractId, version }: TermsVersionParams,
    @Body() body: CorrectTermsBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { version, ...body };
    const command = { type: 'CorrectTerms', data, at: context.at } as const;
    const change = new ChangeContractCommand(contractId, command, context);
    return reply(await this.commands.execute(change), {
      body: { contractId, version } satisfies TermsAdoptedReply,
    });
  }
}

/** Also for a repeated command, when later versions may be there. */
const versionOf = (contract: Contract, effectiveOn: string): number =>
  contract.status === 'unknown'
    ? 0
    : contract.terms.findIndex((terms) => terms.effectiveOn === effectiveOn) + 1;

export const adoptTerms = { controllers: [AdoptTermsController], providers: [] };
