import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLine } from './event-line.js';
import type { KeptLeaves } from './export.js';
import { Ledger } from './ledger.fixture.js';
import { Forgery } from './tampering.fixture.js';
import { verifyBundle } from './verify.js';

const TOUCHED = 10;

describe('a store that was changed behind the back of the system', () => {
  let home: string;
  let ledger: Ledger;
  let kept: KeptLeaves;
  let events: readonly EventLine[];
  let celsius: string;
  let note: string;
  let number = 0;
  const file = (): string => join(home, `exported-${(number += 1)}.tar`);
  const positionOf = (index: number): string => events[index]!.position;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'hostledger-tamper-'));
    ledger = await Ledger.open();
    await ledger.adopt();
    await ledger.customer('Bitmain', 4);
    await ledger.sign();
    celsius = await ledger.customer('Celsius', 5);
    await ledger.customer('Gryphon', 3);
    note = await ledger.sign();
    await ledger.customer('Riot', 1);
    kept = await ledger.keptLeaves();
    ({ events } = new Forgery(await ledger.export(file(), kept)));
  });

  afterEach(async () => {
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  });

  const found = async (leaves?: KeptLeaves, notes: readonly string[] = []) => {
    const { findings } = await verifyBundle(await ledger.export(file(), leaves), {
      keys: [ledger.key.verifier],
      checkpoints: notes.map((text) => ({ name: 'kept', note: text })),
    });
    const { code, position, stream } = findings[0] ?? {};
    return { code, position, stream };
  };
  const ofCelsius = 'WHERE stream_id = (SELECT id FROM streams WHERE name = ?)';

  it('is whole before', async () => {
    expect(await found(kept, [note])).toEqual({});
    expect(await found(undefined, [note])).toEqual({});
  });

  /** Position by the leaves that the notary has kept, and without them. */
  const expectBoth = async (code: string, at: number, stream: string | null): Promise<void> => {
    expect(await found(kept)).toEqual({ code, position: positionOf(at), stream });
    expect(await found()).toMatchObject({ code, position: positionOf(6) });
  };

  it('byte-flipped: the data of an event', async () => {
    await ledger.tamper(
      "UPDATE events SET data = CAST(replace(CAST(data AS TEXT), 'Review', 'Revoew') AS BLOB) WHERE position = ?",
      positionOf(TOUCHED),
    );
    await expectBoth('byte-flipped', TOUCHED, celsius);
  });

  it('byte-flipped: who did it', async () => {
    await ledger.tamper(
      "UPDATE events SET metadata = CAST(replace(CAST(metadata AS TEXT), 'ada', 'bob') AS BLOB) WHERE position = ?",
      positionOf(TOUCHED),
    );
    await expectBoth('byte-flipped', TOUCHED, celsius);
  });

  it('byte-flipped: when it was recorded', async () => {
    await ledger.tamper(
      'UPDATE events SET created = created - 1 WHERE position = ?',
      positionOf(TOUCHED),
    );
    await expectBoth('byte-flipped', TOUCHED, celsius);
  });

  it('redacted: the data of an event is overwritten', async () => {
    await ledger.tamper(
      'UPDATE events SET data = zeroblob(length(data)) WHERE position = ?',
      positionOf(TOUCHED),
    );
    await expectBoth('redacted', TOUCHED, celsius);
  });

  it('event-dropped', async () => {
    await ledger.tamper('DELETE FROM events WHERE position = ?', positionOf(TOUCHED));
    await expectBoth('event-dropped', TOUCHED + 1, celsius);
  });

  it('event-inserted', async () => {
    await ledger.tamper("INSERT INTO streams (name, last) VALUES ('customer-forged', 0)");
    await ledger.tamper(
      `INSERT INTO events SELECT position - 1, (SELECT max(id) FROM streams), 0, id, type,
       content_type, data, metadata, created FROM events WHERE position = ?`,
      positionOf(TOUCHED),
    );
    const position = (BigInt(positionOf(TOUCHED)) - 1n).toString();
    expect(await found(kept)).toEqual({
      code: 'event-inserted',
      position,
      stream: 'customer-forged',
    });
    expect(await found()).toMatchObject({ code: 'event-inserted', position: positionOf(6) });
  });

  it('reordered: two events have changed places', async () => {
    const [a, b] = [positionOf(TOUCHED), positionOf(13)];
    await ledger.tamper('UPDATE events SET position = -1 WHERE position = ?', a);
    await ledger.tamper('UPDATE events SET position = ? WHERE position = ?', a, b);
    await ledger.tamper('UPDATE events SET position = ? WHERE position = -1', b);
    // Their positions are part of them, so that both have another hash.
    expect(await found(kept)).toMatchObject({ code: 'byte-flipped', position: a });
    expect(await found()).toMatchObject({ code: 'reordered', position: positionOf(6) });
  });

  it('stream-truncated: by metadata, which takes nothing out of the log', async () => {
    await ledger.events.client().setStreamMetadata(celsius, { truncateBefore: 3 });
    const { code, stream, position } = await found(kept, [note]);
    expect({ code, stream }).toEqual({ code: 'stream-truncated', stream: celsius });
    expect(BigInt(position!)).toBeGreaterThan(BigInt(events.at(-1)!.position));
  });

  it('stream-truncated: and scavenged', async () => {
    await ledger.events.client().setStreamMetadata(celsius, { truncateBefore: 3 });
    await ledger.tamper(`DELETE FROM events ${ofCelsius} AND revision < 3`, celsius);
    await expectBoth('stream-truncated', TOUCHED, celsius);
  });

  it('stream-missing', async () => {
    await ledger.tamper(`DELETE FROM events ${ofCelsius}`, celsius);
    await expectBoth('stream-missing', 13, null);
  });

  it('stream-deleted', async () => {
    await ledger.events.client().tombstoneStream(celsius);
    expect(await found(kept)).toMatchObject({ code: 'stream-deleted', stream: celsius });
  });

  it('metadata-changed: who may read it', async () => {
    await ledger.events.client().setStreamMetadata(celsius, { acl: { readRoles: ['nobody'] } });
    expect(await found(kept)).toMatchObject({ code: 'metadata-changed', stream: celsius });
  });

  it('tail-cut: the notary has kept more leaves, or the auditor a checkpoint', async () => {
    await ledger.tamper('DELETE FROM events WHERE position > ?', positionOf(TOUCHED));
    const cut = { code: 'tail-cut', position: positionOf(TOUCHED), stream: null };
    expect(await found(kept)).toEqual(cut);
    expect(await found()).toEqual({});
    expect(await found(undefined, [note])).toEqual(cut);
  });
});
