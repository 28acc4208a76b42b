import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type {
  CheckpointEvent,
  CheckpointSigned,
  CheckpointWitnessed,
} from '../../domain/checkpoints.js';
import type { NotaryKeyEvent } from '../../domain/notary-keys.js';
import { isWellSaid } from '../../transparency/notary-events.js';

/** Which event of the log says so. */
interface SaidBy {
  /** Of the event, in the log. */
  readonly position: bigint;
  readonly event_id: string;
  /** In its stream. */
  readonly revision: bigint;
  readonly recorded_at: string;
}

const saidBy = (event: Recorded<CheckpointEvent | NotaryKeyEvent>): SaidBy => ({
  position: event.position,
  event_id: event.id,
  revision: event.revision,
  recorded_at: event.recordedAt,
});

const SAID_BY = {
  position: 'bigint',
  event_id: 'text',
  revision: 'bigint',
  recorded_at: 'timestamptz',
} as const;

export interface CheckpointRow extends SaidBy {
  readonly tree_size: bigint;
  readonly origin: string;
  /** Base64, as below. */
  readonly root_hash: string;
  readonly covered_position: bigint;
  readonly signed_at: string;
  readonly note: string;
}

export const auditCheckpoints = tableFold<CheckpointRow, CheckpointSigned>({
  table: {
    name: 'audit_checkpoints',
    columns: {
      ...SAID_BY,
      tree_size: 'bigint',
      origin: 'text',
      root_hash: 'text',
      covered_position: 'bigint',
      signed_at: 'timestamptz',
      note: 'text',
    },
    key: ['position'],
    indexes: [['tree_size']],
    insertOnly: true,
  },
  keys: {
    CheckpointSigned: (event) => (isWellSaid(event) ? [{ position: event.position }] : []),
  },
  // One event by itself does not tell whether the key in force has signed it: readers look at that.
  evolve: (_, event) => ({
    ...saidBy(event),
    tree_size: BigInt(event.data.treeSize),
    origin: event.data.origin,
    root_hash: event.data.rootHash,
    covered_position: BigInt(event.data.position),
    signed_at: event.data.time,
    note: event.data.note,
  }),
});

export interface CosignatureRow extends SaidBy {
  readonly tree_size: bigint;
  /** Verifier key. */
  readonly witness: string;
  readonly cosignature: string;
}

export const auditCosignatures = tableFold<CosignatureRow, CheckpointWitnessed>({
  table: {
    name: 'audit_cosignatures',
    columns: { ...SAID_BY, tree_size: 'bigint', witness: 'text', cosignature: 'text' },
    key: ['position'],
    indexes: [['tree_size']],
    insertOnly: true,
  },
  keys: {
    CheckpointWitnessed: (event) => (isWellSaid(event) ? [{ position: event.position }] : []),
  },
  evolve: (_, event) => ({
    ...saidBy(event),
    tree_size: BigInt(event.data.treeSize),
    witness: event.data.witness,
    cosignature: event.data.cosignature,
  }),
});

export interface NotaryKeyRow extends SaidBy {
  readonly origin: string;
  readonly verifier_key: string;
  /** The key before it, and what both say; none of the first. */
  readonly replaces: string | null;
  readonly statement: string | null;
}

export const auditNotaryKeys = tableFold<NotaryKeyRow, NotaryKeyEvent>({
  table: {
    name: 'audit_notary_keys',
    columns: {
      ...SAID_BY,
      origin: 'text',
      verifier_key: 'text',
      replaces: 'text',
      statement: 'text',
    },
    key: ['position'],
    nullable: ['replaces', 'statement'],
    insertOnly: true,
  },
  keys: {
    NotaryKeyAdopted: (event) => (isWellSaid(event) ? [{ position: event.position }] : []),
    NotaryKeyRotated: (event) => (isWellSaid(event) ? [{ position: event.position }] : []),
  },
  evolve: (_, event) => ({
    ...saidBy(event),
    origin: event.data.origin,
    ...(event.type === 'NotaryKeyAdopted'
      ? { verifier_key: event.data.verifierKey, replaces: null, statement: null }
      : {
          verifier_key: event.data.to,
          replaces: event.data.from,
          statement: event.data.statement,
        }),
  }),
});

export const checkpointsProjection: Projection = {
  name: 'audit_checkpoints',
  version: 2,
  tables: [auditCheckpoints, auditCosignatures, auditNotaryKeys],
};
