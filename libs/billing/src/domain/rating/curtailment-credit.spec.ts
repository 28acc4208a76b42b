import type { BillingInputs, CurtailmentFact } from '../inputs.js';
import type { MachineFact } from '../machine-facts.js';
import { computePeriod } from './compute-period.js';
import {
  CONTRACT,
  curtailment,
  day,
  fact,
  inputsOf,
  january,
  receipt,
  running,
  source,
  terms,
  told,
} from './rating.fixture.js';

const card = { basis: 'nameplateKwh', ratePerKwh: '0.05' } as const;
const agreed = {
  ...{ causes: ['demandResponse'], sharePercent: '60', creditPerKwh: '0.20', clauseRef: '8.1' },
};
const share = { causes: ['demandResponse'], sharePercent: '60', clauseRef: '8.2' };

/** Off for the curtailment of the 10th, for 24 hours. */
const shed = (
  serial: string,
  position: number,
  powerWatts = 3000,
  from = day(10),
  until = day(11),
) => [
  ...running(serial, position, powerWatts),
  fact(serial, position + 3, 'deenergized', from, {
    cause: 'curtailment',
    curtailmentId: 'curtailment-1',
  }),
  fact(serial, position + 4, 'energized', until),
];

describe('A credit for curtailment at an agreed rate', () => {
  const credited = (life = shed('A', 10), curtailments: CurtailmentFact[] = [curtailment()]) =>
    computePeriod(
      inputsOf([terms({ ...card, curtailmentCredit: agreed })], [life], { curtailments }),
    ).rated;

  it('is for each kWh that the machines of the contract did not draw', () => {
    const rated = credited();
    // 24 h × 3 kW = 72 kWh; 60 % of 0.20
    expect(told(rated, 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v1/curtailment-1: 72 kWh × -0.12 = -8.64',
    ]);
    expect(rated.at(-1)).toMatchObject({
      line: { clauseRef: '8.1', window: { from: day(10), until: day(11) } },
      steps: [
        'off for it within 2024-01-10T00:00:00Z to 2024-01-11T00:00:00Z: 72 kWh at rated power',
        '0.20 a kWh × 60 % = 0.12',
        '72 kWh × -0.12 USD = -8.64, rounded -8.64',
      ],
      sources: [1, 10, 11, 12, 13, 900].map(source),
    });
  });

  it('does not go on after the curtailment, though a machine was late to return', () => {
    expect(told(credited(shed('A', 10, 3000, day(10), day(12))), 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v1/curtailment-1: 72 kWh × -0.12 = -8.64',
    ]);
  });

  it('goes on to the end of the slice while the curtailment lasts', () => {
    const { endedAt: _, ...lasting } = curtailment({ startsAt: day(31) });
    const life = shed('A', 10, 3000, day(31), '2024-02-03T00:00:00.000Z');
    expect(told(credited(life, [lasting]), 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v1/curtailment-1: 72 kWh × -0.12 = -8.64',
    ]);
  });

  it('is only for causes that the terms name', () => {
    expect(
      told(credited(shed('A', 10), [curtailment({ cause: 'economic' })]), 'curtailmentCredit'),
    ).toEqual([]);
  });
});

