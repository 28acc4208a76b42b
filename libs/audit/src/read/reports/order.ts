import { sql } from 'kysely';
import type { DisorderView, GapView } from './completeness-views.js';
import { eventsIn, type Bounds } from './facts.js';
import { listedOf, type Listed } from './listed.js';
import type { Period } from './period.js';
import type { Db } from './tables.js';

// Whether anything is missing in the index of the history, or stands where it cannot.

/** Revisions of a stream follow on each other, from 0; the first of the period on one before it. */
export const gapsIn = (db: Db, period: Period, bounds: Bounds): Promise<Listed<GapView>> =>
  listedOf(
    db
      .selectFrom(
        eventsIn(db, period, bounds)
          .select(['fact.stream', 'fact.revision', 'fact.position'])
          .select(
            sql<
              bigint | null
            >`lag(fact.revision) over (partition by fact.stream order by fact.position)`.as(
              'within',
            ),
          )
          .as('event'),
      )
      .leftJoinLateral(
        (lateral) =>
          lateral
            .selectFrom('audit_events as earlier')
            .where(sql<boolean>`event.within is null`)
            .whereRef('earlier.stream', '=', 'event.stream')
            .whereRef('earlier.position', '<', 'event.position')
            .orderBy('earlier.position', 'desc')
            .limit(1)
            .select('earlier.revision as revision')
            .as('before'),
        (join) => join.onTrue(),
      )
      .where(sql<boolean>`event.revision <> coalesce(event.within, before.revision, -1) + 1`)
      .select(['event.stream', 'event.revision', 'event.position'])
      .select(sql<bigint>`coalesce(event.within, before.revision, -1)`.as('previous')),
    (query) => query.orderBy('event.position'),
    ({ stream, revision, position, previous }): GapView => ({
      stream,
      revision: revision.toString(),
      previousRevision: previous.toString(),
      position: position.toString(),
    }),
  );

/** The time of recording never goes back. */
export const disorderIn = (db: Db, period: Period, bounds: Bounds): Promise<Listed<DisorderView>> =>
  listedOf(
    db
      .selectFrom(
        eventsIn(db, period, bounds)
          .select(['fact.position', 'fact.recorded_at'])
          .select(
            sql<string | null>`lag(fact.recorded_at) over (order by fact.position)`.as('previous'),
          )
          .as('event'),
      )
      .where(sql<boolean>`event.recorded_at < event.previous`)
      .select(['event.position', 'event.recorded_at', 'event.previous']),
    (query) => query.orderBy('event.position'),
    ({ position, recorded_at, previous }): DisorderView => ({
      position: position.toString(),
      recordedAt: recorded_at,
      previousRecordedAt: previous!,
    }),
  );
