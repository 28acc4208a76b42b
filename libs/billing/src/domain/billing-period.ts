import { unreachable, type Aggregate, type DomainCommand } from '@hostledger/eventsourcing';
import {
  agreeAdjustment,
  approveRestatement,
  postAdjustments,
  proposeRestatement,
  rejectRestatement,
  type Agreeing,
  type Posting,
  type Proposing,
  type Rejecting,
} from './period-changes.js';
import {
  beginClose,
  closePeriod,
  refuseClose,
  type Beginning,
  type Closing,
} from './period-close.js';
import {
  periodEvents,
  type PeriodCloseRefused,
  type PeriodEvent,
  type RestatementApproved,
} from './period-events.js';
import { issueStatement, type Issuing } from './period-issue.js';
import { evolve, untouched, type BillingPeriod } from './period-state.js';

export type PeriodCommand =
  | DomainCommand<'BeginClose', Beginning>
  | DomainCommand<'RefuseClose', PeriodCloseRefused['data']>
  /** What later facts and agreements change of this month, which is closed, on a later statement. */
  | DomainCommand<'PostAdjustments', Posting>
  | DomainCommand<'ClosePeriod', Closing>
  | DomainCommand<'IssueStatement', Issuing>
  | DomainCommand<'AgreeAdjustment', Agreeing>
  | DomainCommand<'ProposeRestatement', Proposing>
  | DomainCommand<
      'ApproveRestatement',
      Omit<RestatementApproved['data'], 'statementId' | 'customerId'>
    >
  | DomainCommand<'RejectRestatement', Rejecting>;

const decide = (command: PeriodCommand, period: BillingPeriod): readonly PeriodEvent[] => {
  switch (command.type) {
    case 'BeginClose':
      return beginClose(command.data, period, command.at);
    case 'RefuseClose':
      return refuseClose(command.data, period);
    case 'PostAdjustments':
      return postAdjustments(command.data, period);
    case 'ClosePeriod':
      return closePeriod(command.data, period);
    case 'IssueStatement':
      return issueStatement(command.data, period);
    case 'AgreeAdjustment':
      return agreeAdjustment(command.data, period);
    case 'ProposeRestatement':
      return proposeRestatement(command.data, period);
    case 'ApproveRestatement':
      return approveRestatement(command.data, period);
    case 'RejectRestatement':
      return rejectRestatement(command.data, period);
    default:
      return unreachable(command);
  }
};

/** `<contractId>.<YYYY-MM>` */
export const periodId = (contractId: string, month: string): string => `${contractId}.${month}`;

/**
 * A month of a contract. It is closed once; what was closed never changes. What changes afterwards
 * stands beside it: adjustments on later statements, and restatements that somebody else approved.
 */
export const billingPeriodAggregate: Aggregate<BillingPeriod, PeriodCommand, PeriodEvent> = {
  category: 'billingPeriod',
  initialState: untouched,
  events: periodEvents,
  decide,
  evolve,
};
