import { mustHaveBegun, unbilledMonths } from './accrued.js';

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
});

describe('a day that accruals are asked for', () => {
  const now = '2024-03-31T10:30:00.000Z';

  it('has begun, wherever days begin first', () => {
    expect(() => mustHaveBegun('2024-04-01', now)).not.toThrow();
    expect(() => mustHaveBegun('2024-04-01', '2024-03-31T09:30:00.000Z')).toThrow(/not begun/);
    expect(() => mustHaveBegun('2126-01-01', now)).toThrow(/not begun/);
  });
});
