import { compare } from './proposal-classes.js';
import type { Placement } from './proposal-packing.js';
import type { MoveValue, Standing } from './proposal-value.js';

/** Consecutive moves of a plan that are worth the same. */
export interface GainLine extends MoveValue {
  readonly from: string;
  readonly to: string;
  readonly standing: Standing;
  /** Of each machine. */
  readonly hashrateGhs: number;
  readonly powerWatts: number;
  /** Number of its first move in the plan, from 1. */
  readonly firstMove: number;
  readonly moves: number;
}

export interface ChosenMove {
  readonly serial: string;
  readonly facility: string;
  readonly rack: string;
  readonly slot: number;
}

export interface ChosenPlan {
  readonly lines: readonly GainLine[];
  /** In the order of the lines. */
  readonly moves: readonly ChosenMove[];
}

/** Numbers the moves, the most valuable first, and says which machine of a class each one is of. */
export const planOf = (placements: readonly Placement[]): ChosenPlan => {
  const lineKey = ({ of, to }: Placement): string =>
    JSON.stringify([of.facility, to.facility, of.standing, of.hashrateGhs, of.powerWatts]);
  const byPlace = (a: Placement, b: Placement): number =>
    compare(a.rack, b.rack) || a.slot - b.slot;
  const groups = [...Map.groupBy(placements, lineKey)].sort(
    ([a, [one]], [b, [other]]) => Number(other!.to.value - one!.to.value) || compare(a, b),
  );
  const next = new Map<Placement['of'], number>();
  const takeSerial = ({ of }: Placement): string => {
    const index = next.get(of) ?? 0;
    next.set(of, index + 1);
    return of.serials[index]!;
  };
  const moves: ChosenMove[] = [];
  const lines = groups.map(([, group]): GainLine => {
    const { of, to } = group[0]!;
    const firstMove = moves.length + 1;
    for (const placement of group.toSorted(byPlace)) {
      const { rack, slot } = placement;
      moves.push({ serial: takeSerial(placement), facility: to.facility, rack, slot });
    }
    return {
      from: of.facility,
      to: to.facility,
      standing: of.standing,
      hashrateGhs: of.hashrateGhs,
      powerWatts: of.powerWatts,
      firstMove,
      moves: group.length,
      value: to.value,
      gainPerDay: to.gainPerDay,
      cost: to.cost,
    };
  });
  return { lines, moves };
};
