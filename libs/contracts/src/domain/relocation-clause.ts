import { DomainError, type DomainEvent, type EventCatalogue } from '@hostledger/eventsourcing';
import type { KnownContract } from './contract-state.js';
import { mustHaveCome } from './days.js';
import { mustBeExecuted, mustGoOn, notFound, refused } from './standing.js';

// Where the machines of a contract may be brought, as its terms have it, and what the customer
// agreed to beside them.

/** What the utility rate of a destination may be, against that of the site the machines leave. */
export const COST_CLASSES = ['equalOrLower', 'any'] as const;
export type CostClass = (typeof COST_CLASSES)[number];

export const RELOCATION_CONSENTS = ['notRequired', 'required'] as const;
export type ConsentRule = (typeof RELOCATION_CONSENTS)[number];

/** What a version of the terms says of machines that are to be moved to another site. */
export interface RelocationClause {
  /** One of the clauses of the same version. */
  readonly clauseRef: string;
  /** Sites that the machines may stand at; any where it is left out. */
  readonly facilities?: readonly string[];
  /** Any where it is left out. */
  readonly costClass?: CostClass;
  /** Whether the customer is asked before machines go to another site. */
  readonly consent: ConsentRule;
}

export type RelocationConsented = DomainEvent<
  'RelocationConsented',
  {
    contractId: string;
    customerId: string;
    /** Consent to move machines. */
    consentId: string;
    /** Sites that the machines may be brought to. */
    facilities: readonly string[];
    /** When the customer said so. */
    consentedOn: string;
    /** First day on which machines may be moved under it. */
    fromOn: string;
    /** Last such day; it holds until it is withdrawn where none is named. */
    untilOn?: string;
    /** SHA-256 (hex) of what the customer signed or wrote. */
    documentDigest: string;
  }
>;
export type RelocationConsentWithdrawn = DomainEvent<
  'RelocationConsentWithdrawn',
  {
    contractId: string;
    customerId: string;
    /** Consent to move machines. */
    consentId: string;
    /** From this day on nothing is moved under it; what is on its way arrives. */
    withdrawnOn: string;
    /** Why. */
    cause: string;
  }
>;
export type ConsentEvent = RelocationConsented | RelocationConsentWithdrawn;

export const consentEvents: EventCatalogue<ConsentEvent> = {
  RelocationConsented: 'The customer agreed that machines are brought to other sites.',
  RelocationConsentWithdrawn: 'The customer took back the consent to move machines.',
};

/** A consent as it stands. */
export interface RelocationConsent {
  readonly facilities: readonly string[];
  readonly consentedOn: string;
  readonly fromOn: string;
  readonly untilOn?: string;
  readonly withdrawn?: { readonly on: string; readonly cause: string };
}

type Ours = 'contractId' | 'customerId';
export type Consent = Omit<RelocationConsented['data'], Ours>;
export type Withdrawal = Omit<RelocationConsentWithdrawn['data'], Ours>;

export type ConsentCommand =
  | { readonly type: 'ConsentToRelocation'; readonly data: Consent; readonly at: string }
  | { readonly type: 'WithdrawRelocationConsent'; readonly data: Withdrawal; readonly at: string };

export const decideConsent = (
  command: ConsentCommand,
  contract: KnownContract,
  today: string,
): ConsentEvent[] =>
  command.type === 'ConsentToRelocation'
    ? consent(command.data, contract, today)
    : withdraw(command.data, contract, today);

const consent = (data: Consent, contract: KnownContract, today: string): ConsentEvent[] => {
  mustBeExecuted(contract);
  if (contract.consents.has(data.consentId)) return [];
  mustGoOn(contract);
  mustHaveCome(data.consentedOn, today, 'consentedOn');
  mustNameSitesOnce(data.facilities, '/facilities');
  if (data.untilOn !== undefined && data.untilOn < data.fromOn) {
    throw new DomainError(
      'invalid',
      'contract/consent-backwards',
      `A consent until ${data.untilOn} is over when it begins on ${data.fromOn}`,
      { fromOn: data.fromOn, untilOn: data.untilOn },
      '/untilOn',
    );
  }
  const { contractId, customerId } = contract;
  return [{ type: 'RelocationConsented', data: { contractId, customerId, ...data } }];
};

/** Also after the end of the contract, when machines may still be on their way. */
const withdraw = (data: Withdrawal, contract: KnownContract, today: string): ConsentEvent[] => {
  const { consentId, withdrawnOn, cause } = data;
  const given = contract.consents.get(consentId);
  if (!given) {
    throw notFound('contract/consent-unknown', 'The contract has no such consent', { consentId });
  }
  if (given.withdrawn) {
    if (given.withdrawn.on === withdrawnOn && given.withdrawn.cause === cause) return [];
    throw refused(
      'contract/recorded-otherwise',
      'The consent was withdrawn already, and what is recorded of that is not the same',
      { consentId, withdrawnOn: given.withdrawn.on },
    );
  }
  mustHaveCome(withdrawnOn, today, 'withdrawnOn');
  if (withdrawnOn < given.consentedOn) {
    throw refused(
      'contract/consent-not-given',
      `The consent was given on ${given.consentedOn}, after ${withdrawnOn}`,
      { consentId, consentedOn: given.consentedOn },
      '/withdrawnOn',
    );
  }
  const { contractId, customerId } = contract;
  return [{ type: 'RelocationConsentWithdrawn', data: { contractId, customerId, ...data } }];
};

export const evolveConsents = (
  consents: KnownContract['consents'],
  event: ConsentEvent,
): KnownContract['consents'] => {
  const after = new Map(consents);
  if (event.type === 'RelocationConsented') {
    const { consentId, facilities, consentedOn, fromOn, untilOn } = event.data;
    const given = { facilities, consentedOn, fromOn };
    return after.set(consentId, { ...given, ...(untilOn !== undefined && { untilOn }) });
  }
  const { consentId, withdrawnOn: on, cause } = event.data;
  const given = consents.get(consentId);
  return given ? after.set(consentId, { ...given, withdrawn: { on, cause } }) : consents;
};

/** Whether machines may be moved under it on a day. */
export const isConsentedOn = (
  { fromOn, untilOn, withdrawn }: Omit<RelocationConsent, 'facilities' | 'consentedOn'>,
  day: string,
): boolean =>
  fromOn <= day &&
  (untilOn === undefined || day <= untilOn) &&
  (withdrawn === undefined || day < withdrawn.on);

/** Terms name a clause that they have, and each site once. */
export const mustBeClauseOf = (
  relocation: RelocationClause,
  clauses: readonly { readonly ref: string }[],
): void => {
  const { clauseRef, facilities = [] } = relocation;
  if (!clauses.some(({ ref }) => ref === clauseRef)) {
    throw new DomainError(
      'invalid',
      'contract/relocation-clause-unknown',
      `There is no clause ${clauseRef} among those of the terms`,
      { clauseRef },
      '/relocation/clauseRef',
    );
  }
  mustNameSitesOnce(facilities, '/relocation/facilities');
};

const mustNameSitesOnce = (facilities: readonly string[], pointer: string): void => {
  const repeated = facilities.findIndex((site, index) => facilities.indexOf(site) < index);
  if (repeated < 0) return;
  throw new DomainError(
    'invalid',
    'contract/relocation-site-repeated',
    `The site ${facilities[repeated]} is named twice`,
    { facility: facilities[repeated] },
    `${pointer}/${repeated}`,
  );
};
