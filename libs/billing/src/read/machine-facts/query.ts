import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import type { MachineFact, MachineFactKind, PlaceKind } from '../../domain/machine-facts.js';
import { told } from '../../domain/machine-usage.js';
import type { MachineFactRow } from './projection.js';

// The lives of machines, as they were known at a position of the log.

export interface MachineFactsTables {
  billing_machine_facts: MachineFactRow;
}

/** Whose machines: exactly one of them. */
export interface Scope {
  readonly contractId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly facility?: string | undefined;
  /** That were off for any of these. */
  readonly curtailmentIds?: readonly string[] | undefined;
}

export interface Known {
  /** Only what happened before this instant; ISO 8601 UTC. */
  readonly until: string;
  /** Only what was recorded up to this position of the log. */
  readonly position: bigint;
}

type Serials = SelectQueryBuilder<MachineFactsTables, 'billing_machine_facts', { serial: string }>;

/** The machines that were ever under, of, at or off for it by then. */
const serialsWithin = (
  db: Kysely<MachineFactsTables>,
  { contractId, customerId, facility, curtailmentIds }: Scope,
  { until, position }: Known,
): Serials => {
  let serials = db
    .selectFrom('billing_machine_facts')
    .select('serial')
    .distinct()
    .where('position', '<=', position)
    .where('at', '<', until);
  if (contractId !== undefined) serials = serials.where('contract_id', '=', contractId);
  if (customerId !== undefined) serials = serials.where('customer_id', '=', customerId);
  if (facility !== undefined) serials = serials.where('facility', '=', facility);
  if (curtailmentIds) serials = serials.where('curtailment_id', 'in', curtailmentIds);
  return serials;
};

/**
 * The next of the machines that were ever under, of or at it by then, in the order of their serials.
 * @param after the last serial of the page before; absent for the first page.
 */
export const machinesWithin = async (
  db: Kysely<MachineFactsTables>,
  scope: Scope,
  { until, position, after, limit }: Known & { readonly after?: string; readonly limit: number },
): Promise<string[]> => {
  let serials = serialsWithin(db, scope, { until, position });
  if (after !== undefined) serials = serials.where('serial', '>', after);
  const rows = await serials.orderBy('serial').limit(limit).execute();
  return rows.map(({ serial }) => serial);
};

/** Of one statement: large enough that statements do not matter, and small enough to be sorted in memory. */
const CHUNK_MACHINES = 2_000;
/** More than there are. */
const ALL_MACHINES = 100_000_000;

/**
 * All facts of these machines, by serial and in their order: what happened before `until`, recorded
 * up to `position`. A fact that is dated before one recorded earlier is told at the instant from
 * which it counts.
 */
export const factsOfMachines = async (
  db: Kysely<MachineFactsTables>,
  serials: readonly string[],
  known: Known,
): Promise<Map<string, readonly MachineFact[]>> => {
  const lives = new Map<string, readonly MachineFact[]>();
  for (let first = 0; first < serials.length; first += CHUNK_MACHINES) {
    const chunk = serials.slice(first, first + CHUNK_MACHINES);
    for (const { serial, facts } of await lifeRows(db, chunk, known.position).execute()) {
      // Which happened before an instant is only known in the order of the stream.
      const happened = told(factsOf(serial, facts)).filter(({ at }) => at < known.until);
      if (happened.length > 0) lives.set(serial, happened);
    }
  }
  return lives;
};

/** Runs one query against the read models. */
export type ReadFacts = <T>(query: (db: Kysely<MachineFactsTables>) => Promise<T>) => Promise<T>;

/**
 * The same of every machine that was ever under the contract by then, in several reads, none of
 * which takes long: what was recorded up to a position does not change in between, if all of them
 * are true at that position.
 */
