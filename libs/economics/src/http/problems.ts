import { registerProblems } from '@hostledger/http';

registerProblems({
  'market/not-an-epoch': {
    status: 422,
    title: 'A difficulty epoch begins at a multiple of 2,016 blocks',
  },
  'market/not-a-halving': {
    status: 422,
    title: 'The subsidy changes at a multiple of 210,000 blocks',
  },
  'market/not-the-subsidy': {
    status: 422,
    title: 'By the rules of the network a block of that height pays another subsidy',
  },
  'market/not-come': { status: 409, title: 'A fact of the market is recorded once it has come' },
  'market/before-bitcoin': {
    status: 422,
    title: 'Nothing is said of the market before the first block',
  },
  'market/told-otherwise': {
    status: 409,
    title: 'Something else is recorded of it, which only a correction replaces',
  },
  'market/nothing-to-correct': {
    status: 409,
    title: 'Nothing is recorded of it that could be corrected',
  },
  'market/correction-outdated': {
    status: 409,
    title: 'Another event holds than the one that is to be corrected',
  },
  'market/out-of-order': { status: 409, title: 'Of two blocks the higher one was found later' },
  'profitability/difficulty-unknown': {
    status: 409,
    title: 'No difficulty is recorded that was in force, and none was given',
  },
  'profitability/subsidy-unknown': {
    status: 409,
    title: 'No subsidy is recorded that was in force, and none was given',
  },
  'profitability/price-unknown': {
    status: 409,
    title: 'No price in the currency is recorded that was in force, and none was given',
  },
  'profitability/rate-unknown': {
    status: 409,
    title: 'No power rate of a facility was in force, and none was given',
  },
  'profitability/currency-mixed': {
    status: 409,
    title: 'Power is paid in another currency than the bitcoin is priced in',
  },
  'profitability/not-come': {
    status: 409,
    title: 'What is still to come has no profitability yet',
  },
  'profitability/facility-needed': {
    status: 422,
    title: 'Racks are told apart within one facility, which has to be named',
  },
  'profitability/no-place': {
    status: 409,
    title: 'The machine stood at no facility whose power rate could be reckoned with',
  },
});
