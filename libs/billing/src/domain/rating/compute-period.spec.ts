import { startOf } from '@hostledger/quantities';
import { computePeriod } from './compute-period.js';
import {
  curtailment,
  day,
  fact,
  inputsOf,
  january,
  receipt,
  running,
  terms,
  told,
} from './rating.fixture.js';

const card = { basis: 'nameplateKwh', ratePerKwh: '0.10' } as const;

describe('A computation', () => {
  it('tells of power that was drawn while no terms were in force', () => {
    const late = terms(card, 1, { from: day(2), until: january.until });
    const { rated, shortcomings } = computePeriod(inputsOf([late], [running('A', 10, 1000)]));
    expect(told(rated)).toEqual(['nameplateKwh/ND1/v1/all: 720 kWh × 0.10 = 72.00']);
    expect(shortcomings).toEqual([
      {
        code: 'terms-missing',
        detail:
          'Machines drew power, 2024-01-01T00:00:00Z to 2024-01-02T00:00:00Z, and no terms were in force',
        window: { from: january.from, until: day(2) },
      },
    ]);
    expect(computePeriod(inputsOf([late])).shortcomings).toEqual([]);
  });

  it('charges nothing after the end of the contract, and asks for no terms then', () => {
    const last = terms(card, 1, { from: january.from, until: day(16) });
    // Switched off at ten o'clock of the day on which the contract is over already.
    const life = [...running('A', 10, 1000), fact('A', 13, 'deenergized', day(16, 10))];
    const { rated, shortcomings } = computePeriod(inputsOf([last], [life], { endedAt: day(16) }));
    expect(told(rated)).toEqual(['nameplateKwh/ND1/v1/all: 360 kWh × 0.10 = 36.00']);
    expect(shortcomings).toEqual([]);
  });

  it('tells of power without terms up to the end of the contract', () => {
    const late = terms(card, 1, { from: day(2), until: day(16) });
    const ended = (endedAt: string) =>
      computePeriod(inputsOf([late], [running('A', 10)], { endedAt })).shortcomings;
    const before = { from: january.from, until: day(2) };
    expect(ended(day(16))).toMatchObject([{ code: 'terms-missing', window: before }]);
    // Over before the month began: there is nothing to ask for in it.
    const over = inputsOf([], [running('A', 10)], { endedAt: '2023-12-15T00:00:00.000Z' });
    expect(computePeriod(over)).toEqual({ rated: [], shortcomings: [] });
  });

  it('of terms that are cut at a date is what has accrued until then', () => {
    const minimum = { amountPerMonth: '310', clauseRef: '6.1' };
    const cut = terms({ ...card, minimum }, 1, { from: january.from, until: day(11) });
    const { rated, shortcomings } = computePeriod(inputsOf([cut], [running('A', 10, 1000)]));
    // 240 kWh, and 10 of 31 days of the minimum.
    expect(told(rated)).toEqual([
      'nameplateKwh/ND1/v1/all: 240 kWh × 0.10 = 24.00',
      'minimum/-/v1/all: 76 money × 100 = 76.00',
    ]);
    expect(shortcomings.map(({ code }) => code)).toEqual(['terms-missing']);
  });

  it('of a version that another one interrupted has lines of their own for each part', () => {
    const parts = [
      terms(card, 1, { from: january.from, until: day(11) }),
      terms({ ...card, ratePerKwh: '0.20' }, 2, { from: day(11), until: day(21) }),
      terms(card, 1, { from: day(21), until: january.until }),
    ];
    expect(told(computePeriod(inputsOf(parts, [running('A', 10, 1000)])).rated)).toEqual([
      'nameplateKwh/ND1/v1/all: 240 kWh × 0.10 = 24.00',
      'nameplateKwh/ND1/v2/all: 240 kWh × 0.20 = 48.00',
      'nameplateKwh/ND1/v1/all/part2: 264 kWh × 0.10 = 26.40',
    ]);
  });

  it('rounds to what the currency has: no places of a yen, three of a dinar', () => {
    const amounts = ['JPY', 'KWD'].map((currency) => {
      const { rateCard, ...rest } = terms({ ...card, ratePerKwh: '0.0125' });
      const given = { ...rest, rateCard: { ...rateCard, currency } };
      const { rated } = computePeriod(inputsOf([given], [running('A', 10, 1001)]));
      return rated[0]!.line.amount;
    });
    // 744.744 kWh × 0.0125 = 9.3093
    expect(amounts).toEqual(['9', '9.309']);
  });

  it('of a month in which clocks change goes by its own hours', () => {
    const [from, until] = ['2024-03-01', '2024-04-01'].map((on) => startOf('America/Chicago', on));
    const march = { from: from!, until: until! };
    const more = { timeZone: 'America/Chicago', month: '2024-03', period: march };
    const flat = { basis: 'flatPerUnit', ratePerUnitMonth: '155' } as const;
    const amounts = [card, flat].map((basis) =>
      told(computePeriod(inputsOf([terms(basis, 1, march)], [running('A', 10, 1000)], more)).rated),
    );
    // 31 days but for the hour that was skipped.
    expect(amounts.flat()).toEqual([
      'nameplateKwh/ND1/v1/all: 743 kWh × 0.10 = 74.30',
      'flatPerUnit/ND1/v1/all: 1 unitMonth × 155 = 155.00',
    ]);
  });

  it('takes the day of a receipt as one of the zone of the contract', () => {
    const share = { causes: ['demandResponse'], sharePercent: '60', clauseRef: '8.2' };
    const [from, until] = ['2024-01-01', '2024-02-01'].map((on) => startOf('America/Chicago', on));
    const month = { from: from!, until: until! };
    const life = [
      ...running('A', 10, 3000),
      fact('A', 13, 'deenergized', day(10), { curtailmentId: 'curtailment-1' }),
    ];
    const received = (receivedOn: string) =>
      computePeriod(
        inputsOf([terms({ ...card, curtailmentCredit: share }, 1, month)], [life], {
          ...{ timeZone: 'America/Chicago', period: month, receipts: [receipt({ receivedOn })] },
          curtailments: [curtailment({ energyAvoidedWh: 72_000 })],
        }),
      ).rated.filter(({ line }) => line.component === 'curtailmentCredit');
    const counts = ['2023-12-31', '2024-01-01', '2024-01-31', '2024-02-01'].map(
      (on) => received(on).length,
    );
    expect(counts).toEqual([0, 1, 1, 0]);
  });
});
