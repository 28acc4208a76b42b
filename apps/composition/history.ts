import { HistorySearch, historyProjections } from '@hostledger/audit';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { PartiesQuery } from '@hostledger/feed';
import { feedParties, partyRules, upcasters } from './rooms.js';
import type { System } from './system.js';

/** The search of the history: by its own projections alone, so that no other that stops holds it up. */
export const openHistory = ({ eventStore, database }: System): HistorySearch => {
  const projections = [...historyProjections(partyRules), feedParties];
  return new HistorySearch(
    new ReadModels(database, { projections, log: eventStore }),
    eventStore,
    new PartiesQuery(
      partyRules,
      new ReadModels(database, { projections: [feedParties], log: eventStore }),
    ),
    upcasters,
  );
};
