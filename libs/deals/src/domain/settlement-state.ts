import { unreachable } from '@hostledger/eventsourcing';
import { amountOf, amountText } from '@hostledger/quantities';
import type {
  ClaimReleased,
  LegPerformed,
  LegTerms,
  LegValued,
  LegWaived,
  SettlementApproved,
  SettlementEvent,
  SettlementProposed,
  SettlementWithdrawn,
} from './settlement-events.js';

// The folded settlement is plain JSON: the read model keeps it in a column, and one function makes
// the same view of it as of a fold up to a day.

type OfLeg = 'settlementId' | 'leg';

/** One performance; several only of cash. */
export type Performance = Omit<LegPerformed['data'], OfLeg | 'facility'>;

export interface Leg extends LegTerms {
  readonly leg: number;
  /** The one of the latest day. */
  readonly valuation?: Omit<LegValued['data'], OfLeg>;
  readonly performances: readonly Performance[];
  readonly release?: Omit<ClaimReleased['data'], OfLeg | 'claim'>;
  readonly waiver?: Omit<LegWaived['data'], OfLeg>;
}

export interface KnownSettlement extends Readonly<Omit<SettlementProposed['data'], 'legs'>> {
  readonly status: 'proposed' | 'approved' | 'withdrawn' | 'closed';
  readonly legs: readonly Leg[];
  readonly approval?: Omit<SettlementApproved['data'], 'settlementId' | 'sitesGiven'>;
  readonly withdrawal?: Omit<SettlementWithdrawn['data'], 'settlementId'>;
  readonly closedOn?: string;
  /** Releases of claims that can never happen any more. */
  readonly abandonedReleases: readonly string[];
}

export type Settlement = { readonly status: 'unknown' } | KnownSettlement;

export const SETTLEMENT_STATUSES = ['proposed', 'approved', 'withdrawn', 'closed'] as const;

export const evolveSettlement = (settlement: Settlement, event: SettlementEvent): Settlement => {
  if (event.type === 'SettlementProposed') {
    return { ...event.data, status: 'proposed', legs: [], abandonedReleases: [] };
  }
  if (settlement.status === 'unknown') return settlement;
  switch (event.type) {
    case 'SettlementLegAdded': {
      const { settlementId: _, ...terms } = event.data;
      return { ...settlement, legs: [...settlement.legs, { ...terms, performances: [] }] };
    }
    case 'SettlementApproved': {
      const { settlementId: _, sitesGiven: __, ...approval } = event.data;
      return { ...settlement, status: 'approved', approval };
    }
    case 'SettlementWithdrawn': {
      const { settlementId: _, ...withdrawal } = event.data;
      return { ...settlement, status: 'withdrawn', withdrawal };
    }
    case 'SettlementClosed':
      return { ...settlement, status: 'closed', closedOn: event.data.closedOn };
    case 'ClaimReleaseAbandoned': {
      const abandonedReleases = [...settlement.abandonedReleases, event.data.releaseId];
      return { ...settlement, abandonedReleases };
    }
    case 'LegValued':
    case 'LegPerformed':
    case 'LegWaived':
    case 'ClaimReleased':
      return {
        ...settlement,
        legs: settlement.legs.map((leg) =>
          leg.leg === event.data.leg ? changed(leg, event) : leg,
        ),
      };
    default:
      return unreachable(event);
  }
};

const changed = (
  leg: Leg,
  event: Extract<
    SettlementEvent,
    { type: 'LegValued' | 'LegPerformed' | 'LegWaived' | 'ClaimReleased' }
  >,
): Leg => {
  switch (event.type) {
    case 'LegValued': {
      const { settlementId: _, leg: __, ...valuation } = event.data;
      return leg.valuation && leg.valuation.valuedOn > valuation.valuedOn
        ? leg
        : { ...leg, valuation };
    }
    case 'LegPerformed': {
      const { settlementId: _, leg: __, facility: ___, ...performance } = event.data;
      return { ...leg, performances: [...leg.performances, performance] };
    }
    case 'LegWaived': {
      const { settlementId: _, leg: __, ...waiver } = event.data;
      return { ...leg, waiver };
    }
    case 'ClaimReleased': {
      const { settlementId: _, leg: __, claim: ___, ...release } = event.data;
      return { ...leg, release };
    }
  }
};

export const LEG_STATES = ['open', 'partlyPerformed', 'performed', 'waived'] as const;
export type LegState = (typeof LEG_STATES)[number];

/** Of cash what was paid; of all else everything or nothing. @returns in ten-thousandths. */
export const performedOf = ({ kind, faceAmount, performances, release }: Leg): bigint => {
  if (kind === 'cash') {
    return performances.reduce((sum, { amount = '0' }) => sum + amountOf(amount), 0n);
  }
  return performances.length > 0 || release ? amountOf(faceAmount ?? '0') : 0n;
};

export const stateOf = (leg: Leg): LegState => {
  if (leg.waiver) return 'waived';
  if (leg.kind !== 'cash') return leg.performances.length > 0 || leg.release ? 'performed' : 'open';
  const paid = performedOf(leg);
  if (paid === amountOf(leg.faceAmount ?? '0')) return 'performed';
  return paid > 0n ? 'partlyPerformed' : 'open';
};

/** Performed or waived: nothing more can come of it. */
export const hasEnded = (leg: Leg): boolean => ['performed', 'waived'].includes(stateOf(leg));

/** What is neither performed nor waived; `undefined` of a leg without a face amount. */
export const remainingOf = (leg: Leg): string | undefined =>
  leg.faceAmount === undefined
    ? undefined
    : amountText(leg.waiver ? 0n : amountOf(leg.faceAmount) - performedOf(leg));

/** Days on which something was done about a leg. */
export const daysOf = ({ performances, release, waiver }: Leg): readonly string[] => [
  ...performances.map(({ performedOn }) => performedOn),
  ...(release ? [release.releasedOn] : []),
  ...(waiver ? [waiver.waivedOn] : []),
];
