import { dutiesOfRoom, type ToldAct } from '@hostledger/eventsourcing';
import type { AccountEvent } from './domain/account-events.js';
import type { MeterMonthEvent } from './domain/meter-month.js';
import type { PeriodEvent } from './domain/period-events.js';
import type { ProgrammeReceiptEvent } from './domain/programme-receipts.js';

const contract = (contractId: string): string => `contract ${contractId}`;
const month = (of: { readonly contractId: string; readonly month: string }): string =>
  `${contract(of.contractId)}, ${of.month}`;

const reads = (contractId: string): ToldAct => ({
  ...{ kind: 'duty', name: 'billing/records-readings', about: contract(contractId) },
});
const closes = (contractId: string, by?: string): ToldAct => ({
  ...{ kind: 'duty', name: 'billing/closes-months', about: contract(contractId) },
  ...(by !== undefined && { by }),
});
const givesUp = (contractId: string): ToldAct => ({
  ...{ kind: 'duty', name: 'billing/gives-up', about: contract(contractId) },
});

export const billingDuties = dutiesOfRoom<
  AccountEvent | PeriodEvent | MeterMonthEvent | ProgrammeReceiptEvent
>({
  twoPersonActs: {
    'billing/restatement': {
      title: 'Restatement of a closed month',
      isEnforced: true,
      why: 'A new result stands once another subject than who proposed it agreed',
    },
    'billing/write-off': {
      title: 'Write-off',
      isEnforced: true,
      why: 'Another subject than who proposed it gives an amount up',
    },
    'billing/dispute': {
      title: 'Dispute of a statement',
      isEnforced: false,
      why: 'Whoever took down what the customer disputes may say what comes of it',
    },
  },
  overrides: {
    'billing/usage-estimated': 'Totals that no meter told were accepted as estimated',
    'billing/usage-corrected': 'What a meter had told was replaced',
    'billing/adjustment-agreed': 'A closed month was charged otherwise by the word of one subject',
    'billing/credit-note': 'Something was given back without a dispute, by the word of one subject',
  },
  duties: {
    'billing/records-readings': 'Records what meters told, or what is taken in its place',
    'billing/closes-months': 'Closes a month, which makes a statement of it',
    'billing/adjusts-months': 'Changes what a closed month comes to',
    'billing/records-payments': 'Records what customers paid',
    'billing/gives-up': 'Credits or writes off what is owed',
  },
  conflicts: [
    {
      one: 'contracts/adopts-terms',
      other: 'billing/closes-months',
      why: 'What is charged, and that it is charged, would be the word of one',
    },
    {
      one: 'billing/records-readings',
      other: 'billing/closes-months',
      why: 'A quantity of the own making could be billed',
    },
    {
      one: 'billing/closes-months',
      other: 'billing/adjusts-months',
      why: 'A month could be closed one way and changed another, with nobody looking',
    },
    {
      one: 'billing/records-payments',
      other: 'billing/gives-up',
      why: 'A payment could be kept and what it was for be written off',
    },
  ],
  acts: {
    UsageAccepted: ({ data }) => [reads(data.contractId)],
    UsageEstimated: ({ data }) => [
      reads(data.contractId),
      {
        kind: 'override',
        name: 'billing/usage-estimated',
        about: `meter ${data.meterId}, ${data.month}`,
        reason: data.method,
      },
    ],
    UsageCorrected: ({ data }) => [
      reads(data.contractId),
      {
        kind: 'override',
        name: 'billing/usage-corrected',
        about: `meter ${data.meterId}, ${data.month}`,
        reason: data.cause,
      },
    ],
    PeriodCloseBegan: ({ data }) => [closes(data.contractId, data.begunBy)],
    AdjustmentAgreed: ({ data }) => [
      {
        kind: 'duty',
        name: 'billing/adjusts-months',
        about: contract(data.contractId),
        by: data.agreedBy,
      },
      {
        kind: 'override',
        name: 'billing/adjustment-agreed',
        about: month(data),
        by: data.agreedBy,
        reason: data.reason,
      },
    ],
    RestatementProposed: ({ data }) => [
      {
        kind: 'request',
        name: 'billing/restatement',
        about: `restatement ${data.restatementId}`,
        by: data.proposedBy,
        reason: data.reason,
      },
    ],
    RestatementApproved: ({ data }) => [
      {
        kind: 'approval',
        name: 'billing/restatement',
        about: `restatement ${data.restatementId}`,
        by: data.approvedBy,
      },
      {
        kind: 'duty',
        name: 'billing/adjusts-months',
        about: contract(data.contractId),
        by: data.approvedBy,
      },
    ],
    RestatementRejected: ({ data }) => [
      {
        kind: 'refusal',
        name: 'billing/restatement',
        about: `restatement ${data.restatementId}`,
        by: data.rejectedBy,
        reason: data.reason,
      },
    ],
    PaymentReceived: ({ data }) => [
      { kind: 'duty', name: 'billing/records-payments', about: contract(data.contractId) },
    ],
    CreditNoteBegan: ({ data }) => [
      givesUp(data.contractId),
      ...(data.disputeId === undefined
        ? [
            {
              kind: 'override' as const,
              name: 'billing/credit-note',
              about: `credit note ${data.creditNoteId}`,
              reason: data.reason,
            },
          ]
        : []),
    ],
    DisputeRaised: ({ data }) => [
      {
        kind: 'request',
        name: 'billing/dispute',
        about: `dispute ${data.disputeId}`,
        reason: data.reason,
      },
    ],
    DisputeResolved: ({ data }) => [
      {
        kind: data.outcome === 'upheld' ? 'approval' : 'refusal',
        name: 'billing/dispute',
        about: `dispute ${data.disputeId}`,
        reason: data.reason,
      },
    ],
    WriteOffProposed: ({ data }) => [
      {
        kind: 'request',
        name: 'billing/write-off',
        about: `write-off ${data.writeOffId}`,
        by: data.proposedBy,
        reason: data.reason,
      },
    ],
    WriteOffApproved: ({ data }) => [
      { ...givesUp(data.contractId), by: data.approvedBy },
      {
        kind: 'approval',
        name: 'billing/write-off',
        about: `write-off ${data.writeOffId}`,
        by: data.approvedBy,
      },
    ],
  },
  noActs: {
    PaymentReversed: 'The bank decides it',
    ProgrammeReceiptReversed: 'The programme decides it',
  },
});
