import type { PowerRateFixed } from '@hostledger/sites';
import { recorded, rowsOf } from '@hostledger/testing';
import type { MarketEvent } from '../../domain/market.js';
import {
  marketFacts,
  powerRateStatements,
  type MarketFactRow,
  type PowerRateStatementRow,
} from './projection.js';

const price = {
  currency: 'USD',
  price: '46994.44',
  fixedAt: '2024-04-20T00:00:00.000Z',
  source: 'CME CF BRR',
};

describe('the statements about the market', () => {
  it('are a row each, also those that are corrected', () => {
    const corrects = { revision: 0, cause: 'Digits were swapped' };
    const events: MarketEvent[] = [
      { type: 'PriceFixed', data: price },
      { type: 'PriceFixed', data: { ...price, price: '64994.44', corrects } },
    ];
    const log = recorded('market-price.USD.2024-04', events);
    const row: MarketFactRow = {
      position: 100n,
      event_id: log[0]!.id,
      revision: 0,
      recorded_at: '2024-06-01T00:00:00.000Z',
      stated_by: 'ada',
      series: 'price',
      currency: 'USD',
      subject: price.fixedAt,
      block_height: null,
      value: '46994.44',
      effective_at: price.fixedAt,
      source: 'CME CF BRR',
      corrects: null,
      cause: null,
    };
    expect(rowsOf<MarketFactRow>(marketFacts, log)).toEqual([
      row,
      {
        ...row,
        position: 200n,
        event_id: log[1]!.id,
        revision: 1,
        recorded_at: '2024-06-01T00:00:01.000Z',
        value: '64994.44',
        corrects: 0,
        cause: 'Digits were swapped',
      },
    ]);
  });

  it('are about a block where they are of the network', () => {
    const about = { effectiveAt: '2024-04-20T00:09:27.000Z', source: 'Bitcoin Core' };
    const halving: MarketEvent = {
      type: 'SubsidyChanged',
      data: { ...about, blockHeight: 840_000, subsidySats: 312_500_000 },
    };
    const epoch: MarketEvent = {
      type: 'DifficultyObserved',
      data: { ...about, blockHeight: 838_656, difficulty: '86388558925171.02' },
    };
    const rows = rowsOf<MarketFactRow>(marketFacts, recorded('market-m', [halving, epoch]));
    expect(rows).toMatchObject([
      { series: 'subsidy', currency: '', subject: '840000', value: '312500000' },
      { series: 'difficulty', block_height: 838_656, value: '86388558925171.02' },
    ]);
  });
});

describe('the statements of power rates', () => {
  it('are a row each, also several for one day', () => {
    const fixed = (ratePerKwh: string): PowerRateFixed => ({
      type: 'PowerRateFixed',
      data: { facility: 'DENTON', ratePerKwh, currency: 'USD', effectiveOn: '2024-06-01' },
    });
    const log = recorded('facility-DENTON', [fixed('0.0500'), fixed('0.0600')], 4);
    expect(rowsOf<PowerRateStatementRow>(powerRateStatements, log)).toMatchObject([
      { position: 500n, revision: 4, rate_per_kwh: '0.0500', effective_on: '2024-06-01' },
      { position: 600n, revision: 5, rate_per_kwh: '0.0600', currency: 'USD' },
    ]);
  });
});
