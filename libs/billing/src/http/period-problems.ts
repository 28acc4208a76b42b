import { registerProblems } from '@hostledger/http';

registerProblems({
  'period/unknown': { status: 404, title: 'There is nothing to be billed in that month' },
  'period/nothing-to-bill': {
    status: 409,
    title: 'The contract is not executed, or has no terms',
  },
  'period/closed': { status: 409, title: 'The month is closed' },
  'period/closing': { status: 409, title: 'The month is being closed' },
  'period/not-over': { status: 409, title: 'A month is closed once it is over' },
  'period/before-first': { status: 409, title: 'Nothing was in force yet in that month' },
  'period/previous-open': {
    status: 409,
    title: 'Months are closed in their order, each once the statement before it is out',
  },
  'period/discrepancies-open': {
    status: 409,
    title: 'Something is missing without which the month cannot be computed',
  },
  'period/formula-unknown': {
    status: 409,
    title: 'The month was closed by a version of the formula that this program does not have',
  },
  'period/close-outdated': { status: 409, title: 'That attempt to close the month is over' },
  'period/not-closed': { status: 409, title: 'The month is not closed' },
  'period/line-unknown': { status: 404, title: 'The statement has no such line of its month' },
  'period/adjustment-nothing': { status: 422, title: 'An adjustment of nothing changes nothing' },
  'period/adjustment-too-fine': {
    status: 422,
    title: 'The amount has more decimal places than the currency',
  },
  'period/credit-beyond-charge': {
    status: 409,
    title: 'A credit is never more than what the line comes to',
  },
  'period/restatement-unknown': { status: 404, title: 'There is no such restatement' },
  'period/restatement-open': {
    status: 409,
    title: 'There is a restatement that nobody decided on',
  },
  'period/restatement-nothing': { status: 409, title: 'The new result is what stands' },
  'period/restatement-decided': { status: 409, title: 'The restatement is approved or rejected' },
  'period/restatement-own': {
    status: 403,
    title: 'A restatement is approved by another than who proposed it',
  },
  'period/restatement-incomplete': {
    status: 409,
    title: 'Not all lines of the restatement are recorded: propose it again, or reject it',
  },
  'period/restatement-outdated': {
    status: 409,
    title: 'What stands has changed since it was proposed',
  },
  'period/statement-unknown': { status: 409, title: 'There is no such statement to be issued' },
  'statement/unknown': { status: 404, title: 'There is no such statement' },
  'statement/line-unknown': { status: 404, title: 'The statement has no such line' },
});
