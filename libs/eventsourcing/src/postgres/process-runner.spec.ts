import { sql } from 'kysely';
import { databases, InMemoryLog, until, type TestDatabase } from '@hostledger/testing';
import type { Decisions, ProjectionDecisions } from '../decisions.js';
import type { DomainEvent } from '../message.js';
import { processItemColumns, type DurableProcess, type ProcessItem } from '../process.js';
import { tableFold } from '../projection.js';
import { ProcessRunner, type ProcessRunnerOptions } from './index.js';

const SOON_MS = 10_000;
const NOW = '2024-06-01T12:00:00.000Z';

type TaskEvent =
  | DomainEvent<'TaskSet', { readonly task: string; readonly dueAt: string }>
  | DomainEvent<'TaskMoved', { readonly task: string; readonly dueAt: string }>
  | DomainEvent<'TaskDone', { readonly task: string }>;

const set = (task: string, dueAt = NOW): TaskEvent => ({ type: 'TaskSet', data: { task, dueAt } });
const done = (task: string): TaskEvent => ({ type: 'TaskDone', data: { task } });

const openTasks = tableFold<ProcessItem, TaskEvent>({
  table: { name: 'open_tasks', columns: processItemColumns, key: ['item_id'] },
  keys: {
    TaskSet: ({ data }) => [{ item_id: data.task }],
    TaskMoved: ({ data }) => [{ item_id: data.task }],
    TaskDone: ({ data }) => [{ item_id: data.task }],
  },
  evolve: (_, event) =>
    event.type === 'TaskDone'
      ? undefined
      : {
          item_id: event.data.task,
          due_at: event.data.dueAt,
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
        },
});

