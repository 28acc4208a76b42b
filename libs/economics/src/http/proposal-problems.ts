import { registerProblems } from '@hostledger/http';

registerProblems({
  'proposal/unknown': { status: 404, title: 'There is no such proposal' },
  'proposal/downtime-too-long': {
    status: 422,
    title: 'A machine runs again before the horizon of the proposal ends',
  },
  'proposal/facility-unknown': { status: 422, title: 'There is no such facility' },
  'proposal/market-unknown': {
    status: 409,
    title: 'Neither recorded nor stated is what mining pays under',
  },
  'proposal/rate-unknown': {
    status: 409,
    title: 'Of a facility that was named it is not known what power costs in the currency',
  },
  'proposal/no-machines': { status: 409, title: 'There are no machines to choose from' },
  'proposal/too-many-machines': {
    status: 409,
    title: 'There are more machines to choose from than one plan can move; narrow the scope',
  },
  'proposal/nothing-to-gain': { status: 409, title: 'No move brings more than it costs' },
  'proposal/no-room': {
    status: 409,
    title: 'There are no free slots with power, or no budget, for machines whose move would pay',
  },
  'proposal/gain-too-small': {
    status: 409,
    title: 'The best moves bring less than was asked for',
  },
  'proposal/too-varied': {
    status: 409,
    title: 'The moves differ in too many ways to be told of in one proposal; narrow its scope',
  },
});
