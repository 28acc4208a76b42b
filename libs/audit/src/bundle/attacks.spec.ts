import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { checkpointText, parseCheckpoint, signCheckpoint } from '../transparency/checkpoint.js';
import { makeSignerKey, noteText, signNote } from '../transparency/signed-note.js';
import { MANIFEST_ENTRY, STREAMS_ENTRY, type Manifest } from './format.js';
import { Ledger, ORIGIN } from './ledger.fixture.js';
import { Forgery } from './tampering.fixture.js';
import { verifyBundle, type Trust } from './verify.js';

// What somebody does who may append to the log but has no key, and what somebody does who writes bundles.

let home: string;
let ledger: Ledger;
let number = 0;
const file = (): string => join(home, `attack-${(number += 1)}.tar`);
const verify = (bundle: string, trust: Partial<Trust> = {}) =>
  verifyBundle(bundle, { keys: [ledger.key.verifier], ...trust });
const codes = async (bundle: string): Promise<string[]> =>
  (await verify(bundle)).findings.map(({ code }) => code);

const log = async (): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of ledger.events.readLog(0n, await ledger.events.head())) {
    events.push(...batch.filter(({ type }) => !type.startsWith('$')));
  }
  return events;
};

/** By nobody who has a key. */
const appended = async (stream: string, type: string, data: object): Promise<void> => {
  const before = (await ledger.events.readStream(stream, 0n)).length;
  const metadata = (await log())[0]!.metadata;
  const revision = before === 0 ? ('no_stream' as const) : BigInt(before - 1);
  await ledger.events.append(stream, revision, [{ id: randomUUID(), type, data, metadata }]);
};
const repeated = async (type: string, which = 0): Promise<void> => {
  const event = (await log()).filter((one) => one.type === type)[which]!;
  await appended(event.stream, type, event.data);
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'hostledger-attacks-'));
  ledger = await Ledger.open();
  await ledger.adopt();
  await ledger.customer('Bitmain', 2);
  await ledger.sign();
});
afterEach(async () => {
  await ledger.close();
  rmSync(home, { recursive: true, force: true });
});

describe('What was signed, put into the log again by somebody else,', () => {
  it('says what it said: of a checkpoint', async () => {
    await ledger.customer('Celsius', 2);
    await ledger.sign();
    await repeated('CheckpointSigned');
    await ledger.customer('Gryphon', 2);
    await ledger.sign();
    const verdict = await verify(await ledger.export(file()));
    expect(verdict).toMatchObject({ verdict: 'whole', findings: [], checkpoints: 3 });
    expect(verdict.notices).toEqual([
      expect.stringMatching(/^foreign at \d+, .* the checkpoint of 4 events is there again$/),
    ]);
  });

  it('puts no key in force again: of an adoption and a rotation', async () => {
    const keys = [ledger.key.verifier];
    await ledger.rotate();
    await ledger.rotate();
    await ledger.sign();
    await repeated('NotaryKeyAdopted');
    await repeated('NotaryKeyRotated');
    await ledger.customer('Celsius', 2);
    await ledger.sign();
    const bundle = await ledger.export(file());
    for (const given of [keys, [ledger.key.verifier]]) {
      const { verdict, findings, notices } = await verify(bundle, { keys: given });
      expect(findings).toEqual([]);
      expect(verdict).toBe('whole');
      expect(notices).toHaveLength(2);
    }
    await ledger.rotate();
    await ledger.sign();
    expect(await codes(await ledger.export(file()))).toEqual([]);
  });
});

