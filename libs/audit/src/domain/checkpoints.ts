import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import { shaped } from './notary-shapes.js';

// Events

export type CheckpointSigned = DomainEvent<
  'CheckpointSigned',
  {
    /** Name of the log. */
    readonly origin: string;
    /** Number of domain events covered: all up to the position, in the order of the log. */
    readonly treeSize: number;
    /** Of the tree of RFC 6962 over the lines of these events; 32 bytes in base64. */
    readonly rootHash: string;
    /** Of the last event covered, in the log, as decimal text. */
    readonly position: string;
    /** ISO 8601 UTC: when it was signed, and never before the last event covered was recorded. */
    readonly time: string;
    /** The signed note, whole. Source: https://c2sp.org/tlog-checkpoint. */
    readonly note: string;
  }
>;
export type CheckpointWitnessed = DomainEvent<
  'CheckpointWitnessed',
  {
    /** Of the checkpoint, which is in the same stream. */
    readonly treeSize: number;
    /** Of the checkpoint, base64. */
    readonly rootHash: string;
    /** Verifier key of the witness. */
    readonly witness: string;
    /** Line to be put below the note. Source: https://c2sp.org/tlog-cosignature. */
    readonly cosignature: string;
  }
>;

export type CheckpointEvent = CheckpointSigned | CheckpointWitnessed;

export const checkpointEvents: EventCatalogue<CheckpointEvent> = {
  CheckpointSigned: 'The history up to a position is so and no other, signed by the notary.',
  CheckpointWitnessed: 'Somebody else saw the checkpoint, and that it goes on from those before.',
};

// State

/** What is known of a stream: the last checkpoints in it, and who witnessed them. */
export interface Checkpoints {
  readonly recent: readonly {
    readonly treeSize: number;
    readonly rootHash: string;
    readonly witnesses: readonly string[];
  }[];
}

/** Witnesses are asked for the latest one; a stream may hold some thousand. */
const RECENT = 100;

const evolve = (state: Checkpoints, event: CheckpointEvent): Checkpoints => {
  // Whoever may append to the log may have put something else here.
  if (!shaped(event)) return state;
  switch (event.type) {
    case 'CheckpointSigned': {
      const { treeSize, rootHash } = event.data;
      const recent = [...state.recent, { treeSize, rootHash, witnesses: [] }].slice(-RECENT);
      return { recent };
    }
    case 'CheckpointWitnessed': {
      const { witness } = event.data;
      const recent = state.recent.map((one) =>
        isSame(one, event.data) ? { ...one, witnesses: [...one.witnesses, witness] } : one,
      );
      return { recent };
    }
    default:
      return unreachable(event);
  }
};

const isSame = (
  a: { readonly treeSize: number; readonly rootHash: string },
  b: { readonly treeSize: number; readonly rootHash: string },
): boolean => a.treeSize === b.treeSize && a.rootHash === b.rootHash;

// Commands and decisions

export type CheckpointCommand =
  | DomainCommand<
      'SignCheckpoint',
      CheckpointSigned['data'] & {
        /** Whose stream it goes to. */
        readonly day: string;
        /**
         * The checkpoint that it goes on from, of all that the notary believes: others may have put
         * into the stream what looks like one. None before the first.
         */
        readonly after: Pick<CheckpointSigned['data'], 'treeSize' | 'time'> | null;
      }
    >
  | DomainCommand<'WitnessCheckpoint', CheckpointWitnessed['data']>;

const decide = (command: CheckpointCommand, state: Checkpoints): readonly CheckpointEvent[] => {
  switch (command.type) {
    case 'SignCheckpoint': {
      const { day, after, ...data } = command.data;
      return sign(day, data, after);
    }
    case 'WitnessCheckpoint': {
      const { treeSize, witness } = command.data;
      const checkpoint = state.recent.find((one) => isSame(one, command.data));
      if (!checkpoint) {
        throw refused(
          'notary/checkpoint-not-signed',
          `No checkpoint of ${treeSize} events is here`,
        );
      }
      if (checkpoint.witnesses.includes(witness)) return [];
      return [{ type: 'CheckpointWitnessed', data: command.data }];
    }
    default:
      return unreachable(command);
  }
};

const sign = (
  day: string,
  data: CheckpointSigned['data'],
  after: Pick<CheckpointSigned['data'], 'treeSize' | 'time'> | null,
): readonly CheckpointEvent[] => {
  const { treeSize, time } = data;
  if (after && dayOf(after) > day) {
    throw refused(
      'notary/day-over',
      `After ${after.time} checkpoints go to the stream of that day`,
    );
  }
  if (after && (treeSize <= after.treeSize || time <= after.time)) {
    throw refused(
      'notary/checkpoint-outdated',
      `A checkpoint of ${after.treeSize} events was signed at ${after.time}`,
    );
  }
  return [{ type: 'CheckpointSigned', data }];
};

/** The day (UTC) that a checkpoint was signed on. */
export const dayOf = ({ time }: { readonly time: string }): string => time.slice(0, 10);

const refused = (code: string, message: string): DomainError =>
  new DomainError('conflict', code, message);

/**
 * Checkpoints of the log; the id is a day. The stream of a day ends with the first checkpoint that is
 * signed after that day, and the next one begins the stream of the day on which it was signed. So
 * each checkpoint is appended behind exactly the one before it, at midnight too, and two notaries can
 * never both go on from the same one.
 */
export const checkpointsAggregate: Aggregate<Checkpoints, CheckpointCommand, CheckpointEvent> = {
  category: 'notary',
  passesForeign: true,
  initialState: { recent: [] },
  events: checkpointEvents,
  decide,
  evolve,
};
