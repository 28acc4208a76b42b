import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { noDecisions } from '@hostledger/eventsourcing';
import { embeddedDatabase, until, type TestDatabase } from '@hostledger/testing';
import { dayOf } from '../domain/checkpoints.js';
import { NotaryKeyFiles } from './key-files.js';
import { notaryOf, ORIGIN, World } from './notary.fixture.js';
import type { NotaryOptions, NotaryStatus } from './notary.js';
import { notaryRefusal } from '../read/tree-table.js';

// A notary whose tables, log, clock or streams are not as it left them.

const DAY_MS = 86_400_000;

let opened: TestDatabase;
let world: World;
beforeAll(async () => (opened = await embeddedDatabase()));
beforeEach(() => (world = new World()));
afterEach(async () => {
  world.clear();
  await opened.empty();
});
afterAll(() => opened.close());

const live = async (
  isDone: (status: NotaryStatus) => boolean,
  options: Partial<NotaryOptions> = {},
): Promise<NotaryStatus> => {
  const notary = notaryOf(world, opened.database, options);
  notary.start();
  try {
    await until(() => isDone(notary.status()));
    return notary.status();
  } finally {
    await notary.stop();
  }
};
const untilPublished = (): Promise<NotaryStatus> =>
  live(({ phase, unpublished }) => world.isSigned && phase === 'live' && unpublished === 0);
const untilFault = async (options: Partial<NotaryOptions> = {}): Promise<string> => {
  const { length } = world.log;
  const { fault } = await live((status) => status.fault !== undefined, options);
  expect(world.log).toHaveLength(length);
  expect(world.warnings.at(-1)).toBe(`The notary signs nothing: ${fault}`);
  return fault!;
};

describe('Tables that are lost together with the end of the log', () => {
  beforeEach(async () => {
    await world.happens(5);
    await untilPublished();
    await world.happens(5);
    await untilPublished();
    await opened.empty();
  });

  it('stop the notary: what it published is not of this log', async () => {
    world.streams.restoreTo(8);
    const { published } = world;
    expect(await untilFault()).toBe(
      `A checkpoint of 12 events was published to folder ${published}, but the log has 8`,
    );
    expect(await notaryRefusal(opened.database)).toBe(
      `A checkpoint of 12 events was published to folder ${published}, but the log has 8`,
    );
  });

  it('do so when others have appended to it since', async () => {
    world.streams.restoreTo(8);
    await world.happens(9);
    expect(await untilFault()).toMatch(
      /^A checkpoint of 12 events .* the log is another one up to/,
    );
  });

  it('do so when the key is lost as well, and when `latest` was taken away', async () => {
    world.streams.restoreTo(3);
    rmSync(join(world.published, 'latest'));
    const dataDir = join(world.home, 'new');
    const keys = new NotaryKeyFiles({ origin: ORIGIN, dataDir });
    // Adopted before it is known what is published.
    await live(({ fault }) => fault !== undefined, { keys });
    expect(world.checkpoints()).toEqual([]);
    expect(await untilFault({ keys })).toMatch(/, by a key that this log does not know, to /);
  });

  it('do not where the log is whole', async () => {
    await world.happens();
    await untilPublished();
    expect(world.warnings).toEqual([]);
    expect(await notaryRefusal(opened.database)).toBeUndefined();
  });

  it('are gone on from once an administrator has accepted the log, after it was refused', async () => {
    world.decisions = { ...noDecisions, acts: 1, logAcceptedBy: 1 };
    world.streams.restoreTo(8);
    await untilFault();
    await untilFault();
    world.decisions = { ...noDecisions, acts: 2, logAcceptedBy: 2 };
    // A crash after it was accepted, and before anything was signed.
    await live(({ phase }) => phase === 'live');
    await world.happens();
    await untilPublished();
    await world.happens();
    await untilPublished();
    expect(await notaryRefusal(opened.database)).toBeUndefined();
    // It is not accepted for ever: the next loss is refused again.
    world.streams.restoreTo(9);
    await opened.empty();
    await untilFault();
  });
});

describe('A log that was restored', () => {
  it('is accepted once, with all that was published from the part that is lost', async () => {
    await world.happens(5);
    await untilPublished();
    world.streams.restoreTo(3);
    await untilFault();
    world.decisions = { ...noDecisions, acts: 1, logAcceptedBy: 1 };
    await world.happens();
    await live(() => world.isSigned);
    expect(world.checkpoints()).toHaveLength(1);
  });
});

describe('Events of others in the streams of the notary', () => {
  const foreign = (day: string, ...types: readonly string[]): Promise<void> => {
    const at = world.now().toISOString();
    const forged = {
      origin: ORIGIN,
      treeSize: 900,
      rootHash: 'r',
      position: '1',
      time: `${day}T23:59:59.000Z`,
    };
    const data = { ...forged, note: 'note' };
    return world.streams.happened(`notary-${day}`, at, ...types.map((type) => ({ type, data })));
  };

  it.each([
    ['of any type', ['Foreign']],
    ['that look like its own', ['CheckpointSigned', 'CheckpointWitnessed', 'CheckpointSigned']],
  ])('%s, put there before the day, are told, and it signs behind them', async (_, types) => {
    await world.happens();
    await untilPublished();
    const tomorrow = dayOf({ time: new Date(world.now().getTime() + DAY_MS).toISOString() });
    await foreign(tomorrow, ...types);
    world.offsetMs += DAY_MS;
    for (let round = 0; round < 3; round += 1) {
      const before = world.log.length;
      await world.happens();
      await live(({ signed }) => (signed?.size ?? 0) > before);
    }
    const own = world.log.filter(
      ({ type, stream, data }) =>
        type === 'CheckpointSigned' &&
        stream === `notary-${tomorrow}` &&
        (data as { treeSize: number }).treeSize !== 900,
    );
    expect(own.map(({ revision }) => Number(revision))).toEqual(
      [0, 1].map((n) => n + types.length),
    );
    const { foreign: told } = await live(({ phase }) => phase === 'live');
    expect(told).toMatchObject({ events: types.length, stream: `notary-${tomorrow}` });
    expect(world.warnings).toEqual([
      expect.stringContaining(`Somebody else has put an event into notary-${tomorrow}: `),
    ]);
  });
});

describe('A clock that is astray', () => {
  beforeEach(async () => {
    await world.happens();
    await untilPublished();
    await world.happens();
  });

  it('years ahead of the log signs nothing, until it is mended', async () => {
    world.offsetMs = 365 * DAY_MS;
    expect(await untilFault()).toMatch(
      /^The clock says .* more than 7 days after the log recorded/,
    );
    world.offsetMs = 0;
    await untilPublished();
  });

  it('behind the last checkpoint signs nothing', async () => {
    world.offsetMs = -2 * 3_600_000;
    expect(await untilFault()).toMatch(/^The clock says .*, but a checkpoint was signed at /);
    world.offsetMs = -30_000;
    await untilPublished();
  });

  it('that is right after a quiet time signs with the next event', async () => {
    world.offsetMs = 8 * DAY_MS;
    await untilFault();
    await world.happens();
    await untilPublished();
  });
});
