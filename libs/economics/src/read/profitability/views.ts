import { exact, rounded, type Exact } from '@hostledger/quantities';
import type { RecordedView } from '@hostledger/http';
import type { Drawing, Profit } from '../../domain/profitability.js';

/** Where a number comes from: recorded as a fact, given by the caller, or assumed where nothing was said. */
export const ORIGINS = ['recorded', 'given', 'assumed'] as const;
export type Origin = (typeof ORIGINS)[number];

/** A number that figures were computed with, and where it comes from. */
export class InputView {
  /**
   * Decimal.
   * @example "88104191118793.16"
   */
  value: string;
  origin: Origin;
  /** Of a fact: who published it. */
  source?: string;
  /** Of a fact: since when it was in force. */
  effectiveAt?: string;
  /** Of a fact about a block. */
  blockHeight?: number;
  /** Of a fact: the event that says so. */
  recorded?: RecordedView;
}

export class RateInputView {
  /** Absent where one rate was given for all. */
  facility?: string;
  /** @example "0.0450" */
  ratePerKwh: string;
  /** @example USD */
  currency: string;
  origin: Origin;
  /**
   * Of a fact: the first day on which it held.
   * @example 2024-06-01
   */
  effectiveOn?: string;
  /** Of a fact: the event that says so. */
  recorded?: RecordedView;
}

/** All that the figures depend on, beside the machines: the same inputs give the same figures. */
export class InputsView {
  difficulty: InputView;
  /** Of a block, in satoshi. */
  subsidySats: InputView;
  /** Average of a block, in satoshi. */
  feesSats: InputView;
  /** Of one bitcoin, in units of the currency. */
  price: InputView;
  /**
   * Of every amount of money.
   * @example USD
   */
  currency: string;
  /** In percent of the bitcoin. */
  poolFeePercent: InputView;
  /** Share of the day that the machines run, in percent. */
  availabilityPercent: InputView;
  /** What energy costs, by facility. */
  rates: RateInputView[];
}

/** Of a day; computed exactly and rounded once, half up, so a margin may differ in the last place from the difference of what is shown. */
export class FiguresView {
  /** Rated under their power profiles, in GH/s. */
  hashrateGhs: number;
  /** Under their power profiles. */
  powerWatts: number;
  /**
   * J/TH; absent without hashrate.
   * @example "21.50"
   */
  joulesPerTerahash?: string;
  /** @example "77.928" */
  energyKwhPerDay: string;
  /** @example "0.00010774" */
  bitcoinPerDay: string;
  /** @example "6.46" */
  revenuePerDay: string;
  /** @example "3.90" */
  powerCostPerDay: string;
  /**
   * Revenue less power cost.
   * @example "2.57"
   */
  marginPerDay: string;
  /**
   * The rate at which the margin is nothing; absent where no energy is drawn.
   * @example "0.082955"
   */
  breakEvenRatePerKwh?: string;
}

const SATS_A_BITCOIN = exact(100_000_000);
const GHS_A_TERAHASH = exact(1_000);
const PLACES = { money: 2, rate: 6, bitcoin: 8, energy: 3, efficiency: 2 } as const;

const money = (amount: Exact): string => rounded(amount, PLACES.money);

export const figuresView = (
  { hashrateGhs, powerWatts }: Drawing,
  { energyKwh, bitcoinSats, revenue, powerCost, margin, breakEvenRatePerKwh }: Profit,
): FiguresView => ({
  hashrateGhs: Number(hashrateGhs),
  powerWatts: Number(powerWatts),
  ...(BigInt(hashrateGhs) > 0n && {
    joulesPerTerahash: rounded(
      exact(powerWatts).mul(GHS_A_TERAHASH).div(exact(hashrateGhs)),
      PLACES.efficiency,
    ),
  }),
  energyKwhPerDay: rounded(energyKwh, PLACES.energy),
  bitcoinPerDay: rounded(bitcoinSats.div(SATS_A_BITCOIN), PLACES.bitcoin),
  revenuePerDay: money(revenue),
  powerCostPerDay: money(powerCost),
  marginPerDay: money(margin),
  ...(breakEvenRatePerKwh && { breakEvenRatePerKwh: rounded(breakEvenRatePerKwh, PLACES.rate) }),
});
