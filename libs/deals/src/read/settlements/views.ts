import { ApiProperty } from '@nestjs/swagger';
import { RecordedView } from '@hostledger/http';
import { figuresOf, openLegsOf, priceOf, totalsOf } from '../../domain/settlement-figures.js';
import {
  DIRECTIONS,
  LEG_KINDS,
  WITHDRAWAL_CAUSES,
  type Direction,
  type LegKind,
  type WithdrawalCause,
} from '../../domain/settlement-events.js';
import {
  LEG_STATES,
  SETTLEMENT_STATUSES,
  type KnownSettlement,
  type Leg,
  type LegState,
} from '../../domain/settlement-state.js';

// One function makes every view of a settlement, of the read model as of a fold up to a day.

/** In the currency of the settlement. */
export class SettlementPriceView {
  /**
   * Legs in cash, by their face.
   * @example "14000000.00"
   */
  cash: string;
  /**
   * Legs in cash and releases of claims, by their face.
   * @example "45000000.00"
   */
  cashAndClaims: string;
}

/** What each side gives, told in two ways that are both true. */
export class PricesView {
  received: SettlementPriceView;
  given: SettlementPriceView;
}

/** In the currency of the settlement; performed, waived and remaining add up to the face. */
export class TotalView {
  @ApiProperty({ enum: LEG_KINDS })
  kind: LegKind;
  @ApiProperty({ enum: DIRECTIONS })
  direction: Direction;
  legs: number;
  /** @example "14000000.00" */
  face: string;
  /** By the valuations of the legs, and by the face where there is none. */
  valued: string;
  performed: string;
  waived: string;
  remaining: string;
}

export class ApprovalView {
  court: string;
  docket: string;
  orderReference: string;
  documentDigest: string;
  /** @example 2023-11-02 */
  approvedOn: string;
}

export class WithdrawalView {
  @ApiProperty({ enum: WITHDRAWAL_CAUSES })
  cause: WithdrawalCause;
  explanation: string;
  withdrawnOn: string;
  documentDigest?: string;
}

export class SettlementView {
  settlementId: string;
  /** @example CEL-CORZ-2023 */
  reference: string;
  title: string;
  /** @example Celsius Network LLC */
  counterparty: string;
  customerId?: string;
  /** @example USD */
  currency: string;
  /** @example America/Chicago */
  timeZone: string;
  @ApiProperty({ enum: SETTLEMENT_STATUSES })
  status: KnownSettlement['status'];
  /** @example 2023-09-14 */
  proposedOn: string;
  /** Subject; another one waives. */
  proposedBy: string;
  documentDigest: string;
  approval?: ApprovalView;
  withdrawal?: WithdrawalView;
  closedOn?: string;
  price: PricesView;
  /** By kind and direction. */
  totals: TotalView[];
  /** Legs that are neither performed nor waived. */
  openLegs: number;
}

export class ClaimView {
  reference: string;
  holder: string;
  debtor: string;
}

export class ValuationView {
  amount: string;
  basis: string;
  valuedOn: string;
  documentDigest: string;
}

export class PerformanceView {
  /** @example 2023-11-10 */
  performedOn: string;
  /** Of cash and of claims. */
  amount?: string;
  reference?: string;
  documentDigest?: string;
  /** Of a site: the name that the deed has for the other side. */
  party?: string;
}

export class WaiverView {
  cause: string;
  waivedBy: string;
  waivedOn: string;
  documentDigest: string;
  amount?: string;
}

export class LegView {
  leg: number;
  @ApiProperty({ enum: LEG_KINDS })
  kind: LegKind;
  @ApiProperty({ enum: DIRECTIONS })
  direction: Direction;
  description: string;
  @ApiProperty({ enum: LEG_STATES })
  state: LegState;
  /** This and the other amounts are absent of a leg without a face amount. */
  face?: string;
  /** By its valuation, and by the face where there is none. */
  valued?: string;
  performed?: string;
  waived?: string;
  remaining?: string;
  claim?: ClaimView;
  /** @example CEDARVALE */
  facility?: string;
  valuation?: ValuationView;
  performances: PerformanceView[];
  waiver?: WaiverView;
}

export class SettlementWithLegs extends SettlementView {
  legs: LegView[];
}

/** A settlement on a day, by what had been recorded. */
export class SettlementAsOfView extends SettlementWithLegs {
  /** @example 2023-11-30 */
  asOf: string;
  /** Of the last event that had been recorded. */
  knownAt: RecordedView;
}

export const settlementView = (settlement: KnownSettlement): SettlementView => {
  const { legs: _, abandonedReleases: __, ...told } = settlement;
  return {
    ...told,
    price: { received: priceOf(settlement, 'received'), given: priceOf(settlement, 'given') },
    totals: [...totalsOf(settlement)],
    openLegs: openLegsOf(settlement),
  };
};

export const settlementWithLegs = (settlement: KnownSettlement): SettlementWithLegs => ({
  ...settlementView(settlement),
  legs: settlement.legs.map(legView),
});

const legView = (leg: Leg): LegView => {
  const { faceAmount: _, performances, release, waiver, ...told } = leg;
  return {
    ...told,
    ...figuresOf(leg),
    performances: release
      ? [
          {
            performedOn: release.releasedOn,
            amount: release.amount,
            documentDigest: release.documentDigest,
          },
        ]
      : performances.map(({ performanceId: __, ...performance }) => performance),
    ...(waiver && { waiver: waiverView(waiver) }),
  };
};

const waiverView = ({ siteKept: _, ...waiver }: NonNullable<Leg['waiver']>): WaiverView => waiver;
