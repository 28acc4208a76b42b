import {
  MalformedNote,
  noteText,
  parseNote,
  signNote,
  type SignedNote,
  type SignerKey,
} from './signed-note.js';

// Checkpoints in the format of https://c2sp.org/tlog-checkpoint, with two extension lines of our own.

/** What the signer of a checkpoint says of the log. */
export interface Checkpoint {
  /** Which log: a name without a scheme, such as `hostledger.example/log`. */
  readonly origin: string;
  /** Number of leaves: of the domain events up to the position. */
  readonly size: number;
  readonly root: Buffer;
  /** Of the last event covered; 0 of none. */
  readonly position: bigint;
  /** When it was signed, never before the last event covered was recorded. ISO 8601 UTC. */
  readonly time: string;
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: SignedNote;
}

/** The text that is signed. */
export const checkpointText = ({ origin, size, root, position, time }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\nposition ${position}\ntime ${time}\n`;

/** The whole note. */
export const signCheckpoint = (checkpoint: Checkpoint, key: SignerKey): string =>
  noteText(signNote({ text: checkpointText(checkpoint), signatures: [] }, key));

const SHAPE =
  /^([^\s+]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\nposition (0|[1-9]\d{0,19})\ntime (\S+)\n$/;

/**
 * Of a whole note; whether its signatures hold is not looked at.
 * @throws MalformedNote
 */
export const parseCheckpoint = (text: string): SignedCheckpoint => {
  const note = parseNote(text);
  const [, origin, size, root, position, time] = SHAPE.exec(note.text) ?? [];
  if (time === undefined || !isInstant(time) || !Number.isSafeInteger(Number(size))) {
    throw new MalformedNote('The note is no checkpoint of a log of events');
  }
  const checkpoint: Checkpoint = {
    origin: origin!,
    size: Number(size),
    root: Buffer.from(root!, 'base64'),
    position: BigInt(position!),
    time,
  };
  if (checkpointText(checkpoint) !== note.text) {
    throw new MalformedNote('The checkpoint is not written as its parts are');
  }
  return { ...checkpoint, note };
};

const isInstant = (text: string): boolean => {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
};
