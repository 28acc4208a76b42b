import { specOf } from '@hostledger/testing';
import type { ContractEvent } from './contract-events.js';
import { contractAggregate, type ContractCommand } from './hosting-contract.js';
import { CREDITED_CAUSES, EXCUSABLE_CAUSES, type RateBasis, type RateCard } from './rate-card.js';
import { clauses, fullCard, leastCards, oldCards } from './rate-cards.fixture.js';

const { given } = specOf(contractAggregate);

const at = '2023-09-25T12:00:00Z';
const contractId = 'contract-1';
const effectiveOn = '2023-09-25';
const said = { documentDigest: 'b'.repeat(64), clauses };

const drafted: ContractEvent = {
  type: 'ContractDrafted',
  data: {
    contractId,
    customerId: 'customer-1',
    reference: 'HA-1',
    title: 'Hosting',
    timeZone: 'America/Chicago',
    currency: 'USD',
  },
};
const adopted = (rateCard: RateCard): ContractEvent => ({
  type: 'TermsAdopted',
  data: { contractId, version: 1, effectiveOn, ...said, rateCard },
});
const adopt = (rateCard: RateCard): ContractCommand => ({
  type: 'AdoptTerms',
  data: { effectiveOn, ...said, rateCard },
  at,
});
const accepts = (rateCard: RateCard) =>
  given(drafted).when(adopt(rateCard)).then(adopted(rateCard));
const refuses = (rateCard: RateCard, code: string, field: string) =>
  given(drafted).when(adopt(rateCard)).thenRejects(code, `/rateCard/${field}`);

const everyBasis = Object.keys(leastCards) as RateBasis[];

describe('a rate card', () => {
  it.each(everyBasis)('of the basis %s needs its own rate and no other', (basis) => {
    accepts(leastCards[basis]);
    const { basis: _, currency, ...rates } = leastCards[basis];
    const [own] = Object.keys(rates) as [string];
    refuses({ basis, currency }, 'contract/rate-missing', own);
    for (const { basis: __, currency: ___, ...others } of Object.values(leastCards)) {
      const [other] = Object.keys(others) as [string];
      if (other === own) continue;
      refuses({ ...leastCards[basis], ...others }, 'contract/rate-foreign', other);
    }
  });

  it('says all that a hosting agreement charges', () => {
    accepts(fullCard);
  });

  it('that is wrong is not let in by a correction either', () => {
    const correct = (rateCard: RateCard): ContractCommand => ({
      type: 'CorrectTerms',
      data: { version: 1, ...said, rateCard, cause: 'misread' },
      at,
    });
    given(drafted, adopted(leastCards.nameplateKwh))
      .when(correct(fullCard))
      .then({
        type: 'TermsCorrected',
        data: {
          contractId,
          version: 1,
          effectiveOn,
          ...said,
          rateCard: fullCard,
          cause: 'misread',
        },
      });
    given(drafted, adopted(leastCards.nameplateKwh))
      .when(correct({ ...fullCard, clauseRef: '4.9' }))
      .thenRejects('contract/rate-clause-unknown', '/rateCard/clauseRef');
  });

  it.each(Object.entries(oldCards))('of old, of the basis %s, is what it was', (_, bytes) => {
    const old = JSON.parse(bytes) as RateCard;
    const again = { effectiveOn: '2024-01-01', ...said, rateCard: old };
    given(drafted, adopted(old))
      .when({ type: 'AdoptTerms', data: again, at })
      .then({ type: 'TermsAdopted', data: { contractId, version: 2, ...again } });
  });
});

describe('what modifies a basis', () => {
  const modifiers: readonly [Partial<RateCard>, readonly RateBasis[]][] = [
    [{ upliftPercent: '7' }, ['nameplateKwh']],
    [{ powerClauseRef: '4.1' }, ['passThrough']],
    [{ counted: 'installed' }, ['flatPerUnit', 'flatPerKw']],
    [{ proration: 'wholeMonth' }, ['flatPerUnit', 'flatPerKw']],
    [{ paidIn: 'currency' }, ['proceedsShare']],
    [{ estimation: 'nameplate' }, ['meteredKwh', 'passThrough', 'profitShare']],
    [
      { tiers: [{ above: '1000', rate: '0.01' }] },
      everyBasis.filter((basis) => !basis.endsWith('Share')),
    ],
  ];

  it.each(modifiers)('%j stands beside these and no others: %j', (modifier, bases) => {
    const [field] = Object.keys(modifier) as [string];
    for (const basis of everyBasis) {
      const card = { ...leastCards[basis], ...modifier };
      if (bases.includes(basis)) accepts(card);
      else refuses(card, 'contract/rate-modifier-foreign', field);
    }
  });

  it('tiers begin above nothing, each above the one before it, as numbers and not as texts', () => {
    const tiers = (...above: string[]): RateCard => ({
      ...leastCards.meteredKwh,
      tiers: above.map((from) => ({ above: from, rate: '0.05' })),
    });
    accepts(tiers('9', '10', '10.000000001'));
    refuses(tiers('0'), 'contract/rate-tiers-unordered', 'tiers/0/above');
    refuses(tiers('5', '5.0'), 'contract/rate-tiers-unordered', 'tiers/1/above');
    refuses(tiers('5', '7', '6'), 'contract/rate-tiers-unordered', 'tiers/2/above');
  });
});

