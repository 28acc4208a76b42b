import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSignerKey, noteText, parseNote, signNote } from '../transparency/signed-note.js';
import { exportToFile, NotResumable } from './export-file.js';
import { Ledger, MADE_AT } from './ledger.fixture.js';
import { BundleReader } from './reader.js';
import { verdictText } from './verdict.js';
import { verifyBundle } from './verify.js';

describe('a bundle', () => {
  let ledger: Ledger;
  let home: string;
  let number = 0;
  const path = (): string => join(home, `bundle-${(number += 1)}.tar`);

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hostledger-bundle-'));
    ledger = await Ledger.open();
    await ledger.adopt();
    await ledger.customer('Bitmain', 3);
    await ledger.sign();
    await ledger.customer('Celsius', 2);
    await ledger.customer('Gryphon', 5);
    await ledger.rotate();
    await ledger.sign();
    await ledger.customer('Core', 1);
  });

  afterAll(async () => {
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is whole up to what its last checkpoint covers', async () => {
    const verdict = await verifyBundle(await ledger.export(path()), {
      keys: [ledger.key.verifier],
    });
    expect(verdict.findings).toEqual([]);
    const counts = { events: 19, checkpoints: 2, notCovered: 3, unproved: 2 };
    expect(verdict).toMatchObject({ verdict: 'whole-up-to', ...counts });
    const position = verdict.covered!.position;
    expect(verdictText(verdict)[0]).toBe(
      `The history is whole up to position ${position}; 2 events after it are proved by nothing`,
    );
  });

  it('gives back the events as they are in the log', async () => {
    const reader = await BundleReader.open(await ledger.export(path()));
    const events = [];
    for await (const event of reader.events()) events.push(event);
    const log = await ledger.events.readAll(0n, 1_000);
    expect(events).toEqual(log);
    await reader.close();
  });

  it('of a part has the tree over what it leaves out', async () => {
    const log = await ledger.events.readAll(0n, 1_000);
    for (const index of [0, 4, 5, 11, 18]) {
      // Any number: no event needs to be there.
      const after = log[index]!.position + 1n;
      const file = path();
      await exportToFile(file, ledger.source(), { after }, MADE_AT);
      const verdict = await verifyBundle(file, { keys: [ledger.key.verifier] });
      expect(verdict.findings.filter(({ code }) => code !== 'not-covered')).toEqual([]);
      expect(verdict).toMatchObject({ before: index + 1, treeSize: 19 });
    }
  });

  it('that was cut off anywhere is continued to the same bytes', async () => {
    const whole = readFileSync(await ledger.export(path()));
    for (let cut = 0; cut < whole.length; cut += 1_111) {
      const file = path();
      writeFileSync(file, whole.subarray(0, cut));
      await ledger.export(file);
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  });

  it('keeps what was fixed when the export began', async () => {
    const other = await ledger.copy();
    const file = path();
    const whole = readFileSync(await other.export(file));
    await other.customer('Late');
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    const later = '2025-01-01T00:00:00.000Z';
    await exportToFile(file, other.source(), { after: 0n }, later);
    expect(readFileSync(file).equals(whole)).toBe(true);
    await other.close();
  });

  it('is not written over another file', async () => {
    const file = path();
    writeFileSync(file, 'important');
    await expect(ledger.export(file)).rejects.toThrow(NotResumable);
    expect(readFileSync(file, 'utf8')).toBe('important');
  });

  it('tells which witness has seen how much', async () => {
    const other = await ledger.copy();
    const witness = makeSignerKey('witness.example', 'cosignature');
    const note = await other.sign();
    const cosigned = signNote(parseNote(note), witness, 1_717_200_000);
    await other.witness(note, cosigned.signatures.at(-1)!.line, witness.verifier.text);
    const trust = { keys: [other.key.verifier], witnesses: [witness.verifier] };
    const verdict = await verifyBundle(await other.export(path()), trust);
    expect(verdict).toMatchObject({
      verdict: 'whole',
      witnesses: [{ treeSize: 19, at: '2024-06-01T00:00:00.000Z' }],
    });
    const file = path();
    await exportToFile(file, ledger.source(), { after: 0n }, MADE_AT);
    const kept = { ...trust, checkpoints: [{ name: 'kept', note: noteText(cosigned) }] };
    expect(await verifyBundle(file, kept)).toMatchObject({
      verdict: 'whole',
      notCovered: 0,
      witnesses: [{ treeSize: 19 }],
    });
    await other.close();
  });
});
