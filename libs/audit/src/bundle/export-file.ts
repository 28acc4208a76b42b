import { hash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { BundleFile, MalformedBundle, type BundleEntry } from './bundle-file.js';
import { recordedOf, type EventLine } from './event-line.js';
import { MAX_SEGMENT_BYTES } from './contents.js';
import { Bundling, exportBundle, type ExportRequest, type ExportSource } from './export.js';
import { HEAD_ENTRY, MANIFEST_ENTRY, segmentOf, type BundleHead } from './format.js';
import { BLOCK_BYTES } from './tar.js';

const MAX_HEAD_BYTES = 1024 * 1024;

export interface Exported {
  readonly path: string;
  readonly bytes: number;
  /** Bytes that an earlier run had written; 0 of a new file. */
  readonly kept: number;
}

/** The file is there, and this export does not go on from it. */
export class NotResumable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotResumable';
  }
}

/**
 * Writes a bundle. Where the file is the beginning of one, of an export that was cut off, it is continued
 * behind its last whole segment, and comes to the same bytes as if it had never been cut off.
 * @throws NotResumable, NotInLog
 */
export const exportToFile = async (
  path: string,
  source: ExportSource,
  request: ExportRequest,
  madeAt: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Exported> => {
  const begun = await beginningOf(path);
  if (!begun) {
    const file = await open(path, 'w', 0o600);
    return write(file, path, 0, exportBundle(source, request, madeAt), onBytes);
  }
  try {
    const { head, bundle } = begun;
    mustBeSame(request, head, path);
    if (!bundle.fault) return { path, bytes: bundle.end + 2 * BLOCK_BYTES, kept: bundle.end };
    const { bundling, reached, end } = await resumed(bundle, head, source);
    const file = await open(path, 'r+');
    await file.truncate(end);
    return await write(file, path, end, rest(bundling, reached, BigInt(head.until)), onBytes);
  } finally {
    await begun.bundle.close();
  }
};

async function* rest(bundling: Bundling, reached: bigint, until: bigint): AsyncGenerator<Buffer> {
  yield* bundling.segments(reached, until);
  yield* bundling.end();
}

const write = async (
  file: FileHandle,
  path: string,
  kept: number,
  chunks: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): Promise<Exported> => {
  let bytes = kept;
  try {
    for await (const chunk of chunks) {
      for (let done = 0; done < chunk.length;) {
        const left = chunk.length - done;
        done += (await file.write(chunk, done, left, bytes + done)).bytesWritten;
      }
      bytes += chunk.length;
      onBytes(bytes);
    }
    await file.sync();
    return { path, bytes, kept };
  } finally {
    await file.close();
  }
};

/** A bundle that was begun by another, and how many bytes of it are there. */
export interface Begun {
  readonly head: BundleHead;
  readonly bytes: number;
  readonly isWhole: boolean;
}

/**
 * Of a file into which a bundle was being taken from elsewhere; undefined where nothing is to go on from.
 * @throws NotResumable where it is there and is no beginning of such a bundle.
 */
export const begunIn = async (path: string, request: ExportRequest): Promise<Begun | undefined> => {
  const begun = await beginningOf(path);
  if (!begun) return undefined;
  const { head, bundle } = begun;
  await bundle.close();
  mustBeSame(request, head, path);
  return { head, bytes: (await stat(path)).size, isWhole: !bundle.fault };
};

/** What an earlier run wrote; undefined where there is nothing to go on from. */
const beginningOf = async (
  path: string,
): Promise<{ readonly bundle: BundleFile; readonly head: BundleHead } | undefined> => {
  const bundle = await BundleFile.open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!bundle) return undefined;
  const first = bundle.entries[0];
  if (first?.name === HEAD_ENTRY) {
    const text = (await bundle.read(first, MAX_HEAD_BYTES)).toString('utf8');
    if (!bundle.fault && bundle.entries.at(-1)?.name !== MANIFEST_ENTRY) {
      throw new NotResumable(`${path} is no bundle`);
    }
    return { bundle, head: JSON.parse(text) as BundleHead };
  }
  await bundle.close();
  if (await beginsAsBundle(path)) return undefined;
  throw new NotResumable(`${path} is there, and is no bundle`);
};

/** Cut off in its very first entry. */
const beginsAsBundle = async (path: string): Promise<boolean> => {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_ENTRY.length), 0);
    return HEAD_ENTRY.startsWith(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await file.close();
  }
};

const mustBeSame = ({ after, until }: ExportRequest, head: BundleHead, path: string): void => {
  const same =
    head.after === after.toString() &&
    (until === undefined ? head.toEnd : head.until === until.toString());
  if (same) return;
  throw new NotResumable(
    `${path} is of another export: after ${head.after}, until ${head.toEnd ? 'the end' : head.until}`,
  );
};

const resumed = async (bundle: BundleFile, head: BundleHead, source: ExportSource) => {
  const { kept } = source;
  if (head.keptLeaves > (kept?.size ?? 0)) {
    throw new NotResumable(
      "The export had the notary's leaves, which are not at hand now: set DATABASE_URL as it was, or with " +
        'the embedded database stop the system, or take the bundle from it with --url into another file',
    );
  }
  const limited = kept && { size: head.keptLeaves, hashes: kept.hashes.bind(kept) };
  const bundling = new Bundling({ ...source, ...(limited && { kept: limited }) });
  const before = await bundling.passBefore(BigInt(head.after));
  if (!isDeepStrictEqual(before, head.before)) {
    throw new NotResumable('What is before the bundle is not what it was when the export began');
  }
  for (const chunk of bundling.head(head)) void chunk;
  let { reached } = bundling;
  let end = endOf(bundle.entries[0]!);
  for (const segment of wholeSegments(bundle.entries)) {
    let leaves: Buffer | undefined;
    for (const entry of segment) {
      const { name, size } = entry;
      const content = await bundle.read(entry, MAX_SEGMENT_BYTES);
      const written = { name, size, sha256: hash('sha256', content, 'hex') };
      const { part } = segmentOf(name)!;
      if (part === 'leaves') leaves = content;
      const lines = part === 'leaves' ? [] : linesOf(content);
      bundling.restore(written, part === 'events' ? lines.map(recordedOf) : [], leaves);
      for (const { position } of part === 'checkpoints' ? [] : lines) {
        if (BigInt(position) > reached) reached = BigInt(position);
      }
      end = endOf(entry);
    }
  }
  return { bundling, reached, end };
};

/** Entries of segments, each up to its events, which are its last. */
function* wholeSegments(entries: readonly BundleEntry[]): Generator<readonly BundleEntry[]> {
  let segment: BundleEntry[] = [];
  for (const entry of entries.slice(1)) {
    const found = segmentOf(entry.name);
    if (!found) return;
    segment.push(entry);
    if (found.part !== 'events') continue;
    yield segment;
    segment = [];
  }
}

const linesOf = (content: Buffer): EventLine[] =>
  content
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      try {
        return JSON.parse(line) as EventLine;
      } catch {
        throw new MalformedBundle('What was written before the export was cut off is no JSON');
      }
    });

const endOf = ({ offset, size }: BundleEntry): number =>
  offset + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
