import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateStore, type DomainError, type CommandContext } from '@hostledger/eventsourcing';
import { embeddedDatabase, InMemoryStreams, until } from '@hostledger/testing';
import type { NotaryKeyRotated } from '../domain/notary-keys.js';
import { NotaryKeyFiles } from '../process/key-files.js';
import { notaryOf, ORIGIN, World } from '../process/notary.fixture.js';
import { parseRotation, signRotation } from '../transparency/key-rotation.js';
import {
  makeSignerKey,
  parseNote,
  parseVerifierKey,
  verifyNote,
} from '../transparency/signed-note.js';
import { recordRotation, rotateKey, verifierKeyOf } from './rotate-key.js';

let command = 0;
const context = (): CommandContext => {
  command += 1;
  const commandId = `00000000-0000-4000-8000-${String(command).padStart(12, '0')}`;
  return {
    ...{ commandId, correlationId: commandId, causationId: commandId },
    actor: { subject: 'cli:ana', role: 'admin' },
    at: '2026-11-26T12:00:00.000Z',
  };
};

describe('A rotation of keys', () => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  const [old, next, stranger] = [1, 2, 3].map(() => makeSignerKey(ORIGIN)) as [
    ReturnType<typeof makeSignerKey>,
    ReturnType<typeof makeSignerKey>,
    ReturnType<typeof makeSignerKey>,
  ];
  const statement = signRotation(ORIGIN, old, next, context().at);

  const refusal = (said: string): Promise<string> =>
    recordRotation(store, said, context()).then(
      () => 'accepted',
      (error: unknown) => (error as DomainError).code,
    );

  beforeAll(() =>
    streams.happened(`notaryKeys-${ORIGIN}`, context().at, {
      type: 'NotaryKeyAdopted',
      data: { origin: ORIGIN, verifierKey: old.verifier.text },
    }),
  );

  it('is refused unless the old and the new key have signed it', async () => {
    const { text, signatures } = parseNote(statement);
    for (const { line } of signatures) {
      expect(await refusal(`${text}\n${line}\n`)).toBe('notary/rotation-not-signed');
    }
    const byStranger = signRotation(ORIGIN, old, stranger, context().at).replace(
      stranger.verifier.text,
      next.verifier.text,
    );
    expect(await refusal(byStranger)).toBe('notary/rotation-not-signed');
    expect(await refusal(statement.replace('12:00', '12:01'))).toBe('notary/rotation-not-signed');
  });

  it('is refused from a key that is not in force', async () => {
    const others = signRotation(ORIGIN, stranger, next, context().at);
    expect(await refusal(others)).toBe('notary/key-not-in-force');
  });

  it('is recorded with what both keys say, and never goes back', async () => {
    expect(await refusal(statement)).toBe('accepted');
    const { data } = streams.log.at(-1)!;
    expect(data).toEqual({
      ...{ origin: ORIGIN, from: old.verifier.text, to: next.verifier.text, statement },
    });
    expect(parseRotation((data as NotaryKeyRotated['data']).statement).signedBy).toHaveLength(2);
    const back = signRotation(ORIGIN, next, old, context().at);
    expect(await refusal(back)).toBe('notary/key-used-before');
  });
});

