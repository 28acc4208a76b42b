import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Expression, type Kysely, type SqlBool } from 'kysely';
import { upcast, type RecordedEvent, type Upcasters } from '@hostledger/eventsourcing';
import { ReadModelUnavailable, type ReadModels } from '@hostledger/eventsourcing/postgres';
import { eventSchemas, type PartiesQuery } from '@hostledger/feed';
import { driveOf, mayConcern, type Party } from './concerned.js';
import { conditionsOf, dayConditionsOf, type HistoryFilter } from './filter.js';
import { countUpTo, readPlaces, type HistoryLog } from './log-reader.js';
import type { AuditEventRow } from './projection.js';
import {
  lastOf,
  narrowed,
  windowOf,
  type Direction,
  type Drive,
  type HistoryTables,
  type Range,
} from './windows.js';

/** An event of the history: its row in the index and, where the data is wanted, what the log has. */
export interface FoundEvent {
  readonly row: AuditEventRow;
  /** As stored; nothing where it was not read, or the log has it no more. */
  readonly event: RecordedEvent | undefined;
}

export interface FoundPage {
  readonly events: readonly FoundEvent[];
  /** Everything that is wanted up to here, in the direction of the search, was found. */
  readonly reached: bigint;
}

export interface SearchOptions {
  readonly direction: Direction;
  /** Whether the events are read from the log. */
  readonly withData: boolean;
}

/** A search that has begun: what it finds is true at its position, whatever happens meanwhile. */
export interface Search {
  readonly filter: HistoryFilter;
  readonly options: SearchOptions;
  readonly position: bigint;
  /** Types that neither a room nor the history knows. */
  readonly unknownTypes: readonly string[];
  /** In the order of the search. */
  readonly ranges: readonly Range[];
  readonly drive: Drive;
  readonly conditions: (db: Kysely<HistoryTables>) => readonly Expression<SqlBool>[];
}

/** Rows looked at for one page: few where each of many values gives as many. */
const WINDOW_OF_ALL = 20_000;
const WINDOW_OF_VALUES = 2_000;
/** Held at once by whoever reads a stream. */
const PAGE_EVENTS = 256;
const PAGE_ROWS = 1_000;
/** More types than this are a good part of the history: it is walked as a whole. */
const MAX_TYPES = 60;
/** A search whose windows take long goes on with smaller ones, down to this. */
const SMALLEST_WINDOW = 50;
const SLOW_MS = 2_000;
const FAST_MS = 250;
const TRIES = 6;
const PAUSE_MS = 500;
const MAX_POSITION = 2n ** 63n - 1n;

export interface SearchBounds {
  /** Of a contract or customer with more, all events are walked. */
  readonly streamsOfParty: number;
  /** Looked at for one page. */
  readonly windowRows: number;
}

export class HistorySearch {
  constructor(
    private readonly readModels: Pick<ReadModels, 'read'>,
    private readonly log: HistoryLog,
    private readonly parties: Pick<PartiesQuery, 'of'>,
    private readonly upcasters: Upcasters = {},
    private readonly bounds: Partial<SearchBounds> = {},
  ) {}

  /** @throws ReadModelBehind, ReadModelUnavailable. */
  async begin(
    filter: HistoryFilter,
    options: SearchOptions,
    at: { readonly minPosition?: bigint } = {},
  ): Promise<Search> {
    const { position, value } = await this.readModels.read<HistoryTables, Plan>(at, (db) =>
      planOf(db, filter, this.bounds),
    );
    const { ranges, ...plan } = value;
    const after = least(filter.afterPosition ?? 0n, MAX_POSITION);
    const until = least(filter.untilPosition ?? MAX_POSITION, position);
    const within = ranges
      .map((range) => ({ after: most(range.after, after), until: least(range.until, until) }))
      .filter((range) => range.after < range.until);
    if (options.direction === 'desc') within.reverse();
    return { filter, options, position, ranges: within, ...plan };
  }

  /**
   * What is found, page by page; a page may be empty. Holds one page.
   * @param from the `reached` of a page after which to go on.
   * @param atOnce events on a page at most.
   */
  async *pages(search: Search, from?: bigint, atOnce = PAGE_ROWS): AsyncGenerator<FoundPage> {
    const { direction } = search.options;
    const pace = new WindowPace(this.bounds.windowRows ?? windowRowsOf(search.drive));
    for (const whole of search.ranges) {
      let range: Range | undefined = from === undefined ? whole : beyond(whole, from, direction);
      while (range) {
        const page = await this.page(search, range, atOnce, pace);
        yield { events: page.events, reached: page.reached };
        range = page.isLast ? undefined : beyond(range, page.reached, direction);
      }
    }
  }

