import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsUUID, Length, Matches } from 'class-validator';
import { deriveId, type CommandContext, type Handled } from '@hostledger/eventsourcing';
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
import { ROUNDING_MODES, type RoundingMode } from '@hostledger/quantities';
import type { SupplyEvent } from '../domain/supply-events.js';
import { worthAt } from '../domain/supply-legs.js';
import { legOf, mustBeKnown } from '../domain/supply-refusals.js';
import type { Supply } from '../domain/supply-state.js';
import { IsNumberOfPart, SupplyParams } from '../http/supply-forms.js';
import { ChangeSupplyCommand } from './change-supply.js';

export class CourtReferenceBody {
  /** @example United States Bankruptcy Court for the Southern District of Texas */
  @Length(1, 200)
  court: string;

  /** @example 22-90341 */
  @Length(1, 100)
  caseNumber: string;

  /**
   * The order, as the docket numbers it.
   * @example 1749
   */
  @Length(1, 100)
  order: string;
}

export class ValueConsiderationBody {
  /** @example 2 */
  @IsNumberOfPart()
  leg: number;

  /**
   * Decimal, in the currency of the agreement.
   * @example "5.02"
   */
  @Matches(/^\d{1,12}(\.\d{1,12})?$/, { message: '$property is a decimal, e.g. "5.02"' })
  pricePerShare: string;

  /** Of face / price per share, to whole shares. */
  @IsIn(ROUNDING_MODES)
  rounding: RoundingMode;

  /** @example 2024-01-16 */
  @IsDay()
  valuedOn: string;

  /** SHA-256 of the document that fixes it. */
  @IsDigest()
  documentDigest: string;

  /** Where a court fixed it. */
  @MayBeAbsent()
  @IsNested(() => CourtReferenceBody)
  court?: CourtReferenceBody;
}

export class CorrectValuationBody extends ValueConsiderationBody {
  /**
   * What was recorded wrongly.
   * @example The price was that of the day before
   */
  @Length(1, 500)
  cause: string;
}

export class ValuationParams extends SupplyParams {
  /** The valuation's id. */
  @IsUUID()
  valuationId: string;
}

export class ConsiderationValuedReply {
  agreementId: string;
  valuationId: string;
  leg: number;
  /** @example 10735143 */
  shares: number;
  /**
   * Shares x price per share, as the currency can pay it.
   * @example "53899999.84"
   */
  value: string;
  /**
   * Face - value: what rounding to whole shares leaves over.
   * @example "0.16"
   */
  remainder: string;
}

const NO_VALUATION = [
  'supply/leg-kind',
  'supply/unknown',
  'supply/leg-unknown',
  'supply/completed',
  'supply/act-in-future',
  'supply/before-agreement',
  'supply/shares-out-of-range',
] as const;

@ApiTags('deals')
@Controller('supply-agreements/:agreementId/valuations')
@Roles('commercial')
export class ValueSupplyController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({ summary: 'Record what an equity leg is worth, and so how many shares are owed' })
  @Post()
  @ApiCreatedResponse({ type: ConsiderationValuedReply })
  @MayRefuse('supply/leg-valued', ...NO_VALUATION)
  async value(
    @Param() { agreementId }: SupplyParams,
    @Body() body: ValueConsiderationBody,
    @ActContext() context: CommandContext,
  ) {
    const valuationId = deriveId(context.commandId, 'valuation');
    const data = { valuationId, ...body };
    const command = { type: 'ValueConsideration', data, at: context.at } as const;
    const valued = await this.commands.execute(
      new ChangeSupplyCommand(agreementId, command, context),
    );
    return reply(valued, { status: 201, body: valuedBody(valued, body, valuationId) });
  }

  @ApiOperation({
    summary: 'Correct a valuation by a reversing pair: it never held, another stands in for it',
  })
  @Post(':valuationId/correction')
  @HttpCode(200)
  @ApiOkResponse({ type: ConsiderationValuedReply })
  @MayRefuse(
    'supply/valuation-not-in-force',
    'supply/shares-issued',
    'supply/issue-before-valuation',
    ...NO_VALUATION,
  )
  async correct(
    @Param() { agreementId, valuationId: reverses }: ValuationParams,
    @Body() body: CorrectValuationBody,
    @ActContext() context: CommandContext,
  ) {
    const valuationId = deriveId(context.commandId, 'valuation');
    const data = { valuationId, reverses, ...body };
    const command = { type: 'CorrectValuation', data, at: context.at } as const;
    const valued = await this.commands.execute(
      new ChangeSupplyCommand(agreementId, command, context),
    );
    return reply(valued, { body: valuedBody(valued, body, valuationId) });
  }
}

/** Computed from what was asked: a request that is repeated is answered as it was at first. */
const valuedBody = (
  { state }: Handled<Supply, SupplyEvent>,
  body: ValueConsiderationBody,
  valuationId: string,
): ConsiderationValuedReply => {
  const supply = mustBeKnown(state);
  const { agreementId, currency } = supply;
  const { face } = legOf(supply, body.leg);
  return { agreementId, valuationId, leg: body.leg, ...worthAt(body, face, currency) };
};

export const valueSupply = { controllers: [ValueSupplyController], providers: [] };
