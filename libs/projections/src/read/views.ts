import type { LogLag } from '@hostledger/eventsourcing';
import type { GenerationRow } from '@hostledger/eventsourcing/postgres';
import { projectionOf, type ProjectionsState } from '../domain/projections.js';
import type { Standing } from './standing.js';

export class StopView {
  /** Of the event that cannot be applied. */
  position: string;
  eventId: string;
  /** @example MinersDelivered */
  eventType: string;
  cause: string;
}

export class ParkedEventView {
  position: string;
  eventId: string;
  eventType: string;
}

export class FillingView {
  version: number;
  run: number;
  position: string;
  /**
   * Part of the log that is done, from 0 to 1.
   * @example 0.42
   */
  progress: number;
  eventsPerSecond: number;
  /** Estimated from the rate so far; null before there is one. */
  secondsLeft: number | null;
  failure: StopView | null;
}

export class RetainedView {
  version: number;
  run: number;
  position: string;
}

export const PROJECTION_PHASES = ['live', 'filling', 'stopped', 'refused'] as const;
export type ProjectionPhase = (typeof PROJECTION_PHASES)[number];

export class ProjectionView {
  /** @example fleet_miners */
  name: string;
  /** @example read_models */
  group: string;
  /** Of the code; the run counts the rebuilds. Both of the tables in use. */
  version: number;
  run: number;
  /**
   * `filling` for the first time, `stopped` at an event, `refused` since the log is another one.
   * @example live
   */
  phase: ProjectionPhase;
  /** All events up to here are in the tables in use. */
  position: string;
  /** Events in the log that are not in the tables yet. */
  lagEvents: number;
  /** Counted, up to 1,000; an estimate beyond. */
  lagIsExact: boolean;
  /** How long the oldest of them has been in the log. */
  lagSeconds: number;
  /** Host and process id of the worker that keeps the tables, or kept them last before it died. */
  owner: string | null;
  failure: StopView | null;
  /** Why the log is not accepted, and what to do. */
  refusal: string | null;
  /** Tables that are being filled and will replace those in use. */
  filling: FillingView[];
  /** Tables that were in use before. */
  retained: RetainedView[];
  parkedEvents: ParkedEventView[];
}

export class ProjectionList {
  items: ProjectionView[];
}

/** What is known of a projection besides the bookkeeping. */
export interface Surroundings {
  readonly lag: LogLag;
  readonly head: bigint;
  readonly decided: ProjectionsState;
}

export const viewOf = (
  { group, inUse, others }: Standing,
  { lag, head, decided }: Surroundings,
): ProjectionView => ({
  name: inUse.name,
  group,
  version: inUse.version,
  run: inUse.run,
  phase: phaseOf(inUse),
  position: inUse.position.toString(),
  lagEvents: lag.events,
  lagIsExact: lag.isExact,
  lagSeconds: lag.seconds,
  owner: inUse.owner ?? null,
  failure: stopOf(inUse),
  refusal: inUse.refusal?.reason ?? null,
  filling: [...(inUse.filled ? [] : [inUse]), ...others.filter(({ filled }) => !filled)].map(
    (row) => fillingOf(row, head),
  ),
  retained: others
    .filter(({ filled }) => filled)
    .map(({ version, run, position }) => ({ version, run, position: position.toString() })),
  parkedEvents: projectionOf(decided, inUse.name).parked.map((event) => ({ ...event })),
});

const phaseOf = ({ refusal, failure, filled }: GenerationRow): ProjectionPhase => {
  if (refusal) return 'refused';
  if (failure) return 'stopped';
  return filled ? 'live' : 'filling';
};

const stopOf = ({ failure }: GenerationRow): StopView | null => {
  if (!failure) return null;
  const { position, eventId, eventType, cause } = failure;
  return { position: position.toString(), eventId, eventType, cause };
};

/** A rate before this much time would say little. */
const LEAST_SECONDS = 0.1;

const fillingOf = (row: GenerationRow, head: bigint): FillingView => {
  const { version, run, position, events, startedAt, updatedAt } = row;
  const seconds = Math.max((Date.parse(updatedAt) - Date.parse(startedAt)) / 1000, LEAST_SECONDS);
  const progress = head > 0n ? Math.min(Number(position) / Number(head), 1) : 1;
  return {
    version,
    run,
    position: position.toString(),
    progress: Math.round(progress * 10_000) / 10_000,
    eventsPerSecond: Math.round(Number(events) / seconds),
    secondsLeft: progress > 0 ? Math.round(seconds * (1 / progress - 1)) : null,
    failure: stopOf(row),
  };
};
