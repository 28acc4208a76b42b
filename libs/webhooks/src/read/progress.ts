import { sql, type QueryExecutorProvider } from 'kysely';
import { inSchemaTurn, type Database } from '@hostledger/eventsourcing/postgres';

/** An event that was read and is neither delivered nor a dead letter yet. */
export interface Unsettled {
  readonly position: bigint;
  /** Position after which it is the first one that is wanted. */
  readonly after: bigint;
  readonly stream: string;
  readonly revision: bigint;
  /** Those that failed. */
  readonly attempts: number;
  /** ISO 8601 UTC. */
  readonly nextAttemptAt: string | null;
}

/** How far a subscription is: everything up to `position` is settled but for the unsettled. */
export interface DeliveryProgress {
  readonly position: bigint;
  readonly unsettled: readonly Unsettled[];
  readonly delivered: number;
  readonly failedAttempts: number;
  readonly lastSuccessAt: string | null;
  /** Since when nothing was delivered that was tried. */
  readonly failingSince: string | null;
  readonly lastFailureAt: string | null;
  readonly lastStatus: number | null;
  readonly lastCause: string | null;
}

export const beginningAt = (position: bigint): DeliveryProgress => ({
  position,
  unsettled: [],
  delivered: 0,
  failedAttempts: 0,
  lastSuccessAt: null,
  failingSince: null,
  lastFailureAt: null,
  lastStatus: null,
  lastCause: null,
});

/** Where progress is kept between starts. Losing it costs repeated deliveries, never an event. */
export interface ProgressStore {
  prepare(): Promise<void>;
  load(webhookId: string): Promise<DeliveryProgress | undefined>;
  save(webhookId: string, progress: DeliveryProgress): Promise<void>;
  remove(webhookId: string): Promise<void>;
}

interface ProgressRow {
  webhook_id: string;
  position: bigint;
  unsettled: readonly (readonly [
    position: string,
    after: string,
    stream: string,
    revision: string,
    attempts: number,
    nextAttemptAt: string | null,
  ])[];
  delivered: bigint;
  failed_attempts: bigint;
  last_success_at: string | null;
  failing_since: string | null;
  last_failure_at: string | null;
  last_status: number | null;
  last_cause: string | null;
}

const TABLE = sql.id('hostledger_meta', 'webhook_progress');

/**
 * A table beside the checkpoints of the runners. It is no read model: what was sent to others is
 * not in the log, except for the seldom `WebhookProgressed`.
 */
export class ProgressTable implements ProgressStore {
  private readonly db: QueryExecutorProvider;

  constructor(private readonly database: Database) {
    this.db = database.for<unknown>();
  }

  /** In turn with the runners, which create the same schema when they start. */
  prepare(): Promise<void> {
    return inSchemaTurn(this.database, async (trx) => {
      await sql`create schema if not exists hostledger_meta`.execute(trx);
      await sql`create table if not exists ${TABLE} (
        webhook_id text primary key, position bigint not null, unsettled jsonb not null,
        delivered bigint not null, failed_attempts bigint not null,
        last_success_at timestamptz, failing_since timestamptz, last_failure_at timestamptz,
        last_status integer, last_cause text)`.execute(trx);
    });
  }

  async load(webhookId: string): Promise<DeliveryProgress | undefined> {
    return progressIn(this.db, webhookId);
  }

  async save(webhookId: string, progress: DeliveryProgress): Promise<void> {
    const unsettled: ProgressRow['unsettled'] = progress.unsettled.map((event) => [
      event.position.toString(),
      event.after.toString(),
      event.stream,
      event.revision.toString(),
      event.attempts,
      event.nextAttemptAt,
    ]);
    await sql`insert into ${TABLE} values (
        ${webhookId}, ${progress.position}::bigint, ${JSON.stringify(unsettled)}::text::jsonb,
        ${progress.delivered}::bigint, ${progress.failedAttempts}::bigint,
        ${progress.lastSuccessAt}::timestamptz, ${progress.failingSince}::timestamptz,
        ${progress.lastFailureAt}::timestamptz, ${progress.lastStatus}::integer,
        ${progress.lastCause}::text)
      on conflict (webhook_id) do update set
        position = excluded.position, unsettled = excluded.unsettled,
        delivered = excluded.delivered, failed_attempts = excluded.failed_attempts,
        last_success_at = excluded.last_success_at, failing_since = excluded.failing_since,
        last_failure_at = excluded.last_failure_at, last_status = excluded.last_status,
        last_cause = excluded.last_cause`.execute(this.db);
  }

  async remove(webhookId: string): Promise<void> {
    await sql`delete from ${TABLE} where webhook_id = ${webhookId}`.execute(this.db);
  }
}

/** For queries: nothing where no delivery has begun, or the table is not there yet. */
export const progressOf = async (
  db: QueryExecutorProvider,
  webhookId: string,
): Promise<DeliveryProgress | undefined> => {
  const { rows } = await sql<{ known: boolean }>`
    select to_regclass('hostledger_meta.webhook_progress') is not null as known`.execute(db);
  return rows[0]!.known ? progressIn(db, webhookId) : undefined;
};

const progressIn = async (
  db: QueryExecutorProvider,
  webhookId: string,
): Promise<DeliveryProgress | undefined> => {
  const { rows } = await sql<ProgressRow>`
    select * from ${TABLE} where webhook_id = ${webhookId}`.execute(db);
  const [row] = rows;
  return (
    row && {
      position: row.position,
      unsettled: row.unsettled.map(
        ([position, after, stream, revision, attempts, nextAttemptAt]) => ({
          position: BigInt(position),
          after: BigInt(after),
          stream,
          revision: BigInt(revision),
          attempts,
          nextAttemptAt,
        }),
      ),
      delivered: Number(row.delivered),
      failedAttempts: Number(row.failed_attempts),
      lastSuccessAt: row.last_success_at,
      failingSince: row.failing_since,
      lastFailureAt: row.last_failure_at,
      lastStatus: row.last_status,
      lastCause: row.last_cause,
    }
  );
};
