import type { GenerationRow } from './bookkeeping.js';

/** What tells one log from another. */
export interface LogIdentity {
  /** Position of the last record; 0 for an empty log. */
  head(): Promise<bigint>;
  /** Id of the event at exactly this position. */
  idAt(position: bigint): Promise<string | undefined>;
}

/** The log ends before what was read from it, or has something else in its place. */
export class LogReplaced extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'LogReplaced';
  }
}

/**
 * Why this is not the log that the tables were filled from, told by the last event that each was
 * given; undefined where it is. A log that was restored from a backup is shorter, until others have
 * appended to it.
 */
export const faultOfLog = async (
  log: LogIdentity,
  rows: readonly GenerationRow[],
): Promise<string | undefined> => {
  const last = new Map(
    rows.flatMap(({ lastEvent }) =>
      lastEvent ? [[lastEvent.position, lastEvent.id] as const] : [],
    ),
  );
  if (last.size === 0) return undefined;
  const end = await log.head();
  for (const [position, id] of last) {
    if (position > end) {
      return `The log ends at position ${end}, but the tables know an event at ${position}`;
    }
    if ((await log.idAt(position)) !== id) {
      return `The log does not have the event ${id} at position ${position}, which the tables know`;
    }
  }
  return undefined;
};

export const WHAT_TO_DO =
  'Restore the newer log, or accept this one (POST /v1/log/acceptance, or hostledger projections ' +
  'accept-log), which fills all tables anew.';
