import { amountOf } from '@hostledger/quantities';
import {
  compare,
  type Destination,
  type FreeRack,
  type MachineClass,
  type ProposalInputs,
} from './proposal-classes.js';
import type { Column } from './proposal-programme.js';

// From how many machines of a class go where, to which machine goes into which slot.

/** One kind of move: machines that are alike, to one facility, each worth the same. */
export interface Kind {
  readonly of: MachineClass;
  readonly to: Destination;
}

export interface Placement extends Kind {
  readonly rack: string;
  readonly slot: number;
}

/** Each exchange brings more, so they end; this is for what may be brought by rounding alone. */
const MOST_PASSES = 100;

interface OpenRack {
  readonly rack: string;
  readonly slots: number[];
  watts: number;
}

/** What is left of everything that bounds a plan, while machines are placed. */
export class Floor {
  readonly placements: Placement[] = [];
  private readonly racks: ReadonlyMap<string, readonly OpenRack[]>;
  private readonly watts: Map<string, number>;
  private readonly taken = new Map<MachineClass, number>();
  private moves: number;
  private budget: bigint | undefined;

  constructor(inputs: ProposalInputs) {
    const byName = (a: FreeRack, b: FreeRack) => compare(a.rack, b.rack);
    this.racks = new Map(
      [...Map.groupBy(inputs.racks, ({ facility }) => facility)].map(([facility, racks]) => [
        facility,
        racks
          .toSorted(byName)
          .map(({ rack, slots, watts }) => ({ rack, slots: [...slots], watts })),
      ]),
    );
    this.watts = new Map(inputs.sites.map(({ facility, watts }) => [facility, watts]));
    this.moves = inputs.maxMoves ?? Infinity;
    this.budget = inputs.budget === undefined ? undefined : amountOf(inputs.budget);
  }

  /**
   * Places as many of a kind as wanted and possible, each where most watts are left for a slot, so
   * that racks with little power keep their slots for machines that take little.
   */
  place(kind: Kind, wanted: number, racks?: ReadonlySet<string>): number {
    const { of, to } = kind;
    const here = (this.racks.get(to.facility) ?? []).filter(({ rack }) => racks?.has(rack) ?? true);
    let placed = 0;
    while (placed < wanted && this.allows(kind)) {
      const rack = roomiest(here, of.powerWatts);
      if (!rack) break;
      rack.watts -= of.powerWatts;
      this.watts.set(to.facility, this.watts.get(to.facility)! - of.powerWatts);
      this.taken.set(of, (this.taken.get(of) ?? 0) + 1);
      this.moves -= 1;
      if (this.budget !== undefined) this.budget -= to.cost;
      this.placements.push({ of, to, rack: rack.rack, slot: rack.slots.shift()! });
      placed += 1;
    }
    return placed;
  }

  /**
   * Exchanges machines that are placed for others that are not, bring more there and fit into what
   * is left beside the ones they replace, until none does.
   * @param kinds the most valuable first.
   */
  exchange(kinds: readonly Kind[]): void {
    const at = Map.groupBy(kinds, ({ to }) => to.facility);
    const rackOf = new Map(
      [...this.racks].flatMap(([facility, racks]) =>
        racks.map((rack) => [`${facility}/${rack.rack}`, rack] as const),
      ),
    );
    for (let pass = 1, exchanged = 1; exchanged > 0 && pass <= MOST_PASSES; pass += 1) {
      exchanged = 0;
      this.placements.forEach((placement, index) => {
        const { facility } = placement.to;
        const rack = rackOf.get(`${facility}/${placement.rack}`)!;
        const better = at.get(facility)!.find((kind) => {
          if (kind.to.value <= placement.to.value) return true;
          return this.replaces(kind, placement, rack);
        });
        if (!better || better.to.value <= placement.to.value) return;
        this.replace(index, better, rack);
        exchanged += 1;
      });
    }
  }

  private replaces({ of, to }: Kind, placed: Placement, rack: OpenRack): boolean {
    const more = of.powerWatts - placed.of.powerWatts;
    const costs = to.cost - placed.to.cost;
    return (
      (this.taken.get(of) ?? 0) < of.serials.length &&
      more <= rack.watts &&
      more <= this.watts.get(to.facility)! &&
      (this.budget === undefined || costs <= this.budget)
    );
  }

  private replace(index: number, { of, to }: Kind, rack: OpenRack): void {
    const { of: before, to: left, ...place } = this.placements[index]!;
    const more = of.powerWatts - before.powerWatts;
    rack.watts -= more;
    this.watts.set(to.facility, this.watts.get(to.facility)! - more);
    this.taken.set(before, this.taken.get(before)! - 1);
    this.taken.set(of, (this.taken.get(of) ?? 0) + 1);
    if (this.budget !== undefined) this.budget -= to.cost - left.cost;
    this.placements[index] = { ...place, of, to };
  }

  private allows({ of, to }: Kind): boolean {
    return (
      (this.taken.get(of) ?? 0) < of.serials.length &&
      this.moves >= 1 &&
      (this.watts.get(to.facility) ?? 0) >= of.powerWatts &&
      (this.budget === undefined || this.budget >= to.cost)
    );
  }

  get value(): bigint {
    return this.placements.reduce((sum, { to }) => sum + to.value, 0n);
  }
}

const roomiest = (racks: readonly OpenRack[], watts: number): OpenRack | undefined => {
  let best: OpenRack | undefined;
  let most = -1;
  for (const rack of racks) {
    if (rack.slots.length === 0 || rack.watts < watts) continue;
    const perSlot = rack.watts / rack.slots.length;
    if (perSlot > most) {
      most = perSlot;
      best = rack;
    }
  }
  return best;
};

/** The most valuable first; sorting is stable, so equal ones keep the order of the classes. */
export const kindsOf = (classes: readonly MachineClass[]): readonly Kind[] =>
  classes
    .flatMap((of) => of.destinations.map((to): Kind => ({ of, to })))
    .sort((a, b) => compareAmounts(b.to.value, a.to.value));

/** Always the most valuable move that is left; what a solver is measured against. */
export const fillGreedily = (floor: Floor, kinds: readonly Kind[]): Floor => {
  for (const kind of kinds) floor.place(kind, Infinity);
  return floor;
};

const compareAmounts = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Places what a programme decided, the heaviest machines first. Where racks were not told apart some
 * may not fit, and some racks keep power that others lack: what is left is filled, and machines are
 * exchanged for heavier ones that bring more.
 */
export const packInto = (
  floor: Floor,
  columns: readonly Column[],
  counts: readonly number[],
  kinds: readonly Kind[],
): Floor => {
  columns
    .map((column, index) => ({ ...column, count: counts[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.of.powerWatts - a.of.powerWatts)
    .forEach(({ of, to, group, count }) => {
      floor.place({ of, to }, count, new Set(group.racks.map(({ rack }) => rack)));
    });
  fillGreedily(floor, kinds).exchange(kinds);
  return fillGreedily(floor, kinds);
};
