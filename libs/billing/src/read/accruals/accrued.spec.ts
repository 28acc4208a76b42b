import { mustHaveBegun } from './accrued.js';

describe('a day that accruals are asked for', () => {
  const now = '2024-03-31T10:30:00.000Z';

  it('has begun, wherever days begin first', () => {
    expect(() => mustHaveBegun('2024-04-01', now)).not.toThrow();
    expect(() => mustHaveBegun('2024-04-01', '2024-03-31T09:30:00.000Z')).toThrow(/not begun/);
    expect(() => mustHaveBegun('2126-01-01', now)).toThrow(/not begun/);
  });
});
