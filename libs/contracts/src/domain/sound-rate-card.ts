import { DomainError } from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';
import { mustBePayable } from './money.js';
import {
  basesOfModifier,
  CREDITED_CAUSES,
  EXCUSABLE_CAUSES,
  rateBases,
  ratesOfBasis,
  type RateBasis,
  type RateCard,
} from './rate-card.js';

/**
 * What a card says fits its basis, the currency of the contract, the clauses of its version, and itself.
 * @param clauses of the version.
 * @throws DomainError that points to the field.
 */
export const mustBeSoundCard = (
  card: RateCard,
  contractCurrency: string,
  clauses: readonly { readonly ref: string }[],
): void => {
  mustBeInCurrency(card, contractCurrency);
  mustNameItsRates(card);
  mustSuitItsBasis(card);
  mustBePercents(card);
  mustClimb(card);
  mustBePaidInMoney(card);
  mustNameOnce(card);
  mustKnowCauses(card);
  mustBeSaidByClauses(card, clauses);
};

const unsound = (
  code: string,
  message: string,
  details: Record<string, unknown>,
  field: string,
): DomainError => new DomainError('invalid', code, message, details, `/rateCard/${field}`);

const mustBeInCurrency = ({ currency }: RateCard, contractCurrency: string): void => {
  if (currency === contractCurrency) return;
  throw unsound(
    'contract/currency-mismatch',
    `The contract is in ${contractCurrency}, the rate card in ${currency}`,
    { contractCurrency, currency },
    'currency',
  );
};

const mustNameItsRates = (card: RateCard): void => {
  const { basis } = card;
  const needed: readonly string[] = ratesOfBasis[basis];
  for (const name of new Set(rateBases.flatMap((of) => ratesOfBasis[of]))) {
    const given = card[name] !== undefined;
    if (given === needed.includes(name)) continue;
    throw unsound(
      given ? 'contract/rate-foreign' : 'contract/rate-missing',
      `The basis ${basis} ${given ? 'has no rate' : 'needs the rate'} ${name}`,
      { basis, rate: name },
      name,
    );
  }
};

const modifiers = Object.entries(basesOfModifier) as [
  keyof typeof basesOfModifier,
  readonly RateBasis[],
][];

/** A modifier that the basis cannot use would be agreed on and never charged by. */
const mustSuitItsBasis = (card: RateCard): void => {
  const { basis } = card;
  for (const [modifier, bases] of modifiers) {
    if (card[modifier] === undefined || bases.includes(basis)) continue;
    throw unsound(
      'contract/rate-modifier-foreign',
      `The basis ${basis} is not modified by ${modifier}, but ${bases.join(', ')}`,
      { basis, modifier, bases },
      modifier,
    );
  }
};

/** By field; those that are absent too. */
const percentsOf = (card: RateCard): [string, string | undefined][] => [
  ['upliftPercent', card.upliftPercent],
  ['proceedsSharePercent', card.proceedsSharePercent],
  ['profitSharePercent', card.profitSharePercent],
  ['uptime/promisedPercent', card.uptime?.promisedPercent],
  ['uptime/creditPercentPerPoint', card.uptime?.creditPercentPerPoint],
  ['uptime/capPercent', card.uptime?.capPercent],
  ['curtailmentCredit/sharePercent', card.curtailmentCredit?.sharePercent],
  ['payment/lateFee/percentPerMonth', card.payment?.lateFee?.percentPerMonth],
];

const mustBePercents = (card: RateCard): void => {
  for (const [field, percent] of percentsOf(card)) {
    if (percent === undefined) continue;
    if (exact(percent).compare(0) >= 0 && exact(percent).compare(100) <= 0) continue;
    throw unsound(
      'contract/rate-percent-range',
      `A percentage is from 0 to 100, not ${percent}`,
      { percent },
      field,
    );
  }
};

