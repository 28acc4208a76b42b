import { rmSync } from 'node:fs';
import { sql, type Kysely } from 'kysely';
import { openDatabase, type Database } from '@hostledger/eventsourcing/postgres';
import { embeddedDirectory } from '@hostledger/testing';
import { equalTo, keysetPage, type Page } from './read.js';

interface Tables {
  lamps: { lit_at: string; number: bigint; name: string };
  bulbs: { serial: string; kind: string; hall: string };
}

let directory: string;
let database: Database;
let db: Kysely<Tables>;

beforeAll(async () => {
  directory = await embeddedDirectory();
  database = await openDatabase({ directory });
  db = database.for<Tables>();
  await sql`create table lamps (lit_at timestamptz, number bigint, name text)`.execute(db);
  // Three lamps are lit at once, so an instant alone does not say where a page ends.
  await sql`insert into lamps
    select '2024-04-20T00:00:00.123Z'::timestamptz + (n / 3) * interval '1 second',
      9007199254740990 + n, 'lamp "' || n || '", ä'
    from generate_series(0, 9) n`.execute(db);
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
});

const key = ['lit_at', 'number'] as const;
const page = (of: Page, direction?: 'asc' | 'desc') =>
  keysetPage(db.selectFrom('lamps').selectAll(), of, key, direction);

const allPages = async (limit: number, direction?: 'asc' | 'desc'): Promise<number[][]> => {
  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor }: Awaited<ReturnType<typeof page>> = await page(
      { limit, ...(cursor !== undefined && { cursor }) },
      direction,
    );
    pages.push(items.map(({ number }) => Number(BigInt(number) - 9_007_199_254_740_990n)));
    cursor = nextCursor;
  } while (cursor !== undefined);
  return pages;
};

describe('pages by key', () => {
  it('hold every row once, in the order of all columns of the key', async () => {
    expect(await allPages(4)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(await allPages(5, 'desc')).toEqual([
      [9, 8, 7, 6, 5],
      [4, 3, 2, 1, 0],
    ]);
  });

  it('say with the last row that there is no more', async () => {
    const { items, nextCursor } = await page({ limit: 10 });
    expect(items).toHaveLength(10);
    expect(nextCursor).toBeUndefined();
    expect((await page({})).items).toHaveLength(10);
  });

  it('do not shift when rows are added before them', async () => {
    const first = await page({ limit: 3 });
    await sql`insert into lamps values ('2020-01-01', 1, 'new')`.execute(db);
    const second = await page({ limit: 1, cursor: first.nextCursor! });
    await sql`delete from lamps where name = 'new'`.execute(db);
    expect(second.items).toMatchObject([{ name: 'lamp "3", ä' }]);
  });

  const made = (...parts: unknown[]): string =>
    Buffer.from(JSON.stringify(parts)).toString('base64url');

  it.each<[string, string]>([
    ['no cursor', 'nonsense'],
    ['of another list', made('asc name', 'x')],
    ['of the other direction', made('desc lit_at number', '2024-04-20T00:00:00Z', '1')],
    ['with too few values', made('asc lit_at number', '2024-04-20T00:00:00Z')],
    ['with values that are no text', made('asc lit_at number', null, 1)],
    ['with values that the columns cannot have', made('asc lit_at number', 'noon', '1')],
    [
      'with a number beyond the column',
      made('asc lit_at number', '2024-04-20T00:00:00Z', '9'.repeat(30)),
    ],
    ['with a NUL', made('asc lit_at number', '2024-04-20T00:00:00Z', '\0')],
  ])('refuse a cursor that is %s', async (_what, cursor) => {
    await expect(page({ cursor })).rejects.toMatchObject({
      name: 'ProblemError',
      status: 400,
      code: 'request/cursor-invalid',
      extra: { errors: [{ pointer: '/cursor' }] },
    });
  });

  it('let other errors of the database through', async () => {
    const broken = keysetPage(
      db
        .selectFrom('lamps')
        .selectAll()
        .where(sql<boolean>`1 / 0 = 1`),
      {},
      key,
    );
    await expect(broken).rejects.toMatchObject({ code: '22012' });
  });
});

describe('a list filtered by equality', () => {
  const BULBS = 20_000;

  beforeAll(async () => {
    await sql`create table bulbs (serial text primary key, kind text, hall text)`.execute(db);
    // Those of the newest kind stand at the far end, as machines of the newest model do.
    await sql`insert into bulbs select lpad(n::text, 6, '0'),
        case when n < ${BULBS / 2} then 'old' else 'new' end, 'hall ' || n % 2
      from generate_series(0, ${BULBS - 1}) n`.execute(db);
    await sql`create index by_kind on bulbs (kind, serial)`.execute(db);
    await sql`analyze bulbs`.execute(db);
  });

  const bulbs = (filters: { kind?: string; hall?: string }, direction: 'asc' | 'desc' = 'asc') =>
    equalTo(db.selectFrom('bulbs').selectAll(), filters, direction);

  it('has the rows that match all of the filters, page after page, either way', async () => {
    const filters = { kind: 'new', hall: 'hall 1' };
    const first = await keysetPage(bulbs(filters), { limit: 2 }, ['serial']);
    expect(first.items.map(({ serial }) => serial)).toEqual(['010001', '010003']);
    const cursor = first.nextCursor!;
    const next = await keysetPage(bulbs(filters), { limit: 2, cursor }, ['serial']);
    expect(next.items.map(({ serial }) => serial)).toEqual(['010005', '010007']);
    const last = await keysetPage(bulbs(filters, 'desc'), { limit: 1 }, ['serial'], 'desc');
    expect(last.items.map(({ serial }) => serial)).toEqual(['019999']);
    const none = await keysetPage(bulbs({ kind: 'none' }), {}, ['serial']);
    expect(none.items).toEqual([]);
  });

  it('leaves out what has no value', async () => {
    const [first] = (await keysetPage(bulbs({}), { limit: 1 }, ['serial'])).items;
    expect(first).toEqual({ serial: '000000', kind: 'old', hall: 'hall 0' });
  });

  it('follows the index of its first filter', async () => {
    const plan = async (query: ReturnType<typeof bulbs>): Promise<string> =>
      JSON.stringify(await query.orderBy('serial').limit(100).explain());
    expect(await plan(bulbs({ kind: 'new' }))).toContain('by_kind');
    const plainly = db.selectFrom('bulbs').selectAll().where('kind', '=', 'new');
    expect(await plan(plainly)).not.toContain('by_kind');
  });
});
