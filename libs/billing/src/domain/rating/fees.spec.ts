import { computePeriod } from './compute-period.js';
import {
  CONTRACT,
  day,
  fact,
  inputsOf,
  january,
  running,
  source,
  terms,
  told,
} from './rating.fixture.js';

const card = { basis: 'nameplateKwh', ratePerKwh: '0.05' } as const;
const firstHalf = { from: january.from, until: day(16, 12) };
const secondHalf = { from: day(16, 12), until: january.until };

/** Received in storage of ND1, in a slot from the 10th, drawing power from the 11th. */
const arriving = (serial: string, position: number) => [
  fact(serial, position, 'received', day(3, 6), {
    ...{ contractId: CONTRACT, placeKind: 'storage', facility: 'ND1', powerWatts: 1000 },
  }),
  fact(serial, position + 1, 'placed', day(10), { placeKind: 'slot', facility: 'ND1' }),
  fact(serial, position + 2, 'energized', day(11)),
];

describe('A fee', () => {
  it('for set-up is charged when a machine first draws power under the contract, once', () => {
    const fees = [{ kind: 'setUp', amount: '75', clauseRef: '5.1' }] as const;
    const again = [
      ...arriving('B', 20),
      fact('B', 23, 'deenergized', day(12), { cause: 'repair' }),
      fact('B', 24, 'energized', day(20)),
    ];
    const lives = [running('A', 10), again];
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], lives));
    expect(told(rated, 'setUp')).toEqual(['setUp/ND1/v1/all: 1 unit × 75 = 75.00']);
    expect(rated.at(-1)).toMatchObject({
      line: { clauseRef: '5.1', description: 'Set-up, ND1' },
      sources: [source(1), source(20), source(21), source(22)],
    });

    const versions = [
      terms({ ...card, fees }, 1, firstHalf),
      terms({ ...card, fees }, 2, secondHalf),
    ];
    expect(told(computePeriod(inputsOf(versions, lives)).rated, 'setUp')).toEqual([
      'setUp/ND1/v1/all: 1 unit × 75 = 75.00',
    ]);
  });

  it('for relocation is charged for each move, at the site that the machine came to', () => {
    const fees = [{ kind: 'relocation', amount: '40', clauseRef: '5.2' }] as const;
    const moved = [
      ...running('A', 10),
      fact('A', 13, 'placed', '2023-12-30T00:00:00.000Z', {
        placeKind: 'slot',
        facility: 'ND1',
        moved: true,
      }),
      fact('A', 14, 'placed', day(5), { placeKind: 'slot', facility: 'ND1', moved: true }),
      fact('A', 15, 'placed', day(9), { placeKind: 'transit' }),
      fact('A', 16, 'placed', day(12), { placeKind: 'storage', facility: 'TX1', moved: true }),
      fact('A', 17, 'titleTransferred', day(20), { contractId: 'another' }),
      fact('A', 18, 'placed', day(21), { placeKind: 'slot', facility: 'TX1', moved: true }),
    ];
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], [moved]));
    expect(told(rated, 'relocation')).toEqual([
      'relocation/ND1/v1/all: 1 move × 40 = 40.00',
      'relocation/TX1/v1/all: 1 move × 40 = 40.00',
    ]);
    expect(rated.at(-1)!.sources).toEqual([source(1), source(10), source(16)]);
  });

  it('is charged for what happened when it counts from, though it is dated before', () => {
    const fees = [{ kind: 'relocation', amount: '40', clauseRef: '5.2' }] as const;
    const moved = [
      ...running('A', 10),
      fact('A', 13, 'deenergized', day(3)),
      // By a clock that is late: it cannot have moved before it was switched off.
      fact('A', 14, 'placed', '2023-12-30T00:00:00.000Z', {
        ...{ placeKind: 'slot', facility: 'ND1', moved: true },
      }),
    ];
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], [moved]));
    expect(told(rated, 'relocation')).toEqual(['relocation/ND1/v1/all: 1 move × 40 = 40.00']);
    expect(rated.at(-1)!.sources).toEqual([1, 10, 13, 14].map(source));
  });

  it('for storage is charged by the second of a day', () => {
    const fees = [{ kind: 'storage', amount: '0.50', clauseRef: '5.3' }] as const;
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], [arriving('A', 10)]));
    // From the 3rd, 06:00, to the 10th: 6.75 days; × 0.50 = 3.375
    expect(told(rated, 'storage')).toEqual(['storage/ND1/v1/all: 6.75 unitDay × 0.50 = 3.38']);
    expect(rated.at(-1)!.steps[0]).toBe('583200 machine-seconds ÷ 86400 = 6.75 unit-days');
  });

  it('for repair is charged for each that was closed', () => {
    const fees = [{ kind: 'repair', amount: '120', clauseRef: '5.4' }] as const;
    const repaired = [
      ...running('A', 10),
      fact('A', 13, 'repairOpened', day(4)),
      fact('A', 14, 'repairClosed', day(6)),
      fact('A', 15, 'repairOpened', day(28)),
    ];
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], [repaired]));
    expect(told(rated, 'repair')).toEqual(['repair/ND1/v1/all: 1 case × 120 = 120.00']);
  });

  it('of nothing is still told where something happened: bench units are stored free [S28]', () => {
    const fees = [{ kind: 'storage', amount: '0', clauseRef: '5.3' }] as const;
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], [arriving('A', 10)]));
    expect(told(rated, 'storage')).toEqual(['storage/ND1/v1/all: 6.75 unitDay × 0 = 0.00']);
    expect(
      told(
        computePeriod(inputsOf([terms({ ...card, fees })], [running('A', 10)])).rated,
        'storage',
      ),
    ).toEqual([]);
  });

  it('of one kind that is agreed twice has a line for each', () => {
    const fees = [
      { kind: 'repair', amount: '120', clauseRef: '5.4' },
      { kind: 'repair', amount: '15', clauseRef: '5.5' },
    ] as const;
    const repaired = [...running('A', 10), fact('A', 14, 'repairClosed', day(6))];
    const { rated } = computePeriod(inputsOf([terms({ ...card, fees })], [repaired]));
    expect(told(rated, 'repair')).toEqual([
      'repair/ND1/v1/all: 1 case × 120 = 120.00',
      'repair/ND1/v1/fee2: 1 case × 15 = 15.00',
    ]);
  });
});

