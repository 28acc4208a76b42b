import { registerProblems } from '@hostledger/http';

registerProblems({
  'meter/unknown': { status: 404, title: 'There is no such meter' },
  'meter/registered-otherwise': {
    status: 409,
    title: 'Another meter is registered under that code',
  },
  'meter/retired': { status: 409, title: 'The meter measures no more since another instant' },
  'meter/read-beyond': { status: 409, title: 'The meter was read after that instant' },
  'meter/before-bitcoin': {
    status: 422,
    title: 'Nothing was hosted before the first block was found',
  },
  'meter/backwards': { status: 422, title: 'An interval ends after it begins' },
  'meter/outside-life': {
    status: 409,
    title: 'The meter did not measure for the contract all that time',
  },
  'meter/across-months': {
    status: 422,
    title: 'A reading lies within one month of the zone of the contract',
  },
  'meter/not-come': { status: 409, title: 'What is still to come cannot have been read' },
  'meter/unit-wrong': {
    status: 422,
    title: 'A meter of energy tells kWh, a meter of proceeds tells satoshi',
  },
  'meter/estimate-not-agreed': {
    status: 409,
    title: 'The terms in force do not say that what no meter told may be estimated',
  },
  'meter/told-otherwise': {
    status: 409,
    title: 'Something else is recorded of the interval, which only a correction replaces',
  },
  'meter/overlap': { status: 409, title: 'The interval overlaps what is known' },
  'meter/gap': { status: 409, title: 'Nothing is known of the time before the interval' },
  'meter/below-previous': { status: 409, title: 'The register stood higher before' },
  'meter/above-next': { status: 409, title: 'The register stood lower afterwards' },
  'meter/register-mismatch': {
    status: 409,
    title: 'The register counted something else than the reading says',
  },
  'meter/nothing-to-correct': {
    status: 409,
    title: 'No known readings begin and end where the correction does',
  },
  'meter/correction-incomplete': {
    status: 422,
    title: 'What is put in place does not fill the interval',
  },
  'programme-receipt/unknown': { status: 404, title: 'There is no such receipt' },
  'programme-receipt/curtailment-unknown': {
    status: 409,
    title: 'The curtailment is not one of the facility',
  },
  'programme-receipt/curtailment-cancelled': {
    status: 409,
    title: 'The curtailment was called off before it began',
  },
  'programme-receipt/not-an-amount': {
    status: 422,
    title: 'The currency is not received in such amounts',
  },
  'programme-receipt/before-curtailment': {
    status: 409,
    title: 'The curtailment had not begun on that day',
  },
  'programme-receipt/not-come': { status: 409, title: 'The day is still to come' },
  'programme-receipt/told-otherwise': {
    status: 409,
    title: 'Something else is recorded under that reference, which has to be reversed first',
  },
});
