import type { Source, Window } from './inputs.js';
import type { MachineFact, PlaceKind } from './machine-facts.js';

/** A stretch of a machine's life in which nothing changed that is used, charged or credited. */
export interface UsageSegment extends Window {
  readonly serial: string;
  /** Under which it is hosted. */
  readonly contractId: string;
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
  readonly curtailmentId?: string;
  /** What began the stretch, and what ended it within the window. */
  readonly begun: Source;
  readonly ended?: Source;
}

interface Life {
  contractId: string;
  customerId: string;
  placeKind: PlaceKind;
  facility: string | undefined;
  powerWatts: number;
  hashrateGhs: number;
  energized: boolean;
  assigned: boolean;
  commissioned: boolean;
  cause: string | undefined;
  curtailmentId: string | undefined;
}

/** By when it happened; of two at one instant the one that was recorded first. */
export const byTime = (one: MachineFact, other: MachineFact): number => {
  if (one.at !== other.at) return one.at < other.at ? -1 : 1;
  return BigInt(one.source.position) < BigInt(other.source.position) ? -1 : 1;
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
  let from = window.from;
  const close = (until: string, ended?: Source): void => {
    if (!life || !begun || life.placeKind === 'gone' || until <= from) return;
    const { facility, cause, curtailmentId, ...rest } = life;
    segments.push({
      ...{ serial: facts[0]!.serial, from, until, ...rest, begun },
      ...(facility !== undefined && { facility }),
      ...(cause !== undefined && { cause }),
      ...(curtailmentId !== undefined && { curtailmentId }),
      ...(ended && { ended }),
    });
  };
  for (const fact of facts.toSorted(byTime)) {
    if (fact.at >= window.until) break;
    if (fact.at > window.from) close(fact.at, fact.source);
    if (fact.at > from) from = fact.at;
    life = lived(life, fact);
    begun = fact.source;
  }
  close(window.until);
  return segments;
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
  commissioned: false,
  cause: undefined,
  curtailmentId: undefined,
};

const lived = (before: Life = unborn, fact: MachineFact): Life => {
  const told = {
    contractId: fact.contractId ?? before.contractId,
    customerId: fact.customerId ?? before.customerId,
    placeKind: fact.placeKind ?? before.placeKind,
    facility: fact.placeKind === undefined ? before.facility : fact.facility,
    powerWatts: fact.powerWatts ?? before.powerWatts,
    hashrateGhs: fact.hashrateGhs ?? before.hashrateGhs,
  };
  const life: Life = { ...before, ...told };
  // Under another contract its uptime begins anew.
  if (told.contractId !== before.contractId) life.commissioned = before.energized;
  switch (fact.kind) {
    case 'energized':
      life.energized = true;
      life.commissioned = true;
      life.cause = undefined;
      life.curtailmentId = undefined;
      break;
    case 'deenergized':
      life.energized = false;
      life.cause = fact.cause;
      life.curtailmentId = fact.curtailmentId;
      break;
    case 'assigned':
      life.assigned = true;
      break;
    case 'unassigned':
      life.assigned = false;
      break;
    case 'retired':
      life.energized = false;
      life.placeKind = 'gone';
      break;
    default:
      break;
  }
  return life;
};

/** Watt-milliseconds: whole, so that no sum of them is ever rounded. 1 kWh is 3.6 × 10^9 of them. */
export const wattMs = ({ powerWatts, from, until }: UsageSegment): bigint =>
  BigInt(powerWatts) * BigInt(Date.parse(until) - Date.parse(from));

export const WATT_MS_PER_KWH = 3_600_000_000n;
