import '../http/period-problems.js';
import { ClosePeriodController } from './close-period.js';

it('The description of a close says how something missing shows, since the reply does not', () => {
  const told = Reflect.getMetadata(
    'swagger/apiOperation',
    Reflect.get(ClosePeriodController.prototype, 'close'),
  ) as { description: string };
  expect(told.description).toContain('answered with 202');
  expect(told.description).toContain('`period/discrepancies-open`');
});
