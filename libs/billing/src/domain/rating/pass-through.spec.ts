import { computePeriod } from './compute-period.js';
import {
  day,
  inputsOf,
  january,
  meter,
  powerRate,
  reading,
  running,
  source,
  terms,
  told,
} from './rating.fixture.js';

const card = { basis: 'passThrough', serviceFeePerKwh: '0.01', clauseRef: '4.1' } as const;
const firstHalf = { from: january.from, until: day(16, 12) };
const secondHalf = { from: day(16, 12), until: january.until };
const rates = [powerRate('0.05', 40, firstHalf), powerRate('0.06', 41, secondHalf)];

describe('Power passed on', () => {
  it('is split at the instant at which the utility rate changes, and has a fee on top', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 1000)], { powerRates: rates }),
    );
    expect(shortcomings).toEqual([]);
    // 372 h of 1 kW at each rate, 744 h for the fee.
    expect(told(rated)).toEqual([
      'powerCost/ND1/v1/2024-01-01T00:00:00.000Z: 372 kWh × 0.05 = 18.60',
      'powerCost/ND1/v1/2024-01-16T12:00:00.000Z: 372 kWh × 0.06 = 22.32',
      'passThrough/ND1/v1/all: 744 kWh × 0.01 = 7.44',
    ]);
    expect(rated.map(({ line }) => line.clauseRef)).toEqual(['4.1', '4.1', '4.1']);
    expect(rated[1]!.sources).toContainEqual(source(41));
    expect(rated[1]!.sources).not.toContainEqual(source(40));
  });

  it('goes by the meter where the site has one; a reading over the change is split by time', () => {
    const { rated } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 1000)], {
        powerRates: rates,
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '800000')],
      }),
    );
    expect(told(rated)).toEqual([
      'powerCost/ND1/v1/2024-01-01T00:00:00.000Z: 400 kWh × 0.05 = 20.00',
      'powerCost/ND1/v1/2024-01-16T12:00:00.000Z: 400 kWh × 0.06 = 24.00',
      'passThrough/ND1/v1/all: 800 kWh × 0.01 = 8.00',
    ]);
    expect(rated[0]!.steps[0]).toContain('800 kWh × 372 h of 744 h = 400 kWh');
  });

  it('waits for a rate where none was fixed in the currency of the card', () => {
    const pounds = { ...powerRate('0.05', 41, secondHalf), currency: 'GBP' };
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 1000)], { powerRates: [rates[0]!, pounds] }),
    );
    expect(told(rated, 'powerCost')).toHaveLength(1);
    expect(shortcomings).toEqual([
      {
        code: 'power-rate-missing',
        detail:
          'No power rate of ND1 in USD is known for 2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z',
        facility: 'ND1',
        window: secondHalf,
      },
    ]);
  });

  it('tells of a gap in the readings once, though the fee and the cost both lack it', () => {
    const { shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10, 1000)], {
        powerRates: rates,
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '400000', firstHalf)],
      }),
    );
    expect(shortcomings.map(({ code, meterId }) => [code, meterId])).toEqual([['meter-gap', 'M1']]);
  });

  it('names the clause that lets power be passed on, and that of the fee beside it', () => {
    const { rated } = computePeriod(
      inputsOf([terms({ ...card, powerClauseRef: '4.3' })], [running('A', 10, 1000)], {
        powerRates: rates,
      }),
    );
    expect(rated.map(({ line }) => [line.component, line.clauseRef])).toEqual([
      ['powerCost', '4.3'],
      ['powerCost', '4.3'],
      ['passThrough', '4.1'],
    ]);
  });

  it('says where the terms have no clause for it, as Celsius said of its contract with Core', () => {
    const { clauseRef: _, ...bare } = card;
    const { rated } = computePeriod(
      inputsOf([terms(bare)], [running('A', 10, 1000)], { powerRates: rates }),
    );
    for (const { line, steps } of rated) {
      expect(line).not.toHaveProperty('clauseRef');
      expect(steps).toContain('the terms name no clause for passing this on');
    }
  });
});
