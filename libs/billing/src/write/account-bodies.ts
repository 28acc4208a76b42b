import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsUUID,
  Length,
  Max,
  Min,
} from 'class-validator';
import { IsDay, MayBeAbsent } from '@hostledger/http';
import { IsAccountCurrency, IsAccountMoney } from '../http/account-forms.js';

const MOST_STATEMENTS = 100;
const MOST_LINES = 100_000;

class AccountAmount {
  @IsAccountMoney()
  amount: string;

  /** ISO 4217, or BTC. */
  @IsAccountCurrency()
  currency: string;
}

export class ReceivePaymentBody extends AccountAmount {
  /** @example 2024-03-01 */
  @IsDay()
  receivedOn: string;

  /**
   * Of the payment, as the bank calls it.
   * @example WIRE-2024-0301
   */
  @Length(1, 100)
  reference: string;

  /** What the payer names it for, in this order; what is due first where nothing is named. */
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_STATEMENTS)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  statementIds?: string[];
}

export class ReversePaymentBody {
  /** @example 2024-03-04 */
  @IsDay()
  reversedOn: string;

  /** @example Insufficient funds */
  @Length(1, 500)
  cause: string;
}

class OfStatementBody extends AccountAmount {
  @IsUUID()
  statementId: string;

  /** @example Uptime of March was below what was promised */
  @Length(1, 500)
  reason: string;
}

class OfChargeBody extends OfStatementBody {
  /**
   * Number of the line, where it is about one.
   * @example 3
   */
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(MOST_LINES)
  line?: number;

  /** Of a late fee on the statement, where it is about one; then about no line. */
  @MayBeAbsent()
  @IsUUID()
  lateFeeId?: string;
}

export class IssueCreditNoteBody extends OfChargeBody {}

export class RaiseDisputeBody extends OfChargeBody {
  /**
   * Today, in the zone of the contract, where it is left out.
   * @example 2024-03-10
   */
  @MayBeAbsent()
  @IsDay()
  raisedOn?: string;
}

export class ResolveDisputeBody {
  /** Upheld, it is credited. */
  @IsIn(['upheld', 'rejected'])
  outcome: 'upheld' | 'rejected';

  /** Where less is upheld than was disputed. */
  @MayBeAbsent()
  @IsAccountMoney()
  upheldAmount?: string;

  /**
   * Today, in the zone of the contract, where it is left out.
   * @example 2024-03-20
   */
  @MayBeAbsent()
  @IsDay()
  resolvedOn?: string;

  /** @example The meters of rack R12 were swapped */
  @Length(1, 500)
  reason: string;
}

export class ChargeLateFeesBody {
  /**
   * The last day they are for.
   * @example 2024-03-31
   */
  @IsDay()
  throughOn: string;
}

export class ProposeWriteOffBody extends OfStatementBody {
  /** Of a late fee on the statement, where it is of one; then of no more than that. */
  @MayBeAbsent()
  @IsUUID()
  lateFeeId?: string;
}

export class DrawForStatementBody extends AccountAmount {
  @IsUUID()
  depositId: string;

  @IsUUID()
  statementId: string;

  /**
   * Today, in the zone of the contract, where it is left out.
   * @example 2024-03-20
   */
  @MayBeAbsent()
  @IsDay()
  drawnOn?: string;

  /**
   * As the books call it.
   * @example DRAW-2024-0320
   */
  @Length(1, 100)
  reference: string;
}

export class ReleaseReceivablesBody {
  /** The settlement under which the claim was released. */
  @IsUUID()
  settlementId: string;

  /**
   * Its leg: the release of a claim, given by the host.
   * @example 2
   */
  @IsInt()
  @Min(1)
  @Max(1_000)
  leg: number;

  /** What the claim was to. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_STATEMENTS)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  statementIds: string[];
}

export class AccountChangedReply {
  contractId: string;
}
export class PaymentReceivedReply {
  contractId: string;
  paymentId: string;
}
export class CreditNoteReply {
  contractId: string;
  creditNoteId: string;
  /**
   * Without gaps in its year.
   * @example 2024-000018
   */
  number: string;
}
export class DisputeReply {
  contractId: string;
  disputeId: string;
}
export class DisputeResolvedReply {
  contractId: string;
  disputeId: string;
  /** Where it was upheld. */
  creditNoteId?: string;
}
export class ChargedLateFee {
  /** Of the note, under which `GET /v1/statements/{statementId}` shows it. */
  lateFeeId: string;
  /**
   * Without gaps in its year.
   * @example 2024-000019
   */
  number: string;
  /** What was overdue. */
  statementId: string;
  currency: string;
  amount: string;
  /** The first day it is for. */
  fromOn: string;
  /** The last one. */
  throughOn: string;
}
export class LateFeesReply {
  contractId: string;
  /** Those that were charged up to that very day, by now or before. */
  lateFees: ChargedLateFee[];
}
export class WriteOffReply {
  contractId: string;
  writeOffId: string;
}
export class DepositDrawReply {
  contractId: string;
  drawId: string;
}
