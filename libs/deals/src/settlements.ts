import type { AggregateStore, DurableProcess, Projection } from '@hostledger/eventsourcing';
import { partiesOfRoom } from '@hostledger/feed';
import type { FleetWhereabouts } from '@hostledger/fleet';
import { claimAggregate, type ClaimEvent } from './domain/claim.js';
import type { SettlementEvent } from './domain/settlement-events.js';
import { settlementAggregate } from './domain/settlement.js';
import { siteClearanceAggregate, type ClearanceEvent } from './domain/site-clearance.js';
import './http/settlement-problems.js';
import { claimReleasesProcess } from './process/claim-release.js';
import { siteClearancesProcess } from './process/site-clearance.js';
import { clearancesProjection } from './read/clearances/projection.js';
import { settlementsProjection } from './read/settlements/projection.js';
import { settlementsQuery } from './read/settlements/query.js';
import { settlementActs } from './write/settlements.js';

// All of the settlements, for the module of the room.

export const settlementSlices = [settlementActs, settlementsQuery] as const;

export const settlementAggregates = [
  settlementAggregate,
  claimAggregate,
  siteClearanceAggregate,
] as const;

export const settlementProjections: readonly Projection[] = [
  settlementsProjection,
  clearancesProjection,
];

export const settlementProcesses = (
  store: AggregateStore,
  whereabouts: Pick<FleetWhereabouts, 'at' | 'of'>,
): readonly DurableProcess<never>[] => [
  claimReleasesProcess(store),
  siteClearancesProcess(store, whereabouts),
];

/**
 * A settlement is of its counterparty, where that is a customer, and so is the release of a claim
 * under it. Relocation cases are of the customer whose machines they are about.
 */
export const settlementParties = partiesOfRoom<SettlementEvent | ClaimEvent | ClearanceEvent>({
  kept: [settlementAggregate.category],
  rules: {
    SettlementProposed: {
      sets: ({ stream, data: { customerId: customer } }) =>
        customer === undefined ? [] : [{ stream, customer }],
    },
    ClaimBound: { of: ({ data }) => [`settlement-${data.settlementId}`] },
    ClaimUnbound: { of: ({ data }) => [`settlement-${data.settlementId}`] },
  },
});
