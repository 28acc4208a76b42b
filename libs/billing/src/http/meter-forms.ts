import { applyDecorators } from '@nestjs/common';
import { Matches } from 'class-validator';
import { z } from 'zod';
import { isOfPlainYear } from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import { KWH, SATOSHI } from '../domain/meter-amounts.js';
import { METER_CODE } from '../domain/meter.js';

// What fields of the bodies and queries about meters are made of.

export const IsMeterCode = (): PropertyDecorator =>
  Matches(METER_CODE, { message: '$property is 1 to 40 capital letters, digits and dashes' });

export const IsSiteCode = (): PropertyDecorator =>
  Matches(FACILITY_CODE, { message: '$property is the code of a facility' });

/** kWh as text, down to a Wh. */
export const IsKwh = (): PropertyDecorator =>
  applyDecorators(
    Matches(KWH, {
      message: '$property is kWh in a string with at most three places, e.g. "1234.567"',
    }),
  );

/** Whole satoshi as text. */
export const IsSatoshi = (): PropertyDecorator =>
  Matches(SATOSHI, { message: '$property is whole satoshi in a string, e.g. "625000000"' });

export class MeterParams {
  /**
   * The code of the meter.
   * @example DENTON-A-07
   */
  @IsMeterCode()
  meterId: string;
}

const instantField = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):\d{2}:\d{2}\.\d{3}Z$/,
    'An instant in UTC, YYYY-MM-DDTHH:MM:SS.sssZ',
  )
  .refine(isOfCalendar, 'An instant of the calendar')
  .meta({ example: '2024-06-01T06:00:00.000Z' });

/** A date that the calendar does not have does not come out as it went in; a year 0 would. */
function isOfCalendar(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && isOfPlainYear(text) && new Date(time).toISOString() === text;
}

const kwhField = z
  .string()
  .regex(KWH, 'kWh in a string with at most three places')
  .optional()
  .meta({ example: '1234.567' });

const satoshiField = z
  .string()
  .regex(SATOSHI, 'Whole satoshi in a string')
  .optional()
  .meta({ example: '625000000' });

/** One line of an upload of readings. */
export const readingLine = z.strictObject({
  from: instantField,
  until: instantField,
  energyKwh: kwhField,
  satoshi: satoshiField,
  registerKwh: kwhField,
  registerSatoshi: satoshiField,
  estimatedBy: z.string().min(1).max(200).optional().meta({ example: 'nameplate' }),
});
