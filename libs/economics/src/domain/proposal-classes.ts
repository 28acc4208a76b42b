import { exact } from '@hostledger/quantities';
import type { MiningConditions } from './profitability.js';
import {
  moveValue,
  type MoveTerms,
  type MoveValue,
  type Rates,
  type ValuedMachine,
} from './proposal-value.js';

// What is chosen from: machines that are alike are one class, and for each class there is a value
// for each facility that it may go to and that pays.

export interface MovableMachine extends ValuedMachine {
  readonly serial: string;
  readonly contractId: string;
}

/** What the contract of a machine says of moving it, as it stands on the day of the proposal. */
export interface ContractRule {
  /** Sites that the machines may stand at; any where it is left out. */
  readonly facilities?: readonly string[];
  /** Whether the utility rate there may not be above that of the site they leave. */
  readonly equalOrLowerRate: boolean;
  /** Sites the customer consented to; absent where nobody is asked. */
  readonly consented?: readonly string[];
}

/** Slots that are free now, and the watts left for them under the limit in force. */
export interface FreeRack {
  readonly facility: string;
  readonly rack: string;
  /** Numbers of the free slots, ascending. */
  readonly slots: readonly number[];
  readonly watts: number;
}

export interface FreeSite {
  readonly facility: string;
  /** What its envelope in force leaves of what is reserved and occupied. */
  readonly watts: number;
}

/** Everything that a choice depends on. */
export interface ProposalInputs {
  readonly machines: readonly MovableMachine[];
  /** Those without a rule may go anywhere. */
  readonly rules: ReadonlyMap<string, ContractRule>;
  /** Where machines may be brought, and no others. */
  readonly sites: readonly FreeSite[];
  readonly racks: readonly FreeRack[];
  readonly rates: Rates;
  readonly conditions: MiningConditions;
  readonly terms: MoveTerms;
  readonly maxMoves?: number;
  /** For moving costs of all moves together; decimal. */
  readonly budget?: string;
}

/** Where a machine may go, worth more than 0 there. */
export interface Destination extends MoveValue {
  readonly facility: string;
}

/** Machines that are worth the same wherever they go, and may go to the same sites. */
export interface MachineClass extends ValuedMachine {
  /** Ascending. */
  readonly serials: readonly string[];
  /** By facility. */
  readonly destinations: readonly Destination[];
}

/** In an order that depends on the inputs alone, without those that are best left where they are. */
export const classesOf = (inputs: ProposalInputs): readonly MachineClass[] => {
  const { machines, rules } = inputs;
  const sites = inputs.sites.map(({ facility }) => facility).sort();
  const allowedOf = new Map<string, readonly string[]>();
  const allowed = ({ contractId, facility }: MovableMachine): readonly string[] => {
    const key = `${contractId} ${facility}`;
    const known = allowedOf.get(key);
    if (known) return known;
    const may = sites.filter((to) => mayGo(rules.get(contractId), facility, to, inputs.rates));
    allowedOf.set(key, may);
    return may;
  };
  const groups = Map.groupBy(machines, (machine) =>
    JSON.stringify([
      machine.facility,
      machine.standing,
      machine.hashrateGhs,
      machine.powerWatts,
      allowed(machine),
    ]),
  );
  return [...groups]
    .sort(([a], [b]) => compare(a, b))
    .map(([, alike]) => classOf(alike, allowed(alike[0]!), inputs))
    .filter(({ destinations }) => destinations.length > 0);
};

/** Within its facility nobody is asked. */
export const mayGo = (
  rule: ContractRule | undefined,
  from: string,
  to: string,
  rates: Rates,
): boolean => {
  if (rule === undefined || from === to) return true;
  if (rule.facilities && !rule.facilities.includes(to)) return false;
  if (rule.consented && !rule.consented.includes(to)) return false;
  return !rule.equalOrLowerRate || exact(rates.get(to)!).compare(exact(rates.get(from)!)) <= 0;
};

const classOf = (
  machines: readonly MovableMachine[],
  allowed: readonly string[],
  { rates, conditions, terms }: ProposalInputs,
): MachineClass => {
  const { standing, facility, hashrateGhs, powerWatts } = machines[0]!;
  const machine = { standing, facility, hashrateGhs, powerWatts };
  const destinations = allowed.flatMap((to): Destination[] => {
    if (to === facility && standing !== 'stored') return [];
    const worth = moveValue(machine, to, rates, conditions, terms);
    return worth && worth.value > 0n ? [{ facility: to, ...worth }] : [];
  });
  return { ...machine, serials: machines.map(({ serial }) => serial).sort(compare), destinations };
};

/** By code units, the same on every machine. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
