import { amountOf, amountText, exact, rounded } from '@hostledger/quantities';
import type {
  ConsiderationLeg,
  ConsiderationLegAdded,
  ConsiderationPerformed,
  ConsiderationValued,
  InstalmentPaid,
  SharesIssued,
  SupplyEvent,
  ValuationDeadlineMissed,
  ValuationPending,
} from './supply-events.js';
import { legFigures, worthOf } from './supply-figures.js';
import {
  invalid,
  legOf,
  legOfKind,
  mustBeOpen,
  mustBePayable,
  mustHaveCome,
  refused,
} from './supply-refusals.js';
import type { KnownLeg, KnownSupply } from './supply-state.js';

// How the price is made up, valued and paid.

export type Payment = Omit<InstalmentPaid['data'], 'agreementId'>;
export type Performance = Omit<ConsiderationPerformed['data'], 'agreementId'>;
export type Issue = Omit<SharesIssued['data'], 'agreementId'>;
export type NewValuation = Omit<
  ConsiderationValued['data'],
  'agreementId' | 'face' | 'shares' | 'value' | 'remainder' | 'corrects'
>;
export type ValuationCorrection = NewValuation & {
  /** The one that was wrong. */
  readonly reverses: string;
  readonly cause: string;
};

/** A leg as it is agreed; where it is to be valued, the instant at which that is overdue. */
export type NewLeg = Omit<ConsiderationLeg, 'leg'> & { readonly overdueAt?: string };

/**
 * The legs of a price, numbered on from those there are.
 * @throws DomainError where their faces do not come to the price.
 */
export const addLegs = (
  agreement: Pick<KnownSupply, 'agreementId' | 'currency'>,
  price: string,
  legs: readonly NewLeg[],
  addedOn: string,
  after: { readonly legs: number; readonly option?: number },
): (ConsiderationLegAdded | ValuationPending)[] => {
  const { agreementId, currency } = agreement;
  const faces = legs.reduce((sum, { face }) => sum + amountOf(face), 0n);
  if (faces !== amountOf(price)) {
    throw invalid(
      'supply/legs-unequal-price',
      `The legs come to ${amountText(faces)} ${currency}, and the price is ${price}`,
      { legs: amountText(faces), price },
      '/legs',
    );
  }
  return legs.flatMap(({ overdueAt, ...said }, index) => {
    mustBeSound(said, currency, `/legs/${index}`);
    const leg = after.legs + index + 1;
    const option = after.option === undefined ? {} : { option: after.option };
    const data = { agreementId, leg, ...said, addedOn, ...option };
    const added: ConsiderationLegAdded = { type: 'ConsiderationLegAdded', data };
    if (!said.valuation || overdueAt === undefined) return [added];
    const pending = { leg, ...said.valuation, pendingFrom: addedOn, overdueAt };
    return [added, { type: 'ValuationPending', data: { agreementId, ...pending } }];
  });
};

/** Cash has dated instalments that come to it; shares have somebody who values them. */
const mustBeSound = (
  { kind, face, instalments, valuation }: Omit<ConsiderationLeg, 'leg'>,
  currency: string,
  pointer: string,
): void => {
  mustBePayable(face, currency, `${pointer}/face`);
  if ((kind === 'cash') !== (instalments !== undefined)) {
    throw invalid(
      'supply/instalments-of-cash',
      'Cash is paid in instalments, of which there may be one, and nothing else is',
      { kind },
      `${pointer}/instalments`,
    );
  }
  if ((kind === 'equity') !== (valuation !== undefined)) {
    throw invalid(
      'supply/valuation-of-equity',
      'Equity names who values it and by when, and nothing else does',
      { kind },
      `${pointer}/valuation`,
    );
  }
  if (!instalments) return;
  instalments.forEach(({ amount }, index) =>
    mustBePayable(amount, currency, `${pointer}/instalments/${index}/amount`),
  );
  const paid = instalments.reduce((sum, { amount }) => sum + amountOf(amount), 0n);
  if (paid === amountOf(face)) return;
  throw invalid(
    'supply/instalments-unequal-leg',
    `The instalments come to ${amountText(paid)} ${currency}, and the leg to ${face}`,
    { instalments: amountText(paid), face },
    `${pointer}/instalments`,
  );
};

