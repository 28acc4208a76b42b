import { registerProblems } from '@hostledger/http';
import './problems.js';

registerProblems({
  'audit/correlation-unknown': {
    status: 404,
    title: 'Nothing in the history bears this correlation',
  },
  'audit/type-unknown': {
    status: 400,
    title: 'Neither a room nor the history knows this type of event',
  },
});
