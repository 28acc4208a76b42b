import { registerProblems } from '@hostledger/http';

registerProblems({
  'audit/position-ahead': { status: 409, title: 'The log does not reach so far' },
  'audit/too-many-exports': { status: 429, title: 'Too many exports are being read' },
});
