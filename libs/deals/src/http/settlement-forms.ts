import { Type } from 'class-transformer';
import { IsInt, IsUUID, Max, Min } from 'class-validator';
import { MAX_LEGS } from '../domain/settlement-proposal.js';

export class SettlementParams {
  /** The settlement's id. */
  @IsUUID()
  settlementId: string;
}

export class LegParams extends SettlementParams {
  /**
   * Number of the leg, from 1.
   * @example 1
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LEGS)
  leg: number;
}
