import { type CheckpointView } from '../checkpoints/views.js';

/** That an event is part of what was signed; all that is needed to see it offline. */
export class InclusionProofView {
  /** The line of the event: canonical JSON of all that the log says of it. Its hash is the leaf. */
  leaf: string;
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
