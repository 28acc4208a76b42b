import { registerProblems } from '@hostledger/http';

registerProblems({
  'feed/last-event-id-invalid': { status: 400, title: 'Last-Event-ID is not an id of the feed' },
  'feed/category-restricted': {
    status: 403,
    title: 'Events of this category are for auditors and admins',
  },
  'feed/position-ahead': { status: 409, title: 'The position lies after the end of the log' },
  'feed/position-unknown': { status: 409, title: 'The position is of no event of the log' },
  'feed/too-many-streams': { status: 429, title: 'Too many streams of the feed are open' },
  'schema/unknown': { status: 404, title: 'There is no such type of event' },
});
