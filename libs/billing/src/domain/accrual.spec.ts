import { accruedBy, throughDay } from './accrual.js';
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
    expect(accruedBy(inputs, '2024-01-10', day(11))).toEqual({
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
    expect(accruedBy(inputs, '2024-01-10', day(11)).totals).toEqual([
      { currency: 'USD', amount: '58.44' },
    ]);
  });

  it('tells of terms that were missing by then, not of those after it', () => {
    const ended = terms(card, 1, { from: january.from, until: day(6) });
    const { shortcomings } = accruedBy(inputsOf([ended], [running('A', 1)]), '2024-01-10', day(11));
    expect(shortcomings).toMatchObject([{ code: 'terms-missing', window: { from: day(6) } }]);
    const later = accruedBy(inputsOf([ended], [running('A', 1)]), '2024-01-05', day(6));
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
