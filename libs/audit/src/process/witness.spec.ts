import { embeddedDatabase, until, type TestDatabase } from '@hostledger/testing';
import type { CheckpointWitnessed } from '../domain/checkpoints.js';
import type { NotaryKeyAdopted } from '../domain/notary-keys.js';
import { parseNote, verifyNote } from '../transparency/signed-note.js';
import { notaryOf, ORIGIN, World } from './notary.fixture.js';
import type { Notary } from './notary.js';
import { strangersLine, WitnessServer } from './witness.fixture.js';
import { Witness } from './witness.js';

let shared: TestDatabase;
let world: World;
let server: WitnessServer;
let notary: Notary;
const notaries: Notary[] = [];

beforeAll(async () => (shared = await embeddedDatabase()));
afterAll(() => shared.close());
beforeEach(async () => {
  world = new World();
  server = new WitnessServer(() => ({
    origin: ORIGIN,
    keys: world.log.flatMap(({ type, data }) =>
      type === 'NotaryKeyAdopted' ? [(data as NotaryKeyAdopted['data']).verifierKey] : [],
    ),
  }));
  await server.up();
  notary = begin();
  await world.happens(5);
});
afterEach(async () => {
  await Promise.all(notaries.splice(0).map((one) => one.stop()));
  await server.down();
  await shared.empty();
  world.clear();
});

const begin = (): Notary => {
  const witness = new Witness({ url: server.url, verifierKey: server.key.verifier.text });
  const one = notaryOf(world, shared.database, { witnesses: [witness] });
  notaries.push(one);
  return one;
};

const cosignatures = (): CheckpointWitnessed['data'][] =>
  world.log.flatMap(({ type, data }) =>
    type === 'CheckpointWitnessed' ? [data as CheckpointWitnessed['data']] : [],
  );

const untilSeen = (): Promise<void> =>
  until(
    () =>
      world.isSigned && cosignatures().at(-1)?.treeSize === world.checkpoints().at(-1)!.treeSize,
  );

describe('A witness', () => {
  it('sees each checkpoint go on from the one it saw, and what it signs is recorded', async () => {
    notary.start();
    await untilSeen();
    for (let round = 0; round < 3; round += 1) {
      await world.happens(300);
      await untilSeen();
    }
    expect(new Set(server.answered)).toEqual(new Set([200]));
    expect(cosignatures().length).toBeGreaterThanOrEqual(4);
    for (const { treeSize, rootHash, witness, cosignature } of cosignatures()) {
      const checkpoint = world.checkpoints().find((one) => one.treeSize === treeSize)!;
      expect(checkpoint.rootHash).toBe(rootHash);
      expect(witness).toBe(server.key.verifier.text);
      const note = parseNote(`${checkpoint.note}${cosignature}\n`);
      expect(verifyNote(note, server.key.verifier)).toMatchObject({ signed: true });
    }
    await until(() => notary.status().witnesses[0]!.behind === 0);
    // What witnesses sign is no reason to sign anything.
    const signed = world.checkpoints().length;
    world.tell();
    await until(() => notary.status().size === world.log.length);
    expect(world.checkpoints()).toHaveLength(signed);
  });

  it('that is down holds nothing up, and sees what it missed in one step', async () => {
    await server.down();
    notary.start();
    for (let round = 0; round < 3; round += 1) {
      await world.happens();
      await world.untilSigned();
    }
    await until(() => notary.status().failing.length === 1);
    const { witnesses, fault } = notary.status();
    expect(fault).toBeUndefined();
    expect(witnesses[0]!.behind).toBeGreaterThan(0);
    expect(cosignatures()).toEqual([]);
    await server.up();
    await untilSeen();
    expect(cosignatures()).toHaveLength(1);
    await until(() => notary.status().failing.length === 0);
  });

  it('whose answer was lost is asked again, and says where it is', async () => {
    server.losesAnswers = true;
    notary.start();
    await until(() => server.answered.includes(200));
    await world.happens(20);
    await world.untilSigned();
    server.losesAnswers = false;
    await untilSeen();
    expect(server.answered).toContain(409);
  });

  it('may say more than it was asked; only its own signature counts', async () => {
    server.noise = `${strangersLine()}nonsense\n`;
    notary.start();
    await untilSeen();
    expect(cosignatures().at(-1)!.cosignature).toContain('witness.example/w1');
  });

  it.each(['another history', 'a longer history'])(
    'that saw %s signs nothing, and it shows',
    async (what) => {
      server.seen = {
        size: what === 'another history' ? 3 : 1_000,
        root: Buffer.alloc(32, 7),
      };
      notary.start();
      await world.untilSigned();
      await until(() => notary.status().failing.length === 1);
      expect(notary.status().failing).toEqual([
        {
          errand: 'Witness witness.example/w1',
          why:
            what === 'another history'
              ? 'witness.example/w1 does not find that this history goes on from the one it saw (422)'
              : (expect.stringMatching(
                  /^witness\.example\/w1 saw a tree of 1000 events, not of \d+$/,
                ) as string),
        },
      ]);
      expect(cosignatures()).toEqual([]);
      await world.happens();
      await world.untilSigned();
    },
  );

  it('that has seen all of it before need not be asked again by the next owner', async () => {
    notary.start();
    await untilSeen();
    await until(() => notary.status().size === world.log.length);
    await notary.stop();
    const asked = server.answered.length;
    const next = begin();
    next.start();
    await until(() => next.status().phase === 'live' && next.status().witnesses[0]?.behind === 0);
    expect(server.answered).toHaveLength(asked);
  });
});
