import { type CheckpointView } from '../checkpoints/views.js';

/** That an event is part of what was signed; all that is needed to see it offline. */
export class InclusionProofView {
  /**
   * The line of the event: canonical JSON of all that the log says of it. Absent where it holds the hash
   * of a secret, which `withheld` names; the line is in the auditor's bundle.
   */
  leaf?: string;
  /** SHA-256 of a zero byte and the line (RFC 6962), base64: where the proof begins. */
  leafHash: string;
  /**
   * JSON Pointers to what no reader is told of the line.
   * @example ["/data/secretHash"]
   */
  withheld?: string[];
  /** Of the leaf, from 0. */
  index: number;
  /** Hashes of the path from the leaf to the root (RFC 6962, 2.1.1), base64. */
  proof: string[];
  checkpoint: CheckpointView;
}

/** That one checkpoint goes on from another; all that is needed to see it offline. */
export class ConsistencyProofView {
  /** Hashes of RFC 6962, 2.1.2, base64. */
  proof: string[];
  from: CheckpointView;
  to: CheckpointView;
}
