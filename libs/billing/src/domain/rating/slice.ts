import type { RateCard } from '@hostledger/contracts';
import type { BillingInputs, TermsInForce, Window } from '../inputs.js';
import type { Computation, Rated } from '../line.js';
import type { MachineFact } from '../machine-facts.js';
import { segmentsOf, type UsageSegment } from '../machine-usage.js';
import { lengthOf, shared } from './windows.js';

/** One version of the terms while it was in force in the period, and what happened meanwhile. */
export interface TermsSlice {
  readonly inputs: BillingInputs;
  readonly terms: TermsInForce;
  readonly card: RateCard;
  readonly window: Window;
  /** Milliseconds of the whole month, and of the slice. */
  readonly monthMs: bigint;
  readonly lengthMs: bigint;
  /** Of the machines under the contract, cut to the window. */
  readonly segments: readonly UsageSegment[];
  /** Tells apart the parts of a version that another one interrupted; 1 for the first. */
  readonly part: number;
  /** Slices of the same month before this one. */
  readonly earlier: readonly TermsSlice[];
}

/** A slice with the lines of its basis. */
export interface ChargedSlice {
  readonly slice: TermsSlice;
  readonly charged: readonly Rated[];
}

/** What a slice comes to by one basis, fee or credit, and what is missing for it. */
export type Rating = (slice: TermsSlice) => Computation;

/** The versions of the terms in force in the period, in their order, each with its part of the facts. */
export const slicesOf = (inputs: BillingInputs): TermsSlice[] => {
  const slices: TermsSlice[] = [];
  const monthMs = lengthOf(inputs.period);
  for (const terms of inputs.terms.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const window = shared(terms, inputs.period);
    if (!window) continue;
    slices.push({
      ...{ inputs, terms, window, monthMs },
      card: terms.rateCard,
      lengthMs: lengthOf(window),
      segments: hostedIn(inputs, window),
      part: 1 + slices.filter((slice) => slice.terms.version === terms.version).length,
      earlier: [...slices],
    });
  }
  return slices;
};

/**
 * The stretches of machines in any window while they are under the contract.
 * @param isMeant machines to look at; all where nothing is said.
 */
export const hostedIn = (
  inputs: BillingInputs,
  window: Window,
  isMeant: (facts: readonly MachineFact[]) => boolean = () => true,
): UsageSegment[] => {
  const hosted: UsageSegment[] = [];
  for (const facts of inputs.machines.values()) {
    if (!isMeant(facts)) continue;
    for (const segment of segmentsOf(facts, window)) {
      if (segment.contractId === inputs.contractId) hosted.push(segment);
    }
  }
  return hosted;
};

/** Where a machine is at no site, as on the road, what it is charged goes without a facility. */
export const NOWHERE = '-';

/** By facility, in the order of their codes. */
export const byFacility = <T extends { readonly facility?: string }>(
  items: readonly T[],
): [string, T[]][] =>
  [...Map.groupBy(items, ({ facility }) => facility ?? NOWHERE)].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );

/** Sites at which machines of the contract drew power. */
export const drawnAt = ({ segments }: TermsSlice): Set<string> =>
  new Set(
    segments.flatMap(({ energized, facility }) =>
      energized && facility !== undefined ? [facility] : [],
    ),
  );
