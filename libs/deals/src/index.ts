export {
  DealsApiModule,
  dealsAggregates,
  dealsProcesses,
  dealsProjections,
} from './deals.module.js';
