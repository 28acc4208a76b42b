import { registerProblems } from '@hostledger/http';

registerProblems({
  'supply/unknown': { status: 404, title: 'There is no such supply agreement' },
  'supply/already-agreed': { status: 409, title: 'The supply agreement is recorded already' },
  'supply/completed': { status: 409, title: 'The supply agreement is completed' },
  'supply/act-in-future': {
    status: 409,
    title: 'An act under a supply agreement is recorded once it was done',
  },
  'supply/before-agreement': {
    status: 409,
    title: 'Nothing is done under a supply agreement before it is made',
  },
  'supply/amount-nothing': { status: 422, title: 'An amount of nothing is no amount' },
  'supply/amount-too-fine': {
    status: 422,
    title: 'The amount has more decimal places than its currency',
  },
  'supply/amount-exceeded': { status: 409, title: 'More would be paid than is open' },
  'supply/legs-unequal-price': { status: 422, title: 'The legs do not come to the price' },
  'supply/lines-unequal-price': { status: 422, title: 'The lines do not cost the price' },
  'supply/instalments-of-cash': {
    status: 422,
    title: 'Cash is paid in instalments, and nothing else is',
  },
  'supply/instalments-unequal-leg': {
    status: 422,
    title: 'The instalments do not come to their leg',
  },
  'supply/valuation-of-equity': {
    status: 422,
    title: 'Equity names who values it and by when, and nothing else does',
  },
  'supply/units-mismatch': {
    status: 422,
    title: 'The units do not come to the hashrate that is bought',
  },
  'supply/leg-unknown': { status: 404, title: 'The agreement has no such leg' },
  'supply/leg-kind': { status: 409, title: 'A leg of this kind is not paid so' },
  'supply/instalment-unknown': { status: 409, title: 'The leg has no such instalment' },
  'supply/leg-valued': { status: 409, title: 'The leg is valued already' },
  'supply/leg-not-valued': { status: 409, title: 'The leg is not valued yet' },
  'supply/valuation-not-in-force': {
    status: 409,
    title: 'The leg is not valued by what is to be corrected',
  },
  'supply/shares-out-of-range': { status: 422, title: 'The price comes to no number of shares' },
  'supply/shares-exceeded': { status: 409, title: 'More shares would be issued than are owed' },
  'supply/shares-issued': {
    status: 409,
    title: 'More shares were issued than the correction comes to',
  },
  'supply/issue-before-valuation': {
    status: 409,
    title: 'Shares are issued after the leg was valued',
  },
  'supply/line-unknown': { status: 404, title: 'The agreement has no such line' },
  'supply/model-on-line': { status: 409, title: 'The line may be delivered in this model already' },
  'supply/supplement-not-later': {
    status: 409,
    title: 'A supplement takes effect after the one before it',
  },
  'supply/own-waiver': {
    status: 403,
    title: 'Another subject than who recorded the agreement waives what is owed',
  },
  'supply/waiver-exceeded': { status: 409, title: 'Less is outstanding than would be waived' },
  'supply/option-unknown': { status: 404, title: 'The agreement has no such option' },
  'supply/option-expired': { status: 409, title: 'The option has expired' },
  'supply/option-exceeded': { status: 409, title: 'Less may still be bought under the option' },
  'supply/price-unpayable': {
    status: 422,
    title: 'So much hashrate costs what the currency cannot pay',
  },
  'supply/programme-known': {
    status: 409,
    title: 'The upgrade programme is recorded already, with other facts',
  },
  'supply/hashrate-outstanding': {
    status: 409,
    title: 'Hashrate is outstanding, or accepted machines are on no line',
  },
  'supply/completed-before-act': {
    status: 409,
    title: 'An agreement is completed on the day of its last act or later',
  },
  'supply/legs-open': { status: 409, title: 'A leg of the price is not performed in full' },
});
