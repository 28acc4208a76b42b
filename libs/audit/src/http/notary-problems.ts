import { registerProblems } from '@hostledger/http';
import './problems.js';

registerProblems({
  'notary/key-adopted': { status: 409, title: 'The log has a key already' },
  'notary/key-not-in-force': { status: 409, title: 'Another key is in force' },
  'notary/key-used-before': { status: 409, title: 'A key that was in force never comes back' },
  'notary/rotation-not-signed': {
    status: 409,
    title: 'A rotation is signed by the old key and by the new one',
  },
  'notary/checkpoint-not-signed': { status: 409, title: 'No such checkpoint was signed' },
  'notary/checkpoint-outdated': {
    status: 409,
    title: 'A checkpoint covers more, and is later, than the one before',
  },
  'notary/day-over': {
    status: 409,
    title: 'Checkpoints go to the stream of the day of the last one',
  },
  'audit/checkpoint-unknown': { status: 404, title: 'No checkpoint of that size was signed' },
  'audit/not-covered': {
    status: 409,
    title: 'The event is not covered by the checkpoint; a later one will cover it',
  },
  'audit/sizes-out-of-order': {
    status: 422,
    title: 'A tree is proved to have grown out of a smaller one, not out of a larger one',
  },
  'audit/tree-behind': {
    status: 503,
    title: 'The tree is being built again from the log and is not there yet',
  },
});
