import type { DomainEvent } from '@hostledger/eventsourcing';
import {
  dayOf,
  type CheckpointEvent,
  type CheckpointSigned,
  type CheckpointWitnessed,
} from './checkpoints.js';
import type { NotaryKeyAdopted, NotaryKeyEvent } from './notary-keys.js';

/** What the notary has to know of the history, of whatever length, to go on signing it. JSON. */
export interface NotaryChain {
  /** Of the first key that was adopted; that of a log never changes. */
  readonly origin: string | null;
  /** Verifier key in force. */
  readonly key: string | null;
  /** All keys there were, each with the number of events up to the one that names it. */
  readonly keys: readonly { readonly key: string; readonly since: number }[];
  /** The day whose stream has the first checkpoint. */
  readonly firstDay: string | null;
  /** The day whose stream the next checkpoint goes to. */
  readonly day: string | null;
  /** Of the last event in that stream; -1 where there is none. */
  readonly revision: number;
  readonly last: {
    readonly treeSize: number;
    readonly rootHash: string;
    readonly time: string;
    readonly note: string;
    /** The day whose stream it is in. */
    readonly day: string;
  } | null;
  /** How many there are. */
  readonly checkpoints: number;
  /** When the last event was recorded; empty where there is none. */
  readonly recordedAt: string;
  /** Number of events up to the last one that is neither a checkpoint nor a witness's signature. */
  readonly worthSigning: number;
  /** By verifier key of a witness: the largest tree that it saw. */
  readonly witnessed: Readonly<Record<string, number>>;
  /** What others have put into streams of the notary; the last of it. */
  readonly foreign: Foreign | null;
}

/** Events in streams of the notary that are not its own. */
export interface Foreign {
  readonly events: number;
  /** Of the last one. */
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
}

export const NOTHING_SIGNED: NotaryChain = {
  origin: null,
  key: null,
  keys: [],
  firstDay: null,
  day: null,
  revision: -1,
  last: null,
  checkpoints: 0,
  recordedAt: '',
  worthSigning: 0,
  witnessed: {},
  foreign: null,
};

/** An event as it was recorded. */
export interface ChainEvent extends DomainEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly recordedAt: string;
}

/**
 * @param size number of events up to this one and with it.
 * @param isOwn whether the notary says it; else it is an event like any other, whatever its type.
 */
export const evolveChain = (
  before: NotaryChain,
  event: ChainEvent,
  size: number,
  isOwn: boolean,
): NotaryChain => {
  const { recordedAt } = event;
  if (!isOwn) return { ...passed(before, event), recordedAt, worthSigning: size };
  const told = event as ChainEvent & (NotaryKeyEvent | CheckpointEvent);
  switch (told.type) {
    case 'CheckpointSigned':
      return { ...signed(before, event, told.data), recordedAt };
    case 'CheckpointWitnessed':
      return { ...witnessed(before, event, told.data), recordedAt };
    case 'NotaryKeyAdopted':
      return { ...adopted(before, event, told.data, size), recordedAt, worthSigning: size };
    case 'NotaryKeyRotated': {
      const { to: key } = told.data;
      const keys = [...before.keys, { key, since: size }];
      return { ...before, key, keys, recordedAt, worthSigning: size };
    }
    default:
      return { ...passed(before, event), recordedAt, worthSigning: size };
  }
};

/** Also behind what somebody else has put there the next checkpoint is appended. */
const passed = (before: NotaryChain, { stream, revision, type }: ChainEvent): NotaryChain => {
  if (!isStreamOfNotary(stream)) return before;
  const events = (before.foreign?.events ?? 0) + 1;
  const chain = { ...before, foreign: { events, stream, revision: revision.toString(), type } };
  const isHere = before.day !== null && stream === streamOfDay(before.day);
  return isHere ? { ...chain, revision: Number(revision) } : chain;
};

const adopted = (
  before: NotaryChain,
  { recordedAt }: ChainEvent,
  { origin, verifierKey: key }: NotaryKeyAdopted['data'],
  size: number,
): NotaryChain => {
  if (before.origin !== null) return before;
  const day = recordedAt.slice(0, 10);
  return { ...before, origin, key, keys: [{ key, since: size }], firstDay: day, day };
};

const signed = (
  before: NotaryChain,
  { stream, revision }: ChainEvent,
  data: CheckpointSigned['data'],
): NotaryChain => {
  const { day } = before;
  if (day === null || stream !== streamOfDay(day)) return before;
  const { treeSize, rootHash, time, note } = data;
  const isLater = treeSize > (before.last?.treeSize ?? 0);
  const last = isLater ? { treeSize, rootHash, time, note, day } : before.last;
  const chain = { ...before, last, checkpoints: before.checkpoints + 1 };
  const next = dayOf(data);
  return next > day
    ? { ...chain, day: next, revision: -1 }
    : { ...chain, revision: Number(revision) };
};

const witnessed = (
  before: NotaryChain,
  { stream, revision }: ChainEvent,
  { witness, treeSize }: CheckpointWitnessed['data'],
): NotaryChain => {
  const seen = Math.max(treeSize, before.witnessed[witness] ?? 0);
  const chain = { ...before, witnessed: { ...before.witnessed, [witness]: seen } };
  if (before.day === null || stream !== streamOfDay(before.day)) return chain;
  return { ...chain, revision: Number(revision) };
};

/** The key that a checkpoint of so many events is signed by. */
export const keyAt = ({ key, keys }: NotaryChain, treeSize: number): string | null =>
  keys.findLast(({ since }) => since <= treeSize)?.key ?? key;

/** Whether something happened that no checkpoint covers, beside checkpoints. */
export const isWorthSigning = ({ last, worthSigning }: NotaryChain): boolean =>
  worthSigning > (last?.treeSize ?? 0);

export const streamOfDay = (day: string): string => `notary-${day}`;

/** Whether a stream is one in which nobody but the notary has anything to say. */
export const isStreamOfNotary = (stream: string): boolean =>
  stream.startsWith('notary-') || stream.startsWith('notaryKeys-');
