import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signCheckpoint } from '../transparency/checkpoint.js';
import { canonicalJson } from '../transparency/leaf.js';
import { makeSignerKey } from '../transparency/signed-note.js';
import { checkpointOf } from './checkpoint-list.js';
import type { EventLine } from './event-line.js';
import { exportToFile } from './export-file.js';
import { MANIFEST_ENTRY, STREAMS_ENTRY } from './format.js';
import { Ledger, MADE_AT, ORIGIN } from './ledger.fixture.js';
import { tarHeader } from './tar.js';
import { Forgery } from './tampering.fixture.js';
import type { Verdict } from './verdict.js';
import { verifyBundle, type Trust } from './verify.js';

/** In the middle of the life of Celsius, between the first checkpoint and the second. */
const TOUCHED = 10;

describe('a bundle that was changed', () => {
  let home: string;
  let ledger: Ledger;
  let path: string;
  let events: readonly EventLine[];
  let celsius: string;
  let notes: string[];
  let number = 0;
  const file = (): string => join(home, `forged-${(number += 1)}.tar`);
  const positionOf = (index: number): string => events[index]!.position;
  const verify = (forged: string, trust: Partial<Trust> = {}): Promise<Verdict> =>
    verifyBundle(forged, { keys: [ledger.key.verifier], ...trust });
  const first = async (forgery: Forgery, trust: Partial<Trust> = {}) => {
    const { verdict, findings } = await verify(forgery.write(file()), trust);
    expect(verdict).toBe('not-whole');
    const { code, position, stream, index } = findings[0]!;
    return { code, position, stream, index };
  };

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hostledger-tamper-'));
    ledger = await Ledger.open();
    await ledger.adopt();
    await ledger.customer('Bitmain', 4);
    notes = [await ledger.sign()];
    celsius = await ledger.customer('Celsius', 5);
    await ledger.customer('Gryphon', 3);
    notes.push(await ledger.sign());
    await ledger.customer('Prairie', 2);
    notes.push(await ledger.sign());
    await ledger.customer('Riot', 1);
    path = await ledger.export(join(home, 'whole.tar'));
    ({ events } = new Forgery(path));
  });

  afterAll(async () => {
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is whole before, as far as checkpoints say so', async () => {
    const checkpoints = notes.map((note, n) => ({ name: `${n}`, note }));
    expect(await verify(path, { checkpoints })).toMatchObject({
      verdict: 'whole-up-to',
      findings: [],
      unproved: 2,
    });
    expect(events[TOUCHED]).toMatchObject({ stream: celsius, revision: '3' });
  });

  /** What is done to the lines, what is found by the leaves, and what without them. */
  const changes: readonly (readonly [
    string,
    (forgery: Forgery) => void,
    { readonly code: string; readonly at: number; readonly stream?: () => string | null },
  ])[] = [
    [
      'byte-flipped',
      (forgery) => {
        const { lines } = forgery;
        lines[TOUCHED] = lines[TOUCHED]!.replace('Review', 'Revoew');
        forgery.lines = lines;
      },
      { code: 'byte-flipped', at: TOUCHED },
    ],
    [
      'event-dropped',
      (forgery) => (forgery.lines = forgery.lines.toSpliced(TOUCHED, 1)),
      { code: 'event-dropped', at: TOUCHED + 1, stream: () => celsius },
    ],
    [
      'reordered',
      (forgery) => {
        const { lines } = forgery;
        [lines[TOUCHED], lines[TOUCHED + 1]] = [lines[TOUCHED + 1]!, lines[TOUCHED]!];
        forgery.lines = lines;
      },
      { code: 'reordered', at: TOUCHED + 1, stream: () => celsius },
    ],
    [
      'event-inserted',
      (forgery) => {
        const { lines } = forgery;
        const line = { ...events[TOUCHED]!, stream: 'customer-forged', revision: '0' };
        forgery.lines = lines.toSpliced(TOUCHED, 0, canonicalJson(line));
      },
      { code: 'event-inserted', at: TOUCHED },
    ],
    [
      'redacted',
      (forgery) => forgery.edit(TOUCHED, (line) => ({ ...line, data: '\0\0\0\0' })),
      { code: 'redacted', at: TOUCHED, stream: () => celsius },
    ],
    [
      'stream-missing',
      (forgery) => (forgery.lines = forgery.lines.filter((_, n) => events[n]!.stream !== celsius)),
      { code: 'stream-missing', at: 13, stream: () => null },
    ],
    [
      'stream-truncated',
      (forgery) =>
        (forgery.lines = forgery.lines.filter(
          (_, n) => events[n]!.stream !== celsius || Number(events[n]!.revision) > 2,
        )),
      { code: 'stream-truncated', at: TOUCHED, stream: () => celsius },
    ],
  ];

  describe.each(changes)('%s', (_, change, { code, at, stream }) => {
    it('names the place by the leaves, whatever else is repaired', async () => {
      const forgery = new Forgery(path);
      change(forgery);
      const found = await first(forgery.repairStreams().repairManifest());
      expect(found).toMatchObject({ code, position: positionOf(at) });
      if (stream) expect(found.stream).toBe(stream());
    });

    it('names the checkpoint from which on, where the leaves are repaired too', async () => {
      const forgery = new Forgery(path);
      change(forgery);
      const found = await first(forgery.repairStreams().repairLeaves().repairManifest());
      // Seven events are covered by the first checkpoint, and its own event comes next.
      expect(found).toMatchObject({ code, position: positionOf(6), index: 6 });
      if (stream) expect(found.stream).toBe(stream());
    });

    it('is found where nothing is repaired', async () => {
      const forgery = new Forgery(path);
      change(forgery);
      expect(await first(forgery)).toMatchObject({ code, position: positionOf(at) });
    });
  });

  it('names the stream that is missing where the list of streams still has it', async () => {
    const forgery = new Forgery(path);
    forgery.lines = forgery.lines.filter((_, n) => events[n]!.stream !== celsius);
    expect(await first(forgery.repairLeaves().repairManifest())).toMatchObject({
      code: 'stream-missing',
      stream: celsius,
    });
  });

  it('tail-cut: a checkpoint in the bundle covers more', async () => {
    const forgery = new Forgery(path);
    forgery.lines = forgery.lines.slice(0, -6);
    const repaired = forgery.repairLeaves().repairStreams().repairManifest();
    expect(await first(repaired)).toMatchObject({
      code: 'tail-cut',
      position: positionOf(events.length - 7),
    });
  });

  it('tail-cut: the auditor has a checkpoint that covers more', async () => {
    const cut = file();
    const until = BigInt(positionOf(15));
    await exportToFile(cut, ledger.source(), { after: 0n, until }, MADE_AT);
    expect(await verify(cut)).toMatchObject({ verdict: 'whole-up-to', toEnd: false });
    const checkpoints = [{ name: 'kept', note: notes[1]! }];
    expect((await verify(cut, { checkpoints })).findings).toMatchObject([
      { code: 'tail-cut', position: positionOf(15) },
    ]);
  });

  it('fork: the auditor has a checkpoint of another history with the same past', async () => {
    const other = await ledger.copy();
    await other.customer('Hut');
    const forked = await other.sign();
    const another = await ledger.copy();
    await another.customer('Marathon', 1);
    const unsigned = await another.export(file());
    await another.sign();
    const longer = await another.export(file());
    const checkpoints = [notes[2]!, forked].map((note, n) => ({ name: `${n}`, note }));
    const { findings } = await verify(longer, { checkpoints });
    const [, agreed] = notes[2]!.split('\n');
    const position = positionOf(Number(agreed));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      code: 'fork',
      position,
      message: expect.stringContaining(`they agree up to ${agreed} events`) as string,
    });
    // Where nobody has signed the other history, this one was changed.
    const changed = (await verify(unsigned, { checkpoints })).findings;
    expect(changed).toHaveLength(1);
    expect(changed[0]).toMatchObject({ position, index: Number(agreed) });
    expect(changed[0]!.code).not.toBe('fork');
    await another.close();
    await other.close();
  });

  it('checkpoint-backdated: it is older than what it covers', async () => {
    const { origin, size, root, position } = checkpointOf(notes[1]!)!;
    const time = '2020-01-01T00:00:00.000Z';
    const note = signCheckpoint({ origin, size, root, position, time }, ledger.key);
    expect(
      await first(new Forgery(path), { checkpoints: [{ name: 'backdated', note }] }),
    ).toMatchObject({ code: 'checkpoint-backdated', position: position.toString() });
  });

  it('checkpoint-backdated: it is older than the one before it', async () => {
    const forgery = new Forgery(path);
    const { origin, size, root, position } = checkpointOf(notes[2]!)!;
    const time = '2020-01-01T00:00:00.000Z';
    const note = signCheckpoint({ origin, size, root, position, time }, ledger.key);
    const index = events.findLastIndex(({ type }) => type === 'CheckpointSigned');
    forgery.edit(index, (line) => ({ ...line, data: { ...(line.data as object), note, time } }));
    for (const name of forgery.of('checkpoints')) {
      const text = forgery.textOf(name);
      forgery.setText(name, text.replace(JSON.stringify(notes[2]), JSON.stringify(note)));
    }
    const found = await first(forgery.repairLeaves().repairManifest());
    expect(found.code).toBe('checkpoint-backdated');
    expect(BigInt(found.position!)).toBeLessThanOrEqual(BigInt(events[index]!.position));
  });

  it('wrong-key: everything is signed again by another', async () => {
    const forger = await Ledger.open(undefined, makeSignerKey(ORIGIN));
    await forger.adopt();
    await forger.customer('Bitmain', 4);
    await forger.sign();
    const forged = await forger.export(file());
    expect((await verifyBundle(forged, { keys: [forger.key.verifier] })).verdict).toBe('whole');
    const { findings } = await verify(forged);
    expect(findings[0]).toMatchObject({
      code: 'wrong-key',
      position: new Forgery(forged).events[0]!.position,
    });
    await forger.close();
  });

  it('wrong-key: another key comes into force by a rotation that only it has signed', async () => {
    const other = await ledger.copy();
    const thief = makeSignerKey(ORIGIN);
    const old = other.key;
    other.key = Object.assign(makeSignerKey(ORIGIN), { verifier: old.verifier });
    await other.rotate(thief);
    await other.customer('Thief');
    await other.sign();
    const { findings } = await verify(await other.export(file()));
    expect(findings.map(({ code }) => code)).toEqual(['wrong-key', 'wrong-key']);
    await other.close();
  });

  it('follows a rotation that both have signed, from either of the keys', async () => {
    const other = await ledger.copy();
    await other.rotate();
    await other.sign();
    const rotated = await other.export(file());
    for (const { verifier } of [ledger.key, other.key]) {
      expect(await verifyBundle(rotated, { keys: [verifier] })).toMatchObject({
        verdict: 'whole',
        checkpoints: 4,
      });
    }
    await other.close();
  });

  it('manifest-mismatch: only what is said of the history is changed', async () => {
    const counted = new Forgery(path).repairManifest((manifest) => ({ ...manifest, events: 1 }));
    expect(await first(counted)).toMatchObject({ code: 'manifest-mismatch' });
    const listed = new Forgery(path);
    listed.setText(STREAMS_ENTRY, listed.textOf(STREAMS_ENTRY).replace(celsius, 'customer-x'));
    expect(await first(listed.repairManifest())).toMatchObject({ code: 'manifest-mismatch' });
    const leaves = new Forgery(path);
    leaves.entries.set(leaves.of('leaves')[0]!, Buffer.alloc(7 * 32));
    expect(await first(leaves.repairManifest())).toMatchObject({ code: 'manifest-mismatch' });
  });

  it('malformed: the archive is not one', async () => {
    const whole = new Forgery(path);
    const bytes = whole.bytes();
    for (const broken of [
      bytes.subarray(0, bytes.length - 1),
      bytes.subarray(0, bytes.length / 2),
      Buffer.concat([bytes, Buffer.alloc(512)]),
      Buffer.alloc(0),
      new Forgery(path).setText('extra.txt', 'more').bytes(),
    ]) {
      const broke = file();
      writeFileSync(broke, broken);
      expect((await verify(broke)).findings[0]?.code).toBe('malformed');
    }
    whole.entries.delete(MANIFEST_ENTRY);
    expect(await first(whole)).toMatchObject({ code: 'malformed' });
  });

  it('is not brought down by what is nested without end', async () => {
    const deep = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
    const forgery = new Forgery(path);
    const { lines } = forgery;
    lines[TOUCHED] = lines[TOUCHED]!.replace('"data":{', `"data":{"a":${deep},`);
    forgery.lines = lines;
    expect(await first(forgery)).toMatchObject({ index: TOUCHED, position: positionOf(TOUCHED) });
    const listed = new Forgery(path);
    const [name] = listed.of('checkpoints');
    listed.setText(name!, `${deep}\n`);
    expect((await first(listed)).code).toBe('malformed');
  });

  it('does not read an entry that is larger than any that is written', async () => {
    const forged = file();
    writeFileSync(forged, tarHeader({ name: 'bundle.json', size: 8 ** 10 }));
    truncateSync(forged, 8 ** 10 + 512 + 1_024);
    expect((await verify(forged)).findings[0]).toMatchObject({ code: 'malformed' });
  });
});
