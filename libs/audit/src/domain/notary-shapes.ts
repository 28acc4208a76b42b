import type { DomainEvent } from '@hostledger/eventsourcing';
import type { CheckpointEvent } from './checkpoints.js';
import type { NotaryKeyEvent } from './notary-keys.js';

/** What the notary says. */
export type NotaryEvent = NotaryKeyEvent | CheckpointEvent;

const TEXTS: Readonly<Record<NotaryEvent['type'], readonly string[]>> = {
  NotaryKeyAdopted: ['origin', 'verifierKey'],
  NotaryKeyRotated: ['origin', 'from', 'to', 'statement'],
  CheckpointSigned: ['origin', 'rootHash', 'position', 'time', 'note'],
  CheckpointWitnessed: ['rootHash', 'witness', 'cosignature'],
};

/** The event as one of the notary; undefined of a type or with data that the notary never writes. */
export const shaped = ({ type, data }: DomainEvent): NotaryEvent | undefined => {
  if (!Object.hasOwn(TEXTS, type) || typeof data !== 'object' || data === null) return undefined;
  const fields = data as Readonly<Record<string, unknown>>;
  const texts = TEXTS[type as NotaryEvent['type']];
  if (!texts.every((name) => typeof fields[name] === 'string')) return undefined;
  const { treeSize } = fields;
  if (type.startsWith('Checkpoint') && !(Number.isSafeInteger(treeSize) && Number(treeSize) > 0)) {
    return undefined;
  }
  return { type, data } as NotaryEvent;
};
