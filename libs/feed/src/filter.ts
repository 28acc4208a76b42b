import { streamCategory, type RecordedEvent } from '@hostledger/eventsourcing';
import type { Parties } from './parties.js';

/** Which events are wanted: of any of the values of each list, and all lists that are given. */
export interface FeedFilter {
  readonly categories?: readonly string[];
  readonly types?: readonly string[];
  /** Events that concern the contract. */
  readonly contractId?: string | undefined;
  /** Events that concern the customer. */
  readonly customerId?: string | undefined;
}

/**
 * Of how the system is used and guarded, not of the business: only for who asks for them by their
 * category or type. Whether somebody may is not decided here.
 */
export const INTERNAL_CATEGORIES: readonly string[] = [
  'accessDenials',
  'accessToken',
  'commandKey',
];

/** A filter made ready to be asked often. */
export interface Matcher {
  /** The same for filters that ask for the same. */
  readonly key: string;
  /** Before the parties are known; false is final. */
  mayMatch(event: RecordedEvent): boolean;
  matches(event: RecordedEvent, parties: Parties): boolean;
}

export const matcherOf = (filter: FeedFilter): Matcher => {
  const { contractId, customerId } = filter;
  const categories = filter.categories?.length ? new Set(filter.categories) : undefined;
  const types = filter.types?.length ? new Set(filter.types) : undefined;
  const mayMatch = ({ type, stream }: RecordedEvent): boolean => {
    const category = streamCategory(stream);
    if (types && !types.has(type)) return false;
    if (categories) return categories.has(category);
    return types !== undefined || !INTERNAL_CATEGORIES.includes(category);
  };
  const sorted = (values: ReadonlySet<string> | undefined) => values && [...values].sort();
  return {
    key: JSON.stringify([sorted(categories), sorted(types), contractId, customerId]),
    mayMatch,
    matches: (event, { contracts, customers }) =>
      mayMatch(event) &&
      (contractId === undefined || contracts.includes(contractId)) &&
      (customerId === undefined || customers.includes(customerId)),
  };
};