export const readFactsOfContract = async (
  read: ReadFacts,
  contractId: string,
  known: Known,
): Promise<Map<string, readonly MachineFact[]>> => {
  const page = { ...known, limit: ALL_MACHINES };
  const serials = await read((db) => machinesWithin(db, { contractId }, page));
  const lives = new Map<string, readonly MachineFact[]>();
  for (let first = 0; first < serials.length; first += CHUNK_MACHINES) {
    const chunk = serials.slice(first, first + CHUNK_MACHINES);
    for (const [serial, facts] of await read((db) => factsOfMachines(db, chunk, known))) {
      if (facts.some((fact) => fact.contractId === contractId)) lives.set(serial, facts);
    }
  }
  return lives;
};

/** The same in one read, for which 27,000 machines may be too many on a machine that is busy. */
export const factsOfContract = (
  db: Kysely<MachineFactsTables>,
  contractId: string,
  known: Known,
): Promise<Map<string, readonly MachineFact[]>> =>
  readFactsOfContract((query) => query(db), contractId, known);

/**
 * Whether something that happened before `until` to a machine that was within the scope by then was
 * recorded later than `after`, and up to `position`. May say so of a fact that changes nothing.
 */
export const lateFactsExist = async (
  db: Kysely<MachineFactsTables>,
  scope: Scope,
  { until, after, position }: Known & { readonly after: bigint },
): Promise<boolean> => {
  const late = await db
    .selectFrom('billing_machine_facts as late')
    .select('late.position')
    .where('late.position', '>', after)
    .where('late.position', '<=', position)
    .where('late.at', '<', until)
    .where('late.serial', 'in', serialsWithin(db, scope, { until, position }))
    .limit(1)
    .executeTakeFirst();
  return late !== undefined;
};

// A machine is one row, its facts are lines of text: of 27,000 machines the rows and columns of a
// table take five times as long to come over.

/** What a line tells, in this order; nothing where the fact says nothing of it. */
const TOLD = [
  ...(['position', 'event_id', 'revision', 'kind', 'contract_id', 'customer_id'] as const),
  ...(['place_kind', 'facility', 'moved', 'power_watts', 'hashrate_ghs'] as const),
  ...(['cause', 'curtailment_id'] as const),
] as const;

const lifeRows = (
  db: Kysely<MachineFactsTables>,
  serials: readonly string[],
  position: bigint,
): SelectQueryBuilder<
  MachineFactsTables,
  'billing_machine_facts',
  { serial: string; facts: string }
> => {
  const instant = sql`to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const columns = TOLD.map((column) => sql`coalesce(${sql.ref(column)}::text, '')`);
  const line = sql`concat_ws(chr(9), ${instant}, ${sql.join(columns)})`;
  return db
    .selectFrom('billing_machine_facts')
    .select('serial')
    .select(sql<string>`string_agg(${line}, chr(10) order by position)`.as('facts'))
    .where(sql<boolean>`serial = any(${sql.val(serials)}::text[])`)
    .where('position', '<=', position)
    .groupBy('serial')
    .orderBy('serial');
};

const factsOf = (serial: string, lines: string): MachineFact[] => {
  const stream = `miner-${serial}`;
  return lines.split('\n').map((line) => {
    const [at, position, eventId, revision, kind, ...more] = line.split('\t');
    const [contractId, customerId, placeKind, facility, moved, watts, hashrate, ...off] = more;
    const [cause, curtailmentId] = off;
    return {
      serial,
      kind: kind as MachineFactKind,
      at: at!,
      source: { eventId: eventId!, stream, revision: Number(revision), position: position! },
      ...(contractId && { contractId }),
      ...(customerId && { customerId }),
      ...(placeKind && { placeKind: placeKind as PlaceKind }),
      ...(facility && { facility }),
      ...(moved === 'true' && { moved: true }),
      ...(watts && { powerWatts: Number(watts) }),
      ...(hashrate && { hashrateGhs: Number(hashrate) }),
      ...(cause && { cause }),
      ...(curtailmentId && { curtailmentId }),
    };
  });
};
