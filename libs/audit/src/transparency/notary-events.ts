import { keyAt, type ChainEvent, type NotaryChain } from '../domain/chain.js';
import { shaped, type NotaryEvent } from '../domain/notary-shapes.js';
import { parseCheckpoint } from './checkpoint.js';
import { parseRotation } from './key-rotation.js';
import { parseNote, parseSignature, parseVerifierKey, verifyNote } from './signed-note.js';

// Whoever may append to the log can give an event any type. What the notary says is in its own streams,
// is of the right shape and signed; all else is an event like any other.

type Told = Pick<ChainEvent, 'stream' | 'type' | 'data'>;

/**
 * Whether the event says what the notary says where the notary says it: by itself, without the history
 * before it. So it is not known here whether a checkpoint is signed by the key in force.
 */
export const isWellSaid = (event: Told): boolean => {
  const told = shaped(event);
  return told !== undefined && holds(() => isItself(told, event.stream));
};

/** Whether it goes on from this history as well: signed by the key that is in force. */
export const isBelieved = (event: Told, chain: NotaryChain): boolean => {
  const told = shaped(event);
  return told !== undefined && holds(() => isItself(told, event.stream) && goesOn(told, chain));
};

const isItself = ({ type, data }: NotaryEvent, stream: string): boolean => {
  switch (type) {
    case 'NotaryKeyAdopted':
      return stream === `notaryKeys-${data.origin}` && isKeyOf(data.origin, data.verifierKey);
    case 'NotaryKeyRotated': {
      const { origin, from, to, signedBy } = parseRotation(data.statement);
      return (
        stream === `notaryKeys-${data.origin}` &&
        isKeyOf(data.origin, data.to) &&
        origin === data.origin &&
        from === data.from &&
        to === data.to &&
        signedBy.includes(from) &&
        signedBy.includes(to)
      );
    }
    case 'CheckpointSigned': {
      const { origin, size, root, position, time } = parseCheckpoint(data.note);
      return (
        stream.startsWith('notary-') &&
        origin === data.origin &&
        size === data.treeSize &&
        root.toString('base64') === data.rootHash &&
        position.toString() === data.position &&
        time === data.time
      );
    }
    default:
      return stream.startsWith('notary-');
  }
};

const goesOn = ({ type, data }: NotaryEvent, chain: NotaryChain): boolean => {
  switch (type) {
    case 'NotaryKeyAdopted':
      return chain.origin === null;
    case 'NotaryKeyRotated':
      return data.origin === chain.origin && data.from === chain.key;
    case 'CheckpointSigned': {
      const key = keyAt(chain, data.treeSize);
      return (
        key !== null &&
        data.origin === chain.origin &&
        verifyNote(parseNote(data.note), parseVerifierKey(key)).signed
      );
    }
    default: {
      const { last } = chain;
      if (last === null || data.treeSize > last.treeSize) return false;
      // Of one before the last the note is not at hand; it says nothing that counts any more.
      if (data.treeSize < last.treeSize) return true;
      const note = { ...parseNote(last.note), signatures: [parseSignature(data.cosignature)] };
      return verifyNote(note, parseVerifierKey(data.witness)).signed;
    }
  }
};

const isKeyOf = (origin: string, text: string): boolean => {
  const key = parseVerifierKey(text);
  return key.text === text && key.name === origin && key.kind === 'ed25519';
};

/** Bytes that are no key or no note are told by errors, some of them the engine's own. */
const holds = (check: () => boolean): boolean => {
  try {
    return check();
  } catch {
    return false;
  }
};
