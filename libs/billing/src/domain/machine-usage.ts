import type { Source, Window } from './inputs.js';
import type { MachineFact, PlaceKind } from './machine-facts.js';

/** A stretch of a machine's life in which nothing changed that is used, charged or credited. */
export interface UsageSegment extends Window {
  readonly serial: string;
  /** Under which it is hosted. */
  readonly contractId: string;
  /** Whose it is. */
  readonly customerId: string;
  readonly placeKind: PlaceKind;
  readonly facility?: string;
  /** What it takes while it draws power. */
  readonly powerWatts: number;
  readonly hashrateGhs: number;
  readonly energized: boolean;
  /** It has taken up a part of an allocation. */
  readonly assigned: boolean;
  /** It drew power under this contract before, or does: from then on its uptime is counted. */
  readonly commissioned: boolean;
  /** Why it is off, once it was commissioned. */
  readonly cause?: string;
  /** While it would draw power but for this curtailment. */
  readonly curtailmentId?: string;
  /** The last event of the instant that began the stretch, and the first of the one that ended it within the window. */
  readonly begun: Source;
  readonly ended?: Source;
  /** Every event by which it is as it is in this stretch, in the order of the log. */
  readonly sources: readonly Source[];
}

/** Which event said last what is known of a machine. */
interface Grounds {
  readonly contract?: Source;
  readonly customer?: Source;
  readonly place?: Source;
  readonly ratings?: Source;
  /** That it draws power, or why it does not. */
  readonly power?: Source;
  readonly repair?: Source;
  readonly assignment?: Source;
}

interface Life {
  readonly contractId: string;
  readonly customerId: string;
  readonly placeKind: PlaceKind;
  readonly facility: string | undefined;
  readonly powerWatts: number;
  readonly hashrateGhs: number;
  readonly energized: boolean;
  readonly assigned: boolean;
  readonly underRepair: boolean;
  readonly cause: string | undefined;
  readonly curtailmentId: string | undefined;
  /** The contracts under which it drew power so far. */
  readonly commissionedUnder: readonly string[];
  readonly grounds: Grounds;
}

/** Digits without leading zeros, as numbers are ordered. */
const byDigits = (one: string, other: string): number =>
  one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);

/** In the order of the log. */
export const byPosition = (one: Source, other: Source): number =>
  byDigits(one.position, other.position);

/** In the order in which the machine's stream has them. */
export const asRecorded = (one: MachineFact, other: MachineFact): number =>
  byPosition(one.source, other.source);

/** By when it counts from; of two at one instant the one that was recorded first. */
export const byTime = (one: MachineFact, other: MachineFact): number => {
  if (one.at === other.at) return asRecorded(one, other);
  return one.at < other.at ? -1 : 1;
};

const inOrder = (facts: readonly MachineFact[]): readonly MachineFact[] =>
  facts.every((fact, index) => index === 0 || asRecorded(facts[index - 1]!, fact) <= 0)
    ? facts
    : facts.toSorted(asRecorded);

/** A fact at the instant from which it counts. */
export interface ToldFact extends MachineFact {
  /** The event that it cannot have happened before, where it is dated so. */
  readonly after?: Source;
}

/**
 * The facts in their order, each at the instant from which it counts: none before one that was
 * recorded earlier, so that cutting them at an instant cuts their order, too.
 * @param facts of one machine, in any order.
 */
export const told = (facts: readonly MachineFact[]): readonly ToldFact[] => {
  let latest: MachineFact | undefined;
  return inOrder(facts).map((fact) => {
    if (latest && fact.at < latest.at) return { ...fact, at: latest.at, after: latest.source };
    if (fact.at !== latest?.at) latest = fact;
    return fact;
  });
};

/**
 * The stretches of one machine's life within a window, without gap or overlap from when it was
 * received until it retired.
 * @param facts of one machine, in any order.
 */
export const segmentsOf = (facts: readonly MachineFact[], window: Window): UsageSegment[] => {
  const segments: UsageSegment[] = [];
  let life: Life | undefined;
  let begun: Source | undefined;
  let { from } = window;
  const close = (until: string, ended?: Source): void => {
    if (!life || !begun || life.placeKind === 'gone' || until <= from) return;
    const { serial } = facts[0]!;
    segments.push({ serial, from, until, ...shown(life), begun, ...(ended && { ended }) });
  };
  for (const fact of told(facts)) {
    if (fact.at >= window.until) break;
    if (fact.at > from) {
      close(fact.at, fact.source);
      from = fact.at;
    }
    life = lived(life, fact);
    begun = fact.source;
  }
  close(window.until);
  return segments;
};

