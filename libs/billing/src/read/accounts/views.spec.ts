import { accountAfter, command, enter, february, pay } from '../../domain/account.fixture.js';
import { accountView } from './views.js';

it('An account shows the step of a statement until all that was billed on it was paid', () => {
  const overdue = command('ClimbLadder', { statementId: 's1', step: 'overdue' }, '2024-04-02');
  const shown = (...payments: ReturnType<typeof pay>[]) => {
    const charged = command('ChargeLateFees', { throughOn: '2024-04-30' }, '2024-05-01');
    const account = accountAfter(enter(), enter(february), overdue, ...payments, charged);
    const { ladderStep, statements } = accountView(account, '2024-05-01', []);
    return [ladderStep, statements[0]?.reached];
  };
  const step = { statementId: 's1', step: 'overdue', on: '2024-04-02' };
  expect(shown(pay('999.99', '2024-04-05'))).toEqual(['overdue', step]);
  expect(shown(pay('1000.00', '2024-04-05'))).toEqual([undefined, undefined]);
});
