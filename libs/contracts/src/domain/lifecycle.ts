import {
  DomainError,
  hashOf,
  unreachable,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import { mustHaveCome } from './days.js';

// The life of a contract after it was signed. All dates are days in the contract's time zone.

export const SUSPENSION_CAUSES = ['nonPayment', 'breach', 'safety', 'legal', 'other'] as const;
export const TERMINATION_CAUSES = ['notice', 'mutual', 'breach', 'nonPayment', 'other'] as const;
export type SuspensionCause = (typeof SUSPENSION_CAUSES)[number];
export type TerminationCause = (typeof TERMINATION_CAUSES)[number];

/** An order of a bankruptcy court. */
export interface Ruling {
  readonly court: string;
  /** Case number, and the number of the order on the docket where there is one. */
  readonly docket: string;
  /** SHA-256 (hex) of the order. */
  readonly documentDigest: string;
}

// Events

export type ContractActivated = DomainEvent<
  'ContractActivated',
  { contractId: string; activatedOn: string }
>;
export type ServiceSuspended = DomainEvent<
  'ServiceSuspended',
  {
    contractId: string;
    suspendedOn: string;
    cause: SuspensionCause;
    /** The clause that allows it, as the document numbers it. */
    clauseRef?: string;
  }
>;
export type ServiceResumed = DomainEvent<
  'ServiceResumed',
  { contractId: string; resumedOn: string }
>;
export type TerminationNoticed = DomainEvent<
  'TerminationNoticed',
  {
    contractId: string;
    noticedOn: string;
    /** The day the contract can end on, at the earliest. */
    effectiveOn: string;
    /** Who gave it. */
    by: 'host' | 'customer';
    clauseRef?: string;
  }
>;
export type ContractTerminated = DomainEvent<
  'ContractTerminated',
  { contractId: string; terminatedOn: string; cause: TerminationCause }
>;
export type ContractExpired = DomainEvent<
  'ContractExpired',
  { contractId: string; expiredOn: string }
>;
export type ContractAssumed = DomainEvent<
  'ContractAssumed',
  { contractId: string; assumedOn: string; ruling: Ruling }
>;
export type ContractRejected = DomainEvent<
  'ContractRejected',
  { contractId: string; rejectedOn: string; ruling: Ruling }
>;
export type PartyAssigned = DomainEvent<
  'PartyAssigned',
  {
    contractId: string;
    fromCustomerId: string;
    toCustomerId: string;
    effectiveOn: string;
    /** SHA-256 (hex) of the assignment. */
    documentDigest: string;
  }
>;

export type LifecycleEvent =
  | ContractActivated
  | ServiceSuspended
  | ServiceResumed
  | TerminationNoticed
  | ContractTerminated
  | ContractExpired
  | ContractAssumed
  | ContractRejected
  | PartyAssigned;

export const lifecycleEvents: EventCatalogue<LifecycleEvent> = {
  ContractActivated: 'The conditions of an executed contract were met; service begins.',
  ServiceSuspended: 'Service under the contract was suspended.',
  ServiceResumed: 'Service under the contract was taken up again.',
  TerminationNoticed: 'One side gave notice that the contract ends, not before a day.',
  ContractTerminated: 'The contract ended by notice, by agreement or for a cause.',
  ContractExpired: 'The term of the contract was over and it was not renewed.',
  ContractAssumed: 'A bankruptcy court allowed the contract to be kept as it is.',
  ContractRejected: 'A bankruptcy court allowed the contract to be given up; it ended.',
  PartyAssigned: 'The contract passed to another customer with all that it holds.',
};

// State

export const STAGES = [
  'executed',
  'active',
  'suspended',
  'terminated',
  'expired',
  'rejected',
] as const;
export type Stage = (typeof STAGES)[number];

export interface Lifecycle {
  readonly stage: Stage;
  /** The day of the last act; the next one is not before it. */
  readonly since: string;
  /** Of a notice that was given: the day the contract can end on. */
  readonly endsOn?: string;
  readonly assumedOn?: string;
}

export type Acts = ReadonlyMap<LifecycleEvent['type'], LifecycleEvent>;

/** What the rules of the life need of an executed contract. */
export interface LivingContract {
  readonly contractId: string;
  readonly customerId: string;
  readonly lifecycle: Lifecycle;
  /** The last act of each kind. */
  readonly acts: Acts;
  /** Last day of the term, from the latest terms that name one. */
  readonly termEndsOn?: string;
  /** In the contract's time zone. */
  readonly today: string;
}

const ENDED: readonly Stage[] = ['terminated', 'expired', 'rejected'];

export const hasEnded = ({ stage }: Lifecycle): boolean => ENDED.includes(stage);

export const evolveLifecycle = (lifecycle: Lifecycle, event: LifecycleEvent): Lifecycle => {
  switch (event.type) {
    case 'ContractActivated':
      return { ...lifecycle, stage: 'active', since: event.data.activatedOn };
    case 'ServiceSuspended':
      return { ...lifecycle, stage: 'suspended', since: event.data.suspendedOn };
    case 'ServiceResumed':
      return { ...lifecycle, stage: 'active', since: event.data.resumedOn };
    case 'TerminationNoticed':
      return { ...lifecycle, since: event.data.noticedOn, endsOn: event.data.effectiveOn };
    case 'ContractTerminated':
      return { ...lifecycle, stage: 'terminated', since: event.data.terminatedOn };
    case 'ContractExpired':
      return { ...lifecycle, stage: 'expired', since: event.data.expiredOn };
    case 'ContractAssumed':
      return { ...lifecycle, since: event.data.assumedOn, assumedOn: event.data.assumedOn };
    case 'ContractRejected':
      return { ...lifecycle, stage: 'rejected', since: event.data.rejectedOn };
    case 'PartyAssigned':
      return { ...lifecycle, since: event.data.effectiveOn };
    default:
      return unreachable(event);
  }
};

// Commands

type Without<E extends DomainEvent, K extends PropertyKey = never> = Omit<
  E['data'],
  'contractId' | K
>;

export type LifecycleCommand =
  | DomainCommand<'ActivateContract', Without<ContractActivated>>
  | DomainCommand<'SuspendService', Without<ServiceSuspended>>
  | DomainCommand<'ResumeService', Without<ServiceResumed>>
  | DomainCommand<'GiveNotice', Without<TerminationNoticed>>
  | DomainCommand<'TerminateContract', Without<ContractTerminated>>
  | DomainCommand<'ExpireContract', Without<ContractExpired>>
  | DomainCommand<'AssumeContract', Without<ContractAssumed>>
  | DomainCommand<'RejectContract', Without<ContractRejected>>
  | DomainCommand<'AssignParty', Without<PartyAssigned, 'fromCustomerId'>>;

// Decide

const UNENDED: readonly Stage[] = ['executed', 'active', 'suspended'];

/** The stages in which an act is possible. */
const POSSIBLE_IN: Readonly<Record<LifecycleCommand['type'], readonly Stage[]>> = {
  ActivateContract: ['executed'],
  SuspendService: ['active'],
  ResumeService: ['suspended'],
  GiveNotice: UNENDED,
  TerminateContract: UNENDED,
  ExpireContract: UNENDED,
  AssumeContract: UNENDED,
  RejectContract: UNENDED,
  AssignParty: UNENDED,
};

/** How its refusal in the others is called. */
const OTHERWISE: Readonly<Record<LifecycleCommand['type'], string>> = {
  ActivateContract: 'contract/already-active',
  SuspendService: 'contract/not-active',
  ResumeService: 'contract/not-suspended',
  GiveNotice: 'contract/ended',
  TerminateContract: 'contract/ended',
  ExpireContract: 'contract/ended',
  AssumeContract: 'contract/ended',
  RejectContract: 'contract/ended',
  AssignParty: 'contract/ended',
};

/** @param contract one that was executed. What is recorded already, in every word, gives no event. */
export const decideLifecycle = (
  command: LifecycleCommand,
  contract: LivingContract,
): readonly LifecycleEvent[] => {
  const { contractId, lifecycle } = contract;
  const event = eventOf(command, contract);
  if (isSo(event, contract)) {
    mustBeRecorded(event, contract);
    return [];
  }
  if (!POSSIBLE_IN[command.type].includes(lifecycle.stage)) {
    throw hasEnded(lifecycle)
      ? contractEnded(contractId, lifecycle)
      : refused(
          OTHERWISE[command.type],
          `The contract is ${lifecycle.stage} since ${lifecycle.since}`,
          lifecycle,
        );
  }
  const { day, field } = lifecycleDay(event);
  if (day < lifecycle.since) {
    throw refused(
      'contract/before-last-act',
      `The last act on the contract was on ${lifecycle.since}, and this one says ${day}`,
      lifecycle,
      `/${field}`,
    );
  }
  mustHaveCome(day, contract.today, field);
  mustBeTime(command, contract);
  return [event];
};

const eventOf = (command: LifecycleCommand, contract: LivingContract): LifecycleEvent => {
  const { contractId, customerId } = contract;
  switch (command.type) {
    case 'ActivateContract':
      return { type: 'ContractActivated', data: { contractId, ...command.data } };
    case 'SuspendService':
      return { type: 'ServiceSuspended', data: { contractId, ...command.data } };
    case 'ResumeService':
      return { type: 'ServiceResumed', data: { contractId, ...command.data } };
    case 'GiveNotice':
      return { type: 'TerminationNoticed', data: { contractId, ...command.data } };
    case 'TerminateContract':
      return { type: 'ContractTerminated', data: { contractId, ...command.data } };
    case 'ExpireContract':
      return { type: 'ContractExpired', data: { contractId, ...command.data } };
    case 'AssumeContract':
      return { type: 'ContractAssumed', data: { contractId, ...command.data } };
    case 'RejectContract':
      return { type: 'ContractRejected', data: { contractId, ...command.data } };
    case 'AssignParty': {
      const data = { contractId, fromCustomerId: customerId, ...command.data };
      return { type: 'PartyAssigned', data };
    }
    default:
      return unreachable(command);
  }
};

/** The contract is in that stage since that very day, or belongs to that customer. */
const isSo = (event: LifecycleEvent, { lifecycle, customerId }: LivingContract): boolean => {
  if (event.type === 'PartyAssigned') return event.data.toCustomerId === customerId;
  if (event.type === 'TerminationNoticed') return lifecycle.endsOn === event.data.effectiveOn;
  if (event.type === 'ContractAssumed') return lifecycle.assumedOn === event.data.assumedOn;
  const after = evolveLifecycle(lifecycle, event);
  return after.stage === lifecycle.stage && after.since === lifecycle.since;
};

const mustBeRecorded = (event: LifecycleEvent, { acts, lifecycle }: LivingContract): void => {
  const recorded = acts.get(event.type);
  if (recorded && hashOf(factsOf(recorded)) === hashOf(factsOf(event))) return;
  throw refused(
    'contract/recorded-otherwise',
    'That is so already, and what is recorded of it is not the same',
    lifecycle,
  );
};

/** Without whom a contract passed from, who no longer has it when that is told again. */
const factsOf = ({ data }: LifecycleEvent) => ({ ...data, fromCustomerId: undefined });

/** The day an act counts from, and the field that names it. */
export const lifecycleDay = (
  event: LifecycleEvent,
): { readonly day: string; readonly field: string } => {
  switch (event.type) {
    case 'ContractActivated':
      return { day: event.data.activatedOn, field: 'activatedOn' };
    case 'ServiceSuspended':
      return { day: event.data.suspendedOn, field: 'suspendedOn' };
    case 'ServiceResumed':
      return { day: event.data.resumedOn, field: 'resumedOn' };
    case 'TerminationNoticed':
      return { day: event.data.noticedOn, field: 'noticedOn' };
    case 'ContractTerminated':
      return { day: event.data.terminatedOn, field: 'terminatedOn' };
    case 'ContractExpired':
      return { day: event.data.expiredOn, field: 'expiredOn' };
    case 'ContractAssumed':
      return { day: event.data.assumedOn, field: 'assumedOn' };
    case 'ContractRejected':
      return { day: event.data.rejectedOn, field: 'rejectedOn' };
    case 'PartyAssigned':
      return { day: event.data.effectiveOn, field: 'effectiveOn' };
    default:
      return unreachable(event);
  }
};

/** Whether machines may draw power from that act on. */
export const beginsService = ({ type }: LifecycleEvent): boolean =>
  type === 'ContractActivated' || type === 'ServiceResumed';

/** Notice ends a contract on its day and not before; a term is over when its last day is. */
const mustBeTime = (command: LifecycleCommand, { lifecycle, termEndsOn }: LivingContract): void => {
  if (command.type === 'GiveNotice') {
    const { noticedOn, effectiveOn } = command.data;
    if (effectiveOn >= noticedOn) return;
    throw refused(
      'contract/notice-backwards',
      `Notice given on ${noticedOn} cannot end the contract on ${effectiveOn}`,
      lifecycle,
      '/effectiveOn',
    );
  }
  if (command.type === 'TerminateContract' && command.data.cause === 'notice') {
    const { endsOn } = lifecycle;
    if (endsOn !== undefined && command.data.terminatedOn >= endsOn) return;
    throw refused(
      'contract/notice-not-over',
      endsOn === undefined
        ? 'Nobody has given notice'
        : `By the notice given, the contract ends on ${endsOn} and not before`,
      lifecycle,
      '/terminatedOn',
    );
  }
  if (command.type === 'ExpireContract') {
    if (termEndsOn !== undefined && command.data.expiredOn > termEndsOn) return;
    throw refused(
      'contract/term-not-over',
      termEndsOn === undefined
        ? 'The terms of the contract name no end'
        : `The last day of the term is ${termEndsOn}`,
      lifecycle,
      '/expiredOn',
    );
  }
};

export const contractEnded = (contractId: string, { stage, since }: Lifecycle): DomainError =>
  new DomainError('conflict', 'contract/ended', `The contract was ${stage} on ${since}`, {
    contractId,
    stage,
    since,
  });

const refused = (
  code: string,
  message: string,
  lifecycle: Lifecycle,
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, { ...lifecycle }, pointer);
