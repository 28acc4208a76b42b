import { unreachable } from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';
import type {
  AccountEvent,
  DepositDrawBegan,
  DisputeRaised,
  LadderEvent,
  LateFeeCharged,
  NonPaymentActKind,
  PaymentReceived,
  ReceivableReleased,
  StatementEntered,
  WriteOffProposed,
} from './account-events.js';
import { evolveLadder, isOfLadder, withPaid } from './account-ladder-state.js';
import { unitsOf, unitsText } from './account-money.js';
import type { Total } from './statement.js';

// The folded account is plain JSON: the read model and the process of the ladder keep it in a column.

/** What changed what one statement asks for. All decimal; what makes it less is above zero. */
const SUMS = ['lateFees', 'credited', 'paid', 'drawn', 'writtenOff', 'released', 'moved'] as const;
export type Sum = (typeof SUMS)[number];

/** What a statement asks for in one currency. */
export interface Charge extends Readonly<Record<Sum, string>> {
  readonly currency: string;
  /** As billed. */
  readonly amount: string;
  /** By how much less of what was billed is due from a day on; more where it is below zero. */
  readonly changes: readonly { readonly on: string; readonly amount: string }[];
  /** When late fees were charged; below zero when they were credited or given up, which makes no less of what was billed. */
  readonly feesCharged: readonly { readonly on: string; readonly amount: string }[];
  /** The last day that late fees were charged for. */
  readonly lateFeesThrough?: string;
  /** As `n/d`, by how much more late fees came to up to that day than was charged; see `LateFeeCharged`. */
  readonly lateFeesCarried?: string;
}

export const LADDER_STEPS = ['overdue', 'notice', 'suspension', 'termination'] as const;
export type LadderStep = (typeof LADDER_STEPS)[number];

export interface AccountStatement extends Readonly<
  Omit<StatementEntered['data'], 'contractId' | 'totals'>
> {
  readonly charges: readonly Charge[];
  /** The last step that was taken for it since the last cure, and the day. */
  readonly reached?: {
    readonly step: LadderStep;
    readonly on: string;
    /** All that was billed was paid since: no step follows that one. Absent while it was not. */
    readonly isPaid?: true;
  };
  /** The settlement that released the claim to it. */
  readonly released?: Pick<ReceivableReleased['data'], 'settlementId' | 'leg' | 'releasedOn'>;
}

export interface AccountPayment extends Readonly<Omit<PaymentReceived['data'], 'contractId'>> {
  readonly unapplied: string;
  readonly applied: readonly {
    readonly statementId: string;
    readonly amount: string;
    /** The day from which it counts. */
    readonly on: string;
  }[];
  readonly reversedOn?: string;
}

export interface AccountCreditNote {
  readonly creditNoteId: string;
  readonly statementId: string;
  readonly currency: string;
  readonly amount: string;
  readonly reason: string;
  readonly issuedOn: string;
  readonly line?: number;
  readonly lateFeeId?: string;
  readonly disputeId?: string;
  /** Absent until it was issued. */
  readonly number?: string;
}

export interface AccountLateFee extends Readonly<
  Pick<
    LateFeeCharged['data'],
    'lateFeeId' | 'statementId' | 'currency' | 'amount' | 'fromOn' | 'throughOn' | 'chargedOn'
  >
> {
  /** Absent until its note was issued. */
  readonly number?: string;
}

export interface AccountDispute extends Readonly<
  Omit<DisputeRaised['data'], 'contractId' | 'customerId'>
> {
  readonly status: 'open' | 'upheld' | 'rejected';
  readonly upheldAmount?: string;
  readonly resolvedOn?: string;
}

export interface AccountWriteOff extends Readonly<
  Omit<WriteOffProposed['data'], 'contractId' | 'customerId'>
> {
  readonly approvedOn?: string;
}

export interface AccountDraw extends Readonly<
  Omit<DepositDrawBegan['data'], 'contractId' | 'customerId'>
> {
  readonly status: 'began' | 'applied' | 'failed';
}

/** What is still to be asked of the contract. */
export interface NonPaymentAct {
  readonly actId: string;
  readonly act: NonPaymentActKind;
  readonly on: string;
  /** Of those that are for one. */
  readonly statementId?: string;
  readonly clauseRef?: string;
}

export interface KnownAccount {
  readonly status: 'open';
  readonly contractId: string;
  readonly customerId: string;
  readonly timeZone: string;
  readonly statements: readonly AccountStatement[];
  readonly payments: readonly AccountPayment[];
  readonly creditNotes: readonly AccountCreditNote[];
  readonly lateFees: readonly AccountLateFee[];
  readonly disputes: readonly AccountDispute[];
  readonly writeOffs: readonly AccountWriteOff[];
  readonly draws: readonly AccountDraw[];
  /** In the order in which they are asked. */
  readonly acts: readonly NonPaymentAct[];
  /** How many there were. */
  readonly actsBegun: number;
  /** Of service that is suspended for non-payment: by which act, and when. */
  readonly suspension?: { readonly actId: string; readonly suspendedOn: string };
  readonly terminatedOn?: string;
}

