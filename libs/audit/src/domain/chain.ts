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
}

export const NOTHING_SIGNED: NotaryChain = {
  origin: null,
  key: null,
  firstDay: null,
  day: null,
  revision: -1,
  last: null,
  checkpoints: 0,
  recordedAt: '',
  worthSigning: 0,
  witnessed: {},
};

/** An event as it was recorded. */
export interface ChainEvent extends DomainEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly recordedAt: string;
}

/** @param size number of events up to this one and with it. */
export const evolveChain = (before: NotaryChain, event: ChainEvent, size: number): NotaryChain => {
  const { recordedAt } = event;
  const told = event as ChainEvent & (NotaryKeyEvent | CheckpointEvent);
  switch (told.type) {
    case 'CheckpointSigned':
      return { ...signed(before, event, told.data), recordedAt };
    case 'CheckpointWitnessed':
      return { ...witnessed(before, event, told.data), recordedAt };
    case 'NotaryKeyAdopted':
      return { ...adopted(before, event, told.data), recordedAt, worthSigning: size };
    case 'NotaryKeyRotated': {
      const key = told.data.origin === before.origin ? told.data.to : before.key;
      return { ...before, key, recordedAt, worthSigning: size };
    }
    default:
      return { ...before, recordedAt, worthSigning: size };
  }
};

const adopted = (
  before: NotaryChain,
  { recordedAt }: ChainEvent,
  { origin, verifierKey: key }: NotaryKeyAdopted['data'],
): NotaryChain => {
  if (before.origin !== null) return before;
  const day = recordedAt.slice(0, 10);
  return { ...before, origin, key, firstDay: day, day };
};

const signed = (
  before: NotaryChain,
  { stream, revision }: ChainEvent,
  data: CheckpointSigned['data'],
): NotaryChain => {
  const { day } = before;
  if (day === null || stream !== streamOfDay(day)) return before;
  const { treeSize, rootHash, time, note } = data;
  const last = { treeSize, rootHash, time, note, day };
  const chain = { ...before, last, checkpoints: before.checkpoints + 1 };
  const next = dayOf(data);
  return next === day
    ? { ...chain, revision: Number(revision) }
    : { ...chain, day: next, revision: -1 };
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

/** Whether something happened that no checkpoint covers, beside checkpoints. */
export const isWorthSigning = ({ last, worthSigning }: NotaryChain): boolean =>
  worthSigning > (last?.treeSize ?? 0);

export const streamOfDay = (day: string): string => `notary-${day}`;
