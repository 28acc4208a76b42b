import { renderEvents, streamsOf } from './events.js';
import { problemsOf, renderProblems } from './problems.js';
import { readProgram } from './program.js';
import { renderSchemas, schemasOf } from './schemas.js';

/** The JSON Schemas of the events, as the API serves them. */
export const SCHEMAS = 'libs/feed/src/event-schemas.json';

/** The generated documents by their path. */
export const documents = (root: string): ReadonlyMap<string, string> => {
  const sources = readProgram(root);
  return new Map([
    ['docs/events.md', renderEvents(streamsOf(sources))],
    [SCHEMAS, renderSchemas(schemasOf(sources))],
    ['docs/problems.md', renderProblems(problemsOf(sources))],
  ]);
};
