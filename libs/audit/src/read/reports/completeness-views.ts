export class DayCountView {
  /** UTC, by the time of recording. */
  day: string;
  category: string;
  type: string;
  events: number;
}

/** An event as the index of the history has it. */
export class FactView {
  position: string;
  eventId: string;
  type: string;
  stream: string;
  subject: string | null;
  reason: string | null;
  /** Business time; null where the event names none. */
  occurredAt: string | null;
  recordedAt: string;
}

export class LateFactView extends FactView {
  /** From when it happened to when it was recorded. */
  secondsLate: number;
}

export class DelayCountView {
  /** At least so late. */
  fromHours: number;
  /** And less than this; null of the last. */
  underHours: number | null;
  events: number;
}

export class BackdatedFactView extends LateFactView {
  /** Of a fact of the same stream that was recorded before and happened later. */
  beforePosition: string;
  beforeOccurredAt: string;
}

export class ClosedMonthFactView extends LateFactView {
  contractId: string;
  /** YYYY-MM of the contract's time zone, in which it happened. */
  month: string;
  /** When the month had been closed. */
  closedAt: string;
}

export class GapView {
  stream: string;
  /** The revision that is there, and the one that goes before it in the index; -1 of none. */
  revision: string;
  previousRevision: string;
  position: string;
}

export class DisorderView {
  position: string;
  recordedAt: string;
  /** Of the event before it in the log, which says that it was recorded later. */
  previousRecordedAt: string;
}

/** What the log and its index do not agree on. */
export class DifferenceView {
  position: string;
  /** `notInLog`: the index has it. `notInIndex`: the log has it. `differs`: id, stream, type or revision. */
  kind: 'notInLog' | 'notInIndex' | 'differs';
  stream: string;
  revision: string;
  eventId: string;
}

/** The events of the period as the log has them now, against the index, position by position. */
export class LogCheckView {
  events: number;
  /** All of the period were compared; otherwise the first so many. */
  isComplete: boolean;
  throughPosition: string;
  differenceCount: number;
  differences: DifferenceView[];
}

/** A change of streams beside appends, or of settings. */
export class SystemChangeView {
  position: string;
  /** @example $metadata */
  type: string;
  /** @example $$miner-A1 */
  stream: string;
  /** What it does. */
  meaning: string;
  recordedAt: string;
  /** As the store keeps it, in JSON. */
  data: string;
}

export class SystemChangesView {
  /** All of the period were looked for. */
  isComplete: boolean;
  items: SystemChangeView[];
}

export class CheckpointDayView {
  day: string;
  checkpoints: number;
}

export class CheckpointsView {
  count: number;
  perDay: CheckpointDayView[];
  /** The longest time that began or ended in the period in which none was signed; null without events. */
  longestWithout: WithoutCheckpointView | null;
}

export class WithoutCheckpointView {
  since: string;
  until: string;
  seconds: number;
}

export class StoppedProjectionView {
  name: string;
  position: string;
  eventType: string;
  cause: string;
}

export class ProjectionsStandingView {
  /** Those that are stopped now. */
  stopped: StoppedProjectionView[];
  /** What operators did in the period: events parked and unparked, runs, resumptions. */
  actCount: number;
  acts: FactView[];
}

export class DenialDayView {
  day: string;
  /** @example 403 */
  status: number;
  count: number;
}

export class DenialSumView {
  who: 'subject' | 'anonymous' | 'others';
  subject: string | null;
  method: string | null;
  route: string | null;
  status: number;
  code: string;
  count: number;
  firstAt: string;
  lastAt: string;
}

export class DenialsView {
  count: number;
  perDay: DenialDayView[];
  /** By who, what and why, the most frequent first. */
  sums: DenialSumView[];
}

/** Lists hold the first 1,000; the numbers are of all. */
export class CompletenessReport {
  from: string;
  until: string;
  eventCount: number;
  /** Null where nothing was recorded. */
  firstPosition: string | null;
  lastPosition: string | null;
  days: DayCountView[];
  /** A fact is late by so many hours or more. */
  lateAfterHours: number;
  lateCount: number;
  lateByDelay: DelayCountView[];
  late: LateFactView[];
  /** Happened before a fact of the same stream that was recorded earlier. */
  backdatedCount: number;
  backdated: BackdatedFactView[];
  /** Happened in a month that had been closed for its contract by then. */
  inClosedMonthCount: number;
  inClosedMonths: ClosedMonthFactView[];
  /** Recorded before they happened, by more than clocks differ. */
  fromFutureCount: number;
  fromFuture: FactView[];
  /** Name no business time, as events do that were written past this system. */
  withoutTimeCount: number;
  withoutTime: FactView[];
  /** Streams in whose revisions something is missing. */
  gapCount: number;
  gaps: GapView[];
  /** Recorded, as they say, before the event that goes before them. */
  disorderCount: number;
  disorder: DisorderView[];
  logCheck: LogCheckView;
  systemChanges: SystemChangesView;
  checkpoints: CheckpointsView;
  projections: ProjectionsStandingView;
  denials: DenialsView;
}
