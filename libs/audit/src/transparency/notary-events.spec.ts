import { evolveChain, NOTHING_SIGNED, type ChainEvent, type NotaryChain } from '../domain/chain.js';
import { signCheckpoint } from './checkpoint.js';
import { signRotation } from './key-rotation.js';
import { isBelieved, isWellSaid } from './notary-events.js';
import { makeSignerKey, parseNote, signNote, type SignerKey } from './signed-note.js';

const ORIGIN = 'log.example/1';
const DAY = '2026-11-26';
const time = `${DAY}T12:00:00.000Z`;
const root = Buffer.alloc(32, 7);
const [first, second, third, stranger] = [0, 0, 0, 0].map(() => makeSignerKey(ORIGIN)) as [
  SignerKey,
  SignerKey,
  SignerKey,
  SignerKey,
];
const witness = makeSignerKey('witness.example', 'cosignature');

const event = (stream: string, type: string, data: object): ChainEvent => ({
  ...{ stream, type, data, revision: 0n, recordedAt: time },
});
const adopted = (origin = ORIGIN, key = first, stream = `notaryKeys-${origin}`): ChainEvent =>
  event(stream, 'NotaryKeyAdopted', { origin, verifierKey: key.verifier.text });
const rotated = (from: SignerKey, to: SignerKey, by = [from, to], origin = ORIGIN): ChainEvent =>
  event(`notaryKeys-${origin}`, 'NotaryKeyRotated', {
    ...{ origin, from: from.verifier.text, to: to.verifier.text },
    statement: signRotation(origin, by[0]!, by[1]!, time),
  });
const checkpoint = (size: number, key: SignerKey, more: object = {}): ChainEvent => {
  const note = signCheckpoint({ origin: ORIGIN, size, root, position: 9n, time }, key);
  const data = { origin: ORIGIN, treeSize: size, rootHash: root.toString('base64'), position: '9' };
  return event(`notary-${DAY}`, 'CheckpointSigned', { ...data, time, note, ...more });
};
const after = (...events: readonly ChainEvent[]): NotaryChain =>
  events.reduce(
    (chain, one, index) => evolveChain(chain, one, index + 1, isBelieved(one, chain)),
    NOTHING_SIGNED,
  );

describe('What the notary is believed to have said', () => {
  it('is in its own streams, and of the shape that it writes', () => {
    const signed = checkpoint(1, first);
    expect([adopted(), signed, rotated(first, second)].map(isWellSaid)).toEqual([true, true, true]);
    for (const one of [adopted(), signed, rotated(first, second)]) {
      expect(isWellSaid({ ...one, stream: 'foo-1' })).toBe(false);
      for (const data of [null, {}, 'text', []]) {
        expect(isWellSaid({ ...one, data: data as object })).toBe(false);
      }
    }
    expect(isWellSaid(adopted(ORIGIN, first, 'notaryKeys-other'))).toBe(false);
    expect(
      isWellSaid(event('notaryKeys-x', 'NotaryKeyAdopted', { origin: 'x', verifierKey: 'k' })),
    ).toBe(false);
    for (const wrong of [{ treeSize: 2 }, { position: '8' }, { rootHash: 'x' }, { note: 'x' }]) {
      expect(isWellSaid(checkpoint(1, first, wrong))).toBe(false);
    }
  });

  it('is a checkpoint that is signed by the key in force where it ends', () => {
    const chain = after(adopted(), rotated(first, second));
    const by = (size: number, key: SignerKey) => isBelieved(checkpoint(size, key), chain);
    expect([by(1, first), by(2, second)]).toEqual([true, true]);
    expect([by(1, second), by(2, first), by(2, stranger)]).toEqual([false, false, false]);
    expect(isBelieved(checkpoint(1, first), NOTHING_SIGNED)).toBe(false);
  });

  it('is a first key, and then those that the one before and they themselves have signed', () => {
    expect(after(adopted(), adopted('other', makeSignerKey('other')))).toMatchObject({
      ...{ origin: ORIGIN, key: first.verifier.text },
    });
    const inForce = (...events: readonly ChainEvent[]) => after(adopted(), ...events).key;
    expect(inForce(rotated(first, second), rotated(second, third))).toBe(third.verifier.text);
    expect(inForce(rotated(second, third))).toBe(first.verifier.text);
    expect(inForce(rotated(first, second, [first, stranger]))).toBe(first.verifier.text);
    expect(inForce(rotated(first, second, [stranger, second]))).toBe(first.verifier.text);
  });

  it('is what a witness has signed below the last checkpoint', () => {
    const last = checkpoint(1, first);
    const chain = after(adopted(), last);
    const note = signNote(parseNote((last.data as { note: string }).note), witness, 1_800_000_000);
    const cosignature = note.signatures.at(-1)!.line;
    const data = { treeSize: 1, rootHash: root.toString('base64'), cosignature };
    const seen = { ...data, witness: witness.verifier.text };
    const by = (more: object) =>
      isBelieved(event(`notary-${DAY}`, 'CheckpointWitnessed', { ...seen, ...more }), chain);
    expect(by({})).toBe(true);
    expect(by({ treeSize: 1_000 })).toBe(false);
    expect(by({ cosignature: note.signatures[0]!.line })).toBe(false);
    expect(by({ witness: makeSignerKey('witness.example', 'cosignature').verifier.text })).toBe(
      false,
    );
  });
});
