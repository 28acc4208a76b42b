import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { noDecisions } from '@hostledger/eventsourcing';
import { embeddedDatabase, until, type TestDatabase } from '@hostledger/testing';
import { parseCheckpoint } from '../transparency/checkpoint.js';
import { parseVerifierKey, verifyNote } from '../transparency/signed-note.js';
import type { NotaryKeyAdopted } from '../domain/notary-keys.js';
import { Life, notaryOf, ORIGIN, World } from './notary.fixture.js';
import { NOTARY_SCHEMA } from '../read/tree-table.js';

const DAY_MS = 86_400_000;
/** Some hundred lives, on a machine that is busy with other specs. */
const MANY_LIVES_MS = 400_000;

let databases: TestDatabase[];
beforeAll(async () => {
  databases = [await embeddedDatabase(), await embeddedDatabase()];
});
afterEach(() => Promise.all(databases.map((database) => database.empty())));
afterAll(() => Promise.all(databases.map((database) => database.close())));

const inWorld = async <T>(work: (world: World) => Promise<T>): Promise<T> => {
  const world = new World();
  try {
    return await work(world);
  } finally {
    world.clear();
  }
};

/** A whole life, until all is signed and published. */
const live = async (world: World, which = 0): Promise<void> => {
  const notary = notaryOf(world, databases[which]!.database);
  notary.start();
  try {
    await world.untilSigned();
    await until(() => notary.status().phase === 'live' && notary.status().unpublished === 0);
  } finally {
    await notary.stop();
  }
};

