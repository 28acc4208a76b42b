import { registerProblems } from '@hostledger/http';

registerProblems({
  'statement/unknown': { status: 404, title: 'There is no such statement' },
  'billing/months-unclear': {
    status: 422,
    title: 'An export is of one month, or of all from one to another',
  },
});
