import { dutiesOfRoom } from '@hostledger/eventsourcing';
import type { ProjectionsEvent } from './domain/projections.js';

export const projectionsDuties = dutiesOfRoom<ProjectionsEvent>({
  overrides: {
    'projections/event-parked': 'An event is left out of a read model or a process',
    'projections/log-accepted': 'Another log than before is taken for the truth',
  },
  acts: {
    EventParked: ({ data }) => [
      {
        kind: 'override',
        name: 'projections/event-parked',
        about: `event ${data.eventType} at ${data.position}, ${data.projection}`,
      },
    ],
    LogAccepted: ({ stream, data }) => [
      {
        kind: 'override',
        name: 'projections/log-accepted',
        about: `group ${stream.slice(stream.indexOf('-') + 1)}`,
        reason: data.reason,
      },
    ],
  },
  noActs: { EventUnparked: 'It undoes a parking' },
});