describe('The files of keys', () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'hostledger-keys-'))));
  afterEach(() => rmSync(home, { recursive: true }));

  it('are made once, for nobody else to read', () => {
    const files = new NotaryKeyFiles({ origin: ORIGIN, dataDir: home });
    const key = files.current();
    expect(files.current().secret).toBe(key.secret);
    expect(statSync(join(home, 'notary-key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, 'notary-key'), 'utf8')).toBe(`${key.secret}\n`);
  });

  it('are not made where one is named that is not there, and are of this log', () => {
    const file = join(home, 'mounted');
    const files = new NotaryKeyFiles({ origin: ORIGIN, dataDir: home, file });
    expect(() => files.current()).toThrow(/^NOTARY_KEY_FILE: /);
    writeFileSync(file, makeSignerKey('log.example/2').secret);
    expect(() => files.current()).toThrow(/is one of log\.example\/2/);
  });

  it('are rotated through every cut: the key in force is always in one of them', async () => {
    for (const cutAfter of ['new file', 'event', 'nothing'] as const) {
      const store = new AggregateStore(new InMemoryStreams());
      const dataDir = join(home, cutAfter);
      const files = new NotaryKeyFiles({ origin: ORIGIN, dataDir });
      const verifierKey = files.current().verifier.text;
      const adopt = {
        ...{ type: 'AdoptNotaryKey' as const, at: context().at },
        data: { origin: ORIGIN, verifierKey },
      };
      const { notaryKeysAggregate } = await import('../domain/notary-keys.js');
      await store.handle(notaryKeysAggregate, ORIGIN, adopt, context());
      if (cutAfter !== 'nothing') {
        const next = files.next();
        const statement = signRotation(ORIGIN, files.current(), next, context().at);
        if (cutAfter === 'event') await recordRotation(store, statement, context());
        expect(files.of((await verifierKeyOf(store, ORIGIN))!)).toBeDefined();
      }
      const now = await rotateKey(store, files, { origin: ORIGIN }, context());
      expect(now).not.toBe(verifierKey);
      expect(await verifierKeyOf(store, ORIGIN)).toBe(now);
      expect(files.current().verifier.text).toBe(now);
      expect(existsSync(join(dataDir, 'notary-key.next'))).toBe(false);
      expect((await store.load(notaryKeysAggregate, ORIGIN)).state.keys).toEqual([
        verifierKey,
        now,
      ]);
    }
  });
});

describe('A notary whose key is rotated', () => {
  it('takes the new one up, and one that has it not signs nothing', async () => {
    const opened = await embeddedDatabase();
    const { database } = opened;
    const world = new World();
    const notary = notaryOf(world, database);
    try {
      await world.happens();
      notary.start();
      await world.untilSigned();
      const files = new NotaryKeyFiles({ origin: ORIGIN, dataDir: world.home });
      const old = files.current();
      const store = new AggregateStore(world.streams);
      const key = await rotateKey(store, files, { origin: ORIGIN }, context());
      world.tell();
      await world.untilSigned();
      const [before, after] = [world.checkpoints()[0]!, world.checkpoints().at(-1)!];
      expect(world.log[after.treeSize - 1]!.type).toBe('NotaryKeyRotated');
      expect(verifyNote(parseNote(before.note), old.verifier).signed).toBe(true);
      expect(verifyNote(parseNote(after.note), old.verifier).signed).toBe(false);
      expect(verifyNote(parseNote(after.note), parseVerifierKey(key)).signed).toBe(true);

      writeFileSync(join(world.home, 'notary-key'), old.secret);
      await notary.stop();
      const other = notaryOf(world, database);
      await world.happens();
      other.start();
      await until(() => other.status().fault !== undefined);
      expect(other.status().fault).toBe(`The key in force, ${key}, is not here`);
      expect(world.isSigned).toBe(false);
      await other.stop();
    } finally {
      await notary.stop();
      await opened.close();
      world.clear();
    }
  });

  it('signs nothing for a log that has another name', async () => {
    const opened = await embeddedDatabase();
    const { database } = opened;
    const world = new World();
    await world.streams.happened('notaryKeys-log.example/2', world.now().toISOString(), {
      type: 'NotaryKeyAdopted',
      data: { origin: 'log.example/2', verifierKey: makeSignerKey('log.example/2').verifier.text },
    });
    const notary = notaryOf(world, database);
    notary.start();
    await until(() => notary.status().fault !== undefined);
    expect(notary.status().fault).toBe(
      `The log is log.example/2 in its checkpoints, not ${ORIGIN}`,
    );
    await notary.stop();
    await opened.close();
    world.clear();
  });
});
