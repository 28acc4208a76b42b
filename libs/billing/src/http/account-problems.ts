import { registerProblems } from '@hostledger/http';

registerProblems({
  'account/unknown': { status: 404, title: 'The contract has no account yet' },
  'account/statement-unknown': { status: 404, title: 'The account has no such statement' },
  'account/payment-unknown': { status: 404, title: 'The account has no such payment' },
  'account/credit-note-unknown': { status: 404, title: 'The account has no such credit note' },
  'account/late-fee-unknown': { status: 404, title: 'The account has charged no such late fee' },
  'account/dispute-unknown': { status: 404, title: 'The account has no such dispute' },
  'account/write-off-unknown': {
    status: 404,
    title: 'The account has no such proposal to write off',
  },
  'account/draw-unknown': { status: 409, title: 'The account has begun no such draw' },
  'account/recorded-otherwise': {
    status: 409,
    title: 'That is recorded on the account already, with other facts',
  },
  'account/payment-twice': {
    status: 409,
    title: 'A payment of that reference, day and amount is recorded already',
  },
  'account/money-too-fine': {
    status: 422,
    title: 'The amount has more decimal places than its currency',
  },
  'account/nothing': { status: 422, title: 'An amount of nothing changes no account' },
  'account/act-in-future': {
    status: 409,
    title: 'An act on an account is recorded once it was done',
  },
  'account/act-too-early': {
    status: 409,
    title: 'The act is dated before one that has to come first',
  },
  'account/currency-foreign': {
    status: 409,
    title: 'The statement asks for nothing in that currency',
  },
  'account/receivable-released': {
    status: 409,
    title: 'The claim to the statement was released in a settlement',
  },
  'account/release-missing': {
    status: 409,
    title: 'The leg of the settlement has not released a claim of the host against the customer',
  },
  'account/statement-busy': {
    status: 409,
    title: 'A credit note, a late fee note or a draw for the statement is on its way',
  },
  'account/credit-unclear': {
    status: 422,
    title: 'A credit note or dispute is of a line, of a late fee, or of the whole statement',
  },
  'account/credit-exceeded': {
    status: 409,
    title: 'More would be credited than was charged',
  },
  'account/dispute-exceeded': {
    status: 409,
    title: 'More would be disputed, or upheld, than was charged or disputed',
  },
  'account/rejected-amount': {
    status: 422,
    title: 'Of a dispute that is rejected no amount is upheld',
  },
  'account/own-write-off': {
    status: 403,
    title: 'A write-off is approved by another than who proposed it',
  },
  'account/write-off-exceeded': {
    status: 409,
    title: 'More would be written off than is unpaid and undisputed',
  },
  'account/draw-exceeded': {
    status: 409,
    title: 'More would be drawn than is unpaid and undisputed',
  },
  'account/suspended-otherwise': {
    status: 409,
    title: 'Service is suspended for another cause than non-payment',
  },
  'account/draw-failed': {
    status: 409,
    title: 'The draw was given up, because the contract refused it',
  },
});
