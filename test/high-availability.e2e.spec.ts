import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import type { System } from '../apps/composition/system.js';
import { Generator } from './scale/generator.js';
import { Cluster } from './support/cluster.js';
import type { BuiltProgram } from './support/processes.js';
import { Receiver } from './support/receiver.js';
import { compareWithLog, connectTo, projectionsOf, tablesAtEnd } from './support/tables.js';
import { Traffic } from './support/traffic.js';

// Two workers of the built output side by side, under commands that never pause, while what they
// live on is killed: the worker that owns the work, PostgreSQL, the event store. At the end every
// table in use is compared with one that is filled from the log anew.

const HANDED_OVER_WITHIN_MS = 15_000;
const SOON_MS = 30_000;
/** Machines of the history that is there before: enough for a rebuild to be met half-way. */
const MACHINES = 1_000;

const seed = async (url: string): Promise<void> => {
  const eventStore = new EventStore({ connection: url, callTimeoutMs: 60_000 });
  await new Generator(eventStore, MACHINES).run(() => undefined);
  await eventStore.close();
};

interface ProjectionView {
  readonly name: string;
  readonly run: number;
  readonly owner: string | null;
  readonly filling: readonly { readonly position: string }[];
}

describe('two workers', () => {
  const receiver = new Receiver();
  const workers = new Map<string, BuiltProgram>();
  let cluster: Cluster;
  let system: System;
  let traffic: Traffic;

  const startWorker = async (): Promise<string> => {
    const worker = await cluster.startWorker();
    const name = `${hostname()}/${worker.pid}`;
    workers.set(name, worker);
    return name;
  };

  const views = async (): Promise<readonly ProjectionView[]> =>
    (await cluster.read<{ items: readonly ProjectionView[] }>('/v1/projections')).items;

  /** The one worker that owns all projections; undefined while there are several, or none. */
  const ownerOfAll = async (): Promise<string | undefined> => {
    const [owner, ...others] = new Set((await views()).map((view) => view.owner));
    return others.length === 0 ? (owner ?? undefined) : undefined;
  };

  const until = async (condition: () => boolean | Promise<boolean>): Promise<number> => {
    const began = performance.now();
    while (!(await condition())) {
      if (performance.now() - began > SOON_MS) throw new Error(`Not within ${SOON_MS} ms`);
      await sleep(20);
    }
    return performance.now() - began;
  };

  /** Of all projections and to-do lists; resolves with the runs that are to come. */
  const rebuildAll = async (): Promise<Map<string, number>> => {
    const runs = new Map<string, number>();
    for (const { name } of projectionsOf(system)) {
      const { body } = await cluster.act<{ run: number }>(`/v1/projections/${name}/rebuild`, {});
      runs.set(name, body.run);
    }
    return runs;
  };

  /** The same, some tables being half filled; a rebuild that was too fast is asked for again. */
  const rebuildHalfWay = async (): Promise<Map<string, number>> => {
    for (;;) {
      const runs = await rebuildAll();
      for (let filling = true; filling;) {
        const all = await views();
        const begun = all.flatMap((view) => view.filling).some(({ position }) => position !== '0');
        if (begun) return runs;
        filling = all.some(({ name, run }) => run !== runs.get(name));
      }
    }
  };

  const expectAllTrue = async (runs?: ReadonlyMap<string, number>): Promise<void> => {
    await traffic.stop();
    await tablesAtEnd(system, runs);
    const { differences, rows } = await compareWithLog(system);
    expect(differences).toEqual([]);
    expect(rows).toBeGreaterThan(MACHINES);
    const { items } = await cluster.read<{ items: readonly { name: string }[] }>(
      '/v1/customers?limit=1000',
    );
    const names = new Set(items.map(({ name }) => name));
    expect(traffic.customers.filter((name) => !names.has(name))).toEqual([]);
  };

  beforeAll(async () => {
    await receiver.listen();
    cluster = await Cluster.start(
      {
        WEBHOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
        WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      },
      seed,
    );
    system = await connectTo(cluster.env);
    await startWorker();
    await cluster.startApi();
    await startWorker();
    await cluster.act('/v1/webhooks', {
      url: receiver.url,
      filter: { types: ['CustomerRegistered'] },
    });
    traffic = new Traffic(cluster);
    await traffic.prepare();
  }, 300_000);

  afterAll(async () => {
    await traffic.stop().catch(() => undefined);
    await system.close();
    await cluster.stop();
    await receiver.close();
  }, 60_000);

  it('kill -9 of the owner: the other takes over all it did within 15 s, and nothing counts twice', async () => {
    for (const death of ['the first owner', 'the second owner']) {
      traffic.start();
      await until(async () => (await ownerOfAll()) !== undefined);
      const owner = (await ownerOfAll())!;
      const successor = [...workers.keys()].find((name) => name !== owner)!;
      await workers.get(owner)!.kill();
      workers.delete(owner);

      const killed = performance.now();
      const since = async (come: Promise<unknown>): Promise<number> => {
        await come;
        return performance.now() - killed;
      };
      const { customerId, position } = await traffic.register(`After ${death}`);
      const takenOver = {
        projections: await since(cluster.read(`/v1/customers/${customerId}`, position)),
        owners: await since(until(async () => (await ownerOfAll()) === successor)),
        webhooks: await since(
          until(() => [...receiver.subjects].some((subject) => subject.includes(customerId))),
        ),
        // The operation that was under way, and the ones of the round after it.
        operations: await since(traffic.stop()),
      };
      for (const ms of Object.values(takenOver)) expect(ms).toBeLessThan(HANDED_OVER_WITHIN_MS);
      await startWorker();
    }
    await expectAllTrue();
  }, 180_000);

  it('obey the command line of operators', async () => {
    const projections = (...args: readonly string[]): Promise<string> =>
      cluster.cli('projections', ...args);
    const name = 'miners';
    const before = (await views()).find((view) => view.name === name)!.run;
    const lines = (await projections('list')).trim().split('\n');
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual(
      projectionsOf(system)
        .map((projection) => projection.name)
        .sort(),
    );
    const run = before + 1;
    const told = await projections('rebuild', name, '--wait');
    expect(told).toContain(`Run ${run} of ${name} is being filled`);
    expect(told).toMatch(new RegExp(`${name} +v\\d+ run ${run}  live`));
    expect(await projections('switch', name, String(before))).toBe(
      `Run ${before} of ${name} is switched to\n`,
    );
    const inUse = async (): Promise<number> =>
      (await cluster.read<ProjectionView>(`/v1/projections/${name}`)).run;
    await until(async () => (await inUse()) === before);
    await expect(projections('drop', name, String(before))).rejects.toMatchObject({
      stderr: expect.stringContaining('projection/run-in-use') as unknown,
    });
    expect(await projections('drop', name, String(run))).toBe(`Run ${run} of ${name} is dropped\n`);
    await expect(projections('park', name, '0')).rejects.toMatchObject({
      stderr: expect.stringContaining('--reason') as unknown,
    });
    await expect(projections('park', name, '0', '--reason', 'Why not')).rejects.toMatchObject({
      stderr: expect.stringContaining('projection/not-stopped-there') as unknown,
    });
  }, 120_000);

  it('PostgreSQL crashes in the middle of rebuild and traffic: all goes on by itself', async () => {
    traffic.start();
    const runs = await rebuildHalfWay();
    await cluster.postgres.restart();
    await traffic.register('After the database');
    await expectAllTrue(runs);
  }, 180_000);

  it('the event store is killed in the middle of rebuild and traffic: all goes on by itself', async () => {
    traffic.start();
    const runs = await rebuildHalfWay();
    await cluster.killNode();
    await cluster.startNode();
    await traffic.register('After the store');
    await expectAllTrue(runs);
  }, 180_000);
});
