import { parseNote, parseVerifierKey, verifyNote } from '../../transparency/signed-note.js';
import type { CheckpointRow, CosignatureRow, NotaryKeyRow } from './projection.js';

// The tables have what looks like an act of the notary by itself. Whether it goes on from the history,
// signed by the key in force, is seen here: an event that nobody's key has signed says nothing.

/** The keys by rising position of which each was put in force by the one before it. */
export const believedKeys = (rows: readonly NotaryKeyRow[]): readonly NotaryKeyRow[] => {
  const keys: NotaryKeyRow[] = [];
  for (const row of rows) {
    const last = keys.at(-1);
    const goesOn = last
      ? row.origin === last.origin && row.replaces === last.verifier_key
      : row.replaces === null;
    if (goesOn) keys.push(row);
  }
  return keys;
};

/** Whether the key that was in force has signed it. */
export const isSigned = (
  { origin, covered_position: covered, note }: CheckpointRow,
  keys: readonly NotaryKeyRow[],
): boolean => {
  const key = keys.findLast(({ position }) => position <= covered);
  return (
    key?.origin === origin && verifyNote(parseNote(note), parseVerifierKey(key.verifier_key)).signed
  );
};

/** When the witness saw the checkpoint, ISO 8601 UTC; undefined where it has not signed it. */
export const witnessedAt = (
  { note }: CheckpointRow,
  { witness, cosignature }: CosignatureRow,
): string | undefined => {
  try {
    const verdict = verifyNote(parseNote(`${note}${cosignature}\n`), parseVerifierKey(witness));
    return verdict.signed ? verdict.at : undefined;
  } catch {
    // What is no key and no cosignature is told by errors, some of them the engine's own.
    return undefined;
  }
};
