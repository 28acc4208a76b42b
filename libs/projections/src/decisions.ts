import type { AggregateStore, Decisions } from '@hostledger/eventsourcing';
import { decisionsOf, projectionsAggregate } from './domain/projections.js';

/** What operators have decided about a group so far, as its runner asks for it. */
export const decisionsAbout =
  (store: AggregateStore, group: string): (() => Promise<Decisions>) =>
  async () => {
    const { state } = await store.load(projectionsAggregate, group, { fresh: true });
    return decisionsOf(state);
  };
