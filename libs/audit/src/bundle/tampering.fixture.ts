import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { canonicalJson } from '../transparency/leaf.js';
import { TreeHead } from '../transparency/merkle.js';
import { shapeFault, type EventLine } from './event-line.js';
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

  /** Puts bytes, which may be no text, in the place of a line. */
  replace(index: number, bytes: Buffer): void {
    let next = 0;
    for (const name of this.of('events')) {
      const lines = this.textOf(name).split('\n').slice(0, -1);
      const own = lines.map((line, n) => (next + n === index ? bytes : Buffer.from(line)));
      next += lines.length;
      this.entries.set(name, Buffer.concat(own.flatMap((line) => [line, Buffer.from('\n')])));
    }
  }

  /** As if these lines had been hashed when they were recorded. */
  repairLeaves(): this {
    for (const name of this.of('events')) {
      const leaves = Buffer.concat(leavesOf(this.entries.get(name)!));
      this.entries.set(name.replace('events', 'leaves').replace('ndjson', 'bin'), leaves);
    }
    return this;
  }

  repairStreams(): this {
    return this.setText(STREAMS_ENTRY, [...this.tally().lines()].join(''));
  }

  repairManifest(change: (manifest: Manifest) => object = (manifest) => manifest): this {
    const tally = this.tally();
    const tree = new TreeHead();
    for (const name of this.of('events')) {
      for (const leaf of leavesOf(this.entries.get(name)!)) tree.append(leaf);
    }
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
    const tally = new Tally({ listsStreams: true });
    for (const line of this.lines) {
      const event = valueOf(line);
      // He cannot count what he has broken.
      if (shapeFault(event) === undefined) tally.add(event as EventLine);
    }
    return tally;
  }
}

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Of lines as bytes, each with the hash that it has as a leaf. */
const leavesOf = (content: Buffer): Buffer[] => {
  const leaves: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const end = content.indexOf(10, at) < 0 ? content.length : content.indexOf(10, at);
    leaves.push(
      hash('sha256', Buffer.concat([Buffer.alloc(1), content.subarray(at, end)]), 'buffer'),
    );
    at = end + 1;
  }
  return leaves;
};
