import type {
  Aggregate,
  DomainCommand,
  DomainEvent,
  EventCatalogue,
} from '@hostledger/eventsourcing';

// Events

/** Requests of one kind that were not let through within a minute, by one process. */
export interface DeniedRequests {
  /** `anonymous`: without a good token. `others`: those that were not told apart. */
  who: 'subject' | 'anonymous' | 'others';
  /** Of the token, where there was a good one. */
  subject?: string;
  /** What the token allows. */
  roles?: readonly string[];
  /** Of HTTP. */
  method?: string;
  /** The pattern of the route, without the ids. */
  route?: string;
  /** 401, 403 or 429 (rate limits). */
  status: number;
  /** Code of the problem that was answered; see problems.md. */
  code: string;
  /** How many there were. */
  count: number;
  /** Of the first of them. */
  firstAt: string;
  /** Of the last of them. */
  lastAt: string;
}

export type AccessDenialEvent = DomainEvent<'AccessDenied', DeniedRequests>;

export const accessDenialEvents: EventCatalogue<AccessDenialEvent> = {
  AccessDenied: 'Requests were not let through; summed by who, what and why.',
};

// State

/** Nothing is decided by what was denied before. */
export interface AccessDenials {
  readonly events: number;
}

// Commands

export type AccessDenialCommand = DomainCommand<
  'RecordDenials',
  { readonly denials: readonly DeniedRequests[] }
>;

/** What was denied on one day, as the processes tell it minute by minute. */
export const accessDenialsAggregate: Aggregate<
  AccessDenials,
  AccessDenialCommand,
  AccessDenialEvent
> = {
  category: 'accessDenials',
  initialState: { events: 0 },
  events: accessDenialEvents,
  decide: ({ data }) => data.denials.map((denied) => ({ type: 'AccessDenied', data: denied })),
  evolve: ({ events }) => ({ events: events + 1 }),
};
