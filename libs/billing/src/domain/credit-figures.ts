import { chargedOf, claimsOn, type Claim } from './account-figures.js';
import { unitsOf, unitsText } from './account-money.js';
import { chargeOf, statementOf } from './account-refusals.js';
import type { KnownAccount } from './account-state.js';
import type { Billed, OfBilled } from './billed.js';
import type { StatementLine } from './statement.js';

/** Why so much could be given back: decimal amounts of one currency. */
export interface CreditFigures {
  /** By the line or the late fee; else by the statement, with late fees and without what was given up. */
  readonly charged: string;
  /** What other statements gave back of it. */
  readonly givenBack: string;
  /** By credit notes before. */
  readonly credited: string;
  readonly disputed: string;
  readonly amount: string;
  /** After it. */
  readonly left: string;
  readonly currency: string;
}

type Note = OfBilled & { readonly lateFeeId?: string; readonly amount: string };

/**
 * Of a credit note of a line that charges something, or of a late fee: by that; of any other: by the
 * statement.
 * @param account as it was when the note was agreed on, without it.
 * @param billed what the months said then.
 * @param lines of the statement.
 */
export const creditFigures = (
  account: KnownAccount,
  { statementId, currency, line: number, lateFeeId, amount }: Note,
  billed: Billed,
  lines: readonly StatementLine[],
): CreditFigures => {
  const fee = account.lateFees.find((each) => each.lateFeeId === lateFeeId);
  const line = number === undefined ? undefined : lines[number - 1];
  const left = billed.line?.left;
  const isOfLine = line !== undefined && left !== undefined;
  const charge = chargeOf(statementOf(account, statementId), currency);
  const charged = fee ? unitsOf(fee.amount) : isOfLine ? unitsOf(line.amount) : chargedOf(charge);
  const givenBack = isOfLine ? charged - unitsOf(left) : fee ? 0n : unitsOf(billed.givenBack);
  const isOfSame = (claim: Claim): boolean =>
    fee ? claim.lateFeeId === lateFeeId : !isOfLine || claim.line === number;
  const counts = (claim: Claim): boolean => claim.currency === currency && isOfSame(claim);
  const sum = (claims: readonly Claim[]): bigint =>
    claims.filter(counts).reduce((all, claim) => all + unitsOf(claim.amount), 0n);
  const credited = sum(account.creditNotes.filter((note) => note.statementId === statementId));
  const disputed = sum(claimsOn(account, statementId)) - credited;
  const text = (units: bigint): string => unitsText(units, currency);
  return {
    ...{ charged: text(charged), givenBack: text(givenBack), credited: text(credited) },
    ...{ disputed: text(disputed), amount, currency },
    left: text(charged - givenBack - credited - disputed - unitsOf(amount)),
  };
};
