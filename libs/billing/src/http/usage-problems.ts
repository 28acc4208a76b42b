import { registerProblems } from '@hostledger/http';

registerProblems({
  'usage/scope-missing': {
    status: 422,
    title: 'Usage is asked for of a contract, a customer, a facility or a machine',
  },
  'usage/window-empty': {
    status: 422,
    title: 'The day that usage ends on is after that it begins on',
  },
  'usage/window-too-long': { status: 422, title: 'Usage is told of 400 days at most' },
  'usage/not-come': { status: 409, title: 'What is still to come has not been used yet' },
  'usage/too-much': {
    status: 422,
    title: 'There are more machines and days than are added up for one answer; narrow it down',
  },
});
