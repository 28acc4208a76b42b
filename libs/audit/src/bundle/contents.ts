import { createHash, type Hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { MalformedBundle, type BundleEntry, type BundleFile } from './bundle-file.js';
import type { Findings } from './findings.js';
import type { Manifest } from './format.js';

/**
 * A segment ends with the event that brings its lines to 2 MiB. The largest event a store takes has 16 MiB of
 * data; as base64 in a line, with its metadata, it has less than this.
 */
export const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
/** Of a manifest that lists a million entries, of 140 bytes each; the longest text there is has twice as much. */
export const MAX_JSON_BYTES = 160 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Reads entries for a verifier, taking the digest of each as it goes. */
export class Contents {
  private readonly digests = new Map<string, string>();

  constructor(
    private readonly file: BundleFile,
    private readonly findings: Findings,
  ) {}

  async bytes(entry: BundleEntry, maxBytes = MAX_SEGMENT_BYTES): Promise<Buffer> {
    const content = await this.file.read(entry, maxBytes);
    this.digested(entry, createHash('sha256').update(content));
    return content;
  }

  /** Undefined, with a finding, where it is missing or not of that shape. */
  async json<Shape extends z.ZodType>(
    name: string,
    shape: Shape,
    maxBytes = MAX_SEGMENT_BYTES,
  ): Promise<z.infer<Shape> | undefined> {
    const entry = this.file.entry(name);
    if (!entry) {
      this.findings.add('malformed', `The bundle has no ${name}`);
      return undefined;
    }
    return this.shaped(name, shape, await this.bytes(entry, maxBytes));
  }

  /** Line by line; what is not of that shape is a finding, and left out. */
  async *lines<Shape extends z.ZodType>(
    entry: BundleEntry,
    shape: Shape,
  ): AsyncGenerator<z.infer<Shape>> {
    const digest = createHash('sha256');
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of this.file.chunks(entry)) {
      digest.update(chunk);
      let text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10)) {
        const line = this.shaped(entry.name, shape, text.subarray(0, end));
        if (line !== undefined) yield line;
        text = text.subarray(end + 1);
      }
      rest = text;
      if (rest.length > MAX_LINE_BYTES) throw new MalformedBundle(`${entry.name} has no lines`);
    }
    if (rest.length > 0) this.findings.add('malformed', `${entry.name} ends within a line`);
    this.digested(entry, digest);
  }

  /** Whether all entries are what the manifest says; those that nobody has read are read for it. */
  async holdAgainst({ entries }: Pick<Manifest, 'entries'>, own: string): Promise<void> {
    const others = this.file.entries.filter(({ name }) => name !== own);
    const told = new Map(entries.map((entry) => [entry.name, entry]));
    for (const entry of others) {
      const known = told.get(entry.name);
      if (!known) this.mismatch(`The manifest does not list ${entry.name}`);
      else if (known.size !== entry.size || known.sha256 !== (await this.digestOf(entry))) {
        this.mismatch(`${entry.name} is not what the manifest says`);
      }
    }
    if (entries.length !== others.length) {
      this.mismatch('The manifest lists more or fewer entries than there are');
    }
    for (const { name } of entries) {
      if (!this.file.entry(name)) this.mismatch(`${name}, which the manifest lists, is missing`);
    }
    if (others.some(({ name }, n) => entries[n] && entries[n].name !== name)) {
      this.mismatch('The entries are not in the order of the manifest');
    }
  }

  private mismatch(message: string): void {
    this.findings.add('manifest-mismatch', message);
  }

  private digested({ name }: BundleEntry, digest: Hash): void {
    this.digests.set(name, digest.digest('hex'));
  }

  private async digestOf(entry: BundleEntry): Promise<string> {
    if (!this.digests.has(entry.name)) {
      const digest = createHash('sha256');
      for await (const chunk of this.file.chunks(entry)) digest.update(chunk);
      this.digested(entry, digest);
    }
    return this.digests.get(entry.name)!;
  }

  private shaped<Shape extends z.ZodType>(
    name: string,
    shape: Shape,
    bytes: Buffer,
  ): z.infer<Shape> | undefined {
    const value = isUtf8(bytes) ? valueOf(bytes.toString('utf8')) : undefined;
    const parsed = shape.safeParse(value);
    // As it was written: what is read of it leaves out what bears a name such as `__proto__`.
    if (parsed.success) return value as z.infer<Shape>;
    const [issue] = parsed.error.issues;
    const where = issue && issue.path.length > 0 ? ` (${issue.path.join('.')})` : '';
    this.findings.add('malformed', `${name} is not what it should be${where}`);
    return undefined;
  }
}

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
