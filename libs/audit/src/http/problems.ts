import { registerProblems } from '@hostledger/http';

// Of several capabilities of the room.
registerProblems({
  'audit/stream-unknown': { status: 404, title: 'Nothing was ever recorded in that stream' },
  'audit/event-unknown': { status: 404, title: 'There is no such event in the log' },
  'audit/too-many-exports': { status: 429, title: 'Too many exports are being read' },
});