describe('A share of what a programme paid', () => {
  const measured = curtailment({ energyAvoidedWh: 720_000 });
  const credited = (
    more: Parameters<typeof inputsOf>[2],
    lives = [shed('A', 10)],
    sharePercent = '60',
  ) => {
    const curtailmentCredit = { ...share, sharePercent };
    return computePeriod(inputsOf([terms({ ...card, curtailmentCredit })], lives, more));
  };

  it('goes by the energy of the contract in that of the whole curtailment', () => {
    const { rated, shortcomings } = credited({ curtailments: [measured], receipts: [receipt()] });
    expect(shortcomings).toEqual([]);
    // 1000 × 72 ÷ 720 kWh × 60 %
    expect(told(rated, 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v1/receipt-1: 100 money × -60 = -60.00',
    ]);
    expect(rated.at(-1)).toMatchObject({
      line: { clauseRef: '8.2', currency: 'USD', window: january },
      steps: [
        'received 1000 USD on 2024-01-20',
        'off for it within 2024-01-10T00:00:00Z to 2024-01-11T00:00:00Z: 72 kWh at rated power',
        '1000 × 72 kWh ÷ 720 kWh measured for all = 100',
        '100 USD × -60 % = -60, rounded down -60.00',
      ],
      sources: [1, 10, 11, 12, 13, 900, 950].map(source),
    });
  });

  it('is given in the period of the receipt, for a curtailment that lies before it', () => {
    const [from, until] = ['2023-12-10T00:00:00.000Z', '2023-12-11T00:00:00.000Z'];
    const { rated } = credited(
      { curtailments: [{ ...measured, startsAt: from, endedAt: until }], receipts: [receipt()] },
      [shed('A', 10, 3000, from, until)],
    );
    expect(told(rated, 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v1/receipt-1: 100 money × -60 = -60.00',
    ]);
  });

  it('belongs to the version of the terms that is in force on the day of the receipt', () => {
    const versions = [
      terms({ ...card, curtailmentCredit: share }, 1, { from: january.from, until: day(15) }),
      terms({ ...card, curtailmentCredit: { ...share, sharePercent: '50' } }, 2, {
        from: day(15),
        until: january.until,
      }),
    ];
    const { rated } = computePeriod(
      inputsOf(versions, [shed('A', 10)], { curtailments: [measured], receipts: [receipt()] }),
    );
    expect(told(rated, 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v2/receipt-1: 100 money × -50 = -50.00',
    ]);
  });

  it('waits where the receipt is in another currency than the contract', () => {
    const { rated, shortcomings } = credited({
      curtailments: [measured],
      receipts: [receipt({ currency: 'CAD' })],
    });
    expect(told(rated, 'curtailmentCredit')).toEqual([]);
    expect(shortcomings).toEqual([
      {
        code: 'receipt-unattributed',
        detail: 'Receipt receipt-1 is in CAD, and what the contract owes and is owed is in USD',
        facility: 'ND1',
      },
    ]);
  });

  it('is never one of more than was received', () => {
    const { rated } = credited({
      curtailments: [curtailment({ energyAvoidedWh: 36_000 })],
      receipts: [receipt()],
    });
    expect(told(rated, 'curtailmentCredit')).toEqual([
      'curtailmentCredit/ND1/v1/receipt-1: 1000 money × -60 = -600.00',
    ]);
  });

  describe('where others were off for it as well', () => {
    const others = (...lives: (readonly MachineFact[])[]) =>
      new Map(
        lives.map((life) => [
          life[0]!.serial,
          life.map((one) => (one.contractId ? { ...one, contractId: 'another' } : one)),
        ]),
      );
    const given = (energyAvoidedWh: number, curtailed: Required<BillingInputs>['curtailed']) =>
      credited({
        curtailments: [curtailment({ energyAvoidedWh })],
        receipts: [receipt()],
        curtailed,
      }).rated;

    it('is of what was measured, as long as all together avoided no more', () => {
      const rated = given(144_000, others(shed('B', 30)));
      expect(told(rated, 'curtailmentCredit')).toEqual([
        'curtailmentCredit/ND1/v1/receipt-1: 500 money × -60 = -300.00',
      ]);
      // What others did changes nothing of it.
      expect(rated.at(-1)!.sources).toEqual([1, 10, 11, 12, 13, 900, 950].map(source));
    });

    it('is of what all together avoided, where that is more, whosever they are', () => {
      const rated = given(120_000, others(shed('B', 30), shed('C', 40, 6000)));
      // 72 of 72 + 72 + 144 kWh
      expect(told(rated, 'curtailmentCredit')).toEqual([
        'curtailmentCredit/ND1/v1/receipt-1: 250 money × -60 = -150.00',
      ]);
      expect(rated.at(-1)!.steps).toEqual([
        'received 1000 USD on 2024-01-20',
        'off for it within 2024-01-10T00:00:00Z to 2024-01-11T00:00:00Z: 72 kWh at rated power',
        'all machines that were off for it: 288 kWh, more than the 120 kWh measured',
        '1000 × 72 kWh ÷ 288 kWh of all machines = 250',
        '250 USD × -60 % = -150, rounded down -150.00',
      ]);
      const lives = [10, 11, 12, 13, 30, 31, 32, 33, 40, 41, 42, 43];
      expect(rated.at(-1)!.sources).toEqual([1, ...lives, 900, 950].map(source));
    });

    it('is rounded down, so that thirds are never more than the whole', () => {
      const rated = given(72_000, others(shed('B', 30), shed('C', 40)));
      // 1000 ÷ 3 × 60 % = 200; 1000.01 ÷ 3 × 100 % = 333.336666
      expect(told(rated, 'curtailmentCredit')[0]).toMatch(/= -200.00$/);
      const cents = credited(
        {
          curtailments: [curtailment({ energyAvoidedWh: 72_000 })],
          receipts: [receipt({ amount: '1000.01' })],
          curtailed: others(shed('B', 30), shed('C', 40)),
        },
        undefined,
        '100',
      ).rated.at(-1)!;
      expect(cents.line).toMatchObject({
        ...{ amount: '-333.33', rounding: { mode: 'down', scale: 2 } },
      });
    });

    it('goes by when they were off while it lasted, also after the period', () => {
      const [from, until] = [day(31), day(33)];
      const lasting = curtailment({ energyAvoidedWh: 96_000, startsAt: from, endedAt: until });
      // On again an hour after the period; its own life in it knows nothing of that.
      const whole = shed('A', 10, 3000, from, day(32, 1));
      const own = whole.slice(0, -1);
      const curtailed = new Map([['A', whole], ...others(shed('B', 30, 3000, from, until))]);
      const paid = receipt({ receivedOn: '2024-01-31' });
      const { rated } = credited({ curtailments: [lasting], receipts: [paid], curtailed }, [own]);
      // 75 of 75 + 144 kWh
      expect(rated.at(-1)!.steps).toContain('1000 × 75 kWh ÷ 219 kWh of all machines = 342.465753');
    });
  });

  it.each([
    ['is not known', []],
    ['has no measured energy yet', [curtailment()]],
  ])('waits where the curtailment %s', (why, curtailments) => {
    const { rated, shortcomings } = credited({ curtailments, receipts: [receipt()] });
    expect(told(rated, 'curtailmentCredit')).toEqual([]);
    expect(shortcomings).toEqual([
      {
        code: 'receipt-unattributed',
        detail: `Receipt receipt-1 is for curtailment curtailment-1, which ${why}`,
        facility: 'ND1',
      },
    ]);
  });

  it.each([
    ['is not known', [], receipt()],
    ['has no measured energy yet', [curtailment()], receipt()],
    ['was paid for in another currency', [measured], receipt({ currency: 'CAD' })],
  ])('of a curtailment that %s concerns no contract without machines in it', (_, known, paid) => {
    const more = { curtailments: known, receipts: [paid] };
    expect(credited(more, [running('A', 10)]).shortcomings).toEqual([]);
    // Off at that time, and not by it.
    const idle = [...running('A', 10), fact('A', 13, 'deenergized', day(10), { cause: 'fault' })];
    expect(credited(more, [idle]).shortcomings).toEqual([]);
  });

  it('is nothing for a contract of which no machine was off', () => {
    const other = shed('B', 30).map((one) => ({ ...one, contractId: 'another' }));
    expect(other[0]!.contractId).not.toBe(CONTRACT);
    const { rated } = credited({ curtailments: [measured], receipts: [receipt()] }, [
      running('A', 10),
      other,
    ]);
    expect(told(rated, 'curtailmentCredit')).toEqual([]);
  });

  describe('that came once the contract was over', () => {
    const version = (n: number, sharePercent: string, from: string, until: string) =>
      terms({ ...card, curtailmentCredit: { ...share, sharePercent } }, n, { from, until });
    const [began, endedAt] = ['2023-11-01T00:00:00.000Z', day(16)];
    const formerTerms = [
      version(1, '60', began, day(5)),
      version(2, '50', day(5), day(12)),
      version(3, '40', day(12), endedAt),
    ];
    const [first, ...later] = formerTerms;
    const inForce = [{ ...first!, from: january.from }, ...later];
    const paid = (more: Parameters<typeof inputsOf>[2], lives = [shed('A', 10)]) => {
      const known = { curtailments: [measured], receipts: [receipt()], ...more };
      const { rated, shortcomings } = computePeriod(
        inputsOf(inForce, lives, { endedAt, formerTerms, ...known }),
      );
      return {
        shortcomings,
        rated: rated.filter(({ line }) => line.component === 'curtailmentCredit'),
      };
    };

    it('is by the terms in force when the curtailment began', () => {
      const { rated, shortcomings } = paid({});
      expect(told(rated)).toEqual(['curtailmentCredit/ND1/v2/receipt-1: 100 money × -50 = -50.00']);
      expect(rated[0]!.sources).toEqual([2, 10, 11, 12, 13, 900, 950].map(source));
      expect(shortcomings).toEqual([]);
    });

    it('is not told twice: one that came before the end is by the terms of its day', () => {
      expect(told(paid({ receipts: [receipt({ receivedOn: '2024-01-15' })] }).rated)).toEqual([
        'curtailmentCredit/ND1/v3/receipt-1: 100 money × -40 = -40.00',
      ]);
      expect(told(paid({ receipts: [receipt({ receivedOn: '2024-01-16' })] }).rated)).toEqual([
        'curtailmentCredit/ND1/v2/receipt-1: 100 money × -50 = -50.00',
      ]);
    });

    it('is nothing where no terms were in force at the curtailment, or no machine was off', () => {
      const after = { ...measured, startsAt: day(20), endedAt: day(21) };
      const idle = shed('A', 10, 3000, day(20), day(21));
      expect(paid({ curtailments: [after] }, [idle])).toEqual({ rated: [], shortcomings: [] });
      expect(paid({}, [running('A', 10)])).toEqual({ rated: [], shortcomings: [] });
    });

    it.each([
      ['is not known', []],
      ['has no measured energy yet', [curtailment()]],
    ])('waits where the curtailment %s', (why, curtailments) => {
      const { rated, shortcomings } = paid({ curtailments });
      expect(rated).toEqual([]);
      const detail = `Receipt receipt-1 is for curtailment curtailment-1, which ${why}`;
      expect(shortcomings).toEqual([{ code: 'receipt-unattributed', detail, facility: 'ND1' }]);
    });
  });
});
