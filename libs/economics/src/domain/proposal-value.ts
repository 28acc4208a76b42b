import { amountOf, exact, EXACT_ZERO, rounded, type Exact } from '@hostledger/quantities';
import { profitPerDay, type MiningConditions } from './profitability.js';

// What moving one machine is worth. Amounts are whole ten-thousandths of the currency: the value of
// a move is rounded to them once, and every sum of values is exact from there on.

/** What a move of one kind costs: once in money, and in time without power. */
export interface MoveCost {
  /** For one machine; decimal, in the currency of the conditions. */
  readonly cost: string;
  readonly downtimeHours: number;
}

export interface MoveTerms {
  /** Days that what a move brings is counted for, from the departure on. */
  readonly horizonDays: number;
  /** From storage into a slot of the same facility. */
  readonly within: MoveCost;
  readonly between: MoveCost;
}

/**
 * - `running`: energized in a slot, it earns what it earns there.
 * - `idle`: in a slot without power; it could be switched on, where that pays.
 * - `stored`: earns nothing where it is.
 */
export type Standing = 'running' | 'idle' | 'stored';

export interface ValuedMachine {
  readonly standing: Standing;
  readonly facility: string;
  readonly hashrateGhs: number;
  readonly powerWatts: number;
}

/** Of one machine, in ten-thousandths. */
export interface MoveValue {
  /** Over the horizon. */
  readonly value: bigint;
  /** Of margin, once it runs there. */
  readonly gainPerDay: bigint;
  /** Of moving it, once. */
  readonly cost: bigint;
}

/** By facility, per kWh, decimal, in the currency of the conditions. */
export type Rates = ReadonlyMap<string, string>;

const HOURS_A_DAY = 24;
const PLACES = 4;

/**
 * What a move brings over the horizon, in ten-thousandths:
 *
 *     value = margin there x (horizon - downtime / 24) - margin here x horizon - cost
 *
 * which is the gain of margin a day over the horizon, less the margin lost while it is moved, less
 * what moving it costs. Margins are those of {@link profitPerDay}: bitcoin less power, whoever it
 * belongs to. `undefined` where it would earn nothing there: what earns nothing anywhere is switched
 * off, not moved.
 */
export const moveValue = (
  machine: ValuedMachine,
  to: string,
  rates: Rates,
  conditions: MiningConditions,
  terms: MoveTerms,
): MoveValue | undefined => {
  const there = marginAt(machine, to, rates, conditions);
  if (there.compare(EXACT_ZERO) <= 0) return undefined;
  const { cost, downtimeHours } = to === machine.facility ? terms.within : terms.between;
  const horizon = exact(terms.horizonDays);
  const worked = horizon.sub(exact(downtimeHours).div(exact(HOURS_A_DAY)));
  const here = marginHere(machine, rates, conditions);
  return {
    value: ofMoney(there.mul(worked).sub(here.mul(horizon)).sub(exact(cost))),
    gainPerDay: ofMoney(there.sub(here)),
    cost: amountOf(cost),
  };
};

const marginAt = (
  machine: ValuedMachine,
  facility: string,
  rates: Rates,
  conditions: MiningConditions,
): Exact => profitPerDay(machine, conditions, rates.get(facility)!).margin;

const marginHere = (machine: ValuedMachine, rates: Rates, conditions: MiningConditions): Exact => {
  if (machine.standing === 'stored') return EXACT_ZERO;
  const margin = marginAt(machine, machine.facility, rates, conditions);
  return machine.standing === 'idle' && margin.compare(EXACT_ZERO) < 0 ? EXACT_ZERO : margin;
};

const ofMoney = (value: Exact): bigint => {
  const text = rounded(value, PLACES, 'halfUp');
  return text.startsWith('-') ? -amountOf(text.slice(1)) : amountOf(text);
};
