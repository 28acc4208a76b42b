import fc from 'fast-check';
import { parseCheckpoint, signCheckpoint, type Checkpoint } from './checkpoint.js';
import {
  MalformedNote,
  makeSignerKey,
  noteText,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  signNote,
  verifyNote,
} from './signed-note.js';

const notary = makeSignerKey('hostledger.example/log');
const stranger = makeSignerKey('hostledger.example/log');
const witness = makeSignerKey('witness.example/w1', 'cosignature');

describe('A signed note', () => {
  // The example of the specification's reference implementation, golang.org/x/mod/sumdb/note.
  it('of others is read: the vector of the reference', () => {
    const key = parseVerifierKey(
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    );
    const note = parseNote(
      'If you think cryptography is the answer to your problem,\n' +
        "then you don't know what your problem is.\n" +
        '\n' +
        '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
    );
    expect(verifyNote(note, key)).toEqual({ signed: true });
  });

  it('and its keys come back as they were written', () => {
    expect(parseVerifierKey(notary.verifier.text)).toMatchObject({
      name: 'hostledger.example/log',
      keyId: notary.verifier.keyId,
    });
    expect(parseSignerKey(`${notary.secret}\n`).verifier.text).toBe(notary.verifier.text);
    const note = signNote({ text: 'a\n\nb\n', signatures: [] }, notary);
    expect(parseNote(noteText(note))).toEqual(note);
  });

  it('is believed of the key that signed it, of no other', () => {
    const note = signNote({ text: 'a\n', signatures: [] }, notary);
    expect(verifyNote(note, notary.verifier)).toEqual({ signed: true });
    expect(verifyNote(note, stranger.verifier)).toEqual({ signed: false, why: 'no-signature' });
  });

  it('may be seen by a witness, who tells when', () => {
    const signed = signNote({ text: 'a\n', signatures: [] }, notary);
    const seen = parseNote(noteText(signNote(signed, witness, 1_790_000_000)));
    expect(verifyNote(seen, notary.verifier)).toEqual({ signed: true });
    expect(verifyNote(seen, witness.verifier)).toEqual({
      signed: true,
      at: '2026-09-21T14:13:20.000Z',
    });
  });

  it('is not believed when any character of it is another', () => {
    const text = noteText(
      signNote(signNote({ text: 'a\nb\n', signatures: [] }, notary), witness, 1),
    );
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.string({ minLength: 1, maxLength: 1 }),
        (at, other) => {
          fc.pre(text[at] !== other);
          const forged = text.slice(0, at) + other + text.slice(at + 1);
          const believed = [notary, witness].map(({ verifier }) => {
            try {
              const note = parseNote(forged);
              return note.text === 'a\nb\n' ? 'same text' : verifyNote(note, verifier).signed;
            } catch (error) {
              expect(error).toBeInstanceOf(MalformedNote);
              return false;
            }
          });
          expect(believed).not.toContain(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(['', 'a', 'a\n', 'a\n\nb', 'a\n\n— x\n', 'a\n\n— x !!\n', 'a\u0007\n\n— x AAAAAAA=\n'])(
    'is none: %j',
    (text) => {
      expect(() => parseNote(text)).toThrow(MalformedNote);
    },
  );

  it.each(['', 'a+b', notary.verifier.text.replace('+', '+0'), `x+${notary.verifier.text}`])(
    'has no such key: %j',
    (text) => {
      expect(() => parseVerifierKey(text)).toThrow(MalformedNote);
    },
  );
});

describe('A checkpoint', () => {
  const checkpoint: Checkpoint = {
    origin: 'hostledger.example/log',
    size: 27_175,
    root: Buffer.alloc(32, 7),
    position: 5_515_200n,
    time: '2026-11-26T10:35:23.672Z',
  };

  it('comes back as it was signed', () => {
    const note = signCheckpoint(checkpoint, notary);
    expect(note.split('\n').slice(0, 5)).toEqual([
      'hostledger.example/log',
      '27175',
      Buffer.alloc(32, 7).toString('base64'),
      'position 5515200',
      'time 2026-11-26T10:35:23.672Z',
    ]);
    expect(parseCheckpoint(note)).toMatchObject(checkpoint);
  });

  it.each([
    ['27175', '027175'],
    ['27175', '99999999999999999'],
    ['position 5515200', 'position -1'],
    ['time 2026-11-26T10:35:23.672Z', 'time 2026-11-26'],
    ['time 2026-11-26T10:35:23.672Z', 'time 2026-02-30T10:35:23.672Z'],
    ['BwcH', 'BwcHBwcH'],
    ['\nposition', '\nmore\nposition'],
  ])('is none with %j as %j', (from, to) => {
    const note = signCheckpoint(checkpoint, notary).replace(from, to);
    expect(() => parseCheckpoint(note)).toThrow(MalformedNote);
  });
});
