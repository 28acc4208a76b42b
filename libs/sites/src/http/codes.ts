import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsISO8601, Matches, ValidateIf } from 'class-validator';
import { FACILITY_CODE } from '../domain/facility.js';
import { RACK_CODE } from '../domain/rack.js';

export const facilityCodeForm = {
  message: '$property is 2 to 16 capital letters and digits, a letter first',
};

/** May be left out; unlike `IsOptional` it does not let null through. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** A calendar date, YYYY-MM-DD. */
export const IsDay = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ format: 'date' }),
    Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property is a date, YYYY-MM-DD' }),
    IsISO8601({ strict: true }, { message: '$property is a day of the calendar' }),
  );

/** An instant in UTC, so that texts order as instants do. */
export const IsInstant = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ format: 'date-time' }),
    Matches(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, {
      message: '$property is an instant in UTC, YYYY-MM-DDTHH:MM:SS.sssZ',
    }),
    IsISO8601({ strict: true }, { message: '$property is an instant of the calendar' }),
  );

/** SHA-256 of a document, as 64 hexadecimal digits. */
export const IsDigest = (): PropertyDecorator =>
  Matches(/^[0-9a-f]{64}$/, { message: '$property is a SHA-256 in 64 lower-case hex digits' });

export class FacilityParams {
  /**
   * The facility's code.
   * @example DENTON
   */
  @Matches(FACILITY_CODE, facilityCodeForm)
  code: string;
}

export class RackParams extends FacilityParams {
  /**
   * The rack's code within its facility.
   * @example A-01
   */
  @Matches(RACK_CODE, { message: '$property is 1 to 32 capital letters, digits and dashes' })
  rack: string;
}
