import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsUUID, Matches } from 'class-validator';
import { MayBeAbsent } from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';

// What the filters of usage are made of.

/** Compared without regard to case. */
const UpperCase = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.trim().toUpperCase() : value,
  );

const IsSerial = (): PropertyDecorator =>
  applyDecorators(
    UpperCase(),
    Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' }),
  );

export const IsIdFilter = (): PropertyDecorator => applyDecorators(MayBeAbsent(), IsUUID());

export const IsFacilityFilter = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    Matches(FACILITY_CODE, { message: '$property is the code of a facility' }),
  );

export const IsSerialFilter = (): PropertyDecorator => applyDecorators(MayBeAbsent(), IsSerial());

/** Of 18 digits, which a bigint holds. */
export const IsLogPosition = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    Matches(/^\d{1,18}$/, { message: '$property is a log position, as replies carry it' }),
  );

export class UsageMachineParams {
  /**
   * The miner's serial number, in any case.
   * @example HKYDD1AABJHAG0001
   */
  @IsSerial()
  serial: string;
}
