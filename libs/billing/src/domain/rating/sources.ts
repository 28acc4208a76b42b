import type { Source } from '../inputs.js';
import type { MachineFact } from '../machine-facts.js';
import { byTime, type UsageSegment } from '../machine-usage.js';
import type { TermsSlice } from './slice.js';

/** Positions are digits without leading zeros: the longer one is the greater. */
export const byPosition = (one: Source, other: Source): number =>
  one.position.length - other.position.length || (one.position < other.position ? -1 : 1);

/** In the order of the log, each event once. */
export const inLogOrder = (sources: Iterable<Source>): Source[] => {
  const byId = new Map<string, Source>();
  for (const source of sources) byId.set(source.eventId, source);
  return [...byId.values()].sort(byPosition);
};

/**
 * The events that made stretches what they are: what began and ended each, and whatever says last
 * under which contract the machine is, where, at what power, whether it draws power, when it last did,
 * and whether it takes up a part of an allocation.
 */
export const machineSources = (
  { inputs }: Pick<TermsSlice, 'inputs'>,
  segments: readonly UsageSegment[],
): Source[] => {
  const sources: Source[] = [];
  for (const segment of segments) {
    const says: Partial<Record<Aspect, MachineFact>> = {};
    for (const fact of inputs.machines.get(segment.serial) ?? []) {
      if (fact.at > segment.from) continue;
      for (const aspect of aspectsOf(fact)) {
        const before = says[aspect];
        if (!before || byTime(before, fact) < 0) says[aspect] = fact;
      }
    }
    for (const aspect of ASPECTS) if (says[aspect]) sources.push(says[aspect].source);
    sources.push(segment.begun);
    if (segment.ended) sources.push(segment.ended);
  }
  return sources;
};

const ASPECTS = ['contract', 'place', 'power', 'drewPower', 'drawsPower', 'assigned'] as const;
type Aspect = (typeof ASPECTS)[number];

const aspectsOf = (fact: MachineFact): Aspect[] => {
  const aspects: Aspect[] = [];
  if (fact.contractId !== undefined) aspects.push('contract');
  if (fact.placeKind !== undefined) aspects.push('place');
  if (fact.powerWatts !== undefined) aspects.push('power');
  if (fact.kind === 'energized') aspects.push('drewPower');
  if (fact.kind === 'energized' || fact.kind === 'deenergized') aspects.push('drawsPower');
  if (fact.kind === 'assigned' || fact.kind === 'unassigned') aspects.push('assigned');
  return aspects;
};
