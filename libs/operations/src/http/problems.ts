import { registerProblems } from '@hostledger/http';

registerProblems({
  'operation/unknown': { status: 404, title: 'There is no such operation' },
  'operation/lines-missing': { status: 409, title: 'Not all lines of the upload are stored yet' },
  'operation/chunks-pending': { status: 409, title: 'The operation is not finished' },
  'operation/completed': { status: 409, title: 'The operation is completed' },
  'operation/not-cancellable': {
    status: 409,
    title: 'An operation of this kind is finished once it was started',
  },
});
