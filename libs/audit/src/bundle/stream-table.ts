import { hash } from 'node:crypto';

// A record of fixed length for each stream, outside of the heap of JavaScript: of a history with millions of
// streams (each idempotent command has one) nothing else is held.

const HASH_BYTES = 16;
const ID_BYTES = 16;
/** Hash of the name, last id, events, first and last position, first and last revision. */
const RECORD_BYTES = HASH_BYTES + ID_BYTES + 5 * 8;
const EVENTS = HASH_BYTES + ID_BYTES;
const FIRST_POSITION = EVENTS + 8;
const LAST_POSITION = FIRST_POSITION + 8;
const FIRST_REVISION = LAST_POSITION + 8;
const LAST_REVISION = FIRST_REVISION + 8;
/** Records are added in pieces of so many, which are never copied. */
const PIECE = 16_384;
const FIRST_SLOTS = 1 << 12;

export interface StreamEvent {
  readonly stream: string;
  /** Decimal text of up to 63 bits. */
  readonly revision: string;
  readonly position: string;
  /** UUID. */
  readonly id: string;
}

export interface StreamTally {
  readonly events: number;
  readonly firstPosition: string;
  readonly lastPosition: string;
  readonly firstRevision: string;
  readonly lastRevision: string;
}

/** The streams of a history in the order in which they first occur, 72 bytes each and 4 to 8 to find it again. */
export class StreamTable {
  private readonly pieces: Buffer[] = [];
  /** Open addressing by the hash of the name: number of the record, from 1; 0 where none is. */
  private slots = new Uint32Array(FIRST_SLOTS);
  private count = 0;
  private readonly names: NameList | undefined;
  /** The name that was asked for last, which is mostly the one that comes next. */
  private last = { stream: '', hash: hashOf('') };

  /** @param keepsNames to tell them again; who only looks them up need not. */
  constructor(keepsNames: boolean) {
    this.names = keepsNames ? new NameList() : undefined;
  }

  get size(): number {
    return this.count;
  }

  add({ stream, revision, position, id }: StreamEvent): void {
    const found = this.find(stream);
    const number = found ?? this.append(stream);
    const [piece, at] = this.placeOf(number);
    if (found === undefined) {
      piece.writeBigUInt64LE(BigInt(position), at + FIRST_POSITION);
      piece.writeBigUInt64LE(BigInt(revision), at + FIRST_REVISION);
    }
    piece.writeBigUInt64LE(piece.readBigUInt64LE(at + EVENTS) + 1n, at + EVENTS);
    piece.writeBigUInt64LE(BigInt(position), at + LAST_POSITION);
    piece.writeBigUInt64LE(BigInt(revision), at + LAST_REVISION);
    writeId(piece, at + HASH_BYTES, id);
  }

  of(stream: string): StreamTally | undefined {
    const number = this.find(stream);
    return number === undefined ? undefined : this.tallyAt(number);
  }

  /** Whether the last event of the stream has this id. */
  isLastId(stream: string, id: string): boolean {
    const number = this.find(stream);
    if (number === undefined) return false;
    const [piece, at] = this.placeOf(number);
    writeId(SCRATCH, 0, id);
    return SCRATCH.compare(piece, at + HASH_BYTES, at + HASH_BYTES + ID_BYTES) === 0;
  }

  /** @throws RangeError where names are not kept. */
  *[Symbol.iterator](): Generator<readonly [string, StreamTally]> {
    if (!this.names) throw new RangeError('The names of streams are not kept');
    let number = 0;
    for (const stream of this.names) {
      yield [stream, this.tallyAt(number)];
      number += 1;
    }
  }

  private tallyAt(number: number): StreamTally {
    const [piece, at] = this.placeOf(number);
    const text = (field: number): string => piece.readBigUInt64LE(at + field).toString();
    return {
      events: Number(piece.readBigUInt64LE(at + EVENTS)),
      firstPosition: text(FIRST_POSITION),
      lastPosition: text(LAST_POSITION),
      firstRevision: text(FIRST_REVISION),
      lastRevision: text(LAST_REVISION),
    };
  }

  private append(stream: string): number {
    const number = this.count;
    this.count += 1;
    if (number % PIECE === 0) this.pieces.push(Buffer.alloc(PIECE * RECORD_BYTES));
    const [piece, at] = this.placeOf(number);
    this.hashed(stream).copy(piece, at);
    if (this.count * 2 > this.slots.length) this.grow();
    else this.slots[this.slotOf(piece, at)] = number + 1;
    this.names?.add(stream);
    return number;
  }

  private find(stream: string): number | undefined {
    const number = this.slots[this.slotOf(this.hashed(stream), 0)]!;
    return number === 0 ? undefined : number - 1;
  }

  /** Where a record of this hash is, or would be. */
  private slotOf(bytes: Buffer, offset: number): number {
    const mask = this.slots.length - 1;
    let slot = bytes.readUInt32LE(offset) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const number = this.slots[slot]!;
      if (number === 0) return slot;
      const [piece, at] = this.placeOf(number - 1);
      if (bytes.compare(piece, at, at + HASH_BYTES, offset, offset + HASH_BYTES) === 0) return slot;
    }
  }

  private grow(): void {
    this.slots = new Uint32Array(this.slots.length * 2);
    for (let number = 0; number < this.count; number += 1) {
      this.slots[this.slotOf(...this.placeOf(number))] = number + 1;
    }
  }

  private placeOf(number: number): readonly [Buffer, number] {
    return [this.pieces[Math.floor(number / PIECE)]!, (number % PIECE) * RECORD_BYTES];
  }

  private hashed(stream: string): Buffer {
    if (this.last.stream !== stream) this.last = { stream, hash: hashOf(stream) };
    return this.last.hash;
  }
}

const PAGE_BYTES = 1024 * 1024;

/** Names one after the other, as bytes. */
class NameList {
  private readonly pages: { readonly bytes: Buffer; used: number }[] = [];

  add(name: string): void {
    const length = Buffer.byteLength(name);
    let page = this.pages.at(-1);
    if (!page || page.used + 4 + length > page.bytes.length) {
      page = { bytes: Buffer.alloc(Math.max(PAGE_BYTES, 4 + length)), used: 0 };
      this.pages.push(page);
    }
    page.bytes.writeUInt32LE(length, page.used);
    page.bytes.write(name, page.used + 4);
    page.used += 4 + length;
  }

  *[Symbol.iterator](): Generator<string> {
    for (const { bytes, used } of this.pages) {
      for (let at = 0; at < used;) {
        const end = at + 4 + bytes.readUInt32LE(at);
        yield bytes.toString('utf8', at + 4, end);
        at = end;
      }
    }
  }
}

const SCRATCH = Buffer.alloc(ID_BYTES);

const writeId = (bytes: Buffer, at: number, id: string): void => {
  bytes.fill(0, at, at + ID_BYTES);
  bytes.write(id.replaceAll('-', ''), at, ID_BYTES, 'hex');
};

/** Of the name; two names of the same are not found. */
const hashOf = (name: string): Buffer =>
  // As UTF-16: in UTF-8 halves of surrogates would all be the same.
  hash('sha256', Buffer.from(name, 'utf16le'), 'buffer').subarray(0, HASH_BYTES);
