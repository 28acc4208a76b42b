import { registerProblems } from '@hostledger/http';

registerProblems({
  'billing/not-come': { status: 409, title: 'What is still to come is not earned yet' },
  'billing/months-unclear': {
    status: 422,
    title: 'An export is of one month, or of all from one to another',
  },
});
