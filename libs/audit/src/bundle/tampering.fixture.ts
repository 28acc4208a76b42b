import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { canonicalJson, leafHash } from '../transparency/leaf.js';
import { TreeHead } from '../transparency/merkle.js';
import type { EventLine } from './event-line.js';
import { MANIFEST_ENTRY, segmentOf, STREAMS_ENTRY, type Manifest } from './format.js';
import { BLOCK_BYTES, END_OF_ARCHIVE, paddingOf, readTarHeader, tarHeader } from './tar.js';
import { Tally } from './tally.js';

/** A bundle in the hands of somebody who changes it, and repairs what he can. */
export class Forgery {
  readonly entries = new Map<string, Buffer>();

  constructor(path: string) {
    const bytes = readFileSync(path);
    for (let at = 0; ;) {
      const head = readTarHeader(bytes.subarray(at, at + BLOCK_BYTES));
      if (!head) break;
      const from = at + BLOCK_BYTES;
      this.entries.set(head.name, bytes.subarray(from, from + head.size));
      at = from + head.size + paddingOf(head.size).length;
    }
  }

  /** Of all segments. */
  get lines(): string[] {
    return this.of('events').flatMap((name) => this.textOf(name).split('\n').slice(0, -1));
  }

  get events(): EventLine[] {
    return this.lines.map((line) => JSON.parse(line) as EventLine);
  }

  /** Segment by segment as many as before; the last one takes what is left. */
  set lines(lines: readonly string[]) {
    const names = this.of('events');
    let next = 0;
    names.forEach((name, n) => {
      const count = this.textOf(name).split('\n').length - 1;
      const end = n === names.length - 1 ? lines.length : next + count;
      this.setText(
        name,
        lines
          .slice(next, end)
          .map((line) => `${line}\n`)
          .join(''),
      );
      next = end;
    });
  }

  textOf(name: string): string {
    return this.entries.get(name)!.toString('utf8');
  }

  setText(name: string, text: string): this {
    this.entries.set(name, Buffer.from(text));
    return this;
  }

  edit(index: number, change: (line: EventLine) => object): this {
    const { lines } = this;
    lines[index] = canonicalJson(change(JSON.parse(lines[index]!) as EventLine));
    this.lines = lines;
    return this;
  }

  /** As if these lines had been hashed when they were recorded. */
  repairLeaves(): this {
    for (const name of this.of('events')) {
      const lines = this.textOf(name).split('\n').slice(0, -1);
      this.entries.set(
        name.replace('events', 'leaves').replace('ndjson', 'bin'),
        Buffer.concat(lines.map(leafHash)),
      );
    }
    return this;
  }

  repairStreams(): this {
    return this.setText(STREAMS_ENTRY, [...this.tally().lines()].join(''));
  }

  repairManifest(change: (manifest: Manifest) => object = (manifest) => manifest): this {
    const tally = this.tally();
    const tree = new TreeHead();
    for (const line of this.lines) tree.append(leafHash(line));
    const manifest: Manifest = {
      ...(JSON.parse(this.textOf(MANIFEST_ENTRY)) as Manifest),
      events: this.lines.length,
      streams: tally.streamCount,
      firstPosition: tally.firstPosition,
      lastPosition: tally.lastPosition,
      treeSize: tree.size,
      rootHash: tree.root().toString('base64'),
      eventsByType: tally.byType(),
      eventsByCategory: tally.byCategory(),
      entries: [...this.entries]
        .filter(([name]) => name !== MANIFEST_ENTRY)
        .map(([name, content]) => ({
          name,
          size: content.length,
          sha256: hash('sha256', content, 'hex'),
        })),
    };
    return this.setText(MANIFEST_ENTRY, `${JSON.stringify(change(manifest))}\n`);
  }

  of(part: 'events' | 'leaves' | 'checkpoints'): string[] {
    return [...this.entries.keys()].filter((name) => segmentOf(name)?.part === part);
  }

  bytes(): Buffer {
    const parts = [...this.entries].flatMap(([name, content]) => [
      tarHeader({ name, size: content.length }),
      content,
      paddingOf(content.length),
    ]);
    return Buffer.concat([...parts, END_OF_ARCHIVE]);
  }

  write(path: string): string {
    writeFileSync(path, this.bytes());
    return path;
  }

  private tally(): Tally {
    const tally = new Tally();
    for (const line of this.lines) {
      try {
        tally.add(JSON.parse(line) as EventLine);
      } catch {
        // He cannot count what he has broken.
      }
    }
    return tally;
  }
}
