export {
  profitPerDay,
  profitUnder,
  sumOfProfits,
  type Drawing,
  type MiningConditions,
  type Profit,
  type ProfitUnder,
} from './domain/profitability.js';
export {
  marketAggregate,
  type DifficultyObserved,
  type MarketEvent,
  type PriceFixed,
  type SubsidyChanged,
} from './domain/market.js';
export {
  EconomicsApiModule,
  economicsAggregates,
  economicsProjections,
} from './economics.module.js';