export const payInstalment = (
  data: Payment,
  supply: KnownSupply,
  today: string,
): InstalmentPaid[] => {
  mustBeOpen(supply);
  const { agreementId, currency } = supply;
  const { instalments = [], paid } = legOfKind(supply, data.leg, 'cash');
  const index = instalments.findIndex(({ instalment }) => instalment === data.instalment);
  const instalment = instalments[index];
  if (!instalment) {
    throw refused(
      'supply/instalment-unknown',
      `Leg ${data.leg} has no instalment ${data.instalment}`,
      { leg: data.leg, instalments: instalments.length },
      '/instalment',
    );
  }
  mustHaveCome(data.paidOn, today, supply, 'paidOn');
  mustBePayable(data.amount, currency, '/amount');
  const open = amountOf(instalment.amount) - amountOf(paid[index] ?? '0');
  mustNotExceed(data.amount, open, currency, `Of instalment ${data.instalment}`);
  return [{ type: 'InstalmentPaid', data: { agreementId, ...data } }];
};

export const performLeg = (
  data: Performance,
  supply: KnownSupply,
  today: string,
): ConsiderationPerformed[] => {
  mustBeOpen(supply);
  const { agreementId, currency } = supply;
  const leg = legOfKind(supply, data.leg, 'claim', 'equipment', 'serviceCredit');
  mustHaveCome(data.performedOn, today, supply, 'performedOn');
  mustBePayable(data.amount, currency, '/amount');
  const open = amountOf(leg.face) - amountOf(leg.performed);
  mustNotExceed(data.amount, open, currency, `Of leg ${data.leg}`);
  return [{ type: 'ConsiderationPerformed', data: { agreementId, ...data } }];
};

const mustNotExceed = (amount: string, open: bigint, currency: string, what: string): void => {
  if (amountOf(amount) <= open) return;
  throw refused(
    'supply/amount-exceeded',
    `${what} ${amountText(open)} ${currency} are open, and ${amount} would be paid`,
    { open: amountText(open), amount },
    '/amount',
  );
};

/** The day passed without a valuation; nothing else changes. Asked by the clock, so twice is once. */
export const missDeadline = (
  leg: number,
  supply: KnownSupply,
  today: string,
): ValuationDeadlineMissed[] => {
  const { valuation, valued, deadlineMissedOn } = legOf(supply, leg);
  if (!valuation || valued || deadlineMissedOn !== undefined || today <= valuation.dueOn) return [];
  return [missed(supply, leg, valuation)];
};

const missed = (
  { agreementId }: KnownSupply,
  leg: number,
  valuation: NonNullable<KnownLeg['valuation']>,
): ValuationDeadlineMissed => ({
  type: 'ValuationDeadlineMissed',
  data: { agreementId, leg, ...valuation, missedOn: dayAfter(valuation.dueOn) },
});

const DAY_MS = 86_400_000;

export const dayAfter = (day: string): string =>
  new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);

/** One valued after its day was missed, whether the clock has said so yet or not. */
export const value = (data: NewValuation, supply: KnownSupply, today: string): SupplyEvent[] => {
  mustBeOpen(supply);
  const leg = legOfKind(supply, data.leg, 'equity');
  if (leg.valued) {
    throw refused(
      'supply/leg-valued',
      `Leg ${data.leg} was valued on ${leg.valued.valuedOn}; that is corrected, not valued again`,
      { leg: data.leg, valuationId: leg.valued.valuationId },
      '/leg',
    );
  }
  const valued = valuationOf(data, leg, supply, today);
  return [...missedBy(data, leg, supply), valued];
};

/** What the clock has not told yet of a day that passed before the valuation. */
const missedBy = (
  { valuedOn }: NewValuation,
  { leg, valuation, deadlineMissedOn }: KnownLeg,
  supply: KnownSupply,
): ValuationDeadlineMissed[] =>
  valuation && deadlineMissedOn === undefined && valuedOn > valuation.dueOn
    ? [missed(supply, leg, valuation)]
    : [];

