import { setTimeout as sleep } from 'node:timers/promises';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels, schemaOf } from '@hostledger/eventsourcing/postgres';
import { sql } from 'kysely';
import type { System } from '../apps/composition/system.js';
import { durableProcesses } from '../apps/composition/rooms.js';
import { Generator } from './scale/generator.js';
import { Cluster } from './support/cluster.js';
import { compareWithLog, connectTo, projectionsOf, tablesAtEnd } from './support/tables.js';
import { Traffic } from './support/traffic.js';
import { WorkerLife } from './support/worker-life.js';

// Two workers at a time, which die at random moments, 200 times, while machines are delivered,
// installed and moved and one rebuild after another is asked for. What dies is what a worker process
// runs, see `WorkerLife`; the built processes are killed in high-availability.e2e.spec.ts.

const DEATHS = 200;
const MACHINES = 1_000;
/** Most die before they have taken anything over; some live long enough to finish a rebuild. */
const MEAN_LIFE_MS = 350;
const LONGEST_LIFE_MS = 2_500;
const REBUILD_EVERY_MS = 400;
const LISTS_EMPTY_WITHIN_MS = 40_000;

/** Another one every time; printed by the test's name, to try the same again. */
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);

describe(`200 deaths of workers (TEST_SEED=${seed})`, () => {
  const random = mulberry32(seed);
  const dead: WorkerLife[] = [];
  const alive = new Set<WorkerLife>();
  let cluster: Cluster;
  let system: System;
  let traffic: Traffic;
  /**
   * The generated history writes stream by stream, so some deliveries come after the report of them
   * and stay on the list for ever. Nothing else may.
   */
  let ofHistory: ReadonlySet<string>;

  beforeAll(async () => {
    // Each life takes room for as many streams as it may keep.
    const settings = { LOG_LEVEL: 'silent', CACHED_STREAMS: '5000' };
    cluster = await Cluster.start(settings, async (url) => {
      const eventStore = new EventStore({ connection: url, callTimeoutMs: 60_000 });
      await new Generator(eventStore, MACHINES).run(() => undefined);
      await eventStore.close();
    });
    system = await connectTo(cluster.env);
    alive.add(await WorkerLife.begin(cluster));
    alive.add(await WorkerLife.begin(cluster));
    await tablesAtEnd(system);
    ofHistory = await tasksToDo();
    await cluster.startApi();
    traffic = new Traffic(cluster);
    await traffic.prepare();
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...alive, ...dead].map((life) => life.bury()));
    await system.close();
    await cluster.stop();
  }, 120_000);

  /** One of two places for a worker: as soon as one dies the next one begins. */
  const liveAndDie = async (deaths: () => boolean): Promise<void> => {
    let [life] = alive;
    alive.delete(life!);
    while (deaths()) {
      await sleep(Math.min(-Math.log(1 - random()) * MEAN_LIFE_MS, LONGEST_LIFE_MS));
      await life!.die();
      dead.push(life!);
      void life!.bury();
      life = await WorkerLife.begin(cluster);
    }
    alive.add(life!);
  };

  it('leave tables that are those of the log, no task undone, and no operation done twice', async () => {
    const runs = new Map<string, number>();
    let left = DEATHS;
    let rebuilding = true;
    const rebuildAgainAndAgain = async (): Promise<void> => {
      const names = projectionsOf(system).map(({ name }) => name);
      while (rebuilding) {
        const name = names[Math.floor(random() * names.length)]!;
        const path = `/v1/projections/${name}/rebuild`;
        runs.set(name, (await cluster.act<{ run: number }>(path, {})).body.run);
        await sleep(REBUILD_EVERY_MS);
      }
    };
    traffic.start();
    const rebuilds = rebuildAgainAndAgain();
    rebuilds.catch(() => undefined);
    const count = (): boolean => (left -= 1) >= 0;
    await Promise.all([liveAndDie(count), liveAndDie(count)]);
    rebuilding = false;
    await rebuilds;
    await traffic.stop();
    expect(dead).toHaveLength(DEATHS);
    expect(runs.size).toBeGreaterThan(5);

    await tablesAtEnd(system, runs);
    await untilListsAreEmpty();
    await tablesAtEnd(system, runs);
    const { differences, rows } = await compareWithLog(system);
    expect(differences).toEqual([]);
    expect(rows).toBeGreaterThan(MACHINES);
    await expectOnce();
    await expectNothingLeftBehind();
  }, 240_000);

  /** Items of all to-do lists in use that are due, or soon will be. */
  const tasksToDo = async (): Promise<ReadonlySet<string>> => {
    const rows = await new ReadModels(system.database, { projections: [] }).generations();
    const tasks = new Set<string>();
    for (const { name, items } of durableProcesses(system)) {
      const shown = rows.find((row) => row.inUse && row.name === `${name}_process`)!;
      const found = await sql<{ id: string }>`select item_id as id
        from ${sql.id(schemaOf(shown), items.table.name)}
        where due_at <= now() + interval '1 minute'`.execute(system.database.for());
      for (const { id } of found.rows) tasks.add(`${name} ${id}`);
    }
    return tasks;
  };

  const untilListsAreEmpty = async (): Promise<void> => {
    const deadline = performance.now() + LISTS_EMPTY_WITHIN_MS;
    for (;;) {
      const open = [...(await tasksToDo())].filter((task) => !ofHistory.has(task));
      if (open.length === 0) return;
      if (performance.now() > deadline) throw new Error(`Still to do: ${open.join(', ')}`);
      await sleep(100);
    }
  };

  /** Each operation ended once, and each machine was received and installed once. */
  const expectOnce = async (): Promise<void> => {
    const events = await system.eventStore.readAll(0n, 1_000_000);
    const streamsOf = (type: string): string[] =>
      events.filter((event) => event.type === type).map(({ stream }) => stream);
    const completed = streamsOf('OperationCompleted');
    expect(new Set(completed).size).toBe(completed.length);
    for (const id of traffic.operations) expect(completed).toContain(`operation-${id}`);
    expect(traffic.operations.length).toBeGreaterThan(0);
    const received = streamsOf('MinerReceived');
    expect(new Set(received).size).toBe(received.length);
    expect(received.filter((stream) => stream.includes('BUSY'))).toHaveLength(
      traffic.machines.size,
    );
  };

  /** Of each projection the tables in use and, beside, those that can be switched back to. */
  const expectNothingLeftBehind = async (): Promise<void> => {
    const readModels = new ReadModels(system.database, { projections: [] });
    const runsOf = async (): Promise<number> =>
      Math.max(
        ...[...Map.groupBy(await readModels.generations(), ({ name }) => name).values()].map(
          (rows) => rows.length,
        ),
      );
    const deadline = performance.now() + 10_000;
    while ((await runsOf()) > 2 && performance.now() < deadline) await sleep(100);
    expect(await runsOf()).toBeLessThanOrEqual(2);
  };
});

/** The smallest generator of random numbers that is good enough. */
function mulberry32(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
