import {
  DomainError,
  hashOf,
  unreachable,
  type Aggregate,
  type DomainCommand,
} from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import {
  settlementEvents,
  type ClaimReleaseAbandoned,
  type LegValued,
  type SettlementApproved,
  type SettlementEvent,
  type SettlementWithdrawn,
} from './settlement-events.js';
import {
  abandonRelease,
  performLeg,
  releaseClaim,
  valueLeg,
  waiveLeg,
  type PerformLegData,
  type ReleaseClaimData,
  type WaiveLegData,
} from './settlement-legs.js';
import { proposeSettlement, type Proposal } from './settlement-proposal.js';
import {
  mustBeApproved,
  mustHaveCome,
  mustNotPrecede,
  settlementUnknown,
} from './settlement-rules.js';
import {
  daysOf,
  evolveSettlement,
  hasEnded,
  type KnownSettlement,
  type Settlement,
} from './settlement-state.js';

export type Approval = Omit<SettlementApproved['data'], 'settlementId' | 'sitesGiven'>;
export type Withdrawal = Omit<SettlementWithdrawn['data'], 'settlementId'>;

export type SettlementCommand =
  | DomainCommand<'ProposeSettlement', Proposal>
  | DomainCommand<'ApproveSettlement', Approval>
  | DomainCommand<'WithdrawSettlement', Withdrawal>
  | DomainCommand<'ValueLeg', Omit<LegValued['data'], 'settlementId'>>
  | DomainCommand<'PerformLeg', PerformLegData>
  | DomainCommand<'ReleaseClaim', ReleaseClaimData>
  | DomainCommand<'AbandonRelease', Omit<ClaimReleaseAbandoned['data'], 'settlementId'>>
  | DomainCommand<'WaiveLeg', WaiveLegData>
  | DomainCommand<'CloseSettlement', { closedOn: string }>;

const decide = (command: SettlementCommand, settlement: Settlement): readonly SettlementEvent[] => {
  if (command.type === 'ProposeSettlement') {
    if (settlement.status === 'unknown') return proposeSettlement(command.data, command.at);
    throw new DomainError(
      'conflict',
      'settlement/already-proposed',
      `The settlement is known as ${settlement.reference}`,
      { settlementId: settlement.settlementId },
    );
  }
  if (settlement.status === 'unknown') throw settlementUnknown();
  switch (command.type) {
    case 'ApproveSettlement':
      return approve(command.data, settlement, command.at);
    case 'WithdrawSettlement':
      return withdraw(command.data, settlement, command.at);
    case 'ValueLeg':
      return valueLeg(command.data, settlement, command.at);
    case 'PerformLeg':
      return performLeg(command.data, settlement, command.at);
    case 'ReleaseClaim':
      return releaseClaim(command.data, settlement, command.at);
    case 'AbandonRelease':
      return abandonRelease(command.data, settlement);
    case 'WaiveLeg':
      return waiveLeg(command.data, settlement, command.at);
    case 'CloseSettlement':
      return close(command.data, settlement, command.at);
    default:
      return unreachable(command);
  }
};

const approve = (
  data: Approval,
  { settlementId, status, approval, timeZone, proposedOn, legs }: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  if (approval && hashOf(approval) === hashOf(data)) return [];
  if (status !== 'proposed') throw notProposed(status);
  mustHaveCome(data.approvedOn, dayIn(timeZone, at), '/approvedOn');
  const before = { day: proposedOn, what: 'The settlement was proposed' };
  mustNotPrecede(data.approvedOn, before, '/approvedOn');
  const sitesGiven = legs.flatMap(({ direction, facility }) =>
    direction === 'given' && facility !== undefined ? [facility] : [],
  );
  return [{ type: 'SettlementApproved', data: { settlementId, ...data, sitesGiven } }];
};

const withdraw = (
  data: Withdrawal,
  { settlementId, status, withdrawal, timeZone, proposedOn }: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  if (withdrawal && hashOf(withdrawal) === hashOf(data)) return [];
  if (status !== 'proposed') throw notProposed(status);
  mustHaveCome(data.withdrawnOn, dayIn(timeZone, at), '/withdrawnOn');
  const before = { day: proposedOn, what: 'The settlement was proposed' };
  mustNotPrecede(data.withdrawnOn, before, '/withdrawnOn');
  return [{ type: 'SettlementWithdrawn', data: { settlementId, ...data } }];
};

const notProposed = (status: KnownSettlement['status']): DomainError =>
  new DomainError('conflict', 'settlement/not-proposed', `The settlement is ${status}`, {
    settlementStatus: status,
  });

const close = (
  { closedOn }: { closedOn: string },
  settlement: KnownSettlement,
  at: string,
): SettlementEvent[] => {
  if (settlement.closedOn === closedOn) return [];
  mustBeApproved(settlement);
  const { settlementId, legs, timeZone, approval } = settlement;
  const open = legs.filter((leg) => !hasEnded(leg)).map(({ leg }) => leg);
  if (open.length > 0) {
    throw new DomainError(
      'conflict',
      'settlement/legs-open',
      `Legs ${open.join(', ')} are neither performed nor waived`,
      { legs: open },
    );
  }
  mustHaveCome(closedOn, dayIn(timeZone, at), '/closedOn');
  const day = [approval.approvedOn, ...legs.flatMap(daysOf)].toSorted().at(-1)!;
  mustNotPrecede(closedOn, { day, what: 'The last leg ended' }, '/closedOn');
  return [{ type: 'SettlementClosed', data: { settlementId, closedOn } }];
};

/** A settlement: what each side gives, as a court approved it, and what became of each leg. */
export const settlementAggregate: Aggregate<Settlement, SettlementCommand, SettlementEvent> = {
  category: 'settlement',
  initialState: { status: 'unknown' },
  events: settlementEvents,
  decide,
  evolve: evolveSettlement,
};
