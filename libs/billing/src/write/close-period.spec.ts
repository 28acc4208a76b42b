import { ClosePeriodController } from './close-period.js';

it('The description of a close says how something missing shows, since the reply does not', () => {
  const { close } = ClosePeriodController.prototype;
  const told = Reflect.getMetadata('swagger/apiOperation', close) as { description: string };
  expect(told.description).toContain('answered with 202');
  expect(told.description).toContain('`period/discrepancies-open`');
});
