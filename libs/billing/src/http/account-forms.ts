import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsUUID, Matches } from 'class-validator';
import { ACCOUNT_MONEY } from '../domain/account-money.js';

/** An amount above zero as text, exact. */
export const IsAccountMoney = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ example: '1250.00' }),
    Matches(ACCOUNT_MONEY, {
      message: '$property is an amount in a string, e.g. "1250.00", of bitcoin "0.01250000"',
    }),
  );

/** ISO 4217 in capitals, or BTC. */
export const IsAccountCurrency = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ example: 'USD' }),
    Matches(/^[A-Z]{3}$/, { message: '$property is a code of ISO 4217 in capitals, or BTC' }),
  );

export class AccountParams {
  /** The contract's id. */
  @IsUUID()
  contractId: string;
}

export class AccountPaymentParams extends AccountParams {
  @IsUUID()
  paymentId: string;
}

export class AccountDisputeParams extends AccountParams {
  @IsUUID()
  disputeId: string;
}

export class AccountWriteOffParams extends AccountParams {
  @IsUUID()
  writeOffId: string;
}
