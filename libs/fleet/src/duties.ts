import { dutiesOfRoom } from '@hostledger/eventsourcing';
import type { DeliveryEvent } from './domain/delivery.js';
import type { MinerEvent } from './domain/miner.js';
import type { RelocationEvent } from './domain/relocation.js';

const delivery = (deliveryId: string): string => `delivery ${deliveryId}`;
const relocation = (relocationId: string): string => `relocation ${relocationId}`;

export const fleetDuties = dutiesOfRoom<DeliveryEvent | MinerEvent | RelocationEvent>({
  twoPersonActs: {
    'fleet/relocation-plan': {
      title: 'Relocation plan',
      isEnforced: true,
      why: 'Nothing moves under a plan before another subject than the planner approved it',
    },
    'fleet/discrepancy': {
      title: 'Discrepancy of a delivery',
      isEnforced: false,
      why: 'Whoever uploaded the manifest may settle what was not as it says; small docks have one clerk',
    },
  },
  overrides: {
    'fleet/power-without-contract':
      'A machine was let draw power although its contract is not active, by whom the act names, who did not sign it',
    'fleet/approved-plan-cancelled': 'A relocation was called off after it had been approved',
    'fleet/discrepancy-accepted':
      'What was not as it should be was accepted or credited all the same',
  },
  duties: {
    'fleet/records-delivery': 'Uploads what is to come',
    'fleet/settles-discrepancies': 'Says what becomes of what did not come as it should',
    'fleet/inspects': 'Finds machines good',
  },
  conflicts: [
    {
      one: 'fleet/records-delivery',
      other: 'fleet/settles-discrepancies',
      why: 'Machines that never came could be written into the manifest and settled away',
    },
    {
      one: 'fleet/inspects',
      other: 'fleet/settles-discrepancies',
      why: 'Damage could be found, and paid for, by the same word',
    },
  ],
  acts: {
    RelocationPlanned: ({ data }) => [
      {
        kind: 'request',
        name: 'fleet/relocation-plan',
        about: relocation(data.relocationId),
        by: data.plannedBy,
        reason: data.cause,
      },
    ],
    RelocationApproved: ({ data }) => [
      {
        kind: 'approval',
        name: 'fleet/relocation-plan',
        about: relocation(data.relocationId),
        by: data.approvedBy,
        other: data.plannedBy,
      },
    ],
    RelocationCancelled: ({ data }) => [
      data.before === 'planned'
        ? {
            kind: 'refusal',
            name: 'fleet/relocation-plan',
            about: relocation(data.relocationId),
            by: data.cancelledBy,
            reason: data.cause,
          }
        : {
            kind: 'override',
            name: 'fleet/approved-plan-cancelled',
            about: relocation(data.relocationId),
            by: data.cancelledBy,
            reason: data.cause,
          },
    ],
    ManifestRegistered: ({ data }) => [
      { kind: 'request', name: 'fleet/discrepancy', about: delivery(data.deliveryId) },
      { kind: 'duty', name: 'fleet/records-delivery', about: delivery(data.deliveryId) },
    ],
    LinesInspected: ({ data }) => [
      { kind: 'duty', name: 'fleet/inspects', about: delivery(data.deliveryId) },
    ],
    DiscrepancyResolved: ({ data }) => {
      const { deliveryId, resolution, resolvedBy: by, reason } = data;
      const said = { about: delivery(deliveryId), by, reason };
      return [
        { kind: 'approval', name: 'fleet/discrepancy', ...said },
        { kind: 'duty', name: 'fleet/settles-discrepancies', ...said },
        ...(resolution === 'accepted' || resolution === 'credited'
          ? [{ kind: 'override' as const, name: 'fleet/discrepancy-accepted', ...said }]
          : []),
      ];
    },
    MinerEnergized: ({ data: { serial, override } }) =>
      override
        ? [
            {
              ...{ kind: 'override', name: 'fleet/power-without-contract' },
              ...{ about: `miner ${serial}`, other: override.approvedBy, reason: override.reason },
            },
          ]
        : [],
  },
  noActs: {
    ModelCorrected: 'It follows from a discrepancy that somebody resolved',
  },
});
