import { renderEvents, streamsOf } from './events.js';
import { problemsOf, renderProblems } from './problems.js';
import { readProgram } from './program.js';

/** The generated documents by their path. */
export const documents = (root: string): ReadonlyMap<string, string> => {
  const sources = readProgram(root);
  return new Map([
    ['docs/events.md', renderEvents(streamsOf(sources))],
    ['docs/problems.md', renderProblems(problemsOf(sources))],
  ]);
};
