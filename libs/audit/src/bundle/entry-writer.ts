import { createHash, hash } from 'node:crypto';
import type { ManifestEntry } from './format.js';
import { paddingOf, tarHeader } from './tar.js';

/** Puts entries one behind the other, and remembers what the manifest says of them. */
export class EntryWriter {
  readonly written: ManifestEntry[] = [];

  *entry(name: string, content: Buffer): Generator<Buffer> {
    const { length: size } = content;
    this.written.push({ name, size, sha256: hash('sha256', content, 'hex') });
    yield tarHeader({ name, size });
    if (size === 0) return;
    yield content;
    const padding = paddingOf(size);
    if (padding.length > 0) yield padding;
  }

  json(name: string, value: object): Generator<Buffer> {
    return this.entry(name, Buffer.from(`${JSON.stringify(value)}\n`));
  }

  /** Of lines that are made twice, first to know their size: there may be too many to hold. */
  *lines(name: string, lines: () => Iterable<string>): Generator<Buffer> {
    const digest = createHash('sha256');
    let size = 0;
    for (const chunk of gathered(lines())) {
      size += chunk.length;
      digest.update(chunk);
    }
    this.written.push({ name, size, sha256: digest.digest('hex') });
    yield tarHeader({ name, size });
    yield* gathered(lines());
    const padding = paddingOf(size);
    if (padding.length > 0) yield padding;
  }
}

const CHUNK_CHARACTERS = 256 * 1024;

function* gathered(lines: Iterable<string>): Generator<Buffer> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