export type Account = { readonly status: 'unknown' } | KnownAccount;

export const evolveAccount = (account: Account, event: AccountEvent): Account => {
  if (event.type === 'AccountOpened') {
    return {
      status: 'open',
      ...event.data,
      ...{ statements: [], payments: [], creditNotes: [], lateFees: [], disputes: [] },
      ...{ writeOffs: [], draws: [], acts: [], actsBegun: 0 },
    };
  }
  if (account.status === 'unknown') return account;
  return withPaid(isOfLadder(event) ? evolveLadder(account, event) : evolved(account, event));
};

type Booked = Exclude<AccountEvent, LadderEvent | { type: 'AccountOpened' }>;

const evolved = (account: KnownAccount, event: Booked): KnownAccount => {
  switch (event.type) {
    case 'StatementEntered':
      return entered(account, event.data);
    case 'PaymentReceived': {
      const { customerId, amount: unapplied } = event.data;
      const payment = { customerId, ...own(event.data), unapplied, applied: [] };
      return { ...account, payments: [...account.payments, payment] };
    }
    case 'PaymentApplied':
      return paid(account, event.data);
    case 'PaymentReversed':
      return reversed(account, event.data);
    case 'StatementCreditApplied': {
      const { fromStatementId, statementId, currency, amount, appliedOn } = event.data;
      const to = { statementId, currency, amount, on: appliedOn };
      const from = { ...to, statementId: fromStatementId, amount: negative(amount) };
      return booked(booked(account, 'moved', from), 'moved', to);
    }
    case 'CreditNoteBegan':
      return { ...account, creditNotes: [...account.creditNotes, own(event.data)] };
    case 'CreditNoteIssued': {
      const { creditNoteId, number } = event.data;
      const creditNotes = account.creditNotes.map((note) =>
        note.creditNoteId === creditNoteId ? { ...note, number } : note,
      );
      const credit = { ...event.data, on: event.data.issuedOn };
      return givenUp({ ...account, creditNotes }, 'credited', credit);
    }
    case 'DisputeRaised': {
      const dispute = { ...own(event.data), status: 'open' as const };
      return { ...account, disputes: [...account.disputes, dispute] };
    }
    case 'DisputeResolved': {
      const { disputeId, outcome: status, upheldAmount, resolvedOn } = event.data;
      const disputes = account.disputes.map((dispute) =>
        dispute.disputeId === disputeId
          ? { ...dispute, status, upheldAmount, resolvedOn }
          : dispute,
      );
      return { ...account, disputes };
    }
    case 'LateFeeCharged':
      return feeCharged(account, event.data);
    case 'LateFeeNoteIssued': {
      const { lateFeeId, number } = event.data;
      const lateFees = account.lateFees.map((fee) =>
        fee.lateFeeId === lateFeeId ? { ...fee, number } : fee,
      );
      return { ...account, lateFees };
    }
    case 'WriteOffProposed':
      return { ...account, writeOffs: [...account.writeOffs, own(event.data)] };
    case 'WriteOffApproved': {
      const { writeOffId, approvedOn } = event.data;
      const writeOffs = account.writeOffs.map((each) =>
        each.writeOffId === writeOffId ? { ...each, approvedOn } : each,
      );
      return givenUp({ ...account, writeOffs }, 'writtenOff', { ...event.data, on: approvedOn });
    }
    case 'DepositDrawBegan':
      return {
        ...account,
        draws: [...account.draws, { ...own(event.data), status: 'began' }],
      };
    case 'DepositApplied': {
      const drawn = { ...event.data, on: event.data.drawnOn };
      return booked(ended(account, event.data.drawId, 'applied'), 'drawn', drawn);
    }
    case 'DepositDrawFailed':
      return ended(account, event.data.drawId, 'failed');
    case 'ReceivableReleased':
      return released(account, event.data);
    default:
      return unreachable(event);
  }
};

/** Without what the account itself says. */
const own = <Data extends { contractId: string; customerId: string }>({
  contractId: _,
  customerId: __,
  ...data
}: Data): Omit<Data, 'contractId' | 'customerId'> => data;

const entered = (account: KnownAccount, data: StatementEntered['data']): KnownAccount => {
  const { totals, ...statement } = own(data);
  const charges = totals.map(({ currency, amount }) => ({
    ...{ currency, amount, changes: [], feesCharged: [] },
    ...(Object.fromEntries(SUMS.map((sum) => [sum, unitsText(0n, currency)])) as Record<
      Sum,
      string
    >),
  }));
  const { customerId, kind } = data;
  const statements = [...account.statements, { customerId, ...statement, charges }];
  // A month that is restated is of whoever had the contract then.
  return { ...account, ...(kind === 'statement' && { customerId }), statements };
};

