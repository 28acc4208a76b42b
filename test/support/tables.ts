import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { loadConfig } from '@hostledger/config';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import {
  fillTables,
  ReadModels,
  ReadModelUnavailable,
  schemaOf,
  toDoList,
} from '@hostledger/eventsourcing/postgres';
import pino from 'pino';
import { durableProcesses, readModelProjections } from '../../apps/composition/rooms.js';
import { openSystem, type System } from '../../apps/composition/system.js';

const AT_END_WITHIN_MS = 120_000;
const PAUSE_MS = 50;
const ANEW = 'filled_anew';

/** The stores of a cluster as a process of it sees them. */
export const connectTo = (env: Readonly<Record<string, string>>): Promise<System> =>
  openSystem(loadConfig(env), pino({ level: 'silent' }));

/** All projections that workers keep, to-do lists as well. */
export const projectionsOf = (system: System) => [
  ...readModelProjections,
  ...durableProcesses(system).map(toDoList),
];

/** Resolves when all tables in use hold all that is in the log, and are of the run that was asked for. */
export const tablesAtEnd = async (
  system: System,
  runs: ReadonlyMap<string, number> = new Map(),
): Promise<void> => {
  const readModels = new ReadModels(system.database, { projections: [] });
  const deadline = performance.now() + AT_END_WITHIN_MS;
  for (;;) {
    const head = await system.eventStore.head();
    const shown = (await readModels.generations().catch(noneYet)).filter(({ inUse }) => inUse);
    const late = projectionsOf(system).filter(({ name }) => {
      const row = shown.find((one) => one.name === name);
      return !row || row.position < head || row.run !== (runs.get(name) ?? row.run);
    });
    if (late.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`Not at the end of the log: ${late.map(({ name }) => name).join(', ')}`);
    }
    await sleep(PAUSE_MS);
  }
};

/** Before the first worker there are no tables; while PostgreSQL is away nobody knows. */
const noneYet = (error: unknown): [] => {
  if (error instanceof ReadModelUnavailable) return [];
  throw error;
};

/**
 * Compares every table in use with one that is filled anew from the first event on, row for row and
 * column for column. Nothing may be appended meanwhile.
 */
export const compareWithLog = async (
  system: System,
): Promise<{ readonly differences: readonly string[]; readonly rows: number }> => {
  const { database, eventStore } = system;
  const db = database.for<unknown>();
  const projections = projectionsOf(system);
  await fillTables({
    database,
    feeds: new EventStoreFeeds(eventStore),
    projections,
    schema: ANEW,
    upTo: await eventStore.head(),
  });
  const all = await new ReadModels(database, { projections: [] }).generations();
  const differences: string[] = [];
  let rows = 0;
  for (const { name, tables } of projections) {
    const shown = all.find((row) => row.inUse && row.name === name)!;
    for (const { table } of tables) {
      const live = sql.id(schemaOf(shown), table.name);
      const anew = sql.id(ANEW, table.name);
      const { rows: counts } = await sql<{ live: bigint; missing: bigint; extra: bigint }>`select
        (select count(*) from ${live}) as live,
        (select count(*) from (table ${anew} except all table ${live}) m) as missing,
        (select count(*) from (table ${live} except all table ${anew}) e) as extra`.execute(db);
      const { live: count, missing, extra } = counts[0]!;
      rows += Number(count);
      if (missing + extra === 0n) continue;
      differences.push(`${table.name}: ${missing} rows missing, ${extra} too many`);
    }
  }
  await sql`drop schema ${sql.id(ANEW)} cascade`.execute(db);
  return { differences, rows };
};
