import type {
  CountedMachines,
  FeeKind,
  Proration,
  RateBasis,
  RateCard,
} from '../../domain/rate-card.js';

export class RateTierView {
  /**
   * In a month, of what the basis counts: kWh, unit-months or kW-months.
   * @example "5000000"
   */
  above: string;
  /**
   * Of each unit above it, up to the next tier.
   * @example "0.0700"
   */
  rate: string;
}

export class MinimumChargeView {
  /** @example "250000.00" */
  amountPerMonth: string;
  /** @example 4.3 */
  clauseRef: string;
}

export class AgreedFeeView {
  kind: FeeKind;
  /** @example "15.00" */
  amount: string;
  /** @example 4.4 */
  clauseRef: string;
}

export class UptimePromiseView {
  /**
   * Of the time of all machines that is not excused.
   * @example "95"
   */
  promisedPercent: string;
  /** Causes of being off power that do not count against the promise. */
  excusedCauses: string[];
  /**
   * Percent of what the basis charges, for each percentage point that is missing.
   * @example "2"
   */
  creditPercentPerPoint: string;
  /**
   * The credit is never more than so many percent of it.
   * @example "30"
   */
  capPercent: string;
  /** @example 6.1 */
  clauseRef: string;
}

export class CurtailmentCreditView {
  /** Causes of the curtailments that bring a credit. */
  causes: string[];
  /**
   * The customer's part.
   * @example "50"
   */
  sharePercent: string;
  /** Agreed for each kWh avoided; where it is absent, the part is one of what the programme paid. */
  creditPerKwh?: string;
  /** @example 6.2 */
  clauseRef: string;
}

export class LateFeeTermsView {
  /**
   * Percent of what is overdue, for each month, by the day.
   * @example "1.5"
   */
  percentPerMonth: string;
  /** Charged once it is so many days late. */
  graceDays: number;
}

/** In days after a statement was due. */
export class PaymentLadderView {
  noticeDays: number;
  suspensionDays: number;
  terminationDays: number;
}

export class PaymentTermsView {
  /** Days from the issue of a statement until it is due. */
  dueDays: number;
  /** @example 4.2 */
  clauseRef: string;
  lateFee?: LateFeeTermsView;
  /** Steps for what stays unpaid. */
  ladder?: PaymentLadderView;
}

/** What is charged for, at which rates, and what is said beside them. */
export class RateCardView {
  /** @example nameplateKwh */
  basis: RateBasis;
  /** @example USD */
  currency: string;
  /** @example "0.0750" */
  ratePerKwh?: string;
  serviceFeePerKwh?: string;
  ratePerUnitMonth?: string;
  ratePerKwMonth?: string;
  proceedsSharePercent?: string;
  profitSharePercent?: string;
  /**
   * The clause that says what the basis charges.
   * @example "4.1"
   */
  clauseRef?: string;
  /** The clause that lets the price of power be passed on, where it is another one. */
  powerClauseRef?: string;
  /** Rates of what goes beyond a quantity in a month; below the first one the rate of the basis holds. */
  tiers?: RateTierView[];
  /** Charged as if machines drew so many percent more than they are rated at. */
  upliftPercent?: string;
  /** Which machines count; where it is absent, those that draw power. */
  counted?: CountedMachines;
  /** How a part of a month counts; where it is absent, by the second. */
  proration?: Proration;
  /** Where it is absent, a share is paid in the currency. */
  paidIn?: 'currency' | 'bitcoin';
  /** What stands in for energy that no meter told; where it is absent, there must be no gap. */
  estimation?: 'nameplate';
  minimum?: MinimumChargeView;
  fees?: AgreedFeeView[];
  uptime?: UptimePromiseView;
  curtailmentCredit?: CurtailmentCreditView;
  payment?: PaymentTermsView;
}

export const rateCardView = ({
  tiers,
  fees,
  uptime,
  curtailmentCredit,
  ...said
}: RateCard): RateCardView => ({
  ...said,
  ...(tiers && { tiers: [...tiers] }),
  ...(fees && { fees: [...fees] }),
  ...(uptime && { uptime: { ...uptime, excusedCauses: [...uptime.excusedCauses] } }),
  ...(curtailmentCredit && {
    curtailmentCredit: { ...curtailmentCredit, causes: [...curtailmentCredit.causes] },
  }),
});
