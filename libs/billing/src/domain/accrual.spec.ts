import {
  billedAt,
  earnedBy,
  issuedBy,
  pendingOf,
  throughDay,
  unbilledMonths,
  type Billed,
  type Billing,
} from './accrual.js';
import {
  curtailment,
  day,
  fact,
  inputsOf,
  january,
  meter,
  powerRate,
  reading,
  receipt,
  running,
  terms,
} from './rating/rating.fixture.js';
import type { AdjustmentLine } from './standing.js';

const card = { basis: 'nameplateKwh', ratePerKwh: '0.05', clauseRef: '4.1' } as const;
const onThe10th = (inputs: ReturnType<typeof inputsOf>) =>
  throughDay(inputs, '2024-01-10', day(11));

describe('what was earned by a day', () => {
  it('is what the month comes to, up to the end of that day', () => {
    const stopped = [
      ...running('B', 10),
      fact('B', 20, 'deenergized', day(6), { cause: 'weather' }),
    ];
    const inputs = inputsOf([terms(card)], [running('A', 1), stopped]);
    // 3.247 kW x (240 h + 120 h) = 1168.92 kWh; x 0.05 = 58.446
    expect(earnedBy(inputs, '2024-01-10', day(11))).toMatchObject({
      totals: [{ currency: 'USD', amount: '58.45' }],
      shortcomings: [],
    });
  });

  it('is the whole month once the month is over', () => {
    const inputs = inputsOf([terms(card)], [running('A', 1)]);
    expect(throughDay(inputs, '2024-01-31', january.until)).toBe(inputs);
    expect(throughDay(inputs, '2024-02-10', '2024-02-11T00:00:00.000Z')).toBe(inputs);
  });

  it('is by each version of the terms for its own days', () => {
    const first = terms(card, 1, { from: january.from, until: day(6) });
    const second = terms({ ...card, ratePerKwh: '0.1' }, 2, { from: day(6), until: january.until });
    const later = terms(card, 3, { from: day(20), until: january.until });
    const inputs = onThe10th(inputsOf([first, second, later], [running('A', 1)]));
    expect(inputs.terms.map(({ version, until }) => [version, until])).toEqual([
      [1, day(6)],
      [2, day(11)],
    ]);
    // 3.247 kW x 120 h x (0.05 + 0.1)
    expect(earnedBy(inputs, '2024-01-10', day(11)).totals).toEqual([
      { currency: 'USD', amount: '58.44' },
    ]);
  });

  it('tells of terms that were missing by then, not of those after it', () => {
    const ended = terms(card, 1, { from: january.from, until: day(6) });
    const { shortcomings } = earnedBy(inputsOf([ended], [running('A', 1)]), '2024-01-10', day(11));
    expect(shortcomings).toMatchObject([{ code: 'terms-missing', window: { from: day(6) } }]);
    const later = earnedBy(inputsOf([ended], [running('A', 1)]), '2024-01-05', day(6));
    expect(later.shortcomings).toEqual([]);
  });

  it('knows nothing of what came later', () => {
    const inputs = inputsOf([terms(card)], [], {
      powerRates: [powerRate('0.04', 30), powerRate('0.06', 31, { from: day(20), until: day(25) })],
      curtailments: [curtailment(), curtailment({ curtailmentId: 'later', startsAt: day(12) })],
      receipts: [receipt(), receipt({ receiptId: 'early', receivedOn: '2024-01-10' })],
      meters: [meter('M1', 40), meter('M2', 41, 'energy', { from: day(15), until: january.until })],
      readings: [
        reading('M1', 50, '1000', { from: day(1), until: day(11) }),
        reading('M1', 51, '1000', { from: day(11), until: day(21) }),
        reading('M3', 52, '1000', { from: day(10), until: day(12) }),
      ],
    });
    const cut = onThe10th(inputs);
    expect(cut.powerRates.map(({ until }) => until)).toEqual([day(11)]);
    expect(cut.curtailments.map(({ curtailmentId }) => curtailmentId)).toEqual(['curtailment-1']);
    expect(cut.receipts.map(({ receiptId }) => receiptId)).toEqual(['early']);
    expect(cut.meters.map(({ meterId, window }) => [meterId, window.until])).toEqual([
      ['M1', day(11)],
    ]);
    expect(cut.readings.map(({ source: { position } }) => position)).toEqual(['50']);
  });
});

describe('months of a contract that are on no statement', () => {
  const billed = new Set(['2024-01', '2024-03']);

  it('are those from its first one to that of the day, without those billed', () => {
    expect(unbilledMonths({ firstMonth: '2023-12' }, '2024-04-01', billed)).toEqual([
      '2023-12',
      '2024-02',
      '2024-04',
    ]);
    expect(unbilledMonths({ firstMonth: '2024-01' }, '2024-01-31', new Set())).toEqual(['2024-01']);
  });

  it('are none before its first one, or where there is nothing to be billed', () => {
    expect(unbilledMonths({ firstMonth: '2024-05' }, '2024-04-30', billed)).toEqual([]);
    expect(unbilledMonths({}, '2024-04-30', billed)).toEqual([]);
  });

  it('end with the contract', () => {
    const ended = { firstMonth: '2024-04', endedOn: '2024-05-16' };
    expect(unbilledMonths(ended, '2024-12-31', billed)).toEqual(['2024-04', '2024-05']);
  });

  it('are after it those in which a programme paid, which may be for what came before', () => {
    const ended = { firstMonth: '2024-02', endedOn: '2024-02-16' };
    const paidIn = ['2024-02', '2024-03', '2024-05', '2024-07'];
    expect(unbilledMonths(ended, '2024-06-30', billed, paidIn)).toEqual(['2024-02', '2024-05']);
  });
});

