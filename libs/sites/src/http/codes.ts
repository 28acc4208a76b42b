import { Matches } from 'class-validator';
import { FACILITY_CODE } from '../domain/facility.js';
import { RACK_CODE } from '../domain/rack.js';

export const facilityCodeForm = {
  message: '$property is 2 to 16 capital letters and digits, a letter first',
};

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
