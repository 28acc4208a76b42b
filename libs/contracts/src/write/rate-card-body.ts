import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn } from 'class-validator';
import { AreNested, IsCurrency, IsMoney, IsNested, MayBeAbsent } from '@hostledger/http';
import {
  COUNTED_MACHINES,
  CREDITED_CAUSES,
  EXCUSABLE_CAUSES,
  FEE_KINDS,
  PRORATIONS,
  rateBases,
  type CountedMachines,
  type FeeKind,
  type Proration,
  type RateBasis,
} from '../domain/rate-card.js';
import { AreCauses, IsClauseRef, IsDays, IsDecimal } from '../http/forms.js';

const PAID_IN = ['currency', 'bitcoin'] as const;
const ESTIMATIONS = ['nameplate'] as const;

const MOST_TIERS = 50;
const MOST_FEES = 20;

export class RateTierBody {
  /**
   * In a month, of what the basis counts: kWh, unit-months or kW-months.
   * @example "5000000"
   */
  @IsDecimal()
  above: string;

  /**
   * Of each unit above it, up to the next tier.
   * @example "0.0700"
   */
  @IsDecimal()
  rate: string;
}

export class MinimumChargeBody {
  /** @example "250000.00" */
  @IsMoney()
  amountPerMonth: string;

  /**
   * The clause that says so.
   * @example "4.1"
   */
  @IsClauseRef()
  clauseRef: string;
}

export class AgreedFeeBody {
  /**
   * `setUp`: for each machine that draws power under the contract for the first time. `relocation`:
   * for each machine that was moved to another slot or site. `storage`: for each day that a machine
   * is in storage. `repair`: for each repair that was closed.
   */
  @IsIn(FEE_KINDS)
  kind: FeeKind;

  /**
   * For each.
   * @example "15.00"
   */
  @IsMoney()
  amount: string;

  /**
   * The clause that says so.
   * @example "4.1"
   */
  @IsClauseRef()
  clauseRef: string;
}

export class UptimePromiseBody {
  /**
   * Of the time of all machines that is not excused.
   * @example "95"
   */
  @IsDecimal()
  promisedPercent: string;

  /**
   * Causes of being off power that do not count against the promise.
   * @example ["curtailment", "customerRequest"]
   */
  @AreCauses(EXCUSABLE_CAUSES)
  excusedCauses: string[];

  /**
   * Percent of what the basis charges, for each percentage point that is missing.
   * @example "2"
   */
  @IsDecimal()
  creditPercentPerPoint: string;

  /**
   * The credit is never more than so many percent of it.
   * @example "30"
   */
  @IsDecimal()
  capPercent: string;

  /**
   * The clause that says so.
   * @example "4.1"
   */
  @IsClauseRef()
  clauseRef: string;
}

export class CurtailmentCreditBody {
  /**
   * Causes of the curtailments that bring a credit.
   * @example ["grid", "demandResponse"]
   */
  @AreCauses(CREDITED_CAUSES)
  @ArrayMinSize(1)
  causes: string[];

  /**
   * The customer's part.
   * @example "50"
   */
  @IsDecimal()
  sharePercent: string;

  /**
   * Agreed for each kWh avoided; left out, the part is one of what the programme paid.
   * @example "0.0310"
   */
  @MayBeAbsent()
  @IsDecimal()
  creditPerKwh?: string;

  /**
   * The clause that says so.
   * @example "4.1"
   */
  @IsClauseRef()
  clauseRef: string;
}

export class LateFeeTermsBody {
  /**
   * Percent of what is overdue, for each month, by the day.
   * @example "1.5"
   */
  @IsDecimal()
  percentPerMonth: string;

  /**
   * Charged once it is so many days late.
   * @example 5
   */
  @IsDays()
  graceDays: number;
}

/** In days after a statement was due, each step later than the one before. */
export class PaymentLadderBody {
  /**
   * The customer is given notice.
   * @example 5
   */
  @IsDays()
  noticeDays: number;

  /**
   * Service is suspended.
   * @example 10
   */
  @IsDays()
  suspensionDays: number;

  /**
   * The contract is terminated.
   * @example 30
   */
  @IsDays()
  terminationDays: number;
}

export class PaymentTermsBody {
  /**
   * Days from the issue of a statement until it is due.
   * @example 7
   */
  @IsDays()
  dueDays: number;

  /**
   * The clause that says so.
   * @example "4.1"
   */
  @IsClauseRef()
  clauseRef: string;

