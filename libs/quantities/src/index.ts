export { dayIn, startOf } from './days.js';
export {
  exact,
  EXACT_ZERO,
  rounded,
  ROUNDING_MODES,
  type Exact,
  type RoundingMode,
} from './exact.js';
export { amountOf, amountText, isPayable, MONEY, placesOf } from './money.js';
