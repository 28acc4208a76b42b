export { accountParties } from './account.js';
export {
  BillingApiModule,
  billingAggregates,
  billingProcesses,
  billingProjections,
} from './billing.module.js';
export { IssuerModule } from './papers.js';
export { meterBulkKinds, meterParties } from './meters.js';
export { periodParties } from './periods.js';
export { billingDuties } from './duties.js';
export { documentAnew } from './recompute/anew.js';
export {
  CauseUntold,
  computedFrom,
  DocumentRegister,
  DocumentStreams,
  isFactFor,
  type BillingDocument,
} from './recompute/document.js';
export type { Rehearsed } from './recompute/rehearsal.js';
export {
  LEFT as PAPER_LEFT,
  Paper,
  printable,
  TEXT_WIDTH as PAPER_WIDTH,
  type Column as PaperColumn,
  type Row as PaperRow,
} from './read/statements/paper.js';
