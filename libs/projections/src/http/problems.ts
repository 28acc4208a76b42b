import { registerProblems } from '@hostledger/http';

registerProblems({
  'projection/unknown': { status: 404, title: 'There is no such projection' },
  'projection/run-unknown': { status: 404, title: 'The projection has no such run' },
  'projection/event-not-parked': { status: 404, title: 'The event is not parked' },
  'projection/run-behind': {
    status: 409,
    title: 'The tables of the run do not hold all that those in use do',
  },
  'projection/run-in-use': { status: 409, title: 'The run serves readers and cannot be dropped' },
  'projection/not-stopped': { status: 409, title: 'The projection has not stopped' },
  'projection/not-stopped-there': {
    status: 409,
    title: 'Only the event that a projection has stopped at can be parked',
  },
  'projection/log-not-refused': { status: 409, title: 'There is no other log to accept' },
  'projection/reason-missing': {
    status: 422,
    title: 'The act is to be explained by a reason, in X-Reason',
  },
});
