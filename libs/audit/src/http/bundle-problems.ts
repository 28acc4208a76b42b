import { registerProblems } from '@hostledger/http';
import './problems.js';

registerProblems({
  'audit/export-changed': {
    status: 409,
    title: 'The export that was begun cannot be gone on with',
  },
  'audit/position-ahead': { status: 409, title: 'The log does not reach so far' },
});
