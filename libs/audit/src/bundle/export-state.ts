import type { RecordedEvent } from '@hostledger/eventsourcing';
import { evolveChain, NOTHING_SIGNED } from '../domain/chain.js';
import { isBelieved } from '../transparency/notary-events.js';
import type { BundleProofs, BundleStart, CheckpointLine, KeyLine } from './format.js';
import { NotaryRecords } from './notary-record.js';
import { ProvingTree } from './proving-tree.js';
import { Tally } from './tally.js';

const HASH_BYTES = 32;
/** A checkpoint is recorded so soon after the last event that it covers, else it gets no proof. */
export const LEAVES_HELD_BACK = 65_536;

/**
 * What an export has to know of the events that it has passed. The tree is behind them, so that the proofs of
 * a checkpoint can be made when the event that records it comes.
 */
export class ExportState {
  readonly tally = new Tally({ listsStreams: true });
  readonly keys: KeyLine[] = [];
  private readonly records = new NotaryRecords();
  private readonly tree = new ProvingTree();
  private readonly heldBack = Buffer.alloc(LEAVES_HELD_BACK * HASH_BYTES);
  /** Number of events passed, those before the bundle too. */
  private passed = 0;
  /** Of the notary's own events alone: what they are believed by. */
  private chain = NOTHING_SIGNED;
  private lastNote: string | null = null;
  private inclusion: BundleProofs['inclusion'] = null;

  get events(): number {
    return this.passed;
  }

  /** @returns what the bundle tells of it beside the line, if it is the notary's. */
  pass(event: RecordedEvent, leaf: Buffer): CheckpointLine | undefined {
    const told = this.noteNotary(event);
    if (this.passed - this.tree.size === LEAVES_HELD_BACK) this.grow();
    leaf.copy(this.heldBack, (this.passed % LEAVES_HELD_BACK) * HASH_BYTES);
    this.passed += 1;
    return told;
  }

  count({ stream, type, revision, position, id }: RecordedEvent): void {
    this.tally.add({
      stream,
      type,
      revision: revision.toString(),
      position: position.toString(),
      id,
    });
  }

  /** What is before the bundle, when as much has been passed. */
  start(): BundleStart {
    const tree = this.ahead();
    return { events: tree.size, subtrees: tree.subtrees.map(base64), checkpoint: this.lastNote };
  }

  end(): { readonly treeSize: number; readonly rootHash: string; readonly proofs: BundleProofs } {
    const tree = this.ahead();
    return {
      treeSize: tree.size,
      rootHash: base64(tree.root()),
      proofs: { inclusion: this.inclusion },
    };
  }

  private noteNotary(event: RecordedEvent): CheckpointLine | undefined {
    const record = this.records.of(event);
    if (!record) return undefined;
    const position = event.position.toString();
    const before = this.chain.last?.treeSize ?? 0;
    const isOwn = isBelieved(event, this.chain);
    if (isOwn) this.chain = evolveChain(this.chain, event, this.passed + 1, true);
    switch (record.kind) {
      case 'key': {
        const { key, statement } = record;
        this.keys.push({ position, index: this.passed, key, statement });
        return undefined;
      }
      case 'witnessed':
        return { ...record, position };
      case 'signed': {
        // What somebody else has written, or repeated, goes on from nothing, and nothing goes on from it.
        if (!isOwn || record.treeSize <= before) {
          return { kind: 'signed', position, note: record.note, consistency: null };
        }
        const consistency = this.proveTo(record.treeSize, record.position);
        this.lastNote = record.note;
        return { kind: 'signed', position, note: record.note, consistency };
      }
    }
  }

  /** The proof that a checkpoint of so many events goes on from the one before. */
  private proveTo(treeSize: number, position: string): readonly string[] | null {
    const isFirst = this.lastNote === null;
    if (treeSize < this.tree.size || treeSize > this.passed || treeSize === 0) {
      this.tree.forgetMark();
      return isFirst ? [] : null;
    }
    while (this.tree.size < treeSize) this.grow();
    const consistency = isFirst ? [] : this.tree.consistency()?.map(base64);
    const hashes = this.tree.inclusionOfLast().map(base64);
    this.inclusion = { position, index: treeSize - 1, treeSize, hashes };
    this.tree.markHere();
    return consistency ?? null;
  }

  private grow(): void {
    this.tree.append(this.held(this.tree.size));
  }

  private held(index: number): Buffer {
    const at = (index % LEAVES_HELD_BACK) * HASH_BYTES;
    return Buffer.from(this.heldBack.subarray(at, at + HASH_BYTES));
  }

  /** The tree over all that was passed; the one that is behind stays where it is. */
  private ahead(): ProvingTree {
    const tree = new ProvingTree(this.tree.size, this.tree.subtrees);
    while (tree.size < this.passed) tree.append(this.held(tree.size));
    return tree;
  }
}

const base64 = (hash: Buffer): string => hash.toString('base64');
