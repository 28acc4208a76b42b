import './problems.js';

// Refusals that several routes share, for `MayRefuse`.

/** Why nothing new is begun under a contract. */
export const NOTHING_NEW = [
  'contract/unknown',
  'contract/not-executed',
  'contract/suspended',
  'contract/noticed',
  'contract/ended',
  'customer/credit-stop',
  'customer/succeeded',
] as const;

/** What terms may not say. */
export const UNSOUND_TERMS = [
  'contract/unknown',
  'contract/rate-missing',
  'contract/rate-foreign',
  'contract/rate-modifier-foreign',
  'contract/rate-percent-range',
  'contract/rate-tiers-unordered',
  'contract/rate-ladder-unordered',
  'contract/rate-repeated',
  'contract/rate-cause-unknown',
  'contract/rate-clause-unknown',
  'contract/currency-mismatch',
  'contract/term-backwards',
  'contract/clause-repeated',
  'contract/relocation-clause-unknown',
  'contract/relocation-site-repeated',
  'contract/money-too-fine',
  'contract/cap-below-orders',
  'contract/cap-below-allocations',
] as const;

/** What holds for every act in the life of a contract. */
export const NO_ACT = [
  'contract/unknown',
  'contract/ended',
  'contract/before-last-act',
  'contract/act-in-future',
  'contract/recorded-otherwise',
  'contract/not-executed',
] as const;

/** What holds for every movement of a deposit. */
export const NO_PAYMENT = [
  'contract/unknown',
  'contract/not-executed',
  'contract/act-in-future',
  'contract/deposit-currency',
  'contract/deposit-nothing',
  'contract/money-too-fine',
] as const;
