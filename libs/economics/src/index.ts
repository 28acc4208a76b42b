export {
  profitPerDay,
  type Drawing,
  type MiningConditions,
  type Profit,
} from './domain/profitability.js';
