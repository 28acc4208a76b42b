import type { CommandContext } from './context.js';
import { DomainError } from './errors.js';

// Acts that are recorded later than they happened.

/**
 * The two longest months there are in a row. What is billed by the month is open, or closed but a
 * month ago, as far back as this; what is older was settled with the customer long since, and is
 * mended by what settles that, not by a new fact.
 */
export const MAX_BACKDATED_DAYS = 62;
const DAY_MS = 86_400_000;

/**
 * The context of an act that happened at an instant; the context itself where none is told. Whether
 * the stream knows of anything later is decided on its state, at the exact revision.
 *
 * @param occurredAt ISO 8601 UTC in the form of `toISOString`.
 * @throws DomainError `request/occurred-in-future`, `request/occurred-too-long-ago`, as of the
 *   instant of the request.
 */
export const backdated = (
  context: CommandContext,
  occurredAt: string | undefined,
): CommandContext => {
  if (occurredAt === undefined) return context;
  const { at } = context;
  if (occurredAt > at) {
    throw new DomainError(
      'invalid',
      'request/occurred-in-future',
      `What was recorded at ${at} did not happen at ${occurredAt}`,
      { occurredAt, recordedAt: at },
      '/occurredAt',
    );
  }
  const earliest = new Date(Date.parse(at) - MAX_BACKDATED_DAYS * DAY_MS).toISOString();
  if (occurredAt < earliest) {
    throw new DomainError(
      'invalid',
      'request/occurred-too-long-ago',
      `What happened before ${earliest}, more than ${MAX_BACKDATED_DAYS} days ago, is settled`,
      { occurredAt, earliest },
      '/occurredAt',
    );
  }
  return { ...context, at: occurredAt, isBackdated: true };
};

/** What an act happened before, and therefore cannot have; `undefined` if nothing is later. */
export const occurredBeforeLatest = (
  { isBackdated, at }: CommandContext,
  { latestAt }: { readonly latestAt: string },
): DomainError | undefined =>
  isBackdated && at < latestAt
    ? new DomainError(
        'conflict',
        'request/occurred-before-latest',
        `What happened at ${latestAt} is recorded, so nothing can be recorded before that, at ${at}`,
        { occurredAt: at, latestAt },
        '/occurredAt',
      )
    : undefined;
