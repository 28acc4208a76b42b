import {
  MalformedNote,
  noteText,
  parseNote,
  parseVerifierKey,
  signNote,
  verifyNote,
  type SignerKey,
} from './signed-note.js';

/** What the old and the new key of a log say together. */
export interface KeyRotation {
  readonly origin: string;
  /** Verifier keys. */
  readonly from: string;
  readonly to: string;
  /** ISO 8601 UTC. */
  readonly time: string;
}

// Its second line is no number, so that no rotation can be taken for a checkpoint.
const textOf = ({ origin, from, to, time }: KeyRotation): string =>
  `${origin}\nkey rotation\nfrom ${from}\nto ${to}\ntime ${time}\n`;

const SHAPE = /^([^\s+]+)\nkey rotation\nfrom (\S+)\nto (\S+)\ntime (\S+)\n$/;

/** The statement, signed by both keys. */
export const signRotation = (origin: string, from: SignerKey, to: SignerKey, time: string) => {
  const keys = { from: from.verifier.text, to: to.verifier.text };
  const unsigned = { text: textOf({ origin, ...keys, time }), signatures: [] };
  return noteText(signNote(signNote(unsigned, from), to));
};

/**
 * Reads a statement and tells which of the two keys have signed it.
 * @throws MalformedNote
 */
export const parseRotation = (
  statement: string,
): KeyRotation & { readonly signedBy: readonly string[] } => {
  const note = parseNote(statement);
  const [, origin, from, to, time] = SHAPE.exec(note.text) ?? [];
  if (time === undefined) throw new MalformedNote('The note is no rotation of keys');
  const signedBy = [from!, to!].filter((key) => verifyNote(note, parseVerifierKey(key)).signed);
  return { origin: origin!, from: from!, to: to!, time, signedBy };
};