  /** Charged on what is overdue; nothing where it is left out. */
  @MayBeAbsent()
  @IsNested(() => LateFeeTermsBody)
  lateFee?: LateFeeTermsBody;

  /** Steps for what stays unpaid; none where it is left out. */
  @MayBeAbsent()
  @IsNested(() => PaymentLadderBody)
  ladder?: PaymentLadderBody;
}

export class RateCardBody {
  /** What is charged for; each basis needs its own rates. */
  @IsIn(rateBases)
  basis: RateBasis;

  /** @example USD */
  @IsCurrency()
  currency: string;

  /**
   * For `nameplateKwh` and `meteredKwh`.
   * @example "0.0750"
   */
  @MayBeAbsent()
  @IsDecimal()
  ratePerKwh?: string;

  /** For `passThrough`. */
  @MayBeAbsent()
  @IsDecimal()
  serviceFeePerKwh?: string;

  /** For `flatPerUnit`. */
  @MayBeAbsent()
  @IsDecimal()
  ratePerUnitMonth?: string;

  /** For `flatPerKw` and `criticalItLoad`. */
  @MayBeAbsent()
  @IsDecimal()
  ratePerKwMonth?: string;

  /** For `proceedsShare`: the host's share of what is mined. */
  @MayBeAbsent()
  @IsDecimal()
  proceedsSharePercent?: string;

  /** For `profitShare`: the host's share of what is left of the proceeds once energy is paid. */
  @MayBeAbsent()
  @IsDecimal()
  profitSharePercent?: string;

  /**
   * The clause that says what the basis charges, one of those of the terms.
   * @example "4.1"
   */
  @MayBeAbsent()
  @IsClauseRef()
  clauseRef?: string;

  /**
   * For `passThrough`: the clause that lets the price of power be passed on, where it is another one than
   * that of the service fee.
   * @example "4.1"
   */
  @MayBeAbsent()
  @IsClauseRef()
  powerClauseRef?: string;

  /**
   * Rates of what goes beyond a quantity in a month, in ascending order; below the first one the rate
   * of the basis holds. Not for shares.
   */
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_TIERS)
  @AreNested(() => RateTierBody)
  tiers?: RateTierBody[];

  /**
   * For `nameplateKwh`: charged as if machines drew so many percent more than they are rated at.
   * @example "7"
   */
  @MayBeAbsent()
  @IsDecimal()
  upliftPercent?: string;

  /**
   * For `flatPerUnit` and `flatPerKw`: machines that draw power, stand in a slot, or have taken up a
   * part of an allocation. Left out, those that draw power.
   */
  @MayBeAbsent()
  @IsIn(COUNTED_MACHINES)
  counted?: CountedMachines;

  /**
   * For `flatPerUnit` and `flatPerKw`: a part of a month counts by the second, or as a whole month.
   * Left out, by the second.
   */
  @MayBeAbsent()
  @IsIn(PRORATIONS)
  proration?: Proration;

  /** For `proceedsShare`: left out, in the currency. */
  @MayBeAbsent()
  @IsIn(PAID_IN)
  paidIn?: (typeof PAID_IN)[number];

  /**
   * For `meteredKwh`, `passThrough` and `profitShare`: what stands in for energy that no meter told.
   * Left out, there must be no gap.
   */
  @MayBeAbsent()
  @IsIn(ESTIMATIONS)
  estimation?: (typeof ESTIMATIONS)[number];

  /** What a whole month costs at least; a share that is paid in bitcoin counts with what it was worth. */
  @MayBeAbsent()
  @IsNested(() => MinimumChargeBody)
  minimum?: MinimumChargeBody;

  /** Charged beside the basis, each kind once. */
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MOST_FEES)
  @AreNested(() => AgreedFeeBody)
  fees?: AgreedFeeBody[];

  /** How much of the time machines are up, and what is credited where they are not. */
  @MayBeAbsent()
  @IsNested(() => UptimePromiseBody)
  uptime?: UptimePromiseBody;

  /** The customer's part of what curtailments bring. */
  @MayBeAbsent()
  @IsNested(() => CurtailmentCreditBody)
  curtailmentCredit?: CurtailmentCreditBody;

  /** When statements are due, and what follows where they are not paid. */
  @MayBeAbsent()
  @IsNested(() => PaymentTermsBody)
  payment?: PaymentTermsBody;
}
