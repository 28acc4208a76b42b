import { IsIn, IsInt, IsISO8601, IsUUID, Length, Matches, Max, Min } from 'class-validator';
import { IsNested, IsOfPlainYear, MayBeAbsent } from '@hostledger/http';
import {
  IDENTIFIER_KINDS,
  RETIREMENT_CAUSES,
  type IdentifierKind,
  type RetirementCause,
} from '../domain/miner-life.js';
import { DEENERGIZATION_CAUSES, type DeenergizationCause } from '../domain/miner-power.js';
import { COMPONENTS, REPAIR_OUTCOMES, type Component } from '../domain/miner-repair.js';
import {
  DatedBody,
  IsFacility,
  MAX_HASHRATE_GHS,
  MAX_WATTS,
  MinerParams,
  UpperCase,
} from '../http/forms.js';

export class OverrideBody {
  /**
   * Subject of somebody else than who sends this.
   * @example grace
   */
  @Length(1, 200)
  approvedBy: string;

  /** @example burn-in before commencement */
  @Length(1, 500)
  reason: string;
}

export class EnergizeBody extends DatedBody {
  /** Lets it draw power although its contract is not active. */
  @MayBeAbsent()
  @IsNested(() => OverrideBody)
  override?: OverrideBody;
}

export class DeenergizeBody extends DatedBody {
  @IsIn(DEENERGIZATION_CAUSES)
  cause: DeenergizationCause;

  /**
   * Of one that the rack of the miner is within, open or under way at `occurredAt`; for the cause
   * `curtailment` alone.
   */
  @MayBeAbsent()
  @Length(1, 60)
  curtailmentId?: string;
}

export class PowerProfileBody extends DatedBody {
  /**
   * As the firmware names it.
   * @example eco
   */
  @Length(1, 60)
  profile: string;

  /**
   * Rated under that profile.
   * @example 120000
   */
  @IsInt()
  @Min(1)
  @Max(MAX_HASHRATE_GHS)
  hashrateGhs: number;

  /**
   * What it takes at the plug under that profile.
   * @example 2400
   */
  @IsInt()
  @Min(1)
  @Max(MAX_WATTS)
  powerWatts: number;
}

export class BenchSwapBody {
  /**
   * A machine of the same customer in the storage of the facility.
   * @example HKYDD1AABJHAG0002
   */
  @UpperCase()
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  spareSerial: string;
}

export class IdentifierBody {
  @IsIn(IDENTIFIER_KINDS)
  kind: IdentifierKind;

  /** @example 02:00:5E:10:00:01 */
  @Length(1, 100)
  value: string;
}

export class TitleTransferBody {
  @IsUUID()
  toCustomerId: string;

  /**
   * Not after the day on which it is recorded, UTC.
   * @example 2024-06-01
   */
  @IsISO8601({ strict: true })
  @IsOfPlainYear()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property is a date, YYYY-MM-DD' })
  effectiveOn: string;

  /** SHA-256 of the bill of sale. */
  @Matches(/^[0-9a-f]{64}$/, { message: '$property is a SHA-256 in 64 lower-case hex digits' })
  documentDigest: string;
}

export class RetirementBody {
  @IsIn(RETIREMENT_CAUSES)
  cause: RetirementCause;
}

export class RepairBody {
  /** @example hashboard 2 dead */
  @Length(1, 500)
  fault: string;

  /** Return merchandise authorization of the vendor. */
  @MayBeAbsent()
  @Length(1, 60)
  rmaNumber?: string;
}

export class RepairParams extends MinerParams {
  /** The repair's id. */
  @IsUUID()
  repairId: string;
}

export class ComponentSwapBody {
  @IsIn(COMPONENTS)
  component: Component;

  @MayBeAbsent()
  @Length(1, 100)
  removedSerial?: string;

  @Length(1, 100)
  fittedSerial: string;
}

export class VendorBody {
  /** @example Bitmain Care */
  @Length(1, 100)
  vendor: string;

  /** Return merchandise authorization of the vendor. */
  @MayBeAbsent()
  @Length(1, 60)
  rmaNumber?: string;
}

export class VendorReturnBody {
  /**
   * The facility in whose storage it is.
   * @example DENTON
   */
  @IsFacility()
  facility: string;
}

export class RepairClosureBody {
  @IsIn(REPAIR_OUTCOMES)
  outcome: (typeof REPAIR_OUTCOMES)[number];
}

export class MinerChangedReply {
  serial: string;
}

export class RepairOpenedReply extends MinerChangedReply {
  repairId: string;
}
