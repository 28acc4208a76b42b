import { registerProblems } from '@hostledger/http';
import './problems.js';

registerProblems({
  'audit/position-ahead': { status: 409, title: 'The log does not reach so far' },
});
