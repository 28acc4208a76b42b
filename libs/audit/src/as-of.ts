import './http/as-of-problems.js';
import { asOfQuery } from './read/as-of.js';
import { contractQuestions } from './read/questions/contracts.js';
import { machineQuestions } from './read/questions/machines.js';
import { siteQuestions } from './read/questions/sites.js';
import { rowsQuery } from './read/rows.js';

// What was true at a moment, as known at another, and what read models say of it now.

export const asOfSlices = [
  asOfQuery,
  rowsQuery,
  contractQuestions,
  siteQuestions,
  machineQuestions,
];
