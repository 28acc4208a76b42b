import { registerProblems } from '@hostledger/http';

registerProblems({
  'billing/months-unclear': {
    status: 422,
    title: 'An export is of one month, or of all from one to another',
  },
});
