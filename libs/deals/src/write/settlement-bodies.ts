import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsObject,
  IsUUID,
  Length,
  Matches,
} from 'class-validator';
import {
  AreNested,
  IsCurrency,
  IsDay,
  IsDigest,
  IsMoney,
  IsNested,
  IsTimeZoneName,
  MayBeAbsent,
} from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import {
  DIRECTIONS,
  LEG_KINDS,
  WITHDRAWAL_CAUSES,
  type Direction,
  type LegKind,
  type WithdrawalCause,
} from '../domain/settlement-events.js';
import { MAX_LEGS } from '../domain/settlement-proposal.js';

export class ClaimBody {
  /**
   * As the court or the holder calls it.
   * @example POC 425
   */
  @Length(1, 200)
  reference: string;

  /**
   * Who gives it up.
   * @example Celsius Network LLC
   */
  @Length(1, 200)
  holder: string;

  /**
   * Against whom.
   * @example Core Scientific, Inc.
   */
  @Length(1, 200)
  debtor: string;
}

export class LegBody {
  @IsIn(LEG_KINDS)
  kind: LegKind;

  /** As the host sees it. */
  @IsIn(DIRECTIONS)
  direction: Direction;

  /** @example Cash at closing */
  @Length(1, 500)
  description: string;

  /**
   * Of cash and of claims always; of other legs where the document names one.
   * @example "14000000.00"
   */
  @MayBeAbsent()
  @IsMoney()
  faceAmount?: string;

  /** Of a release: the claim. */
  @MayBeAbsent()
  @IsNested(() => ClaimBody)
  claim?: ClaimBody;

  /**
   * Of a site: its code.
   * @example CEDARVALE
   */
  @MayBeAbsent()
  @Matches(FACILITY_CODE, { message: '$property is the code of a facility' })
  facility?: string;
}

export class ProposeSettlementBody {
  /** @example CEL-CORZ-2023 */
  @Length(1, 100)
  reference: string;

  /** @example Settlement with Celsius: Cedarvale for cash and claims */
  @Length(1, 300)
  title: string;

  /**
   * The other side, by its legal name.
   * @example Celsius Network LLC
   */
  @Length(1, 200)
  counterparty: string;

  /** The other side, where it is a customer. */
  @MayBeAbsent()
  @IsUUID()
  customerId?: string;

  /**
   * ISO 4217; that of every amount.
   * @example USD
   */
  @IsCurrency()
  currency: string;

  /**
   * IANA time zone that days are in.
   * @example America/Chicago
   */
  @IsTimeZoneName()
  timeZone: string;

  /** @example 2023-09-14 */
  @IsDay()
  proposedOn: string;

  /**
   * SHA-256 of the proposal.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;

  /** In the order of their numbers, from 1. */
  // A list in place of an object has nothing in it that `ValidateNested` would look at.
  @IsObject({ each: true })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_LEGS)
  @AreNested(() => LegBody)
  legs: LegBody[];
}

export class ApproveSettlementBody {
  /** @example S.D. Tex. Bankr. */
  @Length(1, 200)
  court: string;

  /** @example 22-90341, ECF 1259 */
  @Length(1, 100)
  docket: string;

  /** @example Order approving the settlement with Celsius */
  @Length(1, 200)
  orderReference: string;

  /**
   * SHA-256 of the order.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;

  /** @example 2023-11-02 */
  @IsDay()
  approvedOn: string;
}

export class WithdrawSettlementBody {
  /** Given up, or refused by the court. */
  @IsIn(WITHDRAWAL_CAUSES)
  cause: WithdrawalCause;

  /** @example The court found the price too low */
  @Length(1, 500)
  explanation: string;

  /** @example 2023-10-20 */
  @IsDay()
  withdrawnOn: string;

  /**
   * SHA-256 of the order or the notice.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @MayBeAbsent()
  @IsDigest()
  documentDigest?: string;
}

export class ValueLegBody {
  /**
   * What the leg is worth, whatever its face says.
   * @example "45000000.00"
   */
  @IsMoney()
  amount: string;

  /**
   * How that was found.
   * @example Appraisal of the site
   */
  @Length(1, 200)
  basis: string;

  /** @example 2023-10-01 */
  @IsDay()
  valuedOn: string;

  /**
   * SHA-256 of the valuation.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;
}

export class PerformLegBody {
  /**
   * Left out of a site, whose deed tells the day.
   * @example 2023-11-10
   */
  @MayBeAbsent()
  @IsDay()
  performedOn?: string;

  /**
   * Of cash, which may come in parts: how much was paid.
   * @example "14000000.00"
   */
  @MayBeAbsent()
  @IsMoney()
  amount?: string;

  /**
   * Of cash always: the payment, as the books call it. Told again it is the same payment.
   * @example WIRE-2023-1110
   */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;

  /**
   * SHA-256 of the proof; left out of a site, whose deed is the proof.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @MayBeAbsent()
  @IsDigest()
  documentDigest?: string;

  /**
   * Of a site: as the deed calls the other side, where that is another name.
   * @example Celsius Mining LLC
   */
  @MayBeAbsent()
  @Length(1, 200)
  party?: string;
}

export class WaiveLegBody {
  /** @example The designs were never finished */
  @Length(1, 500)
  cause: string;

  /** @example 2024-01-15 */
  @IsDay()
  waivedOn: string;

  /**
   * SHA-256 of the waiver.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  @IsDigest()
  documentDigest: string;
}

export class CloseSettlementBody {
  /** @example 2024-01-23 */
  @IsDay()
  closedOn: string;
}
