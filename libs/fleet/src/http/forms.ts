import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsUUID, Matches } from 'class-validator';
import { z } from 'zod';
import { IsInstant, isOfPlainYear, MayBeAbsent } from '@hostledger/http';
import { FACILITY_CODE, RACK_CODE } from '@hostledger/sites';
import { normaliseSerial } from '../domain/miner.js';
import './problems.js';

export const MAX_SLOT = 1_000;
/** Of one machine; far above any that is built. */
export const MAX_HASHRATE_GHS = 10_000_000;
export const MAX_WATTS = 100_000;

export const IsFacility = (): PropertyDecorator =>
  Matches(FACILITY_CODE, { message: '$property is the code of a facility' });

export const IsRack = (): PropertyDecorator =>
  Matches(RACK_CODE, { message: '$property is the code of a rack' });

/** Compared without regard to case. */
const upperCase = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.trim().toUpperCase() : value;

export const UpperCase = (): PropertyDecorator => Transform(upperCase);

export class MinerParams {
  /**
   * The miner's serial number, in any case.
   * @example HKYDD1AABJHAG0001
   */
  @UpperCase()
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  serial: string;
}

export class DeliveryParams {
  /** The delivery's id. */
  @IsUUID()
  deliveryId: string;
}

export class RelocationParams {
  /** The relocation's id. */
  @IsUUID()
  relocationId: string;
}

/** An optional filter by an id. */
export const IsIdFilter = (): PropertyDecorator => applyDecorators(MayBeAbsent(), IsUUID());

/** Of an act that may be recorded later than it happened. */
export class DatedBody {
  /**
   * When it happened, where it is recorded later: not in the future, not more than 62 days ago, and
   * not before anything that is recorded of the miner. Left out, it happens now.
   * @example 2024-06-01T03:00:00.000Z
   */
  @MayBeAbsent()
  @IsInstant()
  occurredAt?: string;
}

export const DATED_REFUSALS = [
  'request/occurred-before-latest',
  'request/occurred-in-future',
  'request/occurred-too-long-ago',
] as const;

/** The same of a line; left out, it happens when the lines are uploaded. */
export const occurredAtField = z
  .preprocess(
    (value) => (value === '' ? undefined : value),
    z.iso
      .datetime({ precision: 3 })
      .refine(isOfPlainYear, 'Not of a year from 1000 to 9998')
      .optional(),
  )
  .meta({ example: '2024-06-01T03:00:00.000Z' });

/** Serial number of a line: upper case, without blanks around. */
export const serialField = z
  .string()
  .max(60)
  .transform((written, context) => {
    const serial = normaliseSerial(written);
    if (serial !== undefined) return serial;
    context.addIssue({ code: 'custom', message: '6 to 40 letters and digits' });
    return z.NEVER;
  })
  .meta({ example: 'HKYDD1AABJHAG0001' });

/** A whole number, as a number in JSON or as digits in CSV. */
export const wholeField = (min: number, max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/, 'Not a whole number')
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max));
