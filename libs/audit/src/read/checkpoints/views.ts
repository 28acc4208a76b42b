import { recordedView, type RecordedView } from '@hostledger/http';
import { parseVerifierKey } from '../../transparency/signed-note.js';
import { witnessedAt } from './believed.js';
import type { CheckpointRow, CosignatureRow, NotaryKeyRow } from './projection.js';

export class CosignatureView {
  /** @example witness.example/w1 */
  name: string;
  /** @example witness.example/w1+8d66cf3f+BDDtvb1gW6qvJzYEyJhKnMZs7pW7kNnRPNAYnt8Uw1qR */
  verifierKey: string;
  /** Line to be put below the note. */
  cosignature: string;
  /** When the witness saw it, as it signed. */
  witnessedAt: string;
  /** The event that says so. */
  recorded: RecordedView;
}

/** What was signed of the history up to a position. */
export class CheckpointView {
  /**
   * Name of the log.
   * @example hostledger.example/log
   */
  origin: string;
  /** Domain events covered. */
  treeSize: number;
  /** Of the tree of RFC 6962 over the lines of these events, base64. */
  rootHash: string;
  /**
   * Of the last event covered.
   * @example "5515200"
   */
  position: string;
  signedAt: string;
  /** The signed note, whole, in the format of https://c2sp.org/tlog-checkpoint. */
  note: string;
  cosignatures: CosignatureView[];
  /** The event that says so. */
  recorded: RecordedView;
}

export class CheckpointList {
  items: CheckpointView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class NotaryKeyView {
  origin: string;
  /** `<name>+<key id>+<base64>`: signs the checkpoints that cover this event, until the next key. */
  verifierKey: string;
  /** The key before it. */
  replaces?: string;
  /** Signed note of both keys that says so. */
  statement?: string;
  /** The event that says so. */
  recorded: RecordedView;
}

export class NotaryKeyList {
  /** In the order in which they came to be in force. */
  items: NotaryKeyView[];
}

interface Said {
  readonly position: bigint;
  readonly event_id: string;
  readonly revision: bigint;
  readonly recorded_at: string;
}

const recordedOf = (row: Said): RecordedView =>
  recordedView({
    id: row.event_id,
    revision: row.revision,
    position: row.position,
    recordedAt: row.recorded_at,
  });

export const checkpointView = (
  row: CheckpointRow,
  cosignatures: readonly CosignatureRow[],
): CheckpointView => ({
  origin: row.origin,
  treeSize: Number(row.tree_size),
  rootHash: row.root_hash,
  position: row.covered_position.toString(),
  signedAt: row.signed_at,
  note: row.note,
  cosignatures: cosignaturesOf(row, cosignatures),
  recorded: recordedOf(row),
});

/** Those that hold, of each witness the first. */
const cosignaturesOf = (
  row: CheckpointRow,
  cosignatures: readonly CosignatureRow[],
): CosignatureView[] => {
  const told = new Map<string, CosignatureView>();
  for (const one of cosignatures.filter(({ tree_size }) => tree_size === row.tree_size)) {
    const { witness: verifierKey, cosignature } = one;
    const at = told.has(verifierKey) ? undefined : witnessedAt(row, one);
    if (at === undefined) continue;
    const { name } = parseVerifierKey(verifierKey);
    const recorded = recordedOf(one);
    told.set(verifierKey, { name, verifierKey, cosignature, witnessedAt: at, recorded });
  }
  return [...told.values()];
};

/** The note with the lines of the witnesses below it. */
export const cosignedNote = ({ note, cosignatures }: CheckpointView): string =>
  note + cosignatures.map(({ cosignature }) => `${cosignature}\n`).join('');

export const notaryKeyView = (row: NotaryKeyRow): NotaryKeyView => ({
  origin: row.origin,
  verifierKey: row.verifier_key,
  ...(row.replaces !== null && { replaces: row.replaces }),
  ...(row.statement !== null && { statement: row.statement }),
  recorded: recordedOf(row),
});