describe('An event of somebody else in a stream of the notary', () => {
  it('is a leaf like any other, told and no finding, once a checkpoint covers it', async () => {
    const day = (await log()).find(({ type }) => type === 'CheckpointSigned')!.stream;
    const root = Buffer.alloc(32, 1);
    const text = {
      origin: ORIGIN,
      size: 900,
      root,
      position: 1n,
      time: '2030-01-01T00:00:00.000Z',
    };
    const note = signCheckpoint(text, makeSignerKey(ORIGIN));
    const rootHash = root.toString('base64');
    const looksTrue = { ...text, position: '1', treeSize: 900, rootHash, note };
    const { size: _, root: __, ...data } = looksTrue;
    await appended(day, 'Foreign', {});
    await appended('notary-2031-01-01', 'CheckpointSigned', data);
    await appended(day, 'CheckpointSigned', { ...data, note: 'none' });
    await ledger.customer('Celsius', 2);
    // The genuine one is appended behind them.
    await ledger.sign();
    const verdict = await verify(await ledger.export(file()));
    expect(verdict).toMatchObject({ verdict: 'whole', findings: [], checkpoints: 2 });
    expect(verdict.notices).toHaveLength(3);
  });

  it.each([
    ['of any type', 'Foreign', {}],
    [
      'that has more in it than the notary says',
      'CheckpointWitnessed',
      { treeSize: 4, rootHash: 'r', witness: 'w', cosignature: 'c', price: '1.00' },
    ],
  ])('is proved by nothing behind the last checkpoint: %s', async (_, type, data) => {
    await appended('notary-2031-01-01', type, data);
    const verdict = await verify(await ledger.export(file()));
    expect(verdict).toMatchObject({ verdict: 'whole-up-to', unproved: 1 });
  });

  it('that the notary has signed with more lines than a checkpoint has is a finding', async () => {
    const [first] = (await log()).filter(({ type }) => type === 'CheckpointSigned');
    const data = first!.data as { readonly note: string };
    const text = `${checkpointText(parseCheckpoint(data.note))}and more\n`;
    const note = noteText(signNote({ text, signatures: [] }, ledger.key));
    await appended(first!.stream, 'CheckpointSigned', { ...data, note });
    await ledger.sign();
    expect(await codes(await ledger.export(file()))).toEqual(['malformed']);
  });
});

describe('A bundle of somebody', () => {
  it('who dates an event by a day that there is not, so that its checkpoint may be of before it', async () => {
    await ledger.customer('Celsius', 2);
    const forgery = new Forgery(await ledger.export(file()));
    const last = forgery.lines.length - 1;
    forgery.edit(last, (line) => ({ ...line, recordedAt: '2024-99-99T00:00:00.000Z' }));
    expect(await codes(forgery.repairLeaves().repairManifest().write(file()))).toContain(
      'malformed',
    );
  });

  it('who lists one stream twice in the place of another', async () => {
    await ledger.customer('Celsius', 2);
    await ledger.sign();
    const forgery = new Forgery(await ledger.export(file()));
    const lines = forgery.textOf(STREAMS_ENTRY).split('\n').slice(0, -1);
    lines[lines.length - 1] = lines[0]!;
    forgery.setText(STREAMS_ENTRY, lines.map((line) => `${line}\n`).join(''));
    expect(await codes(forgery.repairManifest().write(file()))).toEqual(['manifest-mismatch']);
  });

  it('who lists an entry twice', async () => {
    const forgery = new Forgery(await ledger.export(file()));
    const twice = ({ entries, ...rest }: Manifest) => ({
      ...{ ...rest, entries: [...entries, entries[0]!] },
    });
    expect(await codes(forgery.repairManifest(twice).write(file()))).toEqual(['manifest-mismatch']);
    expect(forgery.textOf(MANIFEST_ENTRY)).toContain('bundle.json');
  });

  it('who counts revisions beyond what a number holds', async () => {
    await ledger.customer('Celsius', 2);
    const forgery = new Forgery(await ledger.export(file()));
    const last = forgery.lines.length - 1;
    forgery.edit(last, (line) => ({ ...line, revision: '9007199254740993' }));
    expect(await codes(forgery.repairLeaves().repairManifest().write(file()))).toContain(
      'malformed',
    );
  });

  it('is whole where a type bears a name that objects have by themselves', async () => {
    await appended('odd-1', '__proto__', {});
    await appended('__proto__-1', 'constructor', {});
    await ledger.sign();
    expect(await verify(await ledger.export(file()))).toMatchObject({ verdict: 'whole' });
  });
});
