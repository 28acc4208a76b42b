import { type Page, ProblemError } from '@hostledger/http';
import type { Source } from '../../domain/inputs.js';
import type { SourceEventView } from './views.js';

const DEFAULT_LIMIT = 100;

interface SourcePage {
  readonly sources: SourceEventView[];
  readonly nextCursor?: string;
}

/**
 * A page of events in the order of the log; there may be 100,000. The cursor is the position of the
 * last one, so that it names the same place however often the line is computed anew.
 * @throws ProblemError `request/cursor-invalid`
 */
export const pageOfSources = (
  sources: readonly Source[],
  { limit = DEFAULT_LIMIT, cursor }: Page,
): SourcePage => {
  const after = cursor === undefined ? -1n : positionOf(cursor);
  const first = sources.findIndex(({ position }) => BigInt(position) > after);
  const page = first < 0 ? [] : sources.slice(first, first + limit);
  const last = page.at(-1);
  if (!last || first + limit >= sources.length) return { sources: page };
  return { sources: page, nextCursor: Buffer.from(last.position).toString('base64url') };
};

const positionOf = (cursor: string): bigint => {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new ProblemError(400, 'request/cursor-invalid', 'The cursor was not issued for this list', {
    errors: [{ pointer: '/cursor', code: 'cursor', message: 'Leave it out to begin at the start' }],
  });
};
