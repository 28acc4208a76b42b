import { registerProblems } from '@hostledger/http';
import './problems.js';

registerProblems({
  'audit/category-unknown': { status: 404, title: 'There are no streams of that kind' },
  'audit/not-known-then': {
    status: 404,
    title: 'Nothing of it had been recorded, and had happened, by then',
  },
  'audit/state-untold': {
    status: 409,
    title: 'The events that count do not make a state by themselves',
  },
  'audit/table-unknown': { status: 404, title: 'There is no such table of a read model' },
  'audit/row-key-invalid': {
    status: 422,
    title: 'A row is named by every column of the key of its table, and by nothing else',
  },
});
