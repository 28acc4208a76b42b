import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';

/** What mining pays under; pinned wherever a figure is computed. */
export interface MiningConditions {
  /** Of the network, above 0; decimal, as the network publishes it: `88104191118793.88`. */
  readonly difficulty: string;
  /** Subsidy of a block, in satoshi. */
  readonly subsidySats: number;
  /** Average fees of a block, in satoshi; 0 where they are not reckoned with. */
  readonly feesSats: number;
  /** Of one bitcoin, decimal, in units of the currency. */
  readonly price: string;
  /** ISO 4217. */
  readonly currency: string;
  /** What the pool keeps, decimal, in percent of the bitcoin: `0` to `100`. */
  readonly poolFeePercent: string;
  /** Share of the day that the machines run, decimal, in percent: `0` to `100`. */
  readonly availabilityPercent: string;
}

/** What one machine does while it runs, or the sum of what machines do. */
export interface Drawing {
  readonly hashrateGhs: number | bigint;
  readonly powerWatts: number | bigint;
}

/** Of a day of 24 hours, every member exact; whoever shows one rounds it, once. */
export interface Profit {
  readonly energyKwh: Exact;
  readonly bitcoinSats: Exact;
  /** Money, as all that follows, in the currency of the price. */
  readonly revenue: Exact;
  readonly powerCost: Exact;
  /** Revenue less power cost. */
  readonly margin: Exact;
  /** The rate per kWh at which the margin is nothing; undefined where no energy is drawn. */
  readonly breakEvenRatePerKwh: Exact | undefined;
}

const HOURS_A_DAY = exact(24);
const SECONDS_A_DAY = exact(86_400);
const HASHES_PER_GIGAHASH = exact(1_000_000_000);
/** A block of difficulty 1 takes 2^32 hashes on average. */
const HASHES_PER_DIFFICULTY = exact(2n ** 32n);
const SATS_A_BITCOIN = exact(100_000_000);
const WATTS_A_KILOWATT = exact(1_000);
const HUNDRED = exact(100);
const ONE = exact(1);

const whole = (value: number | bigint): Exact => exact(BigInt(value));
const share = (percent: string): Exact => exact(percent).div(HUNDRED);

/** {@link profitPerDay} under conditions that are the same for many machines. */
export type ProfitUnder = (machines: Drawing, ratePerKwh: string) => Profit;

/** For many machines, or many rates: what does not depend on them is computed once. */
export const profitUnder = (conditions: MiningConditions): ProfitUnder => {
  const availability = share(conditions.availabilityPercent);
  const kwhPerWatt = HOURS_A_DAY.div(WATTS_A_KILOWATT).mul(availability);
  const blocksPerGhs = HASHES_PER_GIGAHASH.mul(SECONDS_A_DAY).div(
    exact(conditions.difficulty).mul(HASHES_PER_DIFFICULTY),
  );
  const satsPerGhs = blocksPerGhs
    .mul(whole(conditions.subsidySats).add(whole(conditions.feesSats)))
    .mul(ONE.sub(share(conditions.poolFeePercent)))
    .mul(availability);
  const pricePerSat = exact(conditions.price).div(SATS_A_BITCOIN);
  return ({ hashrateGhs, powerWatts }, ratePerKwh) => {
    const energyKwh = kwhPerWatt.mul(whole(powerWatts));
    const bitcoinSats = satsPerGhs.mul(whole(hashrateGhs));
    const revenue = bitcoinSats.mul(pricePerSat);
    const powerCost = energyKwh.mul(exact(ratePerKwh));
    return profitOf({ energyKwh, bitcoinSats, revenue, powerCost });
  };
};

/**
 * What the machines earn and cost in a day, expected:
 *
 *     bitcoin = hashes/s x 86,400 / (difficulty x 2^32) x (subsidy + fees) x (1 - pool fee) x availability
 *     energy  = watts x 24 / 1,000 x availability
 *     margin  = bitcoin x price - energy x rate
 *     break-even rate = bitcoin x price / energy
 *
 * A hash finds a block with a chance of 1 in difficulty x 2^32: the target of difficulty 1 is
 * 0xFFFF x 2^208, and the 0.0015 % by which 2^48 / 0xFFFF exceeds 2^32 is left out, as everywhere
 * in the trade (Bitcoin Wiki, "Difficulty": time to find a block = difficulty x 2^32 / hashrate).
 * Hashrate and watts enter linearly, so the profit of a sum of machines at one rate is the sum of
 * their profits, to the last digit.
 *
 * @param ratePerKwh decimal, in units of the currency of the conditions.
 */
export const profitPerDay = (
  machines: Drawing,
  conditions: MiningConditions,
  ratePerKwh: string,
): Profit => profitUnder(conditions)(machines, ratePerKwh);

/** Of machines at several rates, from their profits at each under the same conditions. */
export const sumOfProfits = (profits: readonly Profit[]): Profit =>
  profitOf({
    energyKwh: sumOf(profits.map(({ energyKwh }) => energyKwh)),
    bitcoinSats: sumOf(profits.map(({ bitcoinSats }) => bitcoinSats)),
    revenue: sumOf(profits.map(({ revenue }) => revenue)),
    powerCost: sumOf(profits.map(({ powerCost }) => powerCost)),
  });

const sumOf = (values: readonly Exact[]): Exact =>
  values.reduce((sum, value) => sum.add(value), EXACT_ZERO);

const profitOf = (
  figures: Pick<Profit, 'energyKwh' | 'bitcoinSats' | 'revenue' | 'powerCost'>,
): Profit => ({
  ...figures,
  margin: figures.revenue.sub(figures.powerCost),
  breakEvenRatePerKwh:
    figures.energyKwh.n === 0n ? undefined : figures.revenue.div(figures.energyKwh),
});