describe('percentages', () => {
  const { uptime, curtailmentCredit, payment } = fullCard;
  const { lateFee } = payment;
  const { nameplateKwh, proceedsShare, profitShare } = leastCards;
  const places: readonly [string, (percent: string) => RateCard][] = [
    ['upliftPercent', (upliftPercent) => ({ ...nameplateKwh, upliftPercent })],
    ['proceedsSharePercent', (percent) => ({ ...proceedsShare, proceedsSharePercent: percent })],
    ['profitSharePercent', (percent) => ({ ...profitShare, profitSharePercent: percent })],
    [
      'uptime/promisedPercent',
      (promisedPercent) => ({ ...nameplateKwh, uptime: { ...uptime, promisedPercent } }),
    ],
    [
      'uptime/creditPercentPerPoint',
      (percent) => ({ ...nameplateKwh, uptime: { ...uptime, creditPercentPerPoint: percent } }),
    ],
    ['uptime/capPercent', (capPercent) => ({ ...nameplateKwh, uptime: { ...uptime, capPercent } })],
    [
      'curtailmentCredit/sharePercent',
      (sharePercent) => ({
        ...nameplateKwh,
        curtailmentCredit: { ...curtailmentCredit, sharePercent },
      }),
    ],
    [
      'payment/lateFee/percentPerMonth',
      (percentPerMonth) => ({
        ...nameplateKwh,
        payment: { ...payment, lateFee: { ...lateFee, percentPerMonth } },
      }),
    ],
  ];

  it.each(places)('%s is from 0 to 100', (field, card) => {
    for (const percent of ['0', '0.000000000001', '99.999999999999', '100', '100.00']) {
      accepts(card(percent));
    }
    for (const percent of ['100.000000000001', '101', '-1']) {
      refuses(card(percent), 'contract/rate-percent-range', field);
    }
  });
});

describe('what is charged and credited beside the basis', () => {
  const withFees = (...fees: NonNullable<RateCard['fees']>): RateCard => ({ ...fullCard, fees });
  const [setUp, relocation] = fullCard.fees as [
    (typeof fullCard.fees)[number],
    (typeof fullCard.fees)[number],
  ];

  it('each kind of fee is agreed on once', () => {
    refuses(withFees(setUp, relocation, setUp), 'contract/rate-repeated', 'fees/2/kind');
  });

  it('fees and minimum can be paid in the currency; rates may be finer', () => {
    refuses(
      withFees(setUp, { ...relocation, amount: '20.001' }),
      'contract/money-too-fine',
      'fees/1/amount',
    );
    refuses(
      { ...fullCard, minimum: { amountPerMonth: '0.001', clauseRef: '4.1' } },
      'contract/money-too-fine',
      'minimum/amountPerMonth',
    );
    accepts({ ...leastCards.flatPerUnit, ratePerUnitMonth: '180.12345' });
  });

  it('a promise of uptime excuses causes that the fleet tells, each once', () => {
    const excusing = (...excusedCauses: string[]): RateCard => ({
      ...fullCard,
      uptime: { ...fullCard.uptime, excusedCauses },
    });
    accepts(excusing());
    accepts(excusing(...EXCUSABLE_CAUSES));
    refuses(excusing('fault', 'weather'), 'contract/rate-cause-unknown', 'uptime/excusedCauses/1');
    refuses(excusing('fault', 'fault'), 'contract/rate-repeated', 'uptime/excusedCauses/1');
  });

  it('curtailments are credited by causes that sites tell, each once', () => {
    const crediting = (...causes: string[]): RateCard => ({
      ...fullCard,
      curtailmentCredit: { ...fullCard.curtailmentCredit, causes },
    });
    accepts(crediting(...CREDITED_CAUSES));
    refuses(crediting('fault'), 'contract/rate-cause-unknown', 'curtailmentCredit/causes/0');
    refuses(crediting('grid', 'grid'), 'contract/rate-repeated', 'curtailmentCredit/causes/1');
  });

  it('unpaid statements lead to notice, then to suspension, then to termination', () => {
    const ladder = (noticeDays: number, suspensionDays: number, terminationDays: number) => ({
      ...fullCard,
      payment: { ...fullCard.payment, ladder: { noticeDays, suspensionDays, terminationDays } },
    });
    const code = 'contract/rate-ladder-unordered';
    accepts(ladder(0, 1, 2));
    refuses(ladder(5, 5, 30), code, 'payment/ladder/suspensionDays');
    refuses(ladder(5, 10, 10), code, 'payment/ladder/terminationDays');
    refuses(ladder(30, 10, 5), code, 'payment/ladder/suspensionDays');
  });

  it.each<[string, Partial<RateCard>]>([
    ['clauseRef', { clauseRef: '9' }],
    ['minimum/clauseRef', { minimum: { ...fullCard.minimum, clauseRef: '9' } }],
    ['fees/1/clauseRef', { fees: [setUp, { ...relocation, clauseRef: '9' }] }],
    ['uptime/clauseRef', { uptime: { ...fullCard.uptime, clauseRef: '9' } }],
    [
      'curtailmentCredit/clauseRef',
      { curtailmentCredit: { ...fullCard.curtailmentCredit, clauseRef: '9' } },
    ],
    ['payment/clauseRef', { payment: { ...fullCard.payment, clauseRef: '9' } }],
  ])('%s is one of the clauses of the version', (field, change) => {
    refuses({ ...fullCard, ...change }, 'contract/rate-clause-unknown', field);
  });
});
