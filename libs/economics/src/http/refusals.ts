import './problems.js';

/** Where figures are asked for and an input of theirs is neither recorded nor given. */
export const CONDITION_REFUSALS = [
  'profitability/rate-unknown',
  'profitability/difficulty-unknown',
  'profitability/subsidy-unknown',
  'profitability/price-unknown',
  'profitability/currency-mixed',
  'profitability/not-come',
] as const;
