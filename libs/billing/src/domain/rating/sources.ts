import type { BillingInputs, Source, Window } from '../inputs.js';
import type { MachineFact, MachineFactKind } from '../machine-facts.js';
import { told, type ToldFact, type UsageSegment } from '../machine-usage.js';

/** Positions are digits without leading zeros: the longer one is the greater. */
export const byPosition = (one: Source, other: Source): number =>
  one.position.length - other.position.length || (one.position < other.position ? -1 : 1);

/** In the order of the log, each event once. */
export const inLogOrder = (sources: Iterable<Source>): Source[] => {
  const byId = new Map<string, Source>();
  for (const source of sources) byId.set(source.eventId, source);
  return [...byId.values()].sort(byPosition);
};

/** Before any fact. */
export const BEGINNING = '0000-01-01T00:00:00.000Z';

/**
 * The events that made the lives of machines what they were within a window: whatever said last
 * before it, and within it, under which contract each was, where, at what power, whether it drew power
 * or took up a part of an allocation. What took a machine off a line is a source of it too.
 * @param counted stretches of the machines that are meant.
 */
export const machineSources = (
  { machines }: Pick<BillingInputs, 'machines'>,
  counted: readonly UsageSegment[],
  window: Window,
): Source[] => {
  const sources: Source[] = [];
  for (const serial of new Set(counted.map((segment) => segment.serial))) {
    const before = new Map<Aspect, Source>();
    for (const fact of told(machines.get(serial)!)) {
      if (fact.at >= window.until) break;
      const aspects = aspectsOf(fact);
      if (fact.at > window.from && aspects.length > 0) sources.push(...sourcesOf(fact));
      else for (const aspect of aspects) before.set(aspect, fact.source);
    }
    sources.push(...before.values());
  }
  return sources;
};

/** What a fact says, and from when on. */
export const sourcesOf = ({ source, after }: ToldFact): Source[] =>
  after ? [source, after] : [source];

type Aspect = 'contract' | 'place' | 'power' | 'drawing' | 'assigned';

const aspectsOf = (fact: MachineFact): Aspect[] => {
  const aspects: Aspect[] = [];
  if (fact.contractId !== undefined) aspects.push('contract');
  if (fact.placeKind !== undefined || fact.kind === 'retired') aspects.push('place');
  if (fact.powerWatts !== undefined) aspects.push('power');
  if (switches.has(fact.kind)) aspects.push('drawing');
  if (fact.kind === 'assigned' || fact.kind === 'unassigned') aspects.push('assigned');
  return aspects;
};

const switches = new Set<MachineFactKind>(['energized', 'deenergized', 'retired']);
