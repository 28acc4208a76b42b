import {
  DomainError,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

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

export type CustomerEvent = CustomerRegistered;

export const customerEvents: EventCatalogue<CustomerEvent> = {
  CustomerRegistered: 'A party whose machines are hosted became known under its legal name.',
};

// State

export type Customer =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'registered' } & Readonly<CustomerRegistered['data']>);

const evolve = (_customer: Customer, { data }: CustomerEvent): Customer => ({
  status: 'registered',
  ...data,
});

// Commands and decisions

export type CustomerCommand = DomainCommand<'RegisterCustomer', CustomerRegistered['data']>;

const decide = ({ data }: CustomerCommand, customer: Customer): readonly CustomerEvent[] => {
  if (customer.status === 'unknown') return [{ type: 'CustomerRegistered', data }];
  throw new DomainError(
    'conflict',
    'customer/already-registered',
    `Customer ${data.customerId} is registered as ${customer.legalName}`,
    { customerId: data.customerId },
  );
};

/** @param pointer the field that named the customer, where a body did. */
export const customerUnknown = (customerId: string, pointer?: string): DomainError =>
  new DomainError(
    'notFound',
    'customer/unknown',
    `There is no customer ${customerId}`,
    { customerId },
    pointer,
  );

/** A customer: who it is. Its id is given once, when it is registered. */
export const customerAggregate: Aggregate<Customer, CustomerCommand, CustomerEvent> = {
  category: 'customer',
  initialState: { status: 'unknown' },
  events: customerEvents,
  decide,
  evolve,
};
