import { applyDecorators } from '@nestjs/common';
import { IsInt, IsUUID, Max, Min } from 'class-validator';

/** A number of machines. */
export const IsUnits = (): PropertyDecorator => applyDecorators(IsInt(), Min(1), Max(10_000_000));

/** Power in whole watts. */
export const IsWatts = (): PropertyDecorator =>
  applyDecorators(IsInt(), Min(1), Max(100_000_000_000));

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
