import { computePeriod } from './compute-period.js';
import {
  day,
  inputsOf,
  january,
  meter,
  powerRate,
  price,
  reading,
  running,
  source,
  terms,
  told,
} from './rating.fixture.js';

const pool = meter('pool', 20, 'proceeds');
const mined = (position: number, satoshi: string, window = january) =>
  reading('pool', position, satoshi, window, { kind: 'proceeds' });
const firstHalf = { from: january.from, until: day(16) };
const secondHalf = { from: day(16), until: january.until };
const halves = [mined(30, '12345678', firstHalf), mined(31, '20000000', secondHalf)];
const prices = [price('42000', 40, firstHalf), price('43000.50', 41, secondHalf)];

describe('A share of what was mined', () => {
  const card = { basis: 'proceedsShare', proceedsSharePercent: '12.5', clauseRef: '4.1' } as const;

  it('is paid in bitcoin to the satoshi where the terms say so', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms({ ...card, paidIn: 'bitcoin' })], [], { meters: [pool], readings: halves }),
    );
    expect(shortcomings).toEqual([]);
    // 0.32345678 × 12.5 % = 0.0404320975
    expect(rated[0]!.line).toMatchObject({
      key: 'proceedsShare/ND1/v1/all',
      unit: 'BTC',
      rate: '12.5',
      amount: '0.04043210',
      currency: 'BTC',
      rounding: { mode: 'halfUp', scale: 8 },
    });
    expect(rated[0]!.exactQuantity).toBe('16172839/50000000');
  });

  // 12.5 % is the share of a joint venture in the economics of a site: Rhodium and Whinstone [S46].
  it('is worth what a bitcoin was at the end of each reading', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [], { meters: [pool], readings: halves, prices }),
    );
    expect(shortcomings).toEqual([]);
    // 0.12345678 × 42,000 + 0.2 × 43,000.50 = 5185.18476 + 8600.1 = 13785.28476; 12.5 % of it
    expect(told(rated)).toEqual(['proceedsShare/ND1/v1/all: 13785.28476 money × 12.5 = 1723.16']);
    expect(rated[0]!.steps).toEqual([
      '2 readings, together 0.32345678 BTC',
      '0.12345678 BTC × 42000 = 5185.18476 USD',
      '0.2 BTC × 43000.50 = 8600.1 USD',
      '13785.28476 USD × 12.5 % = 1723.160595, rounded 1723.16',
    ]);
    expect(rated[0]!.sources).toEqual([1, 30, 31, 40, 41].map(source));
  });

  it('waits for a price and for readings', () => {
    const { shortcomings } = computePeriod(
      inputsOf([terms(card)], [], {
        meters: [pool],
        readings: [halves[0]!],
        prices: [{ ...prices[0]!, currency: 'EUR' }],
      }),
    );
    expect(shortcomings.map(({ code, window }) => [code, window])).toEqual([
      ['meter-gap', secondHalf],
      ['price-missing', undefined],
    ]);
  });

  it('of machines that nobody tells the proceeds of is missing', () => {
    const { shortcomings } = computePeriod(inputsOf([terms(card)], [running('A', 10)]));
    expect(shortcomings.map(({ code }) => code)).toEqual(['meter-gap']);
  });

  it('that is less than the minimum is made up in the currency, at what it was worth', () => {
    const minimum = { amountPerMonth: '2000', clauseRef: '4.2' };
    const { rated } = computePeriod(
      inputsOf([terms({ ...card, paidIn: 'bitcoin', minimum })], [], {
        ...{ meters: [pool], readings: halves, prices },
      }),
    );
    // 2000 - 1723.160595
    expect(told(rated, 'minimum')).toEqual(['minimum/-/v1/all: 276.839405 money × 100 = 276.84']);
    expect(rated.at(-1)!.sources).toEqual([1, 30, 31, 40, 41].map(source));

    const { shortcomings } = computePeriod(
      inputsOf([terms({ ...card, paidIn: 'bitcoin', minimum })], [], {
        ...{ meters: [pool], readings: halves },
      }),
    );
    expect(shortcomings.map(({ code }) => code)).toEqual(['price-missing', 'price-missing']);
  });
});

describe('A share of profit', () => {
  const card = { basis: 'profitShare', profitSharePercent: '50', clauseRef: '4.1' } as const;
  const powerRates = [powerRate('0.05', 50)];

  it('is half of what was mined less what power cost, as Bitfarms and Stronghold agreed [S32]', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 3000)], {
        ...{ meters: [pool], readings: halves, prices, powerRates },
      }),
    );
    expect(shortcomings).toEqual([]);
    // 13,785.28476 - 744 h × 3 kW × 0.05 = 13,785.28476 - 111.60 = 13,673.68476; half: 6836.84238
    expect(told(rated)).toEqual(['profitShare/-/v1/all: 13673.68476 money × 50 = 6836.84']);
    expect(rated[0]!.steps.slice(-2)).toEqual([
      '13785.28476 - 111.6 = 13673.68476 USD',
      '13673.68476 USD × 50 % = 6836.84238, rounded 6836.84',
    ]);
    expect(rated[0]!.sources).toEqual([1, 10, 11, 12, 30, 31, 40, 41, 50].map(source));
  });

  it('of a loss is nothing, and says so', () => {
    const { rated } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 3000)], {
        ...{ meters: [pool], readings: [mined(30, '100000')], prices, powerRates },
      }),
    );
    // 0.001 × 43,000.50 = 43.0005 against 111.60 of power.
    expect(told(rated)).toEqual(['profitShare/-/v1/all: 0 money × 50 = 0.00']);
    expect(rated[0]!.steps).toContain('a loss counts as nothing');
  });

  it('waits for what power cost', () => {
    const { shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 3000)], {
        ...{ meters: [pool], readings: halves, prices },
      }),
    );
    expect(shortcomings.map(({ code }) => code)).toEqual(['power-rate-missing']);
  });
});
