import { unreachable, type RecordedEvent } from '@hostledger/eventsourcing';
import { amountOf, amountText, dayIn } from '@hostledger/quantities';
import type { ContractEvent, TermsAdopted } from './contract-events.js';
import { minus, NOTHING, plus, type Amount } from './contract-state.js';
import { evolveLifecycle, lifecycleDay, type Lifecycle, type Stage } from './lifecycle.js';
import { evolveConsents, isConsentedOn, type RelocationConsent } from './relocation-clause.js';

/** What was true of a contract on a day, by what had been recorded. */
export interface ContractOnDay {
  readonly contractId: string;
  readonly customerId: string;
  readonly reference: string;
  readonly title: string;
  readonly stage: 'drafted' | Stage;
  /** The day of the last act on it by then. */
  readonly since?: string;
  /** By a notice given by then: the day the contract can end on. */
  readonly endsOn?: string;
  /** When a court had allowed it to be kept. */
  readonly assumedOn?: string;
  /** The version in force, with where and when it was recorded. */
  readonly terms?: TermsAdopted['data'] & { readonly recorded: Source };
  /** Of orders that had begun, allocations in effect and deliveries reconciled by then. */
  readonly ordered: Amount;
  readonly allocated: Amount;
  readonly delivered: Amount & { readonly hashrateGhs: number };
  /** Of all deposits together, in the currency of the contract. */
  readonly depositHeld: string;
  /** To move machines, that held on the day. */
  readonly relocationConsents: readonly (RelocationConsent & { readonly consentId: string })[];
}

/** The event that says so. */
export interface Source {
  readonly eventId: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly recordedAt: string;
}

/**
 * Answers with the contract as it was on a day of its time zone, given the events known then, from
 * the first on; `undefined` if there are none. Only dates that the events name count: an event that
 * was recorded later about an earlier day is part of that day for whoever knows it.
 */
export const contractOnDay = (
  known: readonly RecordedEvent<ContractEvent>[],
  day: string,
): ContractOnDay | undefined => {
  let contract: ContractOnDay | undefined;
  let lifecycle: Lifecycle | undefined;
  let timeZone = 'UTC';
  let consents: ReadonlyMap<string, RelocationConsent> = new Map();
  for (const recorded of known) {
    const event = recorded as unknown as ContractEvent;
    if (event.type === 'ContractDrafted') {
      const { contractId, customerId, reference, title } = event.data;
      ({ timeZone } = event.data);
      contract = {
        contractId,
        customerId,
        reference,
        title,
        stage: 'drafted',
        ordered: NOTHING,
        allocated: NOTHING,
        delivered: { ...NOTHING, hashrateGhs: 0 },
        depositHeld: '0.00',
        relocationConsents: [],
      };
      continue;
    }
    if (!contract) continue;
    switch (event.type) {
      case 'ContractExecuted': {
        const { executedOn } = event.data;
        if (executedOn <= day) lifecycle = { stage: 'executed', since: executedOn };
        break;
      }
      case 'TermsAdopted':
        // Later versions take effect later, so the last one that has is in force.
        if (event.data.effectiveOn <= day) {
          contract = { ...contract, terms: { ...event.data, recorded: sourceOf(recorded) } };
        }
        break;
      case 'TermsCorrected':
        if (event.data.version === contract.terms?.version) {
          const { cause: _, ...terms } = event.data;
          const { kind, changes } = contract.terms;
          const kept = { ...(kind && { kind }), ...(changes && { changes }) };
          contract = { ...contract, terms: { ...kept, ...terms, recorded: sourceOf(recorded) } };
        }
        break;
      case 'ServiceOrderPlaced':
        if (event.data.startsOn <= day) {
          contract = { ...contract, ordered: plus(contract.ordered, event.data) };
        }
        break;
      case 'CustomerAllocated':
        if (event.data.effectiveOn <= day) {
          contract = { ...contract, allocated: plus(contract.allocated, event.data) };
        }
        break;
      case 'MinersDelivered': {
        const { reconciledAt, received: units, byModel, hashrateGhs } = event.data;
        if (dayIn(timeZone, reconciledAt) > day) break;
        const powerWatts = byModel.reduce((watts, model) => watts + model.nameplateWatts, 0);
        const { delivered } = contract;
        const hashrate = delivered.hashrateGhs + hashrateGhs;
        contract = {
          ...contract,
          delivered: { ...plus(delivered, { units, powerWatts }), hashrateGhs: hashrate },
        };
        break;
      }
      case 'DeliveredMinersAmended':
        if (dayIn(timeZone, event.data.amendedAt) <= day) {
          const { units, nameplateWatts: powerWatts, hashrateGhs } = event.data.change;
          const { delivered } = contract;
          const hashrate = delivered.hashrateGhs + hashrateGhs;
          contract = {
            ...contract,
            delivered: { ...plus(delivered, { units, powerWatts }), hashrateGhs: hashrate },
          };
        }
        break;
      case 'AllocationReduced':
        if (event.data.effectiveOn <= day) {
          contract = { ...contract, allocated: minus(contract.allocated, event.data) };
        }
        break;
      case 'AllocationAbandoned':
      case 'MachinesAssigned':
      case 'AssignmentReleased':
        break;
      case 'DepositReceived':
        if (event.data.receivedOn <= day) contract = held(contract, amountOf(event.data.amount));
        break;
      case 'DepositDrawn':
        if (event.data.drawnOn <= day) contract = held(contract, -amountOf(event.data.amount));
        break;
      case 'DepositRefunded':
        if (event.data.refundedOn <= day) contract = held(contract, -amountOf(event.data.amount));
        break;
      case 'RelocationConsented':
      case 'RelocationConsentWithdrawn':
        consents = evolveConsents(consents, event);
        break;
      case 'ContractActivated':
      case 'ServiceSuspended':
      case 'ServiceResumed':
      case 'TerminationNoticed':
      case 'ContractTerminated':
      case 'ContractExpired':
      case 'ContractAssumed':
      case 'ContractRejected':
      case 'PartyAssigned':
        if (!lifecycle || lifecycleDay(event).day > day) break;
        lifecycle = evolveLifecycle(lifecycle, event);
        if (event.type === 'PartyAssigned') {
          contract = { ...contract, customerId: event.data.toCustomerId };
        }
        break;
      default:
        unreachable(event);
    }
  }
  if (!contract) return undefined;
  const relocationConsents = [...consents]
    .filter(([, consent]) => isConsentedOn(consent, day))
    .map(([consentId, consent]) => ({ consentId, ...consent }));
  return { ...contract, ...lifecycle, relocationConsents };
};

const held = (contract: ContractOnDay, by: bigint): ContractOnDay => ({
  ...contract,
  depositHeld: amountText(amountOf(contract.depositHeld) + by),
});

const sourceOf = ({ id, revision, position, recordedAt }: RecordedEvent): Source => ({
  eventId: id,
  revision,
  position,
  recordedAt,
});
