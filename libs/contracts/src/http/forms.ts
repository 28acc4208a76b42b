import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { FACILITY_CODE } from '@hostledger/sites';

/** A number of machines. */
export const IsUnits = (): PropertyDecorator => applyDecorators(IsInt(), Min(1), Max(10_000_000));

/** Power in whole watts. */
export const IsWatts = (): PropertyDecorator =>
  applyDecorators(IsInt(), Min(1), Max(100_000_000_000));

const MOST_SITES = 200;

/** Codes of facilities, one or more. */
export const IsSites = (): PropertyDecorator =>
  applyDecorators(
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MOST_SITES),
    Matches(FACILITY_CODE, { each: true, message: 'each of $property is the code of a facility' }),
  );

const DECIMAL = /^\d{1,12}(\.\d{1,12})?$/;

/** A decimal from 0 on as text, so that no digit is lost. */
export const IsDecimal = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ pattern: DECIMAL.source }),
    Matches(DECIMAL, { message: '$property is a decimal number in a string, e.g. "0.075"' }),
  );

const MOST_DAYS = 3_650;

/** A number of whole days, 0 or more. */
export const IsDays = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: 'integer', minimum: 0, maximum: MOST_DAYS }),
    IsInt(),
    Min(0),
    Max(MOST_DAYS),
  );

const MOST_CAUSES = 20;

/** Causes by their names; the domain says which there are. */
export const AreCauses = (known: readonly string[]): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ enum: [...known], isArray: true }),
    IsArray(),
    ArrayMaxSize(MOST_CAUSES),
    Length(1, 40, { each: true }),
  );

/** The number of a clause of the terms. */
export const IsClauseRef = (): PropertyDecorator => Length(1, 30);

export class CustomerParams {
  /** The customer's id. */
  @IsUUID()
  customerId: string;
}

export class ContractParams {
  /** The contract's id. */
  @IsUUID()
  contractId: string;
}
