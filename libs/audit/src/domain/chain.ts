import type { DomainEvent } from '@hostledger/eventsourcing';
import { dayOf, type CheckpointEvent } from './checkpoints.js';
import type { NotaryKeyEvent } from './notary-keys.js';

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
  } | null;
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
  const told = event as ChainEvent & (NotaryKeyEvent | CheckpointEvent);
  switch (told.type) {
    case 'NotaryKeyAdopted': {
      const chain = { ...before, worthSigning: size };
      if (chain.origin !== null) return chain;
      const { origin, verifierKey: key } = told.data;
      const day = told.recordedAt.slice(0, 10);
      return { ...chain, origin, key, firstDay: day, day };
    }
    case 'NotaryKeyRotated': {
      const chain = { ...before, worthSigning: size };
      return told.data.origin === chain.origin ? { ...chain, key: told.data.to } : chain;
    }
    case 'CheckpointSigned': {
      if (event.stream !== streamOfDay(before.day)) return before;
      const { treeSize, rootHash, time } = told.data;
      const chain = { ...before, last: { treeSize, rootHash, time } };
      const day = dayOf(told.data);
      return day === before.day
        ? { ...chain, revision: Number(event.revision) }
        : { ...chain, day, revision: -1 };
    }
    case 'CheckpointWitnessed': {
      const { witness, treeSize } = told.data;
      const seen = Math.max(treeSize, before.witnessed[witness] ?? 0);
      const chain = { ...before, witnessed: { ...before.witnessed, [witness]: seen } };
      if (event.stream !== streamOfDay(before.day)) return chain;
      return { ...chain, revision: Number(event.revision) };
    }
    default:
      return { ...before, worthSigning: size };
  }
};

/** Whether something happened that no checkpoint covers, beside checkpoints. */
export const isWorthSigning = ({ last, worthSigning }: NotaryChain): boolean =>
  worthSigning > (last?.treeSize ?? 0);

export const streamOfDay = (day: string | null): string => `notary-${day}`;
