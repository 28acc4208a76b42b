import type { Shortcoming } from '../../domain/line.js';
import { type LineAdjustsView, LineView } from '../periods/views.js';

export class AccrualTotalView {
  /** ISO 4217, or BTC. */
  currency: string;
  /** @example "184212.07" */
  amount: string;
}

export class AccrualShortcomingView {
  /** @example meter-gap */
  code: Shortcoming['code'];
  detail: string;
  facility?: string;
  meterId?: string;
}

export class AccruedMonthView {
  /** @example 2024-03 */
  month: string;
  /** The last day that counts. */
  throughOn: string;
  totals: AccrualTotalView[];
  /** What is missing to compute all of it; the totals are without that. */
  shortcomings: AccrualShortcomingView[];
}

/** As the next close would have it on its statement, where it has a number. */
export class PendingAdjustmentView extends LineView {
  /** The amount is the difference to what stood; quantity and rate are those of the new result. */
  adjusts: LineAdjustsView;
}

/** What a month on statements comes to beside them. */
export class PendingMonthView {
  /** @example 2024-02 */
  month: string;
  lines: PendingAdjustmentView[];
  totals: AccrualTotalView[];
  /** What is missing to compute the month anew, and stands in the way of the next close. */
  shortcomings: AccrualShortcomingView[];
}

export class AccruedContractView {
  contractId: string;
  customerId: string;
  /** @example HA-2023-11 */
  reference: string;
  /** Those on no statement issued by the day. */
  months: AccruedMonthView[];
  /** Months on such statements of which something else is known, or agreed on by the day. */
  adjustments: PendingMonthView[];
  /** Of its months and of what adjusts others, on this page. */
  totals: AccrualTotalView[];
  /** The page ended before all months of the contract were looked at: it goes on, on the next one. */
  continues?: true;
}

/** A leg whose worth nobody had said by the day. */
export class UnvaluedLegView {
  agreementId: string;
  /** @example APA-2023-09-05 */
  reference: string;
  leg: number;
  description: string;
  /**
   * What the parties reckoned it at; it is no amount of money yet and in none of the totals.
   * @example "53900000.00"
   */
  face: string;
  currency: string;
  /** Who is to say what it is worth. */
  authority: string;
  dueOn: string;
  /** That day had passed. */
  overdue: boolean;
}

export class AccrualsView {
  /** @example 2024-03-31 */
  on: string;
  /** Executed contracts, by their ids; also those with nothing to accrue. */
  items: AccruedContractView[];
  /** Of the contracts on this page, for each currency. */
  totals: AccrualTotalView[];
  /** On the first page, all of them. */
  unvaluedLegs: UnvaluedLegView[];
  /** Absent on the last page. */
  nextCursor?: string;
}
