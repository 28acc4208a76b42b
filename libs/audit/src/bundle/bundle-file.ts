import { open, type FileHandle } from 'node:fs/promises';
import { BLOCK_BYTES, END_OF_ARCHIVE, paddingOf, readTarHeader } from './tar.js';

/** A history of 1,000 million events has as many: each segment of 2,000 has two entries or more. */
export const MAX_ENTRIES = 1_000_000;
const CHUNK_BYTES = 1024 * 1024;

export interface BundleEntry {
  readonly name: string;
  readonly size: number;
  /** Of its first byte in the file. */
  readonly offset: number;
}

/** The file is no bundle, or is not whole. */
export class MalformedBundle extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedBundle';
  }
}

/** The entries of a tar file by name, read from where they lie. */
export class BundleFile {
  private readonly byName = new Map<string, BundleEntry>();

  private constructor(
    private readonly file: FileHandle,
    readonly entries: readonly BundleEntry[],
    /** What stopped the reading of entries before a proper end of the archive. */
    readonly fault: string | undefined,
    /** Where the next entry would begin. */
    readonly end: number,
  ) {
    for (const entry of entries) this.byName.set(entry.name, entry);
  }

  /** @throws where the file cannot be read; what is wrong with its entries is its `fault`. */
  static async open(path: string): Promise<BundleFile> {
    const file = await open(path, 'r');
    try {
      const { entries, fault, end } = await entriesOf(file);
      return new BundleFile(file, entries, fault, end);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  entry(name: string): BundleEntry | undefined {
    return this.byName.get(name);
  }

  /** @throws MalformedBundle where it is larger than that. */
  async read({ name, size, offset }: BundleEntry, maxBytes: number): Promise<Buffer> {
    if (size > maxBytes)
      throw new MalformedBundle(`${name} has ${size} bytes, more than ${maxBytes}`);
    return readAt(this.file, offset, size);
  }

  async *chunks({ size, offset }: BundleEntry): AsyncGenerator<Buffer> {
    for (let done = 0; done < size; done += CHUNK_BYTES) {
      yield await readAt(this.file, offset + done, Math.min(CHUNK_BYTES, size - done));
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

const entriesOf = async (
  file: FileHandle,
): Promise<Pick<BundleFile, 'entries' | 'fault' | 'end'>> => {
  const { size: fileBytes } = await file.stat();
  const entries: BundleEntry[] = [];
  const names = new Set<string>();
  for (let at = 0; ;) {
    const stopped = (fault: string) => ({ entries, fault, end: at });
    if (at + BLOCK_BYTES > fileBytes) return stopped('The archive is cut off');
    const block = await readAt(file, at, BLOCK_BYTES);
    const head = readTarHeader(block);
    if (!head) {
      const rest = fileBytes - at;
      const ends =
        rest === END_OF_ARCHIVE.length && END_OF_ARCHIVE.equals(await readAt(file, at, rest));
      return { entries, fault: ends ? undefined : `No entry of a bundle at byte ${at}`, end: at };
    }
    if (names.has(head.name)) return stopped(`A second entry ${head.name}`);
    if (entries.length === MAX_ENTRIES) return stopped(`More than ${MAX_ENTRIES} entries`);
    const offset = at + BLOCK_BYTES;
    const padding = paddingOf(head.size);
    if (offset + head.size + padding.length > fileBytes) {
      return stopped(`The archive is cut off in ${head.name}`);
    }
    if (padding.length > 0) {
      const found = await readAt(file, offset + head.size, padding.length);
      if (!found.equals(padding)) return stopped(`Bytes behind the end of ${head.name}`);
    }
    names.add(head.name);
    entries.push({ ...head, offset });
    at = offset + head.size + padding.length;
  }
};

const readAt = async (file: FileHandle, offset: number, size: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafe(size);
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(buffer, done, size - done, offset + done);
    if (bytesRead === 0) throw new MalformedBundle('The file became shorter while it was read');
    done += bytesRead;
  }
  return buffer;
};