describe('what statements have of a closed month', () => {
  const close = (month: string, issuedOn: string, position: string): Billing => ({
    ...{ kind: 'statement', statementId: `close ${month}`, month, issuedOn, position },
  });
  const restated = (month: string, issuedOn: string | undefined, position: string): Billing => ({
    ...{ kind: 'restatement', statementId: `restated ${position}`, month, position },
    ...(issuedOn !== undefined && { issuedOn }),
  });
  const closes = [
    close('2024-01', '2024-02-05', '90'),
    close('2024-02', '2024-03-05', '110'),
    close('2024-03', '2024-04-05', '130'),
  ];

  it('is true at the position of the last close by the day, which looked at it', () => {
    const at = (month: string, on: string) => billedAt(month, closes, on);
    expect([at('2024-01', '2024-02-05'), at('2024-01', '2024-03-31')]).toEqual(['90', '110']);
    expect([at('2024-02', '2024-03-31'), at('2024-03', '2024-04-05')]).toEqual(['110', '130']);
    // Those of what comes before a month say nothing of it.
    expect(at('2024-03', '2024-03-31')).toBe('0');
    expect(issuedBy(closes, '2024-03-05')).toEqual(closes.slice(0, 2));
  });

  it('is true at the position of a restatement that knew more', () => {
    const one = restated('2024-01', '2024-03-20', '120');
    expect(billedAt('2024-01', [...closes, one], '2024-03-20')).toBe('120');
    expect(billedAt('2024-02', [...closes, one], '2024-03-20')).toBe('110');
    expect(billedAt('2024-01', [...closes, one], '2024-04-05')).toBe('130');
  });

  it('is true at nobody knows which, where a restatement stands that came after the day', () => {
    // The close that was begun on the day left the month to it.
    const one = restated('2024-01', '2024-03-06', '115');
    expect(billedAt('2024-01', [...closes, one], '2024-03-05')).toBeUndefined();
    expect(billedAt('2024-02', [...closes, one], '2024-03-05')).toBe('110');
    expect(
      billedAt('2024-01', [...closes, restated('2024-01', undefined, '140')], '2024-04-05'),
    ).toBeUndefined();
  });
});

describe('what of a closed month is on no statement', () => {
  const hours = (until: number) => {
    const off = fact('A', 20, 'deenergized', day(until), { cause: 'fault' });
    const inputs = inputsOf([terms({ ...card, ratePerKwh: '1' })], [[...running('A', 1), off]]);
    return earnedBy(inputs, '2024-01-31', january.until);
  };
  const [original] = hours(31).lines;
  const billed = (more: Partial<Billed> = {}): Billed => ({
    ...{ month: '2024-01', statementId: 's', later: [], agreed: [] },
    lines: [{ number: 1, ...original! }],
    ...more,
  });
  const told = (lines: readonly AdjustmentLine[]) =>
    lines.map(({ amount, adjusts }) => [adjusts.cause, adjusts.line, adjusts.before, amount]);
  const agreed: Billed['agreed'][number] = {
    ...{ contractId: 'c', month: '2024-01', adjustmentId: 'a', line: 1, amount: '-5.00' },
    ...{ currency: 'USD', reason: 'Goodwill', agreedBy: 'bea' },
  };

  it('is nothing as long as it comes to the same', () => {
    expect(pendingOf(billed(), hours(31))).toEqual([]);
    expect(pendingOf(billed(), undefined)).toEqual([]);
  });

  it('is the difference to all that is, line by line', () => {
    // 3.247 kW × 24 h × 1
    const first = pendingOf(billed(), hours(30));
    expect(told(first)).toEqual([['lateFact', 1, '2337.84', '-77.93']]);
    const later = first.map((line, index) => ({ number: index + 1, ...line }));
    expect(pendingOf(billed({ later }), hours(30))).toEqual([]);
    expect(told(pendingOf(billed({ later }), hours(29)))).toEqual([
      ['lateFact', 1, '2259.91', '-77.93'],
    ]);
  });

  it('is what was agreed on, unless a statement has it, and nothing else undoes it', () => {
    const open = pendingOf(billed({ agreed: [agreed] }), hours(31));
    expect(open).toMatchObject([{ amount: '-5.00', adjusts: { cause: 'agreed', line: 1 } }]);
    expect(open[0]!.adjusts.reason).toBe('Goodwill');
    const later = open.map((line, index) => ({ number: index + 1, ...line }));
    expect(pendingOf(billed({ agreed: [agreed], later }), hours(31))).toEqual([]);
  });
});
