import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type, type ClassConstructor } from 'class-transformer';
import {
  IsISO4217CurrencyCode,
  IsISO8601,
  IsObject,
  Matches,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { MONEY } from '@hostledger/quantities';
import { isOfPlainYear } from './calendar.js';

// What fields of every room's bodies and queries are made of.

/** May be left out; unlike `IsOptional` it does not let null through. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** Of a year from 1000 to 9998; see {@link isOfPlainYear}. */
export const IsOfPlainYear = (): PropertyDecorator =>
  ValidateBy({
    name: 'year',
    validator: {
      validate: (value) => typeof value === 'string' && isOfPlainYear(value),
      defaultMessage: () => '$property is of a year from 1000 to 9998',
    },
  });

/** A calendar date, YYYY-MM-DD. */
export const IsDay = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ format: 'date' }),
    Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property is a date, YYYY-MM-DD' }),
    IsISO8601({ strict: true }, { message: '$property is a day of the calendar' }),
    IsOfPlainYear(),
  );

/**
 * An instant in UTC, in the one form that says it, so that texts order, and are the same, as instants
 * are: midnight is not 24 o'clock.
 */
export const IsInstant = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ format: 'date-time' }),
    Matches(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):\d{2}:\d{2}\.\d{3}Z$/, {
      message: '$property is an instant in UTC, YYYY-MM-DDTHH:MM:SS.sssZ',
    }),
    IsISO8601({ strict: true }, { message: '$property is an instant of the calendar' }),
    IsOfPlainYear(),
  );

/** SHA-256 of a document, as 64 hexadecimal digits. */
export const IsDigest = (): PropertyDecorator =>
  Matches(/^[0-9a-f]{64}$/, { message: '$property is a SHA-256 in 64 lower-case hex digits' });

/** The code of a currency, in capitals as ISO 4217 has it. */
export const IsCurrency = (): PropertyDecorator =>
  applyDecorators(
    Matches(/^[A-Z]{3}$/, { message: '$property is a code of ISO 4217 in capitals, e.g. USD' }),
    IsISO4217CurrencyCode({ message: '$property is the code of a currency by ISO 4217' }),
  );

/** An amount of money as text, exact. */
export const IsMoney = (): PropertyDecorator =>
  Matches(MONEY, { message: '$property is an amount of money in a string, e.g. "7800000.00"' });

/** One object of this class. `ValidateNested` alone takes an empty list for one. */
export const IsNested = (of: () => ClassConstructor<object>): PropertyDecorator =>
  applyDecorators(IsObject(), ValidateNested(), Type(of));

/** Objects of this class, each of them. */
export const AreNested = (of: () => ClassConstructor<object>): PropertyDecorator =>
  applyDecorators(IsObject({ each: true }), ValidateNested({ each: true }), Type(of));
