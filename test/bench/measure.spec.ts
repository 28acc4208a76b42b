import { median, percentile, table } from './measure.js';

describe('The bench writes', () => {
  it('the median, also of an even number of runs, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 3])).toBe(4);
    expect(median([])).toBeNaN();
  });

  it('percentiles of what was seen, not between', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.99)).toBe(100);
    expect(percentile(hundred, 0.5)).toBe(51);
  });

  it('a table with the range of the runs, the yardstick and the ratio', () => {
    const rows = table([
      {
        what: 'commands',
        measured: { values: [9_000, 12_345, 10_000], unit: '/s' },
        against: { what: 'no-op', series: { values: [20_000], unit: '/s' } },
        ratio: 0.5,
        target: '>= 0.4',
      },
      { what: 'memory', measured: { values: [512.4], unit: 'MB' }, target: '< 1024 MB' },
    ]).split('\n');
    expect(rows[2]).toMatch(
      /^\| commands \| 10,000 \/s \[9,000-12,345\] \| no-op: 20,000 \/s \| 0\.50 {2}\| >= 0\.4 {4}\|$/,
    );
    expect(rows[3]).toMatch(/^\| memory +\| 512 MB +\| +\| +\| < 1024 MB \|$/);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });
});