/** Each tier begins above the one before it, and each step of the ladder comes after the last. */
const mustClimb = ({ tiers = [], payment }: RateCard): void => {
  let before = '0';
  for (const [index, { above }] of tiers.entries()) {
    if (exact(above).compare(exact(before)) <= 0) {
      throw unsound(
        'contract/rate-tiers-unordered',
        `A tier begins above the one before it, at more than ${before}, not at ${above}`,
        { above, before },
        `tiers/${index}/above`,
      );
    }
    before = above;
  }
  if (!payment?.ladder) return;
  const { noticeDays, suspensionDays, terminationDays } = payment.ladder;
  if (noticeDays < suspensionDays && suspensionDays < terminationDays) return;
  throw unsound(
    'contract/rate-ladder-unordered',
    'Notice comes before the suspension, and that before the termination: ' +
      `${noticeDays}, ${suspensionDays} and ${terminationDays} days are not in this order`,
    { noticeDays, suspensionDays, terminationDays },
    `payment/ladder/${noticeDays < suspensionDays ? 'terminationDays' : 'suspensionDays'}`,
  );
};

/** Rates may be finer than the currency: what they come to is rounded once. */
const mustBePaidInMoney = ({ currency, minimum, fees = [] }: RateCard): void => {
  if (minimum) mustBePayable(minimum.amountPerMonth, currency, '/rateCard/minimum/amountPerMonth');
  for (const [index, { amount }] of fees.entries()) {
    mustBePayable(amount, currency, `/rateCard/fees/${index}/amount`);
  }
};

type Listed = readonly (readonly [value: string, field: string])[];

const listed = (values: readonly string[] = [], field: string): Listed =>
  values.map((value, index) => [value, `${field}/${index}`]);

const mustNameOnce = ({ fees = [], uptime, curtailmentCredit }: RateCard): void => {
  const lists: readonly Listed[] = [
    fees.map(({ kind }, index) => [kind, `fees/${index}/kind`]),
    listed(uptime?.excusedCauses, 'uptime/excusedCauses'),
    listed(curtailmentCredit?.causes, 'curtailmentCredit/causes'),
  ];
  for (const list of lists) {
    const values = list.map(([value]) => value);
    const again = list.find(([value], index) => values.indexOf(value) < index);
    if (!again) continue;
    const [value, field] = again;
    throw unsound('contract/rate-repeated', `The card names ${value} twice`, { value }, field);
  }
};

const mustKnowCauses = ({ uptime, curtailmentCredit }: RateCard): void => {
  mustBeAmong(EXCUSABLE_CAUSES, listed(uptime?.excusedCauses, 'uptime/excusedCauses'));
  mustBeAmong(CREDITED_CAUSES, listed(curtailmentCredit?.causes, 'curtailmentCredit/causes'));
};

const mustBeAmong = (known: readonly string[], named: Listed): void => {
  for (const [cause, field] of named) {
    if (known.includes(cause)) continue;
    throw unsound(
      'contract/rate-cause-unknown',
      `There is no cause ${cause}, but ${known.join(', ')}`,
      { cause, known },
      field,
    );
  }
};

const mustBeSaidByClauses = (
  card: RateCard,
  clauses: readonly { readonly ref: string }[],
): void => {
  const { fees = [] } = card;
  const refs: [string, string | undefined][] = [
    ['clauseRef', card.clauseRef],
    ['powerClauseRef', card.powerClauseRef],
    ['minimum/clauseRef', card.minimum?.clauseRef],
    ...fees.map(({ clauseRef }, index): [string, string] => [`fees/${index}/clauseRef`, clauseRef]),
    ['uptime/clauseRef', card.uptime?.clauseRef],
    ['curtailmentCredit/clauseRef', card.curtailmentCredit?.clauseRef],
    ['payment/clauseRef', card.payment?.clauseRef],
  ];
  for (const [field, clauseRef] of refs) {
    // Cards from before clauses were named go without.
    if (clauseRef === undefined || clauses.some(({ ref }) => ref === clauseRef)) continue;
    throw unsound(
      'contract/rate-clause-unknown',
      `There is no clause ${clauseRef} among those of the terms`,
      { clauseRef },
      field,
    );
  }
};
