import { agreement, missed, stateAfter, valued } from './supply.fixture.js';
import { unvaluedLegs } from './unvalued-legs.js';

const pending = {
  agreementId: 'agreement',
  reference: 'APA-2023-09-05',
  leg: 2,
  description: 'Stock',
  face: '53900000.00',
  currency: 'USD',
  authority: 'Bankruptcy court',
  dueOn: '2023-12-31',
};

describe('legs that nobody had valued by a day', () => {
  const before = stateAfter(...agreement);
  const after = stateAfter(...agreement, missed, valued);

  it('have a face from the day on which they were agreed', () => {
    expect(unvaluedLegs(before, '2023-09-04')).toEqual([]);
    expect(unvaluedLegs(before, '2023-09-05')).toEqual([{ ...pending, overdue: false }]);
  });

  it('are overdue after the day by which they were to be valued', () => {
    expect(unvaluedLegs(before, '2023-12-31')).toMatchObject([{ overdue: false }]);
    expect(unvaluedLegs(before, '2024-01-01')).toMatchObject([{ overdue: true }]);
  });

  it('were still pending on days before the one they were valued on', () => {
    expect(unvaluedLegs(after, '2024-01-15')).toEqual([{ ...pending, overdue: true }]);
    expect(unvaluedLegs(after, '2024-01-16')).toEqual([]);
  });
});