  private async page(
    search: Search,
    range: Range,
    atOnce: number,
    pace: WindowPace,
  ): Promise<FoundPage & { readonly isLast: boolean }> {
    const { options, position, filter } = search;
    const { rows, reached, among } = await persistently(pace, async () => {
      const read = await this.readModels.read<HistoryTables, RowsPage>(
        { minPosition: position },
        (db) => rowsOf(db, search, range, atOnce, pace.rows),
      );
      return read.value;
    });
    const end = options.direction === 'asc' ? range.until : range.after;
    const events = await this.read(rows, among, search);
    const wanted = partiesOf(filter).length > 0 ? await this.concerning(events, filter) : events;
    return { events: wanted, reached: reached ?? end, isLast: reached === undefined };
  }

  private async read(
    rows: readonly AuditEventRow[],
    among: number,
    { filter, options }: Search,
  ): Promise<readonly FoundEvent[]> {
    if (!options.withData && partiesOf(filter).length === 0) {
      return rows.map((row) => ({ row, event: undefined }));
    }
    const found = await readPlaces(this.log, rows, among);
    return rows.map((row) => ({ row, event: found.get(row.position) }));
  }

  /** Of what the log has no more nobody can tell any longer whom it concerned: it stays in. */
  private async concerning(
    found: readonly FoundEvent[],
    { contractId, customerId }: HistoryFilter,
  ): Promise<readonly FoundEvent[]> {
    const known = found.flatMap(({ event }) => (event ? [event] : []));
    const newest = known
      .sort((a, b) => (a.position < b.position ? -1 : 1))
      .map((event): RecordedEvent => ({ ...event, ...upcast(this.upcasters, event) }));
    const parties = await this.parties.of(newest);
    const others = new Set<bigint>();
    parties.forEach(({ contracts, customers }, index) => {
      const concerns =
        (contractId === undefined || contracts.includes(contractId)) &&
        (customerId === undefined || customers.includes(customerId));
      if (!concerns) others.add(newest[index]!.position);
    });
    return found.filter(({ row }) => !others.has(row.position));
  }
}

type Plan = Pick<Search, 'ranges' | 'drive' | 'conditions' | 'unknownTypes'>;

const planOf = async (
  db: Kysely<HistoryTables>,
  filter: HistoryFilter,
  { streamsOfParty }: Partial<SearchBounds>,
): Promise<Plan> => {
  const { types = [], categories } = filter;
  const knownTypes = await typesIn(db, filter);
  const unknownTypes = types.filter(
    (type) => !eventSchemas.has(type) && !knownTypes.includes(type),
  );
  const parties = await Promise.all(
    partiesOf(filter).map(async (party) => ({
      party,
      drive: await driveOf(db, party, streamsOfParty),
    })),
  );
  const drive =
    valuesOf(filter) ??
    parties.find((one) => one.drive)?.drive ??
    (types.length > 0 || categories?.length ? driveOfTypes(knownTypes) : undefined) ??
    (filter.subject === undefined ? { kind: 'all' as const } : driveBy('subject', filter.subject));
  return {
    unknownTypes,
    ranges: await rangesOf(db, filter),
    drive,
    conditions: (of) => [
      ...conditionsOf(filter),
      ...parties.flatMap(({ party, drive: own }) => (own ? [] : [mayConcern(of, party)])),
    ],
  };
};

const partiesOf = ({ contractId, customerId }: HistoryFilter): Party[] => [
  ...(contractId === undefined ? [] : [{ kind: 'contract' as const, id: contractId }]),
  ...(customerId === undefined ? [] : [{ kind: 'customer' as const, id: customerId }]),
];

const driveBy = (
  column: 'subject' | 'command_id' | 'causation_id' | 'correlation_id' | 'stream',
  value: string,
): Drive => ({ kind: 'values', columns: [{ column, values: [value] }] });

/** The index that leaves the fewest events first. */
const valuesOf = (filter: HistoryFilter): Drive | undefined => {
  const { commandId, causationId, correlationId, stream, serial } = filter;
  if (commandId !== undefined) return driveBy('command_id', commandId);
  if (causationId !== undefined) return driveBy('causation_id', causationId);
  if (stream !== undefined) return driveBy('stream', stream);
  if (serial !== undefined) {
    return {
      kind: 'values',
      columns: [{ column: 'serial', values: [serial] }],
      machines: [serial],
    };
  }
  if (correlationId !== undefined) return driveBy('correlation_id', correlationId);
  return undefined;
};

const driveOfTypes = (types: readonly string[]): Drive | undefined =>
  types.length > MAX_TYPES
    ? undefined
    : { kind: 'values', columns: [{ column: 'type', values: types }] };

/** Types of the history that the filter lets pass, where it asks for types or categories. */
const typesIn = async (
  db: Kysely<HistoryTables>,
  { types, categories }: HistoryFilter,
): Promise<readonly string[]> => {
  if (!types?.length && !categories?.length) return [];
  const rows = await dayConditionsOf({ types, categories })
    .reduce(
      (query, condition) => query.where(condition),
      db.selectFrom('audit_days').select('type'),
    )
    .distinct()
    .execute();
  return rows.map(({ type }) => type);
};

