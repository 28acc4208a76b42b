import type { ContractEvent, PaymentTerms } from '@hostledger/contracts';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { AllocatedPower, Source, TermsInForce, Window } from './inputs.js';
import { startOfDay, windowOf, within } from './months.js';

// What a contract's own events say about a month. All that they date are days of its time zone.

export const sourceOf = ({ id, stream, revision, position }: RecordedEvent): Source => ({
  eventId: id,
  stream,
  revision: Number(revision),
  position: position.toString(),
});

/** A contract as far as it is billed, known from some of its events. */
export interface BilledContract {
  readonly contractId: string;
  readonly timeZone: string;
  readonly currency: string;
  /** In force within this part of time; undefined where it was never executed, or has no terms. */
  readonly inForce?: Window;
  /** The day it was over on, if it is: the first one that nothing is charged for. */
  readonly endedOn?: string;
  /** YYYY-MM; undefined as long as there is nothing to be billed. */
  readonly firstMonth?: string;
  readonly events: readonly RecordedEvent<ContractEvent>[];
}

/** No instant is later. */
export const FOREVER = '9999-12-31T00:00:00.000Z';

type Told = ContractEvent;

const told = (recorded: RecordedEvent<ContractEvent>): Told => recorded as unknown as Told;

/**
 * @param events of the contract's stream, from the first on.
 * @returns undefined where there are none.
 */
export const billedContract = (
  events: readonly RecordedEvent<ContractEvent>[],
): BilledContract | undefined => {
  let drafted: Pick<BilledContract, 'contractId' | 'timeZone' | 'currency'> | undefined;
  let executedOn: string | undefined;
  let firstTermsOn: string | undefined;
  let endedOn: string | undefined;
  for (const event of events.map(told)) {
    switch (event.type) {
      case 'ContractDrafted': {
        const { contractId, timeZone, currency } = event.data;
        drafted = { contractId, timeZone, currency };
        break;
      }
      case 'ContractExecuted':
        ({ executedOn } = event.data);
        break;
      case 'TermsAdopted':
        firstTermsOn ??= event.data.effectiveOn;
        break;
      case 'ContractTerminated':
        endedOn = event.data.terminatedOn;
        break;
      case 'ContractExpired':
        endedOn = event.data.expiredOn;
        break;
      case 'ContractRejected':
        endedOn = event.data.rejectedOn;
        break;
      default:
        break;
    }
  }
  if (!drafted) return undefined;
  const known = { ...drafted, ...(endedOn !== undefined && { endedOn }), events };
  if (executedOn === undefined || firstTermsOn === undefined) return known;
  const firstOn = executedOn > firstTermsOn ? executedOn : firstTermsOn;
  const { timeZone } = drafted;
  const from = startOfDay(timeZone, firstOn);
  const until = endedOn === undefined ? FOREVER : startOfDay(timeZone, endedOn);
  return { ...known, firstMonth: firstOn.slice(0, 7), inForce: { from, until } };
};

/** Whose contract it is at the end of a month. */
export const customerIn = ({ events }: BilledContract, month: string): string => {
  let customerId = '';
  for (const event of events.map(told)) {
    if (event.type === 'ContractDrafted') ({ customerId } = event.data);
    if (event.type === 'PartyAssigned' && event.data.effectiveOn.slice(0, 7) <= month) {
      customerId = event.data.toCustomerId;
    }
  }
  return customerId;
};

/** The versions of the terms in force in a month, as corrected, cut where one follows the other. */
export const termsIn = (contract: BilledContract, month: string): TermsInForce[] => {
  const { timeZone, inForce } = contract;
  const bounds = inForce && within(windowOf(timeZone, month), inForce);
  return bounds ? termsWithin(contract, bounds) : [];
};

/** All of them, of a contract that is over by the end of a month. */
export const formerTermsIn = (
  contract: BilledContract,
  month: string,
): { readonly formerTerms?: readonly TermsInForce[] } => {
  const { timeZone, inForce } = contract;
  if (!inForce || inForce.until >= windowOf(timeZone, month).until) return {};
  return { formerTerms: termsWithin(contract, inForce) };
};

