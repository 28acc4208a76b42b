import {
  assigned,
  energized,
  installed,
  june,
  lifeOf,
  off,
  received,
  type Told,
} from './machine-life.fixture.js';
import { segmentsOf } from './machine-usage.js';
import { uptimeOf } from './uptime.js';

const june2024 = { from: june(1), until: '2024-07-01T00:00:00.000Z' };
const HOUR_MS = 3_600_000;
const hours = (count: number): number => count * HOUR_MS;
const of = (...facts: readonly Told[]) => segmentsOf(lifeOf(...facts), june2024);
const began = [received(june(1)), installed(june(1)), energized(june(11))];

describe('The uptime of a machine', () => {
  it('is counted from when it first drew power under the contract', () => {
    expect(uptimeOf(of(...began), new Set())).toEqual({
      ...{ windowMs: hours(480), upMs: hours(480), excusedMs: 0, unexcusedMs: 0 },
      byCause: new Map(),
    });
  });

  it('is excused by the causes that the terms name, and by no others', () => {
    const segments = of(
      ...began,
      off(june(12), 'curtailment', 'curtailment-1'),
      energized(june(12, '04:00')),
      off(june(13), 'fault'),
      energized(june(13, '06:00')),
      off(june(14), 'curtailment', 'curtailment-2'),
      energized(june(14, '01:30')),
    );
    expect(uptimeOf(segments, new Set(['curtailment']))).toEqual({
      ...{ windowMs: hours(480), upMs: hours(468.5) },
      ...{ excusedMs: hours(5.5), unexcusedMs: hours(6) },
      byCause: new Map([
        ['curtailment', hours(5.5)],
        ['fault', hours(6)],
      ]),
    });
  });

  it('of a contract is that of its own stretches', () => {
    const segments = of(...began, off(june(20), 'fault'), assigned(june(21)), energized(june(25)));
    const under = (id: string) =>
      uptimeOf(
        segments.filter(({ contractId }) => contractId === id),
        new Set(),
      );
    expect(under('contract-1')).toMatchObject({ windowMs: hours(240), unexcusedMs: hours(24) });
    expect(under('contract-2')).toMatchObject({ windowMs: hours(144), upMs: hours(144) });
  });
});
