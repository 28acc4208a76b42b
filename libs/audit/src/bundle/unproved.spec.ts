import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSignerKey, noteText, parseNote, signNote } from '../transparency/signed-note.js';
import { exportToFile } from './export-file.js';
import { KEYS_ENTRY, PROOFS_ENTRY, type BundleProofs } from './format.js';
import { Ledger, MADE_AT, ORIGIN } from './ledger.fixture.js';
import { NotaryRecords } from './notary-record.js';
import { Forgery } from './tampering.fixture.js';
import { verifyBundle, type Trust } from './verify.js';

/** What is not wrong by itself, and must not be taken for proved. */
describe('a bundle that proves less than it seems to', () => {
  let home: string;
  let ledger: Ledger;
  let path: string;
  let notes: string[];
  let number = 0;
  const file = (): string => join(home, `unproved-${(number += 1)}.tar`);
  const verify = (bundle: string, trust: Partial<Trust> = {}) =>
    verifyBundle(bundle, { keys: [ledger.key.verifier], ...trust });
  const codes = async (bundle: string, trust: Partial<Trust> = {}): Promise<string[]> => {
    const { verdict, findings } = await verify(bundle, trust);
    if (findings.length > 0) expect(verdict).toBe('not-whole');
    return findings.map(({ code }) => code);
  };

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hostledger-unproved-'));
    ledger = await Ledger.open();
    await ledger.adopt();
    await ledger.customer('Bitmain', 4);
    notes = [await ledger.sign()];
    await ledger.customer('Celsius', 5);
    notes.push(await ledger.sign());
    path = await ledger.export(file());
  });

  afterAll(async () => {
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is whole where only the event of the last checkpoint is behind it', async () => {
    expect(await verify(path)).toMatchObject({ verdict: 'whole', notCovered: 1, unproved: 0 });
  });

  it('of which the last checkpoint was cut off is whole only up to the one before', async () => {
    const { events } = new Forgery(path);
    const until = BigInt(events.at(-2)!.position);
    const cut = file();
    await exportToFile(cut, ledger.source(), { after: 0n, until }, MADE_AT);
    expect(await verify(cut)).toMatchObject({ verdict: 'whole-up-to', unproved: 6 });
    const checkpoints = [{ name: 'kept', note: notes[1]! }];
    expect(await verify(cut, { checkpoints })).toMatchObject({ verdict: 'whole', unproved: 0 });
  });

  it('that begins behind a checkpoint that was kept cannot be held against it', async () => {
    const { events } = new Forgery(path);
    const part = file();
    await exportToFile(part, ledger.source(), { after: BigInt(events[7]!.position) }, MADE_AT);
    const witness = makeSignerKey('witness.example', 'cosignature');
    const note = noteText(signNote(parseNote(notes[0]!), witness, 1_717_200_000));
    expect(await codes(part)).toEqual([]);
    const trust = {
      checkpoints: [{ name: 'kept', note }],
      witnesses: [witness.verifier],
    };
    expect(await codes(part, trust)).toEqual(['not-covered', 'not-witnessed']);
    expect(await codes(path, trust)).toEqual([]);
  });

  it('without events is not whole', async () => {
    const { events } = new Forgery(path);
    const none = file();
    const until = BigInt(events.at(-1)!.position);
    await exportToFile(none, ledger.source(), { after: until, until }, MADE_AT);
    expect(await codes(none)).toEqual(['not-covered']);
  });

  it('of which a checkpoint that was kept shows a change names the place, and no fork', async () => {
    const other = await ledger.copy();
    await other.customer('Hut');
    const note = await other.sign();
    const index = new Forgery(await other.export(file())).events.length - 2;
    const forgery = new Forgery(await other.export(file()));
    // The checkpoint over it is taken out with all that tells of it.
    forgery.lines = forgery.lines.slice(0, -1);
    const name = forgery.of('checkpoints').at(-1)!;
    forgery.setText(name, forgery.textOf(name).split('\n').slice(0, -2).join('\n'));
    if (forgery.textOf(name) === '') forgery.entries.delete(name);
    forgery.edit(index, (line) => ({ ...line, data: { forged: true } }));
    const forged = forgery.repairLeaves().repairStreams().repairManifest().write(file());
    const { findings } = await verify(forged, { checkpoints: [{ name: 'kept', note }] });
    const agreed = Number(notes[1]!.split('\n')[1]);
    expect(findings[0]).toMatchObject({ code: 'byte-flipped', index: agreed });
    await other.close();
  });

  it('proves nothing by a key that had been replaced', async () => {
    const other = await ledger.copy();
    await other.rotate();
    const keys = [other.key.verifier];
    const rotated = await other.export(file());
    // Whoever has the old key can sign all this again.
    expect(await codes(rotated, { keys })).toEqual(['not-covered']);
    expect(await codes(rotated)).toEqual([]);
    const checkpoints = [{ name: 'kept', note: notes[1]! }];
    expect(await codes(rotated, { keys, checkpoints })).toEqual([]);
    await other.sign();
    expect(await codes(await other.export(file()), { keys })).toEqual([]);
    await other.close();
  });

  it('wrong-key: a key signs long after it was replaced', async () => {
    const other = await Ledger.open();
    const old = other.key;
    await other.adopt();
    await other.customer('Bitmain', 1);
    await other.sign();
    await other.rotate(undefined, '2020-01-01T00:00:00.000Z');
    await other.sign();
    const rotated = await other.export(file());
    for (const { verifier } of [old, other.key]) {
      expect(await codes(rotated, { keys: [verifier] })).toEqual(['wrong-key']);
    }
    await other.close();
  });

  it('proof-wrong: a proof is missing, or of something else', async () => {
    const { inclusion } = JSON.parse(new Forgery(path).textOf(PROOFS_ENTRY)) as BundleProofs;
    const forged = (proofs: unknown): string =>
      new Forgery(path)
        .setText(PROOFS_ENTRY, `${JSON.stringify(proofs)}\n`)
        .repairManifest()
        .write(file());
    expect(await codes(forged({ inclusion }))).toEqual([]);
    for (const other of [
      null,
      { ...inclusion, treeSize: 2, index: 0 },
      { ...inclusion, index: 0 },
      { ...inclusion, position: '1' },
    ]) {
      expect(await codes(forged({ inclusion: other }))).toEqual(['proof-wrong']);
    }
    const forgery = new Forgery(path);
    const name = forgery.of('checkpoints').at(-1)!;
    const without = forgery.textOf(name).replace(/"consistency":\[[^\]]+\]/, '"consistency":null');
    expect(without).not.toBe(forgery.textOf(name));
    expect(await codes(forgery.setText(name, without).repairManifest().write(file()))).toEqual([
      'proof-wrong',
    ]);
  });

  it('malformed: a segment of more lines than any has', async () => {
    for (const part of ['events', 'checkpoints'] as const) {
      const forgery = new Forgery(path);
      const [name] = forgery.of(part);
      const [line] = forgery.textOf(name!).split('\n');
      forgery.setText(name!, `${line}\n`.repeat(2_001));
      expect((await codes(forgery.write(file())))[0]).toBe('malformed');
    }
    const forgery = new Forgery(path);
    const [key] = JSON.parse(forgery.textOf(KEYS_ENTRY)) as object[];
    forgery.setText(KEYS_ENTRY, `${JSON.stringify(Array(10_001).fill(key))}\n`);
    expect(await codes(forgery.write(file()))).toContain('malformed');
  });

  it('takes no key of a log of another name for one of its own', () => {
    const adopted = (origin: string) => ({
      type: 'NotaryKeyAdopted',
      stream: `notaryKeys-${origin}`,
      data: { origin, verifierKey: makeSignerKey(origin).verifier.text },
    });
    const records = new NotaryRecords();
    expect(records.of(adopted(ORIGIN))).toMatchObject({ kind: 'key' });
    expect(records.of(adopted('other.example/log'))).toBeUndefined();
    // Nor one that is adopted again.
    expect(records.of(adopted(ORIGIN))).toBeUndefined();
  });
});