const termsWithin = ({ events, timeZone }: BilledContract, bounds: Window): TermsInForce[] => {
  const versions: (Omit<TermsInForce, keyof Window> & { readonly from: string })[] = [];
  for (const recorded of events) {
    const event = told(recorded);
    if (event.type !== 'TermsAdopted' && event.type !== 'TermsCorrected') continue;
    const { version, clauses, rateCard, effectiveOn } = event.data;
    // Those of a version that was adopted later take effect later.
    const from = startOfDay(timeZone, effectiveOn);
    versions[version - 1] = { version, clauses, rateCard, source: sourceOf(recorded), from };
  }
  return versions.flatMap((terms, index) => {
    const window = { from: terms.from, until: versions[index + 1]?.from ?? FOREVER };
    const cut = within(window, bounds);
    return cut ? [{ ...terms, ...cut }] : [];
  });
};

/**
 * The terms last in force by the end of a month; also of a contract that had ended before, since
 * what is adjusted then is to be paid as all that was charged.
 */
export const termsOfPayment = (
  contract: BilledContract,
  month: string,
): TermsInForce | undefined => {
  const { timeZone, inForce } = contract;
  const before = { from: '', until: windowOf(timeZone, month).until };
  const bounds = inForce && within(inForce, before);
  return bounds && termsWithin(contract, bounds).at(-1);
};

/** What {@link termsOfPayment} say of paying. */
export const paymentTerms = (contract: BilledContract, month: string): PaymentTerms | undefined =>
  termsOfPayment(contract, month)?.rateCard.payment;

/** What is allocated in a month while the contract is in force, cut where an allocation changes. */
export const allocationsIn = (
  { events, timeZone, inForce }: BilledContract,
  month: string,
): AllocatedPower[] => {
  const bounds = inForce && within(windowOf(timeZone, month), inForce);
  if (!bounds) return [];
  const changes = Map.groupBy(
    events.flatMap((recorded) => {
      const event = told(recorded);
      if (event.type !== 'CustomerAllocated' && event.type !== 'AllocationReduced') return [];
      const { allocationId, facility, units, powerWatts, effectiveOn } = event.data;
      const sign = event.type === 'CustomerAllocated' ? 1 : -1;
      const change = { units: sign * units, powerWatts: sign * powerWatts };
      return [{ allocationId, facility, effectiveOn, ...change, source: sourceOf(recorded) }];
    }),
    ({ allocationId }) => allocationId,
  );
  return [...changes.values()].flatMap((all) => {
    const inOrder = all.toSorted((one, other) => (one.effectiveOn < other.effectiveOn ? -1 : 1));
    const { allocationId, facility } = inOrder[0]!;
    let units = 0;
    let powerWatts = 0;
    const sources: Source[] = [];
    return inOrder.flatMap((change, index): AllocatedPower[] => {
      units += change.units;
      powerWatts += change.powerWatts;
      sources.push(change.source);
      const next = inOrder[index + 1]?.effectiveOn;
      const until = next === undefined ? FOREVER : startOfDay(timeZone, next);
      const cut = within({ from: startOfDay(timeZone, change.effectiveOn), until }, bounds);
      if (!cut || powerWatts + units === 0) return [];
      return [{ allocationId, facility, units, powerWatts, ...cut, sources: [...sources] }];
    });
  });
};

/** Whether any version of the terms shares out what programmes pay for curtailments. */
export const sharesReceipts = ({ events }: Pick<BilledContract, 'events'>): boolean =>
  events.map(told).some((event) => {
    if (event.type !== 'TermsAdopted' && event.type !== 'TermsCorrected') return false;
    const { curtailmentCredit: credit } = event.data.rateCard;
    return credit !== undefined && credit.creditPerKwh === undefined;
  });