/** A reversing pair: the valuation that was wrong never held, another stands in for it. */
export const correctValuation = (
  { reverses, cause, ...data }: ValuationCorrection,
  supply: KnownSupply,
  today: string,
): SupplyEvent[] => {
  mustBeOpen(supply);
  const leg = legOfKind(supply, data.leg, 'equity');
  const { valued, sharesIssued } = leg;
  if (valued?.valuationId !== reverses) {
    throw refused('supply/valuation-not-in-force', `Leg ${data.leg} is not valued by ${reverses}`, {
      leg: data.leg,
      ...(valued && { valuationId: valued.valuationId }),
    });
  }
  const corrected = valuationOf(data, leg, supply, today);
  if (corrected.data.shares < sharesIssued) {
    throw refused(
      'supply/shares-issued',
      `${sharesIssued} shares were issued already, more than ${corrected.data.shares}`,
      { sharesIssued, shares: corrected.data.shares },
      '/pricePerShare',
    );
  }
  if (leg.issuedFromOn !== undefined && data.valuedOn > leg.issuedFromOn) {
    throw refused(
      'supply/issue-before-valuation',
      `Shares of the leg were issued on ${leg.issuedFromOn}, before ${data.valuedOn}`,
      { issuedFromOn: leg.issuedFromOn },
      '/valuedOn',
    );
  }
  const { agreementId } = supply;
  const { valuedOn: effectiveOn, shares, value: worth } = valued;
  const reversed = {
    leg: leg.leg,
    valuationId: reverses,
    effectiveOn,
    shares,
    value: worth,
    cause,
  };
  return [
    { type: 'ValuationReversed', data: { agreementId, ...reversed } },
    ...missedBy(data, leg, supply),
    { ...corrected, data: { ...corrected.data, corrects: reverses } },
  ];
};

/** What a price per share makes of a face. */
export type Worth = Pick<ConsiderationValued['data'], 'shares' | 'value' | 'remainder'>;

/**
 * Shares = face ÷ price per share, rounded once as the parties agreed; what is left over is named.
 * @throws DomainError where that is no number of shares.
 */
export const worthAt = (
  { pricePerShare, rounding }: Pick<NewValuation, 'pricePerShare' | 'rounding'>,
  face: string,
  currency: string,
): Worth => {
  const price = exact(pricePerShare);
  const shares = price.n === 0n ? 0 : Number(rounded(exact(face).div(price), 0, rounding));
  if (!Number.isSafeInteger(shares) || shares === 0) {
    throw invalid(
      'supply/shares-out-of-range',
      `At ${pricePerShare} a share, ${face} comes to no number of shares`,
      { pricePerShare, face },
      '/pricePerShare',
    );
  }
  const worth = worthOf(shares, pricePerShare, currency);
  return { shares, value: worth, remainder: amountText(amountOf(face) - amountOf(worth)) };
};

const valuationOf = (
  data: NewValuation,
  { face }: KnownLeg,
  supply: KnownSupply,
  today: string,
): ConsiderationValued => {
  const { agreementId, currency } = supply;
  mustHaveCome(data.valuedOn, today, supply, 'valuedOn');
  const worth = worthAt(data, face, currency);
  return { type: 'ConsiderationValued', data: { agreementId, ...data, face, ...worth } };
};

export const issueShares = (data: Issue, supply: KnownSupply, today: string): SharesIssued[] => {
  mustBeOpen(supply);
  const { valued, sharesIssued } = legOfKind(supply, data.leg, 'equity');
  if (!valued) {
    throw refused(
      'supply/leg-not-valued',
      `Leg ${data.leg} is not valued yet; how many shares are owed is not known`,
      { leg: data.leg },
      '/leg',
    );
  }
  mustHaveCome(data.issuedOn, today, supply, 'issuedOn');
  if (data.issuedOn < valued.valuedOn) {
    throw refused(
      'supply/issue-before-valuation',
      `The leg was valued on ${valued.valuedOn}, after ${data.issuedOn}`,
      { valuedOn: valued.valuedOn },
      '/issuedOn',
    );
  }
  const open = valued.shares - sharesIssued;
  if (data.shares > open) {
    throw refused(
      'supply/shares-exceeded',
      `${open} shares are still owed, and ${data.shares} would be issued`,
      { open, shares: data.shares },
      '/shares',
    );
  }
  return [{ type: 'SharesIssued', data: { agreementId: supply.agreementId, ...data } }];
};

/** A leg that nothing more is owed of. */
export const isPerformed = (leg: KnownLeg, { currency }: KnownSupply): boolean => {
  if (leg.kind === 'equity') return leg.valued?.shares === leg.sharesIssued;
  const { remaining } = legFigures(leg, currency);
  return remaining !== undefined && amountOf(remaining) === 0n;
};
