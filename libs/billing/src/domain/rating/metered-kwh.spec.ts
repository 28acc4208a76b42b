import { computePeriod } from './compute-period.js';
import {
  day,
  fact,
  inputsOf,
  january,
  meter,
  reading,
  running,
  source,
  terms,
  told,
} from './rating.fixture.js';

const card = { basis: 'meteredKwh', ratePerKwh: '0.08', clauseRef: '4.1' } as const;
const firstHalf = { from: january.from, until: day(16, 12) };
const secondHalf = { from: day(16, 12), until: january.until };
/** To another site, before the second half of the month. */
const left = fact('A', 13, 'placed', day(16, 11), { placeKind: 'slot', facility: 'TX1' });

describe('Metered energy', () => {
  it('is what the meters of a site told × the rate', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10)], {
        meters: [meter('M1', 20), meter('M2', 21)],
        readings: [
          reading('M1', 30, '1200500', firstHalf),
          reading('M1', 31, '1199500', secondHalf),
          reading('M2', 32, '100001'),
        ],
      }),
    );
    expect(shortcomings).toEqual([]);
    // 1200.5 + 1199.5 + 100.001 = 2500.001 kWh; × 0.08 = 200.00008
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 2500.001 kWh × 0.08 = 200.00']);
    expect(rated[0]!.sources).toEqual([1, 20, 21, 30, 31, 32].map(source));
    expect(rated[0]!.steps).toEqual([
      'meter M1, 2024-01-01T00:00:00Z to 2024-01-16T12:00:00Z: 1200.5 kWh',
      'meter M1, 2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z: 1199.5 kWh',
      'meter M2, 2024-01-01T00:00:00Z to 2024-02-01T00:00:00Z: 100.001 kWh',
      'readings together 2500.001 kWh',
      '2500.001 kWh × 0.08 USD = 200.00008, rounded 200.00',
    ]);
  });

  it('that spans a change of the terms is split by time', () => {
    const { rated } = computePeriod(
      inputsOf(
        [terms(card, 1, firstHalf), terms({ ...card, ratePerKwh: '0.10' }, 2, secondHalf)],
        [],
        { meters: [meter('M1', 20)], readings: [reading('M1', 30, '744000')] },
      ),
    );
    expect(told(rated)).toEqual([
      'meteredKwh/ND1/v1/all: 372 kWh × 0.08 = 29.76',
      'meteredKwh/ND1/v2/all: 372 kWh × 0.10 = 37.20',
    ]);
    expect(rated[1]!.steps[0]).toBe(
      'meter M1, 2024-01-01T00:00:00Z to 2024-02-01T00:00:00Z: 744 kWh × 372 h of 744 h = 372 kWh',
    );
  });

  it('that no reading tells stands in the way of a close', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [running('A', 10)], {
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '100000', firstHalf)],
      }),
    );
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 100 kWh × 0.08 = 8.00']);
    expect(shortcomings).toEqual([
      {
        code: 'meter-gap',
        detail: 'Meter M1 has no reading for 2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z',
        facility: 'ND1',
        meterId: 'M1',
        window: secondHalf,
      },
    ]);
  });

  it('that nobody has read yet is a line of nothing, and a gap', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms(card)], [], { meters: [meter('M1', 20)] }),
    );
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 0 kWh × 0.08 = 0.00']);
    expect(rated[0]!.sources).toEqual([source(1), source(20)]);
    expect(shortcomings).toHaveLength(1);
  });

  it('is missed where machines draw power and there is no meter', () => {
    const { shortcomings } = computePeriod(inputsOf([terms(card)], [running('A', 10)]));
    expect(shortcomings).toEqual([
      expect.objectContaining({ code: 'meter-gap', facility: 'ND1', window: january }),
    ]);
    const idle = [...running('A', 10), fact('A', 13, 'deenergized', '2023-12-31T00:00:00.000Z')];
    expect(computePeriod(inputsOf([terms(card)], [idle])).shortcomings).toEqual([]);
  });

  it('is estimated at rated power where the terms say so, as small hosts do [S41][S42]', () => {
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms({ ...card, estimation: 'nameplate' })], [running('A', 10, 3000)], {
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '1100000', firstHalf)],
      }),
    );
    expect(shortcomings).toEqual([]);
    // 1100 kWh read + 372 h × 3 kW = 1116 kWh estimated
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 2216 kWh × 0.08 = 177.28']);
    expect(rated[0]!.line.estimated).toBe(true);
    expect(rated[0]!.steps).toContain(
      'meter M1, 2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z: estimated at rated power',
    );
  });

  it('is estimated at nothing while all machines are off, and says so', () => {
    const idle = [
      ...running('A', 10, 3000),
      fact('A', 13, 'deenergized', day(16, 12), { cause: 'fault' }),
    ];
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms({ ...card, estimation: 'nameplate' })], [idle], {
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '1100000', firstHalf)],
      }),
    );
    expect(shortcomings).toEqual([]);
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 1100 kWh × 0.08 = 88.00']);
    expect(rated[0]!.line.estimated).toBe(true);
    expect(rated[0]!.steps.slice(1, 3)).toEqual([
      'meter M1, 2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z: estimated at rated power',
      'no machine drew power: 0 kWh',
    ]);
    expect(rated[0]!.sources).toContainEqual(source(13));
  });

  it.each([
    ['the fleet has no machine', []],
    ['all machines are elsewhere', [running('A', 10, 3000, 'TX1')]],
    ['the last machine left before', [[...running('A', 10), left]]],
  ])('cannot be estimated where %s: that is a gap', (_, lives) => {
    const readings = [reading('M1', 30, '100000', firstHalf)];
    const meters = [meter('M1', 20), meter('M2', 21, 'energy', january, 'TX1')];
    const read = reading('M2', 31, '1', january, { facility: 'TX1' });
    const { rated, shortcomings } = computePeriod(
      inputsOf([terms({ ...card, estimation: 'nameplate' })], lives, {
        meters,
        readings: [...readings, read],
      }),
    );
    expect(told(rated)[0]).toBe('meteredKwh/ND1/v1/all: 100 kWh × 0.08 = 8.00');
    expect(rated[0]!.line.estimated).toBeUndefined();
    expect(shortcomings).toEqual([
      {
        code: 'meter-gap',
        detail:
          'Meter M1 has no reading for 2024-01-16T12:00:00Z to 2024-02-01T00:00:00Z, and no machine of the contract is there to estimate it by',
        ...{ facility: 'ND1', meterId: 'M1', window: secondHalf },
      },
    ]);
  });

  it('behind one of two meters is estimated at half of the rated power', () => {
    const { rated } = computePeriod(
      inputsOf([terms({ ...card, estimation: 'nameplate' })], [running('A', 10, 3000)], {
        meters: [meter('M1', 20), meter('M2', 21)],
        readings: [reading('M1', 30, '1100000')],
      }),
    );
    // 1100 kWh + 744 h × 3 kW ÷ 2 meters = 1116 kWh
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 2216 kWh × 0.08 = 177.28']);
  });

  it('of a reading that was itself estimated makes the line an estimated one', () => {
    const { rated } = computePeriod(
      inputsOf([terms(card)], [], {
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '5000', january, { quality: 'estimated' })],
      }),
    );
    expect(rated[0]!.line).toMatchObject({ quantity: '5', amount: '0.40', estimated: true });
  });

  it('of nothing is a line all the same: somebody read the meter', () => {
    const { rated } = computePeriod(
      inputsOf([terms(card)], [], {
        meters: [meter('M1', 20)],
        readings: [reading('M1', 30, '0')],
      }),
    );
    expect(told(rated)).toEqual(['meteredKwh/ND1/v1/all: 0 kWh × 0.08 = 0.00']);
  });
});
