// What is in a bundle; `docs/bundle.md` tells it for those who read one by other means. All numbers of
// 64 bits are decimal text, all hashes and signatures base64 but for digests of entries, which are hex.

export const BUNDLE_FORMAT = 'hostledger-audit-bundle';
export const BUNDLE_VERSION = 1;

/** A segment ends after so many events, or with the one that reaches so many bytes of lines. */
export const SEGMENT_EVENTS = 2_000;
export const SEGMENT_BYTES = 2 * 1024 * 1024;

export const HEAD_ENTRY = 'bundle.json';
export const STREAMS_ENTRY = 'streams.ndjson';
export const KEYS_ENTRY = 'keys.json';
export const PROOFS_ENTRY = 'proofs.json';
export const MANIFEST_ENTRY = 'manifest.json';

/** What a segment of the log is told in, in this order; of the first two only if there is something. */
export const SEGMENT_PARTS = {
  interference: 'ndjson',
  checkpoints: 'ndjson',
  leaves: 'bin',
  events: 'ndjson',
} as const;
export type SegmentPart = keyof typeof SEGMENT_PARTS;

/** @param position of the first event of the segment, or of the first interference where it has none. */
export const segmentEntry = (part: SegmentPart, position: bigint): string =>
  `${part}/${position.toString().padStart(20, '0')}.${SEGMENT_PARTS[part]}`;

const SEGMENT_ENTRY = /^(interference|checkpoints|leaves|events)\/(\d{20})\.(ndjson|bin)$/;

export const segmentOf = (
  name: string,
): { readonly part: SegmentPart; readonly position: bigint } | undefined => {
  const [, part, position] = SEGMENT_ENTRY.exec(name) ?? [];
  if (position === undefined) return undefined;
  const found = { part: part as SegmentPart, position: BigInt(position) };
  return segmentEntry(found.part, found.position) === name ? found : undefined;
};

export const schemaEntry = (type: string): string => `schemas/${type}.json`;

/** `bundle.json`: what was asked for, fixed when the export began. */
export interface BundleHead {
  readonly format: typeof BUNDLE_FORMAT;
  readonly version: typeof BUNDLE_VERSION;
  /** Events after this position; 0 for all. */
  readonly after: string;
  /** Events up to and with this position. */
  readonly until: string;
  /** Whether all was asked for that was in the log. */
  readonly toEnd: boolean;
  /** Of the last record of the log when the export began. */
  readonly head: string;
  readonly madeAt: string;
  /** Of how many events, from the first on, leaf hashes are those that the notary has kept. */
  readonly keptLeaves: number;
  /** What is before the first event of the bundle; null where nothing is. */
  readonly before: BundleStart | null;
}

/** The tree over the events that a part of a history leaves out. */
export interface BundleStart {
  readonly events: number;
  /** Hashes of the full subtrees that make up the tree, the largest first. */
  readonly subtrees: readonly string[];
  /** The last checkpoint recorded before, whole; null where there is none. */
  readonly checkpoint: string | null;
}

/** A line of `interference/`: a record of a system stream that touches the domain's history. */
export interface Interference {
  readonly position: string;
  readonly recordedAt: string;
  /** The system stream in which it is. */
  readonly stream: string;
  /** The stream it is about; null for all. */
  readonly about: string | null;
  readonly kind: InterferenceKind;
  /** What is set, without secrets. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * `hides`: metadata by which readers of the stream are not given events ($maxCount, $maxAge, $tb);
 * `deletes`: the stream is deleted for ever; `metadata`: other metadata of a domain stream; `settings`,
 * `scavenge`, `users`: what operators of the store do.
 */
export type InterferenceKind = 'hides' | 'deletes' | 'metadata' | 'settings' | 'scavenge' | 'users';

/** A line of `checkpoints/`: a checkpoint or a cosignature, in the order in which they were recorded. */
export type CheckpointLine =
  | {
      readonly kind: 'signed';
      /** Of the event that records it. */
      readonly position: string;
      readonly note: string;
      /**
       * Proof that the tree grew out of that of the checkpoint before, in bundle or `before`; empty of the
       * first one; null where that was not at hand, as when it was recorded long after it was signed.
       */
      readonly consistency: readonly string[] | null;
    }
  | {
      readonly kind: 'witnessed';
      readonly position: string;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly witness: string;
      readonly cosignature: string;
    };

/** `keys.json`: how the notary came by its keys, in the order of the log. */
export interface KeyLine {
  readonly position: string;
  /** How many events are before it: checkpoints that cover more are signed with this key. */
  readonly index: number;
  /** The verifier key. */
  readonly key: string;
  /** The statement of the change, signed by this key and the one before; null for the first. */
  readonly statement: string | null;
}

/** `proofs.json` */
export interface BundleProofs {
  /** That the last event which a checkpoint covers is in its tree; null where none is covered. */
  readonly inclusion: {
    readonly position: string;
    readonly index: number;
    readonly treeSize: number;
    readonly hashes: readonly string[];
  } | null;
}

/** A line of `streams.ndjson`, in the order in which they first occur. */
export interface StreamLine {
  readonly stream: string;
  readonly events: number;
  readonly firstPosition: string;
  readonly lastPosition: string;
  readonly firstRevision: string;
  readonly lastRevision: string;
}

/** `manifest.json`, the last entry: of every other one its size and digest, and counts. */
export interface Manifest {
  readonly format: typeof BUNDLE_FORMAT;
  readonly version: typeof BUNDLE_VERSION;
  readonly events: number;
  readonly streams: number;
  readonly firstPosition: string | null;
  readonly lastPosition: string | null;
  /** Of the last record of the log when the export began. */
  readonly head: string;
  /** Root of the tree over all events up to the last one of the bundle. */
  readonly treeSize: number;
  readonly rootHash: string;
  readonly eventsByType: Readonly<Record<string, number>>;
  readonly eventsByCategory: Readonly<Record<string, number>>;
  readonly entries: readonly ManifestEntry[];
}

export interface ManifestEntry {
  readonly name: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

export const categoryOf = (stream: string): string => stream.split('-', 1)[0]!;

/** Of the store itself; everything else is the domain's. */
export const isSystem = (name: string): boolean => name.startsWith('$');
