import { registerProblems } from '@hostledger/http';

registerProblems({
  'customer/unknown': { status: 404, title: 'There is no such customer' },
  'customer/already-registered': { status: 409, title: 'The customer is registered already' },
  'contract/unknown': { status: 404, title: 'There is no such contract' },
  'contract/already-drafted': { status: 409, title: 'The contract exists already' },
  'contract/already-executed': { status: 409, title: 'The contract was executed already' },
  'contract/not-executed': { status: 409, title: 'The contract has not been executed' },
  'contract/terms-not-later': {
    status: 409,
    title: 'New terms must take effect after the latest ones',
  },
  'contract/terms-after-execution': {
    status: 409,
    title: 'The first terms must be in force when the contract is executed',
  },
  'contract/currency-mismatch': { status: 422, title: 'The rate card is in another currency' },
  'contract/rate-missing': { status: 422, title: 'The basis of the rate card needs this rate' },
  'contract/rate-foreign': { status: 422, title: 'The basis of the rate card has no such rate' },
  'contract/order-unknown': { status: 404, title: 'The contract has no such order' },
  'contract/order-exceeded': {
    status: 409,
    title: 'The allocation would exceed what was ordered',
  },
  'contract/no-terms-in-force': {
    status: 409,
    title: 'No terms of the executed contract are in force on that day',
  },
  'contract/allocation-abandoned': {
    status: 409,
    title: 'The allocation was refused for good; allocate anew',
  },
});