/** All positions, or where time is asked for those of days that may hold something of it. */
const rangesOf = async (
  db: Kysely<HistoryTables>,
  filter: HistoryFilter,
): Promise<readonly Range[]> => {
  const { recordedFrom, recordedUntil, occurredFrom, occurredUntil } = filter;
  if ((recordedFrom ?? recordedUntil ?? occurredFrom ?? occurredUntil) === undefined) {
    return [{ after: 0n, until: MAX_POSITION }];
  }
  const conditions = dayConditionsOf(filter);
  const may = conditions.reduce((all, one) => sql<SqlBool>`${all} and ${one}`, sql<SqlBool>`true`);
  const days = await db
    .selectFrom('audit_days')
    .select([
      sql<bigint>`min(first_position)`.as('first'),
      sql<bigint>`max(last_position)`.as('last'),
      sql<boolean>`bool_or(coalesce(${may}, false))`.as('may'),
    ])
    .groupBy('recorded_on')
    .orderBy('first')
    .execute();
  const ranges: { after: bigint; until: bigint }[] = [];
  let open: { after: bigint; until: bigint } | undefined;
  for (const { first, last, may: wanted } of days) {
    const [after, until] = [BigInt(first) - 1n, BigInt(last)];
    if (!wanted) open = undefined;
    else if (open) open.until = most(open.until, until);
    else ranges.push((open = { after, until }));
  }
  return disjoint(ranges);
};

/** Where the clock of the store was set back, days lie within one another. */
const disjoint = (ranges: readonly Range[]): readonly Range[] => {
  const apart: { after: bigint; until: bigint }[] = [];
  for (const { after, until } of ranges) {
    const last = apart.at(-1);
    if (last && after < last.until) last.until = most(last.until, until);
    else apart.push({ after, until });
  }
  return apart;
};

interface RowsPage {
  readonly rows: readonly AuditEventRow[];
  /** Nothing where the range holds nothing more. */
  readonly reached: bigint | undefined;
  /** Events of the history between the first and the last of the rows; a bound where they are many. */
  readonly among: number;
}

const rowsOf = async (
  db: Kysely<HistoryTables>,
  { drive, options, conditions, filter }: Search,
  range: Range,
  atOnce: number,
  size: number,
): Promise<RowsPage> => {
  const { direction, withData } = options;
  const reads = withData || partiesOf(filter).length > 0;
  const limit = Math.min(atOnce, reads ? PAGE_EVENTS : PAGE_ROWS);
  const window = windowOf(db, drive, range, direction, size);
  const rows = (await narrowed(db, window, conditions(db), direction, limit).execute()).map(
    (row): AuditEventRow => ({
      ...row,
      position: BigInt(row.position),
      revision: BigInt(row.revision),
    }),
  );
  const full = rows.length === limit;
  const reached = full ? rows.at(-1)!.position : await lastOf(db, window, direction, size);
  return { rows, reached, among: reads ? await countAmong(db, rows) : 0 };
};

const countAmong = async (
  db: Kysely<HistoryTables>,
  rows: readonly AuditEventRow[],
): Promise<number> => {
  if (rows.length < 2) return rows.length;
  const ends = [rows[0]!.position, rows.at(-1)!.position];
  const [from, until] = ends[0]! <= ends[1]! ? ends : ends.reverse();
  const between = db
    .selectFrom('audit_events')
    .select('position')
    .where(
      sql<SqlBool>`position between ${from!.toString()}::bigint and ${until!.toString()}::bigint`,
    )
    .limit(countUpTo(rows.length));
  const { count } = await db
    .selectFrom(between.as('b'))
    .select(sql<string>`count(*)`.as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
};

const beyond = (range: Range, reached: bigint, direction: Direction): Range | undefined => {
  const rest =
    direction === 'asc'
      ? { ...range, after: most(range.after, reached) }
      : // The event at the position that was reached has been found.
        { ...range, until: least(range.until, reached - 1n) };
  return rest.after < rest.until ? rest : undefined;
};

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const windowRowsOf = ({ kind }: Drive): number =>
  kind === 'all' ? WINDOW_OF_ALL : WINDOW_OF_VALUES;

/** How many rows are looked at at once: fewer of whoever has so much that each window takes long. */
class WindowPace {
  constructor(private readonly most: number) {
    this.rows = most;
  }

  rows: number;

  took(ms: number): void {
    if (ms > SLOW_MS) this.slow(4);
    else if (ms < FAST_MS) this.rows = Math.min(this.most, this.rows * 2);
  }

  slow(by: number): void {
    this.rows = Math.max(Math.min(SMALLEST_WINDOW, this.most), Math.floor(this.rows / by));
  }
}

/** A search of hours is not given up because the database was busy once, or asked for too much at once. */
const persistently = async <T>(pace: WindowPace, work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    const began = performance.now();
    try {
      const done = await work();
      pace.took(performance.now() - began);
      return done;
    } catch (error) {
      if (!(error instanceof ReadModelUnavailable) || attempt >= TRIES) throw error;
      pace.slow(8);
      await sleep(PAUSE_MS * attempt);
    }
  }
};
