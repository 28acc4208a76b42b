import { registerProblems } from '@hostledger/http';

registerProblems({
  'audit/event-unknown': { status: 404, title: 'There is no such event in the history' },
  'audit/stream-unknown': { status: 404, title: 'There is no such stream in the history' },
  'audit/correlation-unknown': {
    status: 404,
    title: 'Nothing in the history bears this correlation',
  },
  'audit/type-unknown': {
    status: 400,
    title: 'Neither a room nor the history knows this type of event',
  },
  'audit/too-many-exports': { status: 429, title: 'Too many exports of the history are under way' },
});
