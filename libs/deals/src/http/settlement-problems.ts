import { registerProblems } from '@hostledger/http';

registerProblems({
  'settlement/unknown': { status: 404, title: 'There is no such settlement' },
  'settlement/leg-unknown': { status: 404, title: 'The settlement has no such leg' },
  'settlement/already-proposed': { status: 409, title: 'The settlement exists already' },
  'settlement/leg-unsound': {
    status: 422,
    title: 'A leg lacks what its kind needs, or has what its kind has not',
  },
  'settlement/leg-repeated': {
    status: 422,
    title: 'Two legs of a settlement are not about the same claim or site',
  },
  'settlement/own-claim': { status: 422, title: 'Nobody has a claim against itself' },
  'settlement/money-too-fine': {
    status: 422,
    title: 'The amount has more decimal places than the currency',
  },
  'settlement/nothing': { status: 422, title: 'An amount of nothing settles nothing' },
  'settlement/act-in-future': {
    status: 409,
    title: 'An act on a settlement is recorded once it was done',
  },
  'settlement/act-too-early': {
    status: 409,
    title: 'The act is dated before one that has to come first',
  },
  'settlement/not-proposed': {
    status: 409,
    title: 'The settlement is approved, closed or withdrawn',
  },
  'settlement/not-approved': { status: 409, title: 'No court has approved the settlement' },
  'settlement/ended': { status: 409, title: 'The settlement is closed or withdrawn' },
  'settlement/leg-ended': { status: 409, title: 'The leg is performed or waived' },
  'settlement/leg-exceeded': { status: 409, title: 'More is paid than is left of the leg' },
  'settlement/too-many-payments': {
    status: 409,
    title: 'A leg is paid in at most 500 parts',
  },
  'settlement/performance-unsound': {
    status: 422,
    title: 'The performance lacks what the kind of its leg needs, or tells what it has not',
  },
  'settlement/recorded-otherwise': {
    status: 409,
    title: 'The performance is recorded already, with other facts',
  },
  'settlement/claim-leg': { status: 409, title: 'The leg is performed by a release of its claim' },
  'settlement/no-claim-leg': { status: 409, title: 'The leg releases no claim' },
  'settlement/claim-released': {
    status: 409,
    title: 'The claim is released, or being released, under a settlement',
  },
  'settlement/release-abandoned': {
    status: 409,
    title: 'The release of the claim was given up; ask for it again',
  },
  'settlement/site-not-transferred': {
    status: 409,
    title: 'The site has not changed hands; a leg is performed once it did',
  },
  'settlement/site-of-another': {
    status: 409,
    title: 'The deed of the site is with somebody else',
  },
  'settlement/own-waiver': {
    status: 403,
    title: 'A leg is waived by another than who proposed the settlement',
  },
  'settlement/legs-open': {
    status: 409,
    title: 'A settlement is closed once every leg is performed or waived',
  },
});