describe('A minimum', () => {
  const minimum = { amountPerMonth: '1000', clauseRef: '6.1' };

  it('is made up to what the lines of the basis come to', () => {
    const { rated } = computePeriod(
      inputsOf([terms({ ...card, minimum })], [running('A', 10, 1000)]),
    );
    // 744 kWh × 0.05 = 37.20
    expect(told(rated, 'minimum')).toEqual(['minimum/-/v1/all: 962.8 money × 100 = 962.80']);
    expect(rated.at(-1)).toMatchObject({
      line: { clauseRef: '6.1' },
      steps: [
        'minimum 1000 = 1000 USD',
        'charged 37.2 USD',
        'lacking 962.8 USD',
        '962.8 USD × 100 % = 962.8, rounded 962.80',
      ],
    });
  });

  it('is taken or paid: it is due where nothing was used at all', () => {
    expect(told(computePeriod(inputsOf([terms({ ...card, minimum })])).rated)).toEqual([
      'minimum/-/v1/all: 1000 money × 100 = 1000.00',
    ]);
  });

  it('is due for the part of the month that the version was in force', () => {
    const { rated } = computePeriod(
      inputsOf([terms({ ...card, minimum }, 1, { from: day(22), until: january.until })]),
    );
    // 10 of 31 days: 322.580645…
    expect(told(rated)).toEqual(['minimum/-/v1/all: 322.580645 money × 100 = 322.58']);
    expect(rated[0]!.exactQuantity).toBe('10000/31');
    expect(rated[0]!.steps[0]).toBe(
      'minimum 1000 × 864000 s ÷ 2678400 s of the month = 322.580645 USD',
    );
  });

  it('is no line where it was reached, to the cent', () => {
    const reached = { amountPerMonth: '37.20', clauseRef: '6.1' };
    const { rated } = computePeriod(
      inputsOf([terms({ ...card, minimum: reached })], [running('A', 10, 1000)]),
    );
    expect(told(rated, 'minimum')).toEqual([]);
  });

  describe('of a month in which terms change', () => {
    const least = { amountPerMonth: '300', clauseRef: '6.1' };
    const both = (first: number, second = least.amountPerMonth, then = '0.05') =>
      computePeriod(
        inputsOf(
          [
            terms({ ...card, ratePerKwh: '1', minimum: least }, 1, firstHalf),
            terms(
              { ...card, ratePerKwh: then, minimum: { amountPerMonth: second, clauseRef: '6.2' } },
              2,
              secondHalf,
            ),
          ],
          [[...running('A', 10, first), fact('A', 13, 'deenergized', day(16, 12))]],
        ),
      ).rated;

    it('is not due again where the month has exceeded it already', () => {
      // 372 kWh under the first version, nothing under the second: 372.00 are more than 300.00.
      expect(told(both(1000))).toEqual(['nameplateKwh/ND1/v1/all: 372 kWh × 1 = 372.00']);
    });

    it('is the sum of the parts, by the last version that has one', () => {
      const rated = both(500, '400');
      // 150 + 200 for the halves, less 186.00
      expect(told(rated, 'minimum')).toEqual(['minimum/-/v2/all: 164 money × 100 = 164.00']);
      expect(rated.at(-1)).toMatchObject({
        line: { clauseRef: '6.2', window: january },
        steps: [
          'minimum 300 × 1339200 s ÷ 2678400 s of the month = 150 USD',
          'minimum 400 × 1339200 s ÷ 2678400 s of the month = 200 USD',
          'together 350 USD',
          'charged 186 USD',
          'lacking 164 USD',
          '164 USD × 100 % = 164, rounded 164.00',
        ],
      });
      expect(rated.at(-1)!.sources).toEqual(expect.arrayContaining([source(1), source(2)]));
    });

    it('counts nothing that was charged while no minimum was agreed', () => {
      const { rated } = computePeriod(
        inputsOf(
          [
            terms({ ...card, ratePerKwh: '1' }, 1, firstHalf),
            terms({ ...card, minimum: least }, 2, secondHalf),
          ],
          [[...running('A', 10, 1000), fact('A', 13, 'deenergized', day(16, 12))]],
        ),
      );
      expect(told(rated, 'minimum')).toEqual(['minimum/-/v2/all: 150 money × 100 = 150.00']);
      expect(rated.at(-1)!.line.window).toEqual(secondHalf);
    });
  });
});
