import { sql, type Expression, type SqlBool } from 'kysely';
import { INTERNAL_CATEGORIES } from '@hostledger/feed';

/** Which events of the history are wanted: those of which all that is given holds. */
export interface HistoryFilter {
  readonly stream?: string | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly subject?: string | undefined;
  readonly role?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly commandId?: string | undefined;
  /** Events that concern the contract, as of the position of each. */
  readonly contractId?: string | undefined;
  readonly customerId?: string | undefined;
  /** Of the machine, or naming it among others. */
  readonly serial?: string | undefined;
  /** Instants in UTC; the first is included, the second is not. */
  readonly recordedFrom?: string | undefined;
  readonly recordedUntil?: string | undefined;
  readonly occurredFrom?: string | undefined;
  readonly occurredUntil?: string | undefined;
  /** The first is not included, the second is. */
  readonly afterPosition?: bigint | undefined;
  readonly untilPosition?: bigint | undefined;
}

type Condition = Expression<SqlBool>;

const equals = (column: string, value: string | undefined): Condition[] =>
  value === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} = ${value}`];

const among = (column: string, values: readonly string[] | undefined): Condition[] =>
  values?.length ? [sql<SqlBool>`${sql.ref(column)} = any(${[...values]}::text[])`] : [];

const between = (column: string, from: string | undefined, until: string | undefined) => [
  ...(from === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} >= ${from}::timestamptz`]),
  ...(until === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} < ${until}::timestamptz`]),
];

const ofMachine = (serial: string | undefined): Condition[] =>
  serial === undefined
    ? []
    : [
        sql<SqlBool>`(${sql.ref('w.serial')} = ${serial} or exists (
          select from audit_machines m where m.serial = ${serial} and m.position = w.position))`,
      ];

/** What has to hold of a row of the index in a window `w`, but for its position and whom the event concerns. */
export const conditionsOf = (filter: HistoryFilter): Condition[] => [
  ...equals('stream', filter.stream),
  ...among('category', filter.categories),
  ...among('type', filter.types),
  ...equals('subject', filter.subject),
  ...equals('role', filter.role),
  ...equals('correlation_id', filter.correlationId),
  ...equals('causation_id', filter.causationId),
  ...equals('command_id', filter.commandId),
  ...ofMachine(filter.serial),
  ...between('recorded_at', filter.recordedFrom, filter.recordedUntil),
  ...between('occurred_at', filter.occurredFrom, filter.occurredUntil),
  ...(hidesInternal(filter)
    ? [sql<SqlBool>`category <> all(${[...INTERNAL_CATEGORIES]}::text[])`]
    : []),
];

/**
 * Events of how the system is used and guarded come, as in the feed, to who asks for them: by their
 * category, type, stream, or by whom or what they were brought about with.
 */
const hidesInternal = ({
  stream,
  categories,
  types,
  subject,
  correlationId,
  causationId,
  commandId,
}: HistoryFilter): boolean =>
  (stream ?? subject ?? correlationId ?? causationId ?? commandId) === undefined &&
  !categories?.length &&
  !types?.length;

/** What has to hold of the events of a day and type so that a wanted one may be among them. */
export const dayConditionsOf = (filter: HistoryFilter): Condition[] => {
  const { categories, types, recordedFrom, recordedUntil, occurredFrom, occurredUntil } = filter;
  return [
    ...among('category', categories),
    ...among('type', types),
    // Days are of UTC, whatever the time zone of the session is.
    ...(recordedFrom === undefined
      ? []
      : [sql<SqlBool>`recorded_on >= ${recordedFrom.slice(0, 10)}::date`]),
    ...(recordedUntil === undefined
      ? []
      : [sql<SqlBool>`recorded_on <= ${recordedUntil.slice(0, 10)}::date`]),
    ...(occurredFrom === undefined
      ? []
      : [sql<SqlBool>`last_occurred_at >= ${occurredFrom}::timestamptz`]),
    ...(occurredUntil === undefined
      ? []
      : [sql<SqlBool>`first_occurred_at < ${occurredUntil}::timestamptz`]),
  ];
};