interface Booking {
  readonly statementId: string;
  readonly currency: string;
  readonly amount: string;
  readonly on: string;
}

/** Less of what was billed is due from that day on. */
const booked = (
  account: KnownAccount,
  sum: Exclude<Sum, 'lateFees'>,
  { statementId, currency, amount, on }: Booking,
): KnownAccount =>
  onCharge(account, statementId, currency, (charge) => ({
    ...charge,
    [sum]: added(charge[sum], amount, currency),
    changes: [...charge.changes, { on, amount }],
  }));

const onCharge = (
  account: KnownAccount,
  statementId: string,
  currency: string,
  change: (charge: Charge) => Charge,
): KnownAccount => ({
  ...account,
  statements: account.statements.map((statement) =>
    statement.statementId === statementId
      ? {
          ...statement,
          charges: statement.charges.map((charge) =>
            charge.currency === currency ? change(charge) : charge,
          ),
        }
      : statement,
  ),
});

const paid = (
  account: KnownAccount,
  data: Extract<AccountEvent, { type: 'PaymentApplied' }>['data'],
): KnownAccount => {
  const { paymentId, statementId, currency, amount, appliedOn } = data;
  const payments = account.payments.map((payment) =>
    payment.paymentId === paymentId
      ? {
          ...payment,
          unapplied: added(payment.unapplied, negative(amount), currency),
          applied: [...payment.applied, { statementId, amount, on: appliedOn }],
        }
      : payment,
  );
  return booked({ ...account, payments }, 'paid', {
    ...{ statementId, currency, amount, on: appliedOn },
  });
};

const reversed = (
  account: KnownAccount,
  data: Extract<AccountEvent, { type: 'PaymentReversed' }>['data'],
): KnownAccount => {
  const { paymentId, currency, reversedOn, restored } = data;
  const payments = account.payments.map((payment) =>
    payment.paymentId === paymentId
      ? { ...payment, unapplied: unitsText(0n, currency), reversedOn }
      : payment,
  );
  return restored.reduce<KnownAccount>(
    (before, { statementId, amount }) =>
      booked(before, 'paid', {
        ...{ statementId, currency, on: reversedOn },
        amount: negative(amount),
      }),
    { ...account, payments },
  );
};

const feeCharged = (account: KnownAccount, data: LateFeeCharged['data']): KnownAccount => {
  const { lateFeeId, statementId, currency, amount, fromOn, throughOn, chargedOn } = data;
  const fee = { lateFeeId, statementId, currency, amount, fromOn, throughOn, chargedOn };
  const lateFees = [...account.lateFees, fee];
  return onCharge({ ...account, lateFees }, statementId, currency, (charge) => ({
    ...charge,
    lateFees: added(charge.lateFees, amount, currency),
    feesCharged: [...charge.feesCharged, { on: chargedOn, amount }],
    lateFeesThrough: throughOn,
    lateFeesCarried: exact(data.carried ?? '0')
      .add(exact(data.exactAmount))
      .sub(exact(amount))
      .toFraction(),
  }));
};

/** Of a late fee, or of what was billed. */
const givenUp = (
  account: KnownAccount,
  sum: 'credited' | 'writtenOff',
  booking: Booking & { readonly lateFeeId?: string },
): KnownAccount => {
  const { statementId, currency, amount, on, lateFeeId } = booking;
  if (lateFeeId === undefined) return booked(account, sum, booking);
  return onCharge(account, statementId, currency, (charge) => ({
    ...charge,
    [sum]: added(charge[sum], amount, currency),
    feesCharged: [...charge.feesCharged, { on, amount: negative(amount) }],
  }));
};

const ended = (
  account: KnownAccount,
  drawId: string,
  status: AccountDraw['status'],
): KnownAccount => ({
  ...account,
  draws: account.draws.map((draw) => (draw.drawId === drawId ? { ...draw, status } : draw)),
});

const released = (account: KnownAccount, data: ReceivableReleased['data']): KnownAccount => {
  const { statementId, settlementId, leg, releasedOn, amounts } = data;
  const statements = account.statements.map((statement) =>
    statement.statementId === statementId
      ? { ...statement, released: { settlementId, leg, releasedOn } }
      : statement,
  );
  return amounts.reduce<KnownAccount>(
    (before, total: Total) => booked(before, 'released', { ...total, statementId, on: releasedOn }),
    { ...account, statements },
  );
};

const added = (sum: string, amount: string, currency: string): string =>
  unitsText(unitsOf(sum) + unitsOf(amount), currency);

export const negative = (amount: string): string => {
  if (amount.startsWith('-')) return amount.slice(1);
  return /[1-9]/.test(amount) ? `-${amount}` : amount;
};