describe.each(databases)('A process runner on %s', (_, open) => {
  let test: TestDatabase;
  let log: InMemoryLog;
  let now: Date;
  let performed: string[];
  const runners: ProcessRunner[] = [];

  /** Performs a task by noting it down and closing it. */
  const perform = (item: ProcessItem): Promise<void> => {
    performed.push(item.item_id);
    log.append(done(item.item_id));
    return Promise.resolve();
  };

  const start = (
    process: Partial<DurableProcess> = {},
    options: Partial<ProcessRunnerOptions> = {},
  ): ProcessRunner => {
    const runner = new ProcessRunner({
      name: 'spec',
      processes: [{ name: 'tasks', version: 1, items: openTasks, perform, ...process }],
      database: test.database,
      feeds: log,
      clock: () => now,
      ...options,
    });
    runners.push(runner);
    runner.start();
    return runner;
  };

  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    log = new InMemoryLog();
    now = new Date(NOW);
    performed = [];
  });
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
    await test.empty();
  });

  it('performs what is due, the longest due first', async () => {
    log.append(
      set('b', '2024-06-01T11:00:00.000Z'),
      set('c'),
      set('a', '2024-06-01T10:00:00.000Z'),
    );
    start();
    await until(() => performed.length === 3);
    expect(performed).toEqual(['a', 'b', 'c']);
  });

  it('does not perform again what is done', async () => {
    log.append(set('a'));
    const first = start();
    await until(() => performed.length === 1);
    await first.waitFor(log.end, SOON_MS);
    await first.stop();
    log.append(set('b'));
    start();
    await until(() => performed.length === 2);
    expect(performed).toEqual(['a', 'b']);
  });

  it('does not look at items in the middle of history', async () => {
    log.append(set('old'), done('old'), set('a'));
    start();
    await until(() => performed.length > 0);
    expect(performed).toEqual(['a']);
  });

  it('performs an item again after a crash before its closing event', async () => {
    log.append(set('a'));
    let crashed = false;
    const first = start({
      perform: () => {
        crashed = true;
        return Promise.resolve();
      },
    });
    await until(() => crashed);
    await first.stop();
    start();
    await until(() => performed.length === 1);
    expect(performed).toEqual(['a']);
  });

  it('leaves an item alone until it is due', async () => {
    log.append(set('later', '2024-06-01T12:05:00.000Z'), set('now'));
    const runner = start();
    await until(() => performed.length === 1);
    await runner.waitFor(log.end, SOON_MS);
    expect(performed).toEqual(['now']);
    now = new Date('2024-06-01T12:05:00.000Z');
    await until(() => performed.length === 2);
    expect(performed).toEqual(['now', 'later']);
  });

  it('performs at once an item whose row has changed', async () => {
    log.append(set('a'));
    start({
      perform: (item) => {
        performed.push(item.due_at);
        const dueAt = '2024-06-01T11:59:00.000Z';
        log.append(
          item.due_at === NOW ? { type: 'TaskMoved', data: { task: 'a', dueAt } } : done('a'),
        );
        return Promise.resolve();
      },
    });
    await until(() => performed.length === 2);
    expect(performed).toEqual([NOW, '2024-06-01T11:59:00.000Z']);
  });

  it('backs off from an item that fails, without holding up the others', async () => {
    log.append(set('bad', '2024-06-01T11:00:00.000Z'), set('good'));
    let healed = false;
    let failures = 0;
    const runner = start({
      perform: (item) => {
        if (item.item_id === 'good' || healed) return perform(item);
        failures += 1;
        return Promise.reject(new Error('no store'));
      },
    });
    await until(() => performed.length === 1);
    expect(failures).toBe(1);
    await until(() => runner.status().processes[0]!.oldestOverdue?.itemId === 'bad');
    const [status] = runner.status().processes;
    expect(status).toMatchObject({
      failing: [{ itemId: 'bad', attempts: 1, error: 'Error: no store' }],
    });
    const pauseMs = Date.parse(status!.failing[0]!.nextAttemptAt) - now.getTime();
    expect(pauseMs).toBeGreaterThanOrEqual(125);
    expect(pauseMs).toBeLessThanOrEqual(250);

    now = new Date(now.getTime() + 250);
    await until(() => failures === 2);
    healed = true;
    now = new Date(now.getTime() + 500);
    await until(() => performed.length === 2);
    expect(runner.status().processes[0]!.failing).toEqual([]);
  });

  it('has no more items under way than the process allows, and none twice', async () => {
    log.append(...Array.from({ length: 12 }, (__, index) => set(`task-${index}`)));
    const underWay = new Set<string>();
    let most = 0;
    start({
      concurrency: 3,
      perform: async (item) => {
        expect(underWay.has(item.item_id)).toBe(false);
        underWay.add(item.item_id);
        most = Math.max(most, underWay.size);
        await new Promise((resolve) => setImmediate(resolve));
        await perform(item);
        underWay.delete(item.item_id);
      },
    });
    await until(() => performed.length === 12);
    expect(most).toBe(3);
    expect(new Set(performed).size).toBe(12);
  });

  it('tells items under way to end when it is stopped, and waits for them', async () => {
    log.append(set('long'));
    const runner = start({
      perform: (item, { signal }) =>
        new Promise((resolve) => {
          performed.push(item.item_id);
          signal.addEventListener('abort', () => {
            performed.push('aborted');
            resolve();
          });
        }),
    });
    await until(() => performed.length === 1);
    await runner.stop();
    expect(performed).toEqual(['long', 'aborted']);
  });

  it('is given only the events of its lists', async () => {
    const end = log.append(set('a', '2025-01-01T00:00:00.000Z'), { type: 'Else', data: {} });
    const asked: (readonly string[] | undefined)[] = [];
    const runner = start(
      {},
      {
        feeds: {
          open: (options) => {
            asked.push(options.eventTypes);
            return log.open(options);
          },
        },
      },
    );
    await runner.waitFor(end, SOON_MS);
    expect(asked).toEqual([['TaskSet', 'TaskMoved', 'TaskDone']]);
    await until(() => runner.status().processes[0]!.backlog === 1);
  });

  describe('whose list is a projection like any other', () => {
    const LIST = 'tasks_process';
    let decided: ProjectionDecisions;
    let acts: number;

    const decide = (change: Partial<ProjectionDecisions>): void => {
      acts += 1;
      decided = { ...decided, ...change };
    };
    const decisions = (): Promise<Decisions> =>
      Promise.resolve({ acts, logAcceptedBy: 0, of: () => decided });
    const list = (runner: ProcessRunner) => runner.status().lists.projections[0]!;
    /** A list that cannot take the task of this name, as long as it is not mended. */
    const without = (unlucky: { task: string }): DurableProcess['items'] => ({
      ...openTasks,
      evolve: (row, event, key) => {
        if (key['item_id'] === unlucky.task) throw new Error('unlucky');
        return openTasks.evolve(row, event, key);
      },
    });

    beforeEach(() => {
      acts = 0;
      decided = { run: 0, retained: undefined, resumedBy: 0, parked: new Map() };
    });

    it('is rebuilt while it works: what is done stays done, what is open is performed once', async () => {
      log.append(set('done'), done('done'), set('later', '2024-06-01T13:00:00.000Z'), set('a'));
      const runner = start({}, { decisions });
      await until(() => performed.length === 1);
      decide({ run: 1, retained: 0 });
      await until(() => list(runner).inUse && list(runner).run === 1);
      log.append(set('b'));
      await until(() => performed.length === 2);
      // What was performed and is not folded yet would, an hour later, be performed again.
      await runner.waitFor(log.end, SOON_MS);
      now = new Date('2024-06-01T13:00:00.000Z');
      await until(() => performed.length === 3);
      expect(performed).toEqual(['a', 'b', 'later']);
      const rows = async (schema: string): Promise<unknown[]> =>
        (
          await sql`select * from ${sql.id(schema, 'open_tasks')} order by 1`.execute(
            test.database.for(),
          )
        ).rows;
      await runner.waitFor(log.end, SOON_MS);
      expect(await rows(`${LIST}_v1_r1`)).toEqual(await rows(`${LIST}_v1`));
    });

    it('stops at a task that it cannot take, performs nothing meanwhile, and resumes', async () => {
      const unlucky = { task: 'bad' };
      log.append(set('bad'), set('good'));
      const runner = start({ items: without(unlucky) }, { decisions });
      await until(() => list(runner).failure !== undefined);
      expect(list(runner)).toMatchObject({
        name: LIST,
        failure: { eventType: 'TaskSet', eventId: log.events[0]!.id, cause: 'Error: unlucky' },
      });
      expect(performed).toEqual([]);
      unlucky.task = '';
      decide({ resumedBy: acts + 1 });
      await until(() => performed.length === 2);
      expect(list(runner).failure).toBeUndefined();
    });

    it('goes on past the event that is parked, of which no task comes', async () => {
      log.append(set('bad'), set('good'));
      const runner = start({ items: without({ task: 'bad' }) }, { decisions });
      await until(() => list(runner).failure !== undefined);
      const { position, id } = log.events[0]!;
      decide({ resumedBy: acts + 1, parked: new Map([[position, id]]) });
      await until(() => performed.length === 1);
      await runner.waitFor(log.end, SOON_MS);
      expect(performed).toEqual(['good']);
    });
  });
});
