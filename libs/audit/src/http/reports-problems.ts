import { registerProblems } from '@hostledger/http';

registerProblems({
  'report/period-invalid': { status: 422, title: 'A report is of 1 to 366 days' },
});
