import { dutiesOfRoom } from '@hostledger/eventsourcing';
import type { SettlementEvent } from './domain/settlement-events.js';
import type { SupplyEvent } from './domain/supply-events.js';

const settlement = (settlementId: string): string => `settlement ${settlementId}`;
const agreement = (agreementId: string): string => `supply agreement ${agreementId}`;
const line = (agreementId: string, number: number): string =>
  `${agreement(agreementId)}, line ${number}`;
const leg = (agreementId: string, number: number): string =>
  `${agreement(agreementId)}, leg ${number}`;

export const dealsDuties = dutiesOfRoom<SettlementEvent | SupplyEvent>({
  twoPersonActs: {
    'deals/settlement': {
      title: 'Settlement',
      isEnforced: false,
      why: 'A court approves it; whoever proposed it may record the order, whose digest is kept',
    },
    'deals/leg-waiver': {
      title: 'Waiver of a leg of a settlement',
      isEnforced: true,
      why: 'Another subject than who proposed the settlement waives what is left of it',
    },
    'deals/hashrate-waiver': {
      title: 'Waiver of hashrate that is owed',
      isEnforced: true,
      why: 'Another subject than who recorded the purchase waives what it owes',
    },
    'deals/valuation': {
      title: 'Valuation of a leg of a purchase',
      isEnforced: false,
      why: 'Somebody outside values it; whoever recorded the agreement may record the value',
    },
  },
  overrides: {
    'deals/valued-apart': 'A leg of a settlement was valued apart from its face amount',
    'deals/valuation-reversed': 'A valuation of a purchase was said never to have held',
  },
  duties: {
    'deals/agrees-purchases': 'Records what is bought and for what',
    'deals/values-purchases': 'Records what legs of a purchase are worth',
    'deals/pays': 'Records that cash was paid or shares were issued',
  },
  conflicts: [
    {
      one: 'deals/agrees-purchases',
      other: 'deals/pays',
      why: 'A purchase that nobody made could be paid',
    },
    {
      one: 'deals/values-purchases',
      other: 'deals/pays',
      why: 'Shares could be issued for a value of the own making',
    },
  ],
  acts: {
    SettlementProposed: ({ data: { settlementId, proposedBy: by } }) => {
      const said = { kind: 'request' as const, about: settlement(settlementId), by };
      return [
        { ...said, name: 'deals/settlement' },
        { ...said, name: 'deals/leg-waiver' },
      ];
    },
    SettlementApproved: ({ data }) => [
      { kind: 'approval', name: 'deals/settlement', about: settlement(data.settlementId) },
    ],
    SettlementWithdrawn: ({ data }) => [
      {
        kind: 'refusal',
        name: 'deals/settlement',
        about: settlement(data.settlementId),
        reason: data.explanation,
      },
    ],
    LegWaived: ({ data }) => [
      {
        kind: 'approval',
        name: 'deals/leg-waiver',
        about: settlement(data.settlementId),
        by: data.waivedBy,
        reason: data.cause,
      },
    ],
    LegValued: ({ data }) => [
      {
        kind: 'override',
        name: 'deals/valued-apart',
        about: `${settlement(data.settlementId)}, leg ${data.leg}`,
        reason: data.basis,
      },
    ],
    SupplyAgreed: ({ data: { agreementId, lines, recordedBy: by } }) => [
      { kind: 'duty', name: 'deals/agrees-purchases', about: agreement(agreementId), by },
      ...lines.map(({ line: number }) => ({
        kind: 'request' as const,
        name: 'deals/hashrate-waiver',
        about: line(agreementId, number),
        by,
      })),
    ],
    CallOptionExercised: ({ data: { agreementId, line: bought, recordedBy: by } }) => [
      { kind: 'duty', name: 'deals/agrees-purchases', about: agreement(agreementId), by },
      {
        kind: 'request',
        name: 'deals/hashrate-waiver',
        about: line(agreementId, bought.line),
        by,
      },
    ],
    HashrateWaived: ({ data }) => [
      {
        kind: 'approval',
        name: 'deals/hashrate-waiver',
        about: line(data.agreementId, data.line),
        by: data.waivedBy,
        reason: data.cause,
      },
    ],
    ValuationPending: ({ data }) => [
      { kind: 'request', name: 'deals/valuation', about: leg(data.agreementId, data.leg) },
    ],
    ConsiderationValued: ({ data }) => [
      { kind: 'approval', name: 'deals/valuation', about: leg(data.agreementId, data.leg) },
      { kind: 'duty', name: 'deals/values-purchases', about: agreement(data.agreementId) },
    ],
    ValuationReversed: ({ data }) => [
      {
        kind: 'override',
        name: 'deals/valuation-reversed',
        about: leg(data.agreementId, data.leg),
        reason: data.cause,
      },
    ],
    InstalmentPaid: ({ data }) => [
      { kind: 'duty', name: 'deals/pays', about: agreement(data.agreementId) },
    ],
    SharesIssued: ({ data }) => [
      { kind: 'duty', name: 'deals/pays', about: agreement(data.agreementId) },
    ],
  },
  noActs: {
    UpgradeProgrammeAgreed: 'It obliges nobody to anything that is recorded here',
    HashrateAccepted: 'It follows from a delivery',
  },
});
