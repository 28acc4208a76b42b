import { specOf } from '@hostledger/testing';
import {
  difficultyStream,
  marketAggregate,
  priceStream,
  type DifficultyObserved,
  type MarketCommand,
  type MarketEvent,
  type PriceFixed,
  type SubsidyChanged,
} from './market.js';

const { given } = specOf(marketAggregate);
const at = '2024-05-01T00:00:00.000Z';

const epoch: DifficultyObserved['data'] = {
  blockHeight: 838_656,
  difficulty: '86388558925171.02',
  effectiveAt: '2024-04-10T22:38:26.000Z',
  source: 'Bitcoin Core',
};
const next: DifficultyObserved['data'] = {
  ...epoch,
  blockHeight: 840_672,
  difficulty: '88104191118793.16',
  effectiveAt: '2024-04-24T20:52:37.000Z',
};
const halving: SubsidyChanged['data'] = {
  blockHeight: 840_000,
  subsidySats: 312_500_000,
  effectiveAt: '2024-04-20T00:09:27.000Z',
  source: 'Bitcoin Core',
};
const price: PriceFixed['data'] = {
  currency: 'USD',
  price: '64994.44',
  fixedAt: '2024-04-20T00:00:00.000Z',
  source: 'CME CF BRR',
};

const observe = (data: DifficultyObserved['data']): MarketCommand => ({
  type: 'ObserveDifficulty',
  data,
  at,
});
const halve = (data: SubsidyChanged['data']): MarketCommand => ({
  type: 'ChangeSubsidy',
  data,
  at,
});
const fix = (data: PriceFixed['data']): MarketCommand => ({ type: 'FixPrice', data, at });
const observed = (data: DifficultyObserved['data']): MarketEvent => ({
  type: 'DifficultyObserved',
  data,
});
const changed = (data: SubsidyChanged['data']): MarketEvent => ({ type: 'SubsidyChanged', data });
const fixed = (data: PriceFixed['data']): MarketEvent => ({ type: 'PriceFixed', data });

describe('a fact of the market', () => {
  it('is told once', () => {
    given().when(observe(epoch)).then(observed(epoch));
    given(observed(epoch)).when(observe(next)).then(observed(next));
    given().when(halve(halving)).then(changed(halving));
    given().when(fix(price)).then(fixed(price));
  });

  it('changes nothing when it is told again, however the number is written', () => {
    given(observed(epoch)).when(observe(epoch)).thenNothing();
    given(changed(halving)).when(halve(halving)).thenNothing();
    given(fixed(price))
      .when(fix({ ...price, price: '64994.4400' }))
      .thenNothing();
  });

  it('is not told otherwise by whoever does not say that it corrects', () => {
    given(fixed(price))
      .when(fix({ ...price, price: '64994.45' }))
      .thenRejects('market/told-otherwise');
    given(fixed(price))
      .when(fix({ ...price, source: 'Kraken' }))
      .thenRejects('market/told-otherwise');
    given(changed(halving))
      .when(halve({ ...halving, effectiveAt: '2024-04-20T00:09:28.000Z' }))
      .thenRejects('market/told-otherwise');
  });

  it('has come', () => {
    const later = '2024-05-01T00:00:00.001Z';
    given()
      .when(observe({ ...epoch, effectiveAt: later }))
      .thenRejects('market/not-come', '/effectiveAt');
    given()
      .when(fix({ ...price, fixedAt: later }))
      .thenRejects('market/not-come', '/fixedAt');
    given()
      .when(fix({ ...price, fixedAt: at }))
      .then(fixed({ ...price, fixedAt: at }));
  });
});

describe('a correction', () => {
  const typo = { ...price, price: '46994.44' };
  const corrected = { ...price, corrects: { revision: 0, cause: 'Digits were swapped' } };
  const again = { ...price, price: '64994.00', corrects: { revision: 1, cause: 'Restated' } };

  it('is a later event that names the one it corrects', () => {
    given(fixed(typo)).when(fix(corrected)).then(fixed(corrected));
    given(fixed(typo), fixed(corrected)).when(fix(again)).then(fixed(again));
  });

  it('changes nothing when it is told again', () => {
    given(fixed(typo), fixed(corrected)).when(fix(corrected)).thenNothing();
  });

  it('corrects what holds, not what was corrected before', () => {
    given(fixed(typo), fixed(corrected))
      .when(fix({ ...again, corrects: { revision: 0, cause: 'Restated' } }))
      .thenRejects('market/correction-outdated', '/corrects/revision');
  });

  it('needs something to correct', () => {
    given().when(fix(corrected)).thenRejects('market/nothing-to-correct', '/corrects');
    given(fixed(typo))
      .when(fix({ ...corrected, fixedAt: '2024-04-21T00:00:00.000Z' }))
      .thenRejects('market/nothing-to-correct', '/corrects');
  });
});

describe('a block height', () => {
  it('is where an epoch or a subsidy begins', () => {
    given()
      .when(observe({ ...epoch, blockHeight: 840_000 }))
      .thenRejects('market/not-an-epoch', '/blockHeight');
    given()
      .when(halve({ ...halving, blockHeight: 840_672 }))
      .thenRejects('market/not-a-halving', '/blockHeight');
  });

  it.each([
    [0, 5_000_000_000],
    [630_000, 625_000_000],
    [840_000, 312_500_000],
    [2_100_000, 4_882_812],
  ])('%i pays %i satoshi and nothing else', (blockHeight, subsidySats) => {
    const change = { ...halving, blockHeight, subsidySats };
    given().when(halve(change)).then(changed(change));
    given()
      .when(halve({ ...change, subsidySats: subsidySats + 1 }))
      .thenRejects('market/not-the-subsidy', '/subsidySats');
  });

  it('is reached later than every lower one', () => {
    given(observed(epoch))
      .when(observe({ ...next, effectiveAt: epoch.effectiveAt }))
      .thenRejects('market/out-of-order', '/effectiveAt');
    given(observed(next))
      .when(observe({ ...epoch, effectiveAt: '2024-04-30T00:00:00.000Z' }))
      .thenRejects('market/out-of-order', '/effectiveAt');
    given(observed(next)).when(observe(epoch)).then(observed(epoch));
  });

  it('may be corrected to another instant between its neighbours', () => {
    const moved = {
      ...epoch,
      effectiveAt: '2024-04-11T00:00:00.000Z',
      corrects: { revision: 0, cause: 'The clock of the node was wrong' },
    };
    given(observed(epoch), observed(next)).when(observe(moved)).then(observed(moved));
  });
});

describe('a stream of the market', () => {
  it('ends with a halving, or with a month', () => {
    expect([838_656, 840_672].map(difficultyStream)).toEqual(['difficulty.3', 'difficulty.4']);
    expect(priceStream('USD', '2024-04-20T00:00:00.000Z')).toBe('price.USD.2024-04');
  });
});
