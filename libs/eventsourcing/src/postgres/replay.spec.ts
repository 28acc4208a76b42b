import { sql } from 'kysely';
import {
  accounts,
  closed,
  databases,
  InMemoryLog,
  opened,
  paid,
  payments,
  until,
  type TestDatabase,
} from '@hostledger/testing';
import { noDecisions, type Decisions } from '../decisions.js';
import type { Projection } from '../projection.js';
import {
  diffSchemas,
  dropReplay,
  LIVE,
  openDatabase,
  openOwnership,
  ProjectionRunner,
  replay,
  ReplayRefused,
  replayPointOf,
  replays,
  type Replay,
  type ReplayOptions,
} from './index.js';

const GROUP = 'spec';

/** Payments that cannot take thirteen cents. */
const unlucky: Projection = {
  ...payments,
  tables: payments.tables.map((fold) => ({
    ...fold,
    evolve: (row, event, key) => {
      if ('cents' in event.data && event.data.cents === 13) throw new Error('unlucky');
      return fold.evolve(row, event, key);
    },
  })),
};
const projections = [accounts, unlucky];

describe.each(databases)('Replays on %s', (_, open) => {
  let test: TestDatabase;
  let log: InMemoryLog;
  let parked: ReadonlyMap<bigint, string>;
  let runner: ProjectionRunner | undefined;

  const decided = (): Decisions => ({
    ...noDecisions,
    acts: parked.size,
    of: (name) => ({
      ...noDecisions.of(name),
      ...(name === 'payments' ? { parked, resumedBy: parked.size } : {}),
    }),
  });

  const startLive = (): ProjectionRunner => {
    runner = new ProjectionRunner({
      name: GROUP,
      projections,
      database: test.database,
      feeds: log,
      decisions: () => Promise.resolve(decided()),
    });
    runner.start();
    return runner;
  };

  const untilLive = (): Promise<void> =>
    until(() =>
      runner!.status().projections.every(({ inUse, position }) => inUse && position === log.end),
    );

  const make = (schema: string, to = 'end', more: Partial<ReplayOptions> = {}): Promise<Replay> =>
    replay({
      database: test.database,
      feeds: log,
      log,
      projections,
      schema,
      to: replayPointOf(to)!,
      replace: false,
      parked: (name) => decided().of(name).parked,
      batchEvents: 3,
      ...more,
    });

  const diff = (a: string, b: string, more: { tables?: string[]; limit?: number } = {}) =>
    diffSchemas(
      { database: test.database, schema: a },
      { database: test.database, schema: b },
      { group: GROUP, limit: 20, ...more },
    );

  const run = (statement: string): Promise<unknown> =>
    sql.raw(statement).execute(test.database.for());

  const schemas = async (): Promise<string[]> =>
    (await replays(test.database)).map(({ schema }) => schema);

  beforeAll(async () => {
    test = await open();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    log = new InMemoryLog();
    parked = new Map();
    log.append(opened('a'), opened('b'), paid('a', 'b', 5), paid('b', 'a', 2), closed('b'));
  });
  afterEach(async () => {
    await runner?.stop();
    runner = undefined;
    await test.empty();
  });

  it('to the end hold what the live tables do, row for row, parked events left out of both', async () => {
    log.append(paid('a', 'c', 13), opened('c'), paid('a', 'c', 1));
    startLive();
    await until(() => runner!.status().projections[1]!.failure !== undefined);
    const { position, id } = log.events[5]!;
    parked = new Map([[position, id]]);
    await untilLive();
    const made = await make('audit');
    expect(made).toMatchObject({
      asked: 'end',
      filled: true,
      position: log.end,
      events: 8n,
      lastEvent: { position: log.end, id: log.events.at(-1)!.id },
      projections: [
        { name: 'accounts', version: 1, tables: ['accounts'] },
        { name: 'payments', version: 1, tables: ['payments'] },
      ],
    });
    const found = await diff('audit', LIVE);
    expect(found.same).toBe(true);
    expect(found.tables.map(({ table, same }) => [table, same])).toEqual([
      ['accounts', 2],
      ['payments', 3],
    ]);
    expect(found.b.positions).toEqual({ least: log.end, greatest: log.end });
  });

  it.each([
    ['a position', (event: InMemoryLog['events'][number]) => event.position.toString()],
    ['an instant', (event: InMemoryLog['events'][number]) => event.recordedAt],
  ])('to %s hold what the live tables did then', async (__, pointAt) => {
    const history = [...log.events];
    for (const [index, event] of history.entries()) {
      log.events[index] = { ...event, recordedAt: `2024-06-01T00:00:0${index}.000Z` };
    }
    const later = log.events.splice(3);
    startLive();
    await untilLive();
    const then = log.events.at(-1)!;
    await runner!.stop();
    log.events.push(...later);
    const made = await make('then', pointAt(then));
    expect(made).toMatchObject({ position: then.position, lastEvent: { id: then.id } });
    expect(await diff('then', LIVE)).toMatchObject({ same: true });
    startLive();
    await untilLive();
    expect(await diff('then', LIVE)).toMatchObject({ same: false });
  });

  it('before the first event are empty tables', async () => {
    for (const [schema, to] of [
      ['before', '0'],
      ['long_before', '2009-01-03T18:15:05Z'],
    ] as const) {
      expect(await make(schema, to)).toMatchObject({ position: 0n, events: 0n });
    }
    expect((await diff('before', 'long_before')).tables.map(({ same }) => same)).toEqual([0, 0]);
  });

  it.each([
    ['beyond the end of the log', 'fine', '999999999', /ends at position 500/],
    ['at an instant to come', 'fine', '2999-01-01T00:00:00Z', /yet to come/],
    ['under a name of the system', 'hostledger_meta', 'end', /system itself/],
    ['under the name of live tables', 'payments_v1', 'end', /system itself/],
    ['under the name of a rebuild', 'payments_v2_r1', 'end', /system itself/],
    ["under PostgreSQL's names", 'pg_temp', 'end', /system itself/],
    ['under the word for what is in use', LIVE, 'end', /system itself/],
    ['under what is no name', 'Then"', 'end', /no name/],
    ['over a schema that somebody else has made', 'theirs', 'end', /no replay has made/],
  ])('%s are refused, and nothing is made', async (__, schema, to, why) => {
    await run('create schema theirs');
    await run('create table theirs.kept (n integer)');
    const refused = make(schema, to, { replace: true });
    await expect(refused).rejects.toBeInstanceOf(ReplayRefused);
    await expect(refused).rejects.toThrow(why);
    expect(await schemas()).toEqual([]);
    await run('select n from theirs.kept');
  });

  it('of the same name are replaced only where that is asked for', async () => {
    await make('again', '100');
    await expect(make('again')).rejects.toThrow(/--replace/);
    expect((await replays(test.database))[0]).toMatchObject({ asked: '100' });
    await make('again', 'end', { replace: true });
    expect((await replays(test.database))[0]).toMatchObject({ asked: 'end', events: 5n });
  });

  it('leave nothing when they are cut off, or meet an event that cannot be applied', async () => {
    const interrupt = new AbortController();
    const cutOff = make('cut', 'end', {
      batchEvents: 1,
      onProgress: () => interrupt.abort(new Error('enough')),
      signal: interrupt.signal,
    });
    await expect(cutOff).rejects.toThrow('enough');
    log.append(paid('a', 'b', 13));
    await expect(make('failed')).rejects.toThrow(/payments.*unlucky.*--only/);
    expect(await schemas()).toEqual([]);
  });

  it('begin anew where the process that made one has died', async () => {
    await make('remains', '100');
    await run('update remains.hostledger_replay set filled = false, position = null');
    await expect(diff('remains', 'remains')).rejects.toThrow(/not filled/);
    expect(await make('remains')).toMatchObject({ filled: true, position: log.end, events: 5n });
  });

  it('are made by one process at a time under one name', async () => {
    if (!test.server) return;
    const other = await openDatabase({ url: test.server.url });
    const ownership = await openOwnership(other);
    try {
      await ownership.take(['busy']);
      await expect(make('busy')).rejects.toThrow(/Another process/);
    } finally {
      await ownership.release();
      await other.close();
    }
    await make('busy');
  });

  it('are dropped by name, nothing else is', async () => {
    startLive();
    await untilLive();
    await make('one');
    await make('two');
    await dropReplay(test.database, 'one');
    expect(await schemas()).toEqual(['two']);
    for (const schema of ['one', 'accounts_v1', 'hostledger', 'public']) {
      await expect(dropReplay(test.database, schema)).rejects.toBeInstanceOf(ReplayRefused);
    }
  });

  it('are made of fewer projections, too, and then compared in those', async () => {
    await make('all');
    await make('few', 'end', { projections: [accounts] });
    const found = await diff('few', 'all');
    expect(found).toMatchObject({
      same: true,
      tables: [{ table: 'accounts' }],
      notCompared: [{ projection: 'payments', onlyIn: 'B' }],
    });
    const asked = await diff('few', 'all', { tables: ['payments'] });
    expect(asked).toMatchObject({
      same: false,
      tables: [{ shape: ['there is no such table in A'] }],
    });
    await expect(diff('few', 'all', { tables: ['plans'] })).rejects.toThrow(/a table plans/);
    await expect(diff('few', 'none')).rejects.toThrow(/no schema none/);
    await expect(diff('few', LIVE)).rejects.toThrow(/no live tables/);
  });

  describe('A diff', () => {
    beforeEach(async () => {
      await make('a');
      await make('b');
    });

    it('tells rows that are only in one of both, and which columns of a row differ', async () => {
      const [first, second] = log.events.filter(({ type }) => type === 'Paid');
      await run(`delete from a.payments where payment_id = '${first!.id}'`);
      await run(`update b.payments set cents = 3 where payment_id = '${second!.id}'`);
      await run(`insert into a.payments values ('zzz', 'a', 7)`);
      const { same, tables } = await diff('a', 'b');
      expect(same).toBe(false);
      expect(tables[0]).toMatchObject({ table: 'accounts', same: 1, changed: 0, rows: [] });
      expect(tables[1]).toMatchObject({ onlyInA: 1, onlyInB: 1, changed: 1, same: 0 });
      expect(tables[1]!.rows).toEqual(
        expect.arrayContaining([
          {
            kind: 'onlyInB',
            key: { payment_id: first!.id },
            row: { payment_id: first!.id, account: 'a', cents: '5' },
          },
          {
            kind: 'changed',
            key: { payment_id: second!.id },
            columns: { cents: { a: '2', b: '3' } },
          },
          {
            kind: 'onlyInA',
            key: { payment_id: 'zzz' },
            row: { payment_id: 'zzz', account: 'a', cents: '7' },
          },
        ]),
      );
    });

    it('compares numbers, JSON and instants by value, and nothing with something', async () => {
      for (const [schema, number, json, at] of [
        ['a', '1.50', '{"n": 1.10, "s": "1.10", "z": 0}', '2024-06-01T00:00:00Z'],
        ['b', '1.5', '{"z": 0, "s": "1.10", "n": 1.1}', '2024-06-01T02:00:00+02:00'],
      ] as const) {
        await run(
          `alter table ${schema}.accounts add n numeric, add j jsonb, add t timestamptz, add o text`,
        );
        await run(`update ${schema}.accounts set n = ${number}, j = '${json}', t = '${at}'`);
      }
      expect(await diff('a', 'b')).toMatchObject({ same: true });
      await run(`update b.accounts set n = 1.51, j = '{"n": 1.1, "s": "1.1", "z": 0}', o = ''`);
      expect((await diff('a', 'b')).tables[0]!.rows).toMatchObject([
        {
          kind: 'changed',
          columns: {
            n: { a: '1.5', b: '1.51' },
            j: { a: '{"n": 1.10, "s": "1.10", "z": 0}', b: '{"n": 1.1, "s": "1.1", "z": 0}' },
            o: { a: null, b: '' },
          },
        },
      ]);
    });

    it('tells columns, keys and tables that are not the same', async () => {
      await run('alter table a.accounts add extra text');
      await run(
        'alter table b.payments drop constraint payments_pkey, add primary key (account, payment_id)',
      );
      const { same, tables } = await diff('a', 'b');
      expect(same).toBe(false);
      expect(tables.map(({ shape }) => shape)).toEqual([
        ['column extra is only in A'],
        ['the key is (payment_id) in A, (account, payment_id) in B'],
      ]);
    });

    it('goes through large tables in pages, in one order for both, whatever their keys', async () => {
      const fill = (schema: string, but: string) =>
        run(`insert into ${schema}.payments
          select chr(case when n % 3 = 0 then 65536 when n % 3 = 1 then 64000 else 97 end) || n, 'a', n
          from generate_series(1, 6001) n where ${but}`);
      await fill('a', 'n not in (1, 3, 4)');
      await fill('b', 'n not in (6000, 6001)');
      await run('update b.payments set cents = -1 where cents between 2500 and 2599');
      const [, payments] = (await diff('a', 'b', { limit: 4 })).tables;
      // Two rows of the history are in both as well.
      expect(payments).toMatchObject({ onlyInA: 2, onlyInB: 3, changed: 100, same: 5_898 });
      expect(payments!.rows).toHaveLength(4);
    });
  });

  it('may lie in another database than what they are compared with', async () => {
    const elsewhere = await open();
    try {
      await make('here');
      await make('there', 'end', { database: elsewhere.database });
      const sides = [
        { database: test.database, schema: 'here' },
        { database: elsewhere.database, schema: 'there' },
      ] as const;
      const compared = await diffSchemas(...sides, { group: GROUP, limit: 1 });
      expect(compared).toMatchObject({ same: true, tables: [{ same: 1 }, { same: 2 }] });
    } finally {
      await elsewhere.close();
    }
  });
});

describe('The point of a replay', () => {
  it.each([
    ['end', { kind: 'end' }],
    ['0', { kind: 'position', position: 0n }],
    ['2024-06-01T12:30+02:00', { kind: 'instant', instant: '2024-06-01T10:30:00.000Z' }],
    ['2024-06-01T10:30:00.5Z', { kind: 'instant', instant: '2024-06-01T10:30:00.500Z' }],
  ])('may be %s', (text, point) => expect(replayPointOf(text)).toEqual(point));

  it.each(['', '-1', '1.5', 'yesterday', '2024-06-01', '2024-06-01T10:30:00', '2024-13-01T00:00Z'])(
    'is not "%s"',
    (text) => expect(replayPointOf(text)).toBeUndefined(),
  );
});
