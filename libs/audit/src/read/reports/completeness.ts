import { Injectable } from '@nestjs/common';
import {
  EventStore,
  readSystemEvents,
  type SystemEventsRead,
} from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { ReadOptions } from '@hostledger/http';
import type {
  CompletenessReport,
  LogCheckView,
  StoppedProjectionView,
} from './completeness-views.js';
import {
  backdatedIn,
  boundsOf,
  daysIn,
  delaysFrom,
  delaysIn,
  fromFutureIn,
  inClosedMonthsIn,
  lateIn,
  positionBefore,
  withoutTimeIn,
  type Bounds,
} from './facts.js';
import { checkpointsIn, denialsIn, projectionActsIn } from './guards.js';
import type { Listed } from './listed.js';
import { checkLog } from './log-check.js';
import { disorderIn, gapsIn } from './order.js';
import { ANSWER_WITHIN_MS, instantsOf, MAX_LISTED, type Period } from './period.js';
import { systemChangeView } from './system-changes.js';
import type { Db, ReportTables } from './tables.js';

/** A look through the log for what was written beside appends takes so long at most. */
const SYSTEM_EVENTS_WITHIN_MS = 20_000;

export interface CompletenessOptions {
  /** From how late on a fact is told of as late. */
  readonly lateAfterHours: number;
  /** How many events of the log are compared with the index at most. */
  readonly maxChecked: number;
}

export type FromIndex = Omit<CompletenessReport, 'logCheck' | 'systemChanges' | 'projections'> & {
  readonly acts: Listed<CompletenessReport['projections']['acts'][number]>;
  readonly bounds: Bounds | undefined;
  /** Position of the last event before the period, and of the first one after it. */
  readonly before: bigint;
  readonly next: bigint | undefined;
};

/** Whether the history of a period is whole, and what came to it out of its time. */
@Injectable()
export class CompletenessQuery {
  constructor(
    private readonly readModels: ReadModels,
    private readonly eventStore: EventStore,
  ) {}

  async of(
    period: Period,
    options: CompletenessOptions,
    at: ReadOptions,
  ): Promise<{ readonly position: bigint; readonly value: CompletenessReport }> {
    const { position, value: found } = await this.readModels.read<ReportTables, FromIndex>(
      { ...at, answerWithinMs: ANSWER_WITHIN_MS },
      (db) => fromIndex(db, period, options.lateAfterHours),
    );
    const { acts, bounds, before, next, ...told } = found;
    const value: CompletenessReport = {
      ...told,
      logCheck: await this.logCheck(bounds && { after: before, last: bounds.last }, options),
      systemChanges: await this.systemChanges(period, before, next),
      projections: { stopped: await this.stopped(), actCount: acts.count, acts: acts.listed },
    };
    return { position, value };
  }

  private async logCheck(
    bounds: { readonly after: bigint; readonly last: bigint } | undefined,
    { maxChecked }: CompletenessOptions,
  ): Promise<LogCheckView> {
    if (!bounds) return NOTHING_CHECKED;
    const indexed = async (after: bigint, through: bigint) => {
      const { value } = await this.readModels.read<ReportTables, readonly IndexedRow[]>({}, (db) =>
        rowsBetween(db, after, through),
      );
      return value;
    };
    return checkLog(this.eventStore, indexed, bounds, maxChecked);
  }

  private async systemChanges(
    period: Period,
    after: bigint,
    next: bigint | undefined,
  ): Promise<CompletenessReport['systemChanges']> {
    const { begin, end } = instantsOf(period);
    const { events, isComplete }: SystemEventsRead = await readSystemEvents(this.eventStore, {
      after,
      ...(next !== undefined && { until: next }),
      maxCount: MAX_LISTED,
      withinMs: SYSTEM_EVENTS_WITHIN_MS,
    });
    const items = events
      .filter(({ recordedAt }) => recordedAt >= begin && recordedAt < end)
      .map(systemChangeView);
    return { isComplete, items };
  }

  private async stopped(): Promise<StoppedProjectionView[]> {
    const generations = await this.readModels.generations();
    return generations.flatMap(({ name, failure }) =>
      failure
        ? [
            {
              ...{ name, position: failure.position.toString() },
              ...{ eventType: failure.eventType, cause: failure.cause },
            },
          ]
        : [],
    );
  }
}

const NOTHING_CHECKED: LogCheckView = {
  ...{ events: 0, isComplete: true, throughPosition: '0', differenceCount: 0, differences: [] },
};

type IndexedRow = Awaited<ReturnType<typeof rowsBetween>>[number];

const rowsBetween = (db: Db, after: bigint, through: bigint) =>
  db
    .selectFrom('audit_events')
    .where('position', '>', after)
    .where('position', '<=', through)
    .select(['position', 'event_id', 'stream', 'type', 'revision'])
    .orderBy('position')
    .execute();

/** All that the index of the history and the read models of other rooms can tell. */
export const fromIndex = async (
  db: Db,
  period: Period,
  lateAfterHours: number,
): Promise<FromIndex> => {
  const bounds = await boundsOf(db, period);
  const within = <View>(
    list: (db: Db, period: Period, bounds: Bounds) => Promise<Listed<View>>,
  ): Promise<Listed<View>> =>
    bounds ? list(db, period, bounds) : Promise.resolve({ count: 0, listed: [] });
  const days = await daysIn(db, period);
  const late = await within((...of) => lateIn(...of, lateAfterHours));
  const backdated = await within(backdatedIn);
  const inClosedMonths = await within(inClosedMonthsIn);
  const fromFuture = await within(fromFutureIn);
  const withoutTime = await within(withoutTimeIn);
  const gaps = await within(gapsIn);
  const disorder = await within(disorderIn);
  const after = await boundsOf(db, { from: period.until, until: '9999-12-31' });
  const before = await boundsOf(db, { from: '0001-01-01', until: period.from });
  return {
    ...period,
    ...{ bounds, next: after?.first, acts: await within(projectionActsIn) },
    before: bounds ? await positionBefore(db, bounds.first) : (before?.last ?? 0n),
    eventCount: days.reduce((sum, { events }) => sum + events, 0),
    firstPosition: bounds?.first.toString() ?? null,
    lastPosition: bounds?.last.toString() ?? null,
    days,
    lateAfterHours,
    ...{ lateCount: late.count, late: late.listed },
    lateByDelay: bounds
      ? await delaysIn(db, period, bounds, lateAfterHours)
      : delaysFrom(lateAfterHours).map((delay) => ({ ...delay, events: 0 })),
    ...{ backdatedCount: backdated.count, backdated: backdated.listed },
    ...{ inClosedMonthCount: inClosedMonths.count, inClosedMonths: inClosedMonths.listed },
    ...{ fromFutureCount: fromFuture.count, fromFuture: fromFuture.listed },
    ...{ withoutTimeCount: withoutTime.count, withoutTime: withoutTime.listed },
    ...{ gapCount: gaps.count, gaps: gaps.listed },
    ...{ disorderCount: disorder.count, disorder: disorder.listed },
    checkpoints: await checkpointsIn(db, period, bounds),
    denials: await denialsIn(db, period),
  };
};
