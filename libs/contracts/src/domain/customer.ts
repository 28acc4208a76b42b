import {
  DomainError,
  hashOf,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

/** With `stop` nothing new is begun for the customer; what was begun goes on. */
export const CREDIT_STANDINGS = ['good', 'watch', 'stop'] as const;
export type CreditStanding = (typeof CREDIT_STANDINGS)[number];

// Events

export type CustomerRegistered = DomainEvent<
  'CustomerRegistered',
  {
    customerId: string;
    name: string;
    legalName: string;
    /** ISO 3166-1 alpha-2. */
    country: string;
  }
>;
export type CreditStandingChanged = DomainEvent<
  'CreditStandingChanged',
  {
    customerId: string;
    from: CreditStanding;
    /** From now on. */
    standing: CreditStanding;
    cause: string;
  }
>;
/** By merger or otherwise by law; its contracts pass one by one, each by `PartyAssigned`. */
export type CustomerSucceeded = DomainEvent<
  'CustomerSucceeded',
  {
    customerId: string;
    /** The customer that takes its place. */
    successorId: string;
    effectiveOn: string;
    /** SHA-256 (hex) of the proof. */
    documentDigest: string;
  }
>;

export type CustomerEvent = CustomerRegistered | CreditStandingChanged | CustomerSucceeded;

export const customerEvents: EventCatalogue<CustomerEvent> = {
  CustomerRegistered: 'A party whose machines are hosted became known under its legal name.',
  CreditStandingChanged: 'How far a customer is trusted to pay changed, for a cause.',
  CustomerSucceeded: 'Another customer took the place of a customer.',
};

// State

export interface RegisteredCustomer extends Readonly<CustomerRegistered['data']> {
  readonly status: 'registered';
  readonly standing: CreditStanding;
  /** Absent while nobody has changed it. */
  readonly standingCause?: string;
  readonly successorId?: string;
  readonly succession?: CustomerSucceeded['data'];
}

export type Customer = { readonly status: 'unknown' } | RegisteredCustomer;

const evolve = (customer: Customer, event: CustomerEvent): Customer => {
  if (event.type === 'CustomerRegistered') {
    return { status: 'registered', standing: 'good', ...event.data };
  }
  if (customer.status === 'unknown') return customer;
  switch (event.type) {
    case 'CreditStandingChanged':
      return { ...customer, standing: event.data.standing, standingCause: event.data.cause };
    case 'CustomerSucceeded':
      return { ...customer, successorId: event.data.successorId, succession: event.data };
    default:
      return unreachable(event);
  }
};

// Commands and decisions

export type CustomerCommand =
  | DomainCommand<'RegisterCustomer', CustomerRegistered['data']>
  | DomainCommand<'ChangeCreditStanding', { standing: CreditStanding; cause: string }>
  | DomainCommand<'SucceedCustomer', Omit<CustomerSucceeded['data'], 'customerId'>>;

const decide = (command: CustomerCommand, customer: Customer): readonly CustomerEvent[] => {
  if (command.type === 'RegisterCustomer') return register(command.data, customer);
  if (customer.status === 'unknown') {
    throw new DomainError('notFound', 'customer/unknown', 'There is no such customer');
  }
  switch (command.type) {
    case 'ChangeCreditStanding':
      return changeStanding(command.data, customer);
    case 'SucceedCustomer':
      return succeed(command.data, customer);
    default:
      return unreachable(command);
  }
};

const register = (data: CustomerRegistered['data'], customer: Customer): CustomerEvent[] => {
  if (customer.status === 'unknown') return [{ type: 'CustomerRegistered', data }];
  throw new DomainError(
    'conflict',
    'customer/already-registered',
    `Customer ${data.customerId} is registered as ${customer.legalName}`,
    { customerId: data.customerId },
  );
};

const changeStanding = (
  { standing, cause }: { standing: CreditStanding; cause: string },
  { customerId, standing: from, standingCause }: RegisteredCustomer,
): CustomerEvent[] => {
  if (standing !== from) {
    return [{ type: 'CreditStandingChanged', data: { customerId, from, standing, cause } }];
  }
  if (cause === standingCause) return [];
  throw new DomainError(
    'conflict',
    'customer/standing-unchanged',
    `The credit standing is ${standing} already, for another cause`,
    { customerId, standing, ...(standingCause !== undefined && { cause: standingCause }) },
  );
};

const succeed = (
  data: Omit<CustomerSucceeded['data'], 'customerId'>,
  { customerId, successorId, succession }: RegisteredCustomer,
): CustomerEvent[] => {
  const whole = { customerId, ...data };
  if (succession && hashOf(succession) === hashOf(whole)) return [];
  if (successorId !== undefined) throw succeeded(customerId, successorId);
  if (data.successorId === customerId) {
    throw new DomainError(
      'invalid',
      'customer/own-successor',
      'A customer does not succeed itself',
      { customerId },
      '/successorId',
    );
  }
  return [{ type: 'CustomerSucceeded', data: whole }];
};

/**
 * Why nothing new is begun for a customer; `undefined` when it may be.
 * @param pointer the field that named the customer, where a body did.
 */
export const creditRefusal = (customer: Customer, pointer?: string): DomainError | undefined => {
  if (customer.status === 'unknown') return undefined;
  const { customerId, standing, successorId } = customer;
  if (successorId !== undefined) return succeeded(customerId, successorId, pointer);
  if (standing !== 'stop') return undefined;
  return new DomainError(
    'conflict',
    'customer/credit-stop',
    `Nothing new is begun for ${customer.name}: its credit is stopped`,
    { customerId },
    pointer,
  );
};

/**
 * Why a customer cannot succeed another; `undefined` when it can. Whoever was succeeded takes no
 * one's place any more, so that following successors always ends at a customer that goes on.
 */
export const successorRefusal = (successor: Customer): DomainError | undefined => {
  if (successor.status === 'unknown' || successor.successorId === undefined) return undefined;
  const { customerId, successorId } = successor;
  return new DomainError(
    'conflict',
    'customer/successor-succeeded',
    `Customer ${customerId} was itself succeeded by ${successorId}`,
    { customerId, successorId },
    '/successorId',
  );
};

const succeeded = (customerId: string, successorId: string, pointer?: string): DomainError =>
  new DomainError(
    'conflict',
    'customer/succeeded',
    `Customer ${customerId} was succeeded by ${successorId}`,
    { customerId, successorId },
    pointer,
  );

/** @param pointer the field that named the customer, where a body did. */
export const customerUnknown = (customerId: string, pointer?: string): DomainError =>
  new DomainError(
    'notFound',
    'customer/unknown',
    `There is no customer ${customerId}`,
    { customerId },
    pointer,
  );

/** A customer: who it is, and its standing. Its id is given once, when it is registered. */
export const customerAggregate: Aggregate<Customer, CustomerCommand, CustomerEvent> = {
  category: 'customer',
  initialState: { status: 'unknown' },
  events: customerEvents,
  decide,
  evolve,
};
