import { applyDecorators } from '@nestjs/common';
import { Matches } from 'class-validator';

// What fields of this room's bodies and queries are made of.

/** Far above what is ever reached; a block is found every ten minutes. */
export const MAX_BLOCK_HEIGHT = 100_000_000;
/** All there will ever be. */
export const MAX_SATS = 2_100_000_000_000_000;

/** A decimal above 0 as text. */
export const IsPositiveDecimal = (): PropertyDecorator =>
  Matches(/^(?=.*[1-9])\d{1,18}(\.\d{1,8})?$/, {
    message: '$property is a decimal number above 0 in a string, e.g. "88104191118793.16"',
  });

/** From 0 to 100 as text. */
export const IsPercent = (): PropertyDecorator =>
  Matches(/^(100(\.0{1,6})?|\d{1,2}(\.\d{1,6})?)$/, {
    message: '$property is a decimal number from 0 to 100 in a string, e.g. "1.5"',
  });

/** Money per kWh as text. */
export const IsRatePerKwh = (): PropertyDecorator =>
  applyDecorators(
    Matches(/^\d{1,9}(\.\d{1,9})?$/, {
      message: '$property is a decimal number in a string, e.g. "0.045"',
    }),
  );
