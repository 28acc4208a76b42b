import { registerProblems } from '@hostledger/http';

registerProblems({
  'customer/credit-stop': { status: 409, title: 'The credit of the customer is stopped' },
  'customer/succeeded': { status: 409, title: 'Another customer took the place of the customer' },
  'customer/successor-succeeded': {
    status: 409,
    title: 'A customer that was itself succeeded takes no other one’s place',
  },
  'customer/own-successor': { status: 422, title: 'A customer does not succeed itself' },
  'customer/standing-unchanged': {
    status: 409,
    title: 'The credit standing is so already, for another cause',
  },
  'customer/unknown': { status: 404, title: 'There is no such customer' },
  'customer/already-registered': { status: 409, title: 'The customer is registered already' },
  'contract/unknown': { status: 404, title: 'There is no such contract' },
  'contract/already-drafted': { status: 409, title: 'The contract exists already' },
  'contract/already-executed': { status: 409, title: 'The contract was executed already' },
  'contract/not-executed': { status: 409, title: 'The contract has not been executed' },
  'contract/no-terms': { status: 409, title: 'A contract is not executed without terms' },
  'contract/ended': { status: 409, title: 'The contract has ended' },
  'contract/already-active': { status: 409, title: 'Service under the contract has begun before' },
  'contract/recorded-otherwise': {
    status: 409,
    title: 'The act is recorded already, with other facts',
  },
  'contract/not-active': { status: 409, title: 'Service under the contract has not begun' },
  'contract/not-suspended': { status: 409, title: 'Service under the contract is not suspended' },
  'contract/suspended': { status: 409, title: 'Nothing new is begun while service is suspended' },
  'contract/noticed': { status: 409, title: 'Nothing new is begun once notice was given' },
  'contract/before-last-act': {
    status: 409,
    title: 'An act on the contract is not earlier than the one before it',
  },
  'contract/act-in-future': {
    status: 409,
    title: 'An act on the contract is recorded once it was done',
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
  'contract/term-backwards': {
    status: 422,
    title: 'A term does not end before its terms take effect',
  },
  'contract/clause-repeated': { status: 422, title: 'No two clauses have the same number' },
  'contract/money-too-fine': {
    status: 422,
    title: 'The amount has more decimal places than its currency',
  },
  'contract/currency-mismatch': { status: 422, title: 'The rate card is in another currency' },
  'contract/rate-missing': { status: 422, title: 'The basis of the rate card needs this rate' },
  'contract/rate-foreign': { status: 422, title: 'The basis of the rate card has no such rate' },
  'contract/rate-modifier-foreign': {
    status: 422,
    title: 'The basis of the rate card is not modified so',
  },
  'contract/rate-percent-range': { status: 422, title: 'A percentage is from 0 to 100' },
  'contract/rate-tiers-unordered': {
    status: 422,
    title: 'A tier of rates begins above the one before it',
  },
  'contract/rate-ladder-unordered': {
    status: 422,
    title: 'Notice comes before suspension, and suspension before termination',
  },
  'contract/rate-repeated': { status: 422, title: 'A rate card names each fee and cause once' },
  'contract/rate-cause-unknown': { status: 422, title: 'There is no such cause' },
  'contract/rate-clause-unknown': {
    status: 422,
    title: 'What the rate card charges is said by none of the clauses',
  },
  'contract/order-unknown': { status: 404, title: 'The contract has no such order' },
  'contract/order-exceeded': {
    status: 409,
    title: 'The allocation would exceed what was ordered',
  },
  'contract/allocation-before-order': {
    status: 409,
    title: 'Nothing is allocated of an order before it starts',
  },
  'contract/allocation-after-term': {
    status: 409,
    title: 'Nothing is allocated from after the last day of the term on',
  },
  'contract/no-terms-in-force': {
    status: 409,
    title: 'No terms of the executed contract are in force on that day',
  },
  'contract/terms-unknown': { status: 404, title: 'The contract has no such version of its terms' },
  'contract/cap-below-orders': {
    status: 409,
    title: 'More is ordered than these terms would allow',
  },
  'contract/cap-below-allocations': {
    status: 409,
    title: 'More is allocated than these terms would allow',
  },
  'contract/cap-exceeded': {
    status: 409,
    title: 'The terms in force meanwhile allow no more to be ordered or allocated',
  },
  'contract/orders-too-large': {
    status: 409,
    title: 'The orders of the contract would come to more than any contract holds',
  },
  'contract/order-without-units': {
    status: 409,
    title: 'An order that is counted in units names how many',
  },
  'contract/allocation-unknown': { status: 404, title: 'The contract has no such allocation' },
  'contract/allocation-exceeded': {
    status: 409,
    title: 'The machines would exceed what is left of the allocation',
  },
  'contract/allocation-in-use': {
    status: 409,
    title: 'An allocation is not reduced below what machines are assigned to',
  },
  'contract/reduction-before-allocation': {
    status: 409,
    title: 'An allocation is not reduced before it takes effect',
  },
  'contract/reduction-exceeds-allocation': {
    status: 409,
    title: 'The allocation holds less than it is to be reduced by',
  },
  'contract/reduction-of-nothing': {
    status: 422,
    title: 'A reduction takes units, watts or both',
  },
  'contract/reduction-uneven': {
    status: 409,
    title: 'The last units of an allocation go with its last power',
  },
  'contract/assignment-unknown': { status: 404, title: 'The contract has no such assignment' },
  'contract/assignment-released': {
    status: 409,
    title: 'The assignment was released for good; assign anew',
  },
  'contract/assignment-exceeded': {
    status: 409,
    title: 'More would be released than is left of the assignment',
  },
  'contract/deposit-unknown': { status: 404, title: 'The contract has no such deposit' },
  'contract/deposit-currency': { status: 422, title: 'The deposit is in another currency' },
  'contract/deposit-nothing': { status: 422, title: 'An amount of nothing cannot be paid' },
  'contract/deposit-not-received': {
    status: 409,
    title: 'Nothing is taken from a deposit before it was received',
  },
  'contract/deposit-unpaid': { status: 409, title: 'The terms require a deposit that is not held' },
  'contract/deposit-exceeded': { status: 409, title: 'The deposit holds less' },
  'contract/relocation-clause-unknown': {
    status: 422,
    title: 'What the terms say of relocations is said by none of their clauses',
  },
  'contract/relocation-site-repeated': { status: 422, title: 'A site is named once' },
  'contract/consent-unknown': { status: 404, title: 'The contract has no such consent' },
  'contract/consent-backwards': {
    status: 422,
    title: 'A consent does not end before it begins',
  },
  'contract/consent-not-given': {
    status: 409,
    title: 'A consent is not withdrawn before it was given',
  },
  'contract/allocation-abandoned': {
    status: 409,
    title: 'The allocation was refused for good; allocate anew',
  },
  'contract/delivery-unreported': {
    status: 409,
    title: 'The delivery was not reported to the contract before it was amended',
  },
});
