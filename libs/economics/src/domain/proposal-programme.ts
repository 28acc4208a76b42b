import { amountOf } from '@hostledger/quantities';
import {
  compare,
  type Destination,
  type FreeRack,
  type MachineClass,
  type ProposalInputs,
} from './proposal-classes.js';

// The choice as an integer programme: how many machines of each class go to each group of racks. It
// keeps everything that every assignment to slots keeps, so whatever can be carried out is a
// solution of it, and the most that it can be worth bounds what any plan can be worth.

/** Maximise Σ gains x; every row's Σ coefficients x ≤ most; x whole, from 0 to its upper bound. */
export interface IntegerProgramme {
  /** Of one unit of each column, in units of the currency. */
  readonly gains: readonly number[];
  readonly upper: readonly number[];
  readonly rows: readonly ProgrammeRow[];
}

export interface ProgrammeRow {
  readonly columns: readonly number[];
  readonly coefficients: readonly number[];
  readonly most: number;
}

/** Racks of one facility whose slots are not told apart. */
export interface RackGroup {
  readonly facility: string;
  readonly racks: readonly FreeRack[];
}

export interface Column {
  readonly of: MachineClass;
  readonly to: Destination;
  readonly group: RackGroup;
}

/** - `rack`: each by itself. - `alike`: equal ones together. - `facility`: all of a site together. */
export const GROUPINGS = ['rack', 'alike', 'facility'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** More than this the solver is not given while a coarser grouping has fewer. */
const MOST_COLUMNS = 4_000;
const TEN_THOUSANDTHS = 10_000;

export interface BuiltProgramme {
  readonly grouping: Grouping;
  readonly columns: readonly Column[];
  readonly programme: IntegerProgramme;
}

/** The finest grouping whose programme is not too large: the finer, the closer its bound. */
export const programmeOf = (
  classes: readonly MachineClass[],
  inputs: ProposalInputs,
  mostColumns = MOST_COLUMNS,
): BuiltProgramme => {
  for (const grouping of GROUPINGS) {
    const columns = columnsOf(classes, groupsOf(inputs.racks, grouping));
    if (grouping !== 'facility' && columns.length > mostColumns) continue;
    return { grouping, columns, programme: build(columns, inputs) };
  }
  throw new Error('The coarsest grouping was passed over');
};

const groupsOf = (racks: readonly FreeRack[], grouping: Grouping): readonly RackGroup[] => {
  const key = ({ facility, rack, slots, watts }: FreeRack): string => {
    switch (grouping) {
      case 'rack':
        return JSON.stringify([facility, rack]);
      case 'alike':
        return JSON.stringify([facility, slots.length, watts]);
      case 'facility':
        return JSON.stringify([facility]);
    }
  };
  return [...Map.groupBy(racks, key)]
    .sort(([a], [b]) => compare(a, b))
    .map(([, together]) => ({ facility: together[0]!.facility, racks: together }));
};

const columnsOf = (classes: readonly MachineClass[], groups: readonly RackGroup[]): Column[] => {
  const at = Map.groupBy(groups, ({ facility }) => facility);
  return classes.flatMap((of) =>
    of.destinations.flatMap((to) =>
      (at.get(to.facility) ?? [])
        .filter((group) => seats(group, of.powerWatts) > 0)
        .map((group) => ({ of, to, group })),
    ),
  );
};

/** How many machines of so many watts, or more, fit into the racks at most. */
const seats = ({ racks }: RackGroup, watts: number): number =>
  racks.reduce((sum, rack) => sum + Math.min(rack.slots.length, Math.floor(rack.watts / watts)), 0);

const build = (columns: readonly Column[], inputs: ProposalInputs): IntegerProgramme => {
  const numbered = columns.map((column, index) => ({ ...column, index }));
  const rows: ProgrammeRow[] = [];
  const limit = (
    some: readonly (Column & { readonly index: number })[],
    coefficient: (column: Column) => number,
    most: number,
  ): void => {
    if (some.length === 0) return;
    const coefficients = some.map(coefficient);
    rows.push({ columns: some.map(({ index }) => index), coefficients, most });
  };
  const one = () => 1;
  const watts = ({ of }: Column) => of.powerWatts;

  for (const [of, some] of Map.groupBy(numbered, (column) => column.of)) {
    limit(some, one, of.serials.length);
  }
  for (const [group, some] of Map.groupBy(numbered, (column) => column.group)) {
    // Of those that take so much or more no more than there are seats for, however they are mixed.
    let before = Infinity;
    const steps = [...new Set(some.map(watts))].sort((a, b) => a - b);
    for (const step of steps) {
      const most = seats(group, step);
      if (most < before)
        limit(
          some.filter((column) => watts(column) >= step),
          one,
          most,
        );
      before = most;
    }
    limit(
      some,
      watts,
      group.racks.reduce((sum, rack) => sum + rack.watts, 0),
    );
  }
  const leftAt = new Map(inputs.sites.map((site) => [site.facility, site.watts]));
  for (const [facility, some] of Map.groupBy(numbered, ({ to }) => to.facility)) {
    limit(some, watts, leftAt.get(facility) ?? 0);
  }
  if (inputs.maxMoves !== undefined) limit(numbered, one, inputs.maxMoves);
  if (inputs.budget !== undefined) {
    limit(numbered, ({ to }) => moneyOf(to.cost), moneyOf(amountOf(inputs.budget)));
  }
  return {
    gains: columns.map(({ to }) => moneyOf(to.value)),
    upper: columns.map(({ of, group }) => Math.min(of.serials.length, seats(group, of.powerWatts))),
    rows,
  };
};

/** For the solver alone, which reckons in floating point; what is reported is summed from the moves. */
const moneyOf = (amount: bigint): number => Number(amount) / TEN_THOUSANDTHS;
