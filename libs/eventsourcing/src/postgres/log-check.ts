import {
  generationRows,
  isOf,
  lowerCheckpoint,
  noteRefusal,
  type GenerationRow,
} from './bookkeeping.js';
import type { Database } from './database.js';
import type { KeptGenerations } from './kept-generations.js';
import type { KnownDecisions } from './known-decisions.js';
import type { Lanes } from './lanes.js';

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

export interface LogCheckOptions {
  /** Nothing is looked at when absent. */
  readonly log: LogIdentity | undefined;
  readonly database: Database;
  readonly kept: KeptGenerations;
  readonly decided: KnownDecisions;
  readonly onRefusal: (reason: string) => void;
}

const REFUSED_RETRY_MS = 5_000;

const WHAT_TO_DO =
  'Restore the newer log, or accept this one (POST /v1/log/acceptance, or hostledger projections ' +
  'accept-log), which fills all tables anew.';

/**
 * Whether the log is another one than the tables were filled from, and nobody has accepted it.
 * Looked at when something was taken over; a feed that is opened again has it looked at as well.
 */
export class LogCheck {
  private refused = false;
  private checkedAt = -Infinity;

  constructor(private readonly options: LogCheckOptions) {}

  /** Nothing is refused until it has been looked at anew. */
  begin(): void {
    this.refused = false;
    this.checkedAt = -Infinity;
  }

  /** What was taken over may have been filled from another log than the rest. */
  lookAgain(): void {
    this.checkedAt = -Infinity;
  }

  /** Stops the lanes where it refuses, and where all is filled anew from a log that was accepted. */
  async refuses(rows: readonly GenerationRow[], lanes: Lanes): Promise<boolean> {
    const { log, database, kept, decided } = this.options;
    const refusal = kept.all.find((generation) => generation.refusal)?.refusal;
    if (refusal && decided.logAcceptedBy > refusal.acts) {
      await lanes.stop();
      await kept.refill();
      this.refused = false;
      return false;
    }
    if (!log) return false;
    const sinceMs = performance.now() - this.checkedAt;
    if (sinceMs < (this.refused || refusal ? REFUSED_RETRY_MS : Infinity)) return this.refused;
    const fault = await faultOfLog(log, this.keptOf(rows));
    this.checkedAt = performance.now();
    if (fault) await this.refuse(fault, lanes);
    else {
      if (refusal) await noteRefusal(database, kept.all, undefined);
      for (const generation of kept.all) generation.refusal = undefined;
      this.refused = false;
      await this.lowerCheckpoints(await log.head(), lanes);
    }
    return this.refused;
  }

  /** @throws LogReplaced, upon which everything is looked at anew. */
  async assertSame(): Promise<void> {
    const { log, database } = this.options;
    if (!log) return;
    const rows = await generationRows(database.for<unknown>());
    const fault = await faultOfLog(log, this.keptOf(rows));
    if (fault) throw new LogReplaced(fault);
  }

  private async refuse(fault: string, lanes: Lanes): Promise<void> {
    const { database, kept, decided, onRefusal } = this.options;
    await lanes.stop();
    // One that was taken over since may have come from a process that had not noticed.
    if (this.refused && kept.all.every(({ refusal }) => refusal)) return;
    // Asked for again: what was known of the stream of decisions may be of the log before.
    await decided.learnNow();
    const known = kept.all.find((generation) => generation.refusal)?.refusal;
    const refusal = known ?? { reason: `${fault}. ${WHAT_TO_DO}`, acts: decided.acts };
    await noteRefusal(database, kept.all, refusal);
    for (const generation of kept.all) generation.refusal = refusal;
    this.refused = true;
    onRefusal(refusal.reason);
  }

  /** A feed may report positions past the last event, and so past the end of the log. */
  private async lowerCheckpoints(end: bigint, lanes: Lanes): Promise<void> {
    for (const generation of this.options.kept.all) {
      if (generation.checkpoint <= end || lanes.has(generation)) continue;
      await lowerCheckpoint(this.options.database, generation, end);
      generation.checkpoint = end;
    }
  }

  private keptOf(rows: readonly GenerationRow[]): readonly GenerationRow[] {
    return rows.filter((row) => this.options.kept.all.some((kept) => isOf(kept, row)));
  }
}

/**
 * Why this is not the log that the tables were filled from, told by the last event that each was
 * given; undefined where it is. A log that was restored from a backup is shorter, until others have
 * appended to it.
 */
const faultOfLog = async (
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
