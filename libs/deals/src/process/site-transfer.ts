import type { AggregateStore } from '@hostledger/eventsourcing';
import { facilityAggregate } from '@hostledger/sites';
import type { SiteTransfer } from '../domain/settlement-legs.js';
import type { Leg } from '../domain/settlement-state.js';

/**
 * What the site's own stream says of its transfer, read fresh; `undefined` while it says nothing.
 * A transfer is final, so that it still holds when the settlement records it.
 */
export const siteTransfer = async (
  store: AggregateStore,
  { direction, facility }: Leg,
): Promise<SiteTransfer | undefined> => {
  if (facility === undefined) return undefined;
  const { state } = await store.load(facilityAggregate, facility, { fresh: true });
  if (state.status === 'unknown') return undefined;
  if (direction === 'received') {
    if (!state.acquired) return undefined;
    const { from: party, acquiredOn: on, documentDigest } = state.acquired;
    return { facility, party, on, documentDigest };
  }
  if (state.status !== 'disposed') return undefined;
  const { to: party, disposedOn: on, documentDigest } = state.disposal;
  return { facility, party, on, documentDigest };
};
