export {
  profitPerDay,
  profitUnder,
  sumOfProfits,
  type Drawing,
  type MiningConditions,
  type Profit,
  type ProfitUnder,
} from './domain/profitability.js';
export { proposalAggregate } from './domain/proposal.js';
export {
  type ProposalEvent,
  type RelocationProposalFailed,
  type RelocationProposalRequested,
  type RelocationProposed,
} from './domain/proposal-events.js';
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
  economicsProcesses,
  economicsProjections,
} from './economics.module.js';
export { economicsDuties } from './duties.js';
