import type { Projection } from '@hostledger/eventsourcing';
import { auditEventsProjection } from './read/history/projection.js';

export const historyProjections: readonly Projection[] = [auditEventsProjection];