const tablesOf = async ({ database }: TestDatabase): Promise<unknown[]> => {
  const db = database.for<unknown>();
  const tables = ['tiles', 'leaves'].map((name) => sql.id(NOTARY_SCHEMA, name));
  return Promise.all(
    tables.map(async (table) => {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${table} t
        order by 1`.execute(db);
      return rows.map(({ row }) => row);
    }),
  );
};

/** What must be true of every log, whatever notaries lived and died on it. */
const mustBeWhole = (world: World): void => {
  const checkpoints = world.checkpoints();
  const key = parseVerifierKey(
    (world.log.find(({ type }) => type === 'NotaryKeyAdopted')!.data as NotaryKeyAdopted['data'])
      .verifierKey,
  );
  let before = { size: 0, time: '' };
  for (const { treeSize, rootHash, position, time, note } of checkpoints) {
    expect(treeSize).toBeGreaterThan(before.size);
    expect(time > before.time).toBe(true);
    before = { size: treeSize, time };
    const last = world.log[treeSize - 1]!;
    expect({ rootHash, position }).toEqual({
      rootHash: world.rootOf(treeSize),
      position: last.position.toString(),
    });
    expect(time >= last.recordedAt).toBe(true);
    expect(parseCheckpoint(note)).toMatchObject({ origin: ORIGIN, size: treeSize, time });
    expect(verifyNote(parseCheckpoint(note).note, key)).toEqual({ signed: true });
  }
};

const mustBePublished = (world: World): void => {
  const files = readdirSync(world.published).sort();
  const checkpoints = world.checkpoints();
  expect(files).toEqual(
    [...checkpoints.map(({ treeSize }) => `${treeSize}.checkpoint`), 'latest'].sort(),
  );
  for (const { treeSize, note } of checkpoints) {
    expect(readFileSync(join(world.published, `${treeSize}.checkpoint`), 'utf8')).toBe(note);
  }
  expect(readFileSync(join(world.published, 'latest'), 'utf8')).toBe(checkpoints.at(-1)!.note);
};

describe('The notary', () => {
  it('adopts its key, signs what is there, and publishes it', () =>
    inWorld(async (world) => {
      await world.happens(3);
      await live(world);
      expect(world.log.map(({ type, stream }) => `${type} ${stream.split('-')[0]!}`)).toEqual([
        ...Array.from({ length: 3 }, () => 'MinerMoved miner'),
        'NotaryKeyAdopted notaryKeys',
        'CheckpointSigned notary',
      ]);
      expect(world.checkpoints()[0]!.treeSize).toBe(4);
      mustBeWhole(world);
      mustBePublished(world);
    }));

  it('signs nothing where there is nothing but its own checkpoints', () =>
    inWorld(async (world) => {
      await world.happens();
      await live(world);
      const { length } = world.log;
      await live(world);
      await live(world);
      expect(world.log).toHaveLength(length);
    }));

  it('goes on where others use its words', () =>
    inWorld(async (world) => {
      const at = world.now().toISOString();
      const words = [
        'CheckpointSigned',
        'CheckpointWitnessed',
        'NotaryKeyAdopted',
        'NotaryKeyRotated',
      ];
      const empty = [null, {}] as unknown as object[];
      const foreign = words.flatMap((type) => empty.map((data) => ({ type, data })));
      const forged = { treeSize: 5, rootHash: 'root', position: '5', time: at, note: 'note' };
      const adopted = { origin: 'other', verifierKey: 'other' };
      const others = [
        ...foreign,
        { type: 'CheckpointSigned', data: { origin: ORIGIN, ...forged } },
        { type: 'NotaryKeyAdopted', data: adopted },
      ];
      await world.streams.happened('foo-1', at, ...others);
      await world.streams.happened('notaryKeys-other', at, ...others);
      await world.happens(3);
      await live(world);
      const ofItsStreams = foreign.filter(({ type }) => type.startsWith('Checkpoint'));
      await world.streams.happened(world.log.at(-1)!.stream, at, ...ofItsStreams);
      await world.happens(3);
      await live(world);
      const signed = world
        .checkpoints()
        .filter((one) => one?.origin === ORIGIN && one.note !== 'note');
      expect(signed.length).toBeGreaterThanOrEqual(2);
      for (const { treeSize, rootHash, note } of signed) {
        expect(rootHash).toBe(world.rootOf(treeSize));
        expect(parseCheckpoint(note)).toMatchObject({ origin: ORIGIN, size: treeSize });
      }
      expect(signed.at(-1)!.treeSize).toBeGreaterThanOrEqual(world.worthSigning());
    }));

  it('waits between two checkpoints, and begins with one soon', () =>
    inWorld(async (world) => {
      await world.happens();
      const hour = { intervalMs: 3_600_000 };
      const notary = notaryOf(world, databases[0]!.database, hour);
      notary.start();
      await world.untilSigned();
      await world.happens();
      await until(() => notary.status().size === world.log.length);
      expect(world.checkpoints()).toHaveLength(1);
      world.offsetMs += 3_600_000;
      world.tell();
      await world.untilSigned();
      await notary.stop();
      expect(world.checkpoints().map(({ treeSize }) => treeSize)).toEqual([2, 4]);
    }));

  it(
    'says after each death at every one of its steps what it would have said without',
    async () => {
      const steps = await inWorld(async (world) => {
        const life = new Life();
        await world.happens(300);
        const notary = notaryOf(world, databases[0]!.database, {}, life);
        notary.start();
        await world.untilSigned();
        await until(() => notary.status().unpublished === 0);
        await notary.stop();
        await databases[0]!.empty();
        return life.steps;
      });
      expect(steps).toBeGreaterThan(10);
      for (let last = 0; last < steps; last += 1) {
        await inWorld(async (world) => {
          await world.happens(300);
          const life = new Life(last);
          const notary = notaryOf(world, databases[0]!.database, {}, life);
          notary.start();
          await until(() => life.isDead || (world.isSigned && notary.status().unpublished === 0));
          await notary.stop();
          await live(world);
          mustBeWhole(world);
          mustBePublished(world);
          await databases[0]!.empty();
        });
      }
    },
    MANY_LIVES_MS,
  );

  it(
    'grows the same tree through random histories, deaths, days and losses of its tables',
    async () => {
      const act = fc.oneof(
        { weight: 4, arbitrary: fc.record({ happens: fc.integer({ min: 1, max: 700 }) }) },
        { weight: 4, arbitrary: fc.record({ diesAfter: fc.integer({ min: 0, max: 40 }) }) },
        { weight: 1, arbitrary: fc.record({ daysPass: fc.integer({ min: 1, max: 3 }) }) },
        { weight: 1, arbitrary: fc.constant('tables are lost' as const) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 8 }), (acts) =>
          inWorld(async (world) => {
            await databases[0]!.empty();
            await world.happens();
            for (const one of acts) {
              if (one === 'tables are lost') await databases[0]!.empty();
              else if ('happens' in one) await world.happens(one.happens);
              else if ('daysPass' in one) world.offsetMs += one.daysPass * DAY_MS;
              else {
                const life = new Life(one.diesAfter);
                const notary = notaryOf(world, databases[0]!.database, {}, life);
                notary.start();
                await until(() => life.isDead || world.isSigned);
                await notary.stop();
              }
            }
            await world.happens();
            await live(world);
            mustBeWhole(world);
            mustBePublished(world);
            const tables = await tablesOf(databases[0]!);
            await databases[0]!.empty();
            await live(world);
            expect(await tablesOf(databases[0]!)).toEqual(tables);
          }),
        ),
        { numRuns: 8 },
      );
    },
    MANY_LIVES_MS,
  );
});

describe('Two notaries at once', () => {
  it.each([
    ['that share their tables', 0],
    ['that know nothing of each other', 1],
  ])('%s never fork the history', (_, other) =>
    inWorld(async (world) => {
      const notaries = [0, other].map((which) => notaryOf(world, databases[which]!.database));
      await world.happens();
      for (const notary of notaries) notary.start();
      for (let round = 0; round < 15; round += 1) {
        if (round % 4 === 3) world.offsetMs += DAY_MS;
        await world.happens(1 + (round % 5));
        await world.untilSigned();
      }
      await Promise.all(notaries.map((notary) => notary.stop()));
      expect(world.checkpoints().length).toBeGreaterThanOrEqual(15);
      mustBeWhole(world);
      const days = new Set(
        world.log.flatMap(({ type, stream }) => (type === 'CheckpointSigned' ? [stream] : [])),
      );
      expect(days.size).toBeGreaterThan(2);
      await databases[0]!.empty();
      await live(world);
    }),
  );
});

describe('A changed past', () => {
  const faultIn = async (world: World): Promise<string> => {
    const { length } = world.log;
    const notary = notaryOf(world, databases[0]!.database);
    notary.start();
    await until(() => notary.status().fault !== undefined);
    const { fault } = notary.status();
    await notary.stop();
    expect(world.log).toHaveLength(length);
    expect(world.warnings.at(-1)).toBe(`The notary signs nothing: ${fault}`);
    return fault!;
  };

  const signedWorld = async (world: World): Promise<void> => {
    await world.happens(5);
    await live(world);
  };

  it('is noticed when the tree is built again: the checkpoint is not that of the log', () =>
    inWorld(async (world) => {
      await signedWorld(world);
      await databases[0]!.empty();
      world.streams.log[2] = { ...world.log[2]!, data: { serial: 'another' } };
      await world.happens();
      expect(await faultIn(world)).toMatch(/^The checkpoint of 6 events has the root /);
    }));

  it('is noticed when an event was dropped before a checkpoint', () =>
    inWorld(async (world) => {
      await signedWorld(world);
      await databases[0]!.empty();
      world.streams.log.splice(1, 1);
      expect(await faultIn(world)).toMatch(/^The checkpoint of 6 events has the root /);
    }));

  it('is noticed when the log ends before what is in the tree', () =>
    inWorld(async (world) => {
      await signedWorld(world);
      world.streams.log.splice(4);
      expect(await faultIn(world)).toMatch(/^The log ends at position 400, /);
    }));

  it('is noticed when another event is where the last one was', () =>
    inWorld(async (world) => {
      await signedWorld(world);
      world.streams.log[world.log.length - 1] = { ...world.log.at(-1)!, id: 'another' };
      expect(await faultIn(world)).toMatch(/^The log does not have the event /);
    }));

  it('is gone on from only where an administrator has accepted that log', () =>
    inWorld(async (world) => {
      await signedWorld(world);
      world.streams.log.splice(3);
      await faultIn(world);
      // Its checkpoint went with what it covered, so the log alone does not contradict itself; what
      // was published does.
      world.decisions = { ...noDecisions, acts: 1, logAcceptedBy: 1 };
      const notary = notaryOf(world, databases[0]!.database);
      notary.start();
      await until(() => notary.status().phase === 'live' && notary.status().size >= 3);
      await notary.stop();
      expect(world.warnings.at(-1)).toMatch(
        /^The tree is built again from the log that was accepted/,
      );
    }));

  it('has to be accepted anew each time, after it was refused', () =>
    inWorld(async (world) => {
      // Of long ago, which nobody has asked for.
      world.decisions = { ...noDecisions, acts: 1, logAcceptedBy: 1 };
      await signedWorld(world);
      for (let time = 0; time < 2; time += 1) {
        world.streams.log.splice(3);
        // Acts are in the log, and so are taken back with it.
        world.decisions = { ...noDecisions, acts: 1, logAcceptedBy: 1 };
        await faultIn(world);
        await faultIn(world);
        world.decisions = { ...noDecisions, acts: 2, logAcceptedBy: 2 };
        const notary = notaryOf(world, databases[0]!.database);
        notary.start();
        await until(() => notary.status().phase === 'live' && notary.status().size >= 3);
        await notary.stop();
        await world.happens(4);
        const after = notaryOf(world, databases[0]!.database);
        after.start();
        await until(() => after.status().size >= 7);
        await after.stop();
      }
    }));

  it('of the tables alone is mended from the log', () =>
    inWorld(async (world) => {
      await signedWorld(world);
      await sql`update ${sql.id(NOTARY_SCHEMA, 'tiles')} set hashes = set_byte(hashes, 3,
        (get_byte(hashes, 3) + 1) % 256)`.execute(databases[0]!.database.for());
      await world.happens(2);
      await live(world);
      mustBeWhole(world);
      expect(world.warnings).toEqual([
        expect.stringMatching(/^The tree is built again from the log: /),
      ]);
    }));
});