const shown = (life: Life): Omit<UsageSegment, 'serial' | 'from' | 'until' | 'begun' | 'ended'> => {
  const { contractId, customerId, placeKind, facility, powerWatts, hashrateGhs } = life;
  const { energized, assigned, cause, curtailmentId, grounds } = life;
  const commissioned = life.commissionedUnder.includes(contractId);
  return {
    ...{ contractId, customerId, placeKind, powerWatts, hashrateGhs },
    ...{ energized, assigned, commissioned },
    ...(facility !== undefined && { facility }),
    ...(commissioned && cause !== undefined && { cause }),
    ...(commissioned && curtailmentId !== undefined && { curtailmentId }),
    sources: [...new Set(Object.values(grounds) as Source[])].sort(byPosition),
  };
};

const unborn: Life = {
  contractId: '',
  customerId: '',
  placeKind: 'storage',
  facility: undefined,
  powerWatts: 0,
  hashrateGhs: 0,
  energized: false,
  assigned: false,
  underRepair: false,
  cause: undefined,
  curtailmentId: undefined,
  commissionedUnder: [],
  grounds: {},
};

const lived = (before: Life = unborn, fact: MachineFact): Life => {
  const life: Life = {
    ...before,
    contractId: fact.contractId ?? before.contractId,
    customerId: fact.customerId ?? before.customerId,
    placeKind: fact.placeKind ?? before.placeKind,
    facility: fact.placeKind === undefined ? before.facility : fact.facility,
    powerWatts: fact.powerWatts ?? before.powerWatts,
    hashrateGhs: fact.hashrateGhs ?? before.hashrateGhs,
    grounds: groundsAfter(before.grounds, fact),
  };
  return commissioned({ ...life, ...conditionAfter(before, fact) });
};

const groundsAfter = (before: Grounds, fact: MachineFact): Grounds => {
  const { kind, source } = fact;
  const after: { -readonly [Of in keyof Grounds]: Grounds[Of] } = { ...before };
  if (fact.contractId !== undefined) after.contract = source;
  if (fact.customerId !== undefined) after.customer = source;
  if (fact.placeKind !== undefined) after.place = source;
  if (fact.powerWatts !== undefined || fact.hashrateGhs !== undefined) after.ratings = source;
  if (kind === 'energized' || kind === 'deenergized') after.power = source;
  if (kind === 'repairOpened' || kind === 'repairClosed') after.repair = source;
  if (kind === 'assigned' || kind === 'unassigned') after.assignment = source;
  return after;
};

const conditionAfter = (before: Life, fact: MachineFact): Partial<Life> => {
  switch (fact.kind) {
    case 'energized':
      return { energized: true, cause: undefined, curtailmentId: undefined };
    case 'deenergized': {
      const { cause, curtailmentId } = fact;
      return { energized: false, cause, curtailmentId };
    }
    case 'placed':
      return offThrough(before, causeOfPlace(before, fact));
    case 'repairOpened':
      return { underRepair: true, ...offThrough(before, 'repair') };
    case 'repairClosed':
      return { underRepair: false };
    case 'assigned':
      return { assigned: true };
    case 'unassigned':
      return { assigned: false };
    case 'retired':
      return { energized: false };
    default:
      return {};
  }
};

/**
 * What keeps a machine off may be something else than what switched it off: one that is taken to
 * storage during a curtailment would draw no power without it either.
 */
const offThrough = (before: Life, cause: string | undefined): Partial<Life> =>
  before.energized || cause === undefined || cause === before.cause
    ? {}
    : { cause, curtailmentId: undefined };

const causeOfPlace = (before: Life, { placeKind }: MachineFact): string | undefined => {
  if (before.underRepair || placeKind === 'vendor') return 'repair';
  if (placeKind === 'transit') return 'relocation';
  return placeKind === 'storage' && before.placeKind === 'slot' ? 'uninstallation' : undefined;
};

const commissioned = (life: Life): Life => {
  const { contractId, commissionedUnder, energized } = life;
  if (!energized || commissionedUnder.includes(contractId)) return life;
  return { ...life, commissionedUnder: [...commissionedUnder, contractId] };
};

/** Watt-milliseconds: whole, so that no sum of them is ever rounded. 1 kWh is 3.6 × 10^9 of them. */
export const wattMs = ({ powerWatts, from, until }: UsageSegment): bigint =>
  BigInt(powerWatts) * BigInt(Date.parse(until) - Date.parse(from));

/** What was drawn, in watt-milliseconds. */
export const energyOf = (segments: readonly UsageSegment[]): bigint =>
  segments.reduce((sum, segment) => (segment.energized ? sum + wattMs(segment) : sum), 0n);

export const WATT_MS_PER_KWH = 3_600_000_000n;
