import type { Projection } from '@hostledger/eventsourcing';
import type { PartyRules } from '@hostledger/feed';
import { auditPartiesProjection } from './read/history/parties-projection.js';
import { auditEventsProjection } from './read/history/projection.js';

/** @param rules whom events concern, told by the rooms that write them. */
export const historyProjections = (rules: PartyRules): readonly Projection[] => [
  auditEventsProjection,
  auditPartiesProjection(rules),
];
