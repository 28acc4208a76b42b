import { rootByInclusion } from '../transparency/merkle.js';
import type { BundleFile } from './bundle-file.js';
import type { Believed, CheckpointList } from './checkpoint-list.js';
import { MAX_JSON_BYTES, type Contents } from './contents.js';
import type { Findings } from './findings.js';
import {
  MANIFEST_ENTRY,
  PROOFS_ENTRY,
  STREAMS_ENTRY,
  type BundleHead,
  type BundleProofs,
} from './format.js';
import type { ListedStream } from './history-verdict.js';
import { manifestShape, proofsShape, streamLineShape } from './shapes.js';
import type { Tally } from './tally.js';

/** What was seen of a bundle, against which is held what it says of itself. */
export interface Seen {
  readonly tally: Tally;
  readonly treeSize: number;
  readonly rootHash: string;
  readonly head: BundleHead | undefined;
}

/** Streams that are listed with more events than there are; other differences are findings. */
export const checkStreams = async (
  file: BundleFile,
  contents: Contents,
  { tally }: Seen,
  findings: Findings,
): Promise<readonly ListedStream[]> => {
  const entry = file.entry(STREAMS_ENTRY);
  if (!entry) return [];
  const missing: ListedStream[] = [];
  let listed = 0;
  let last = -1n;
  for await (const line of contents.lines(entry, streamLineShape)) {
    const { stream, events, firstPosition, lastRevision, lastPosition } = line;
    const found = tally.of(stream);
    listed += 1;
    // In the order in which they first occur, so that none is there twice in the place of another.
    if (BigInt(firstPosition) <= last) {
      findings.add('manifest-mismatch', `The list of streams has ${stream} out of its place`);
    }
    last = BigInt(firstPosition);
    if (!found || found.events < events) {
      if (missing.length === MAX_LISTED) continue;
      missing.push({
        stream,
        firstPosition,
        missing: events - (found?.events ?? 0),
        isWholly: !found,
      });
    } else if (
      found.events !== events ||
      found.lastRevision !== lastRevision ||
      found.firstPosition !== firstPosition ||
      found.firstRevision !== line.firstRevision ||
      found.lastPosition !== lastPosition
    ) {
      findings.add('manifest-mismatch', `The list of streams says otherwise of ${stream}`);
    }
  }
  if (listed !== tally.streamCount) {
    findings.add('manifest-mismatch', 'The list of streams has more or fewer than there are');
  }
  for (const { stream } of missing) {
    findings.add('manifest-mismatch', `The list of streams has more events of ${stream}`);
  }
  return missing;
};

const MAX_LISTED = 1_000;

/** Of the manifest: digests, counts, and the places that it names. */
export const checkManifest = async (
  file: BundleFile,
  contents: Contents,
  seen: Seen,
  findings: Findings,
): Promise<void> => {
  const manifest = await contents.json(MANIFEST_ENTRY, manifestShape, MAX_JSON_BYTES);
  if (!manifest) return;
  const text = (await file.read(file.entry(MANIFEST_ENTRY)!, MAX_JSON_BYTES)).toString('utf8');
  if (text !== `${JSON.stringify(manifest)}\n`) {
    findings.add('malformed', 'The manifest is not written as manifests are');
  }
  await contents.holdAgainst(manifest, MANIFEST_ENTRY);
  const { tally, treeSize, rootHash, head } = seen;
  const found: Record<string, unknown> = {
    events: tally.events,
    streams: tally.streamCount,
    firstPosition: tally.firstPosition,
    lastPosition: tally.lastPosition,
    treeSize,
    rootHash,
    ...(head && { head: head.head }),
    eventsByType: tally.byType(),
    eventsByCategory: tally.byCategory(),
  };
  for (const [name, value] of Object.entries(found)) {
    const told = manifest[name as keyof typeof manifest];
    if (JSON.stringify(told) !== JSON.stringify(value)) {
      findings.add('manifest-mismatch', `${name} in the manifest is not what it is of the events`);
    }
  }
};

/** Whether events lie within what was asked for. */
export const checkRange = ({ head, tally }: Seen, findings: Findings): void => {
  const { firstPosition, lastPosition } = tally;
  if (!head || firstPosition === null || lastPosition === null) return;
  const isWithin =
    BigInt(firstPosition) > BigInt(head.after) && BigInt(lastPosition) <= BigInt(head.until);
  if (!isWithin)
    findings.add('manifest-mismatch', 'There are events outside of what was asked for');
  const starts = (head.before?.events ?? 0) === 0 ? head.before === null : head.after !== '0';
  if (!starts) findings.add('malformed', 'The beginning of the bundle is told in two ways');
};

/**
 * The proof that the last event which is covered is in the tree of its checkpoint.
 * @param last checkpoint; of it, and of nothing else, the proof is to be, unless it may be `anyOther`.
 * @param leafAt hash of the leaf of a line, by number of events before it.
 */
export const checkProofs = async (
  contents: Contents,
  checkpoints: CheckpointList,
  last: Believed | 'anyOther' | undefined,
  leafAt: (index: number) => Buffer | undefined,
  findings: Findings,
): Promise<void> => {
  const proofs = await contents.json(PROOFS_ENTRY, proofsShape);
  if (!proofs) return;
  if (last !== 'anyOther' && !isOf(proofs, last)) {
    findings.add(
      'proof-wrong',
      'The proof is not that of the last event which a checkpoint covers',
    );
  }
  if (!proofs.inclusion) return;
  const { index, treeSize, hashes } = proofs.inclusion;
  const checkpoint = checkpoints.at(checkpoints.firstAbove(treeSize - 1));
  const leaf = leafAt(index);
  if (checkpoint?.size !== treeSize || !leaf) return;
  const path = hashes.map((hash) => Buffer.from(hash, 'base64'));
  if (!rootByInclusion(leaf, index, treeSize, path)?.equals(checkpoint.root)) {
    findings.add(
      'proof-wrong',
      'The proof that the last event covered is in its tree does not hold',
    );
  }
};

const isOf = ({ inclusion }: BundleProofs, last: Believed | undefined): boolean => {
  // Of no events there is no last one.
  if (!inclusion || !last) return !inclusion && (last?.size ?? 0) === 0;
  const { position, index, treeSize } = inclusion;
  return treeSize === last.size && index === last.size - 1 && position === last.position.toString();
};
