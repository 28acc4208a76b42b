import { DomainError } from '@hostledger/eventsourcing';

/** What a terms version charges for, and at which rates. Rates are decimal strings. */
export interface RateCard {
  readonly basis: RateBasis;
  /** ISO 4217; that of the contract. */
  readonly currency: string;
  readonly ratePerKwh?: string;
  readonly serviceFeePerKwh?: string;
  readonly ratePerUnitMonth?: string;
  readonly ratePerKwMonth?: string;
  readonly proceedsSharePercent?: string;
}

type RateName = Exclude<keyof RateCard, 'basis' | 'currency'>;

/** Each basis with the rates it needs; a card names these and no others. */
const ratesOfBasis = {
  nameplateKwh: ['ratePerKwh'],
  meteredKwh: ['ratePerKwh'],
  passThrough: ['serviceFeePerKwh'],
  flatPerUnit: ['ratePerUnitMonth'],
  flatPerKw: ['ratePerKwMonth'],
  proceedsShare: ['proceedsSharePercent'],
} as const satisfies Record<string, readonly RateName[]>;

export type RateBasis = keyof typeof ratesOfBasis;

export const rateBases = Object.keys(ratesOfBasis) as RateBasis[];

const rateNames: readonly RateName[] = [...new Set(Object.values(ratesOfBasis).flat())];

/** @throws DomainError naming the rate that is missing, foreign to the basis, or the currency. */
export const checkRateCard = (card: RateCard, contractCurrency: string): void => {
  if (card.currency !== contractCurrency) {
    throw new DomainError(
      'invalid',
      'contract/currency-mismatch',
      `The contract is in ${contractCurrency}, the rate card in ${card.currency}`,
      { contractCurrency, currency: card.currency },
      '/rateCard/currency',
    );
  }
  const needed: readonly RateName[] = ratesOfBasis[card.basis];
  for (const name of rateNames) {
    const given = card[name] !== undefined;
    if (given === needed.includes(name)) continue;
    throw new DomainError(
      'invalid',
      given ? 'contract/rate-foreign' : 'contract/rate-missing',
      `The basis ${card.basis} ${given ? 'has no rate' : 'needs the rate'} ${name}`,
      { basis: card.basis, rate: name },
      `/rateCard/${name}`,
    );
  }
};
