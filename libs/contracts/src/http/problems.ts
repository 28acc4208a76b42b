import { registerProblems } from '@hostledger/http';

registerProblems({
  'customer/unknown': { status: 404, title: 'There is no such customer' },
  'customer/already-registered': { status: 409, title: 'The customer is registered already' },
  'contract/unknown': { status: 404, title: 'There is no such contract' },
  'contract/already-drafted': { status: 409, title: 'The contract exists already' },
  'contract/already-executed': { status: 409, title: 'The contract was executed already' },
  'contract/not-executed': { status: 409, title: 'The contract has not been executed' },
  'contract/ended': { status: 409, title: 'The contract has ended' },
  'contract/already-active': { status: 409, title: 'Service under the contract has begun before' },
  'contract/not-active': { status: 409, title: 'Service under the contract has not begun' },
  'contract/not-suspended': { status: 409, title: 'Service under the contract is not suspended' },
  'contract/suspended': { status: 409, title: 'Nothing new is begun while service is suspended' },
  'contract/noticed': { status: 409, title: 'Nothing new is begun once notice was given' },
  'contract/before-last-act': {
    status: 409,
    title: 'An act on the contract is not earlier than the one before it',
  },
  'contract/notice-backwards': { status: 409, title: 'Notice ends a contract on a later day' },
  'contract/notice-not-over': {
    status: 409,
    title: 'By notice the contract ends on the day of the notice and not before',
  },
  'contract/term-not-over': { status: 409, title: 'The term of the contract is not over' },
  'contract/terms-kind': {
    status: 409,
    title: 'The first terms are the original, and no others are',
  },
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
