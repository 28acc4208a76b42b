import { checkpointText } from '../transparency/checkpoint.js';
import { isConsistent } from '../transparency/merkle.js';
import {
  parseNote,
  parseSignature,
  verifyNote,
  type NoteSignature,
  type SignedNote,
  type VerifierKey,
} from '../transparency/signed-note.js';
import { believed, checkpointOf, CheckpointList, type Believed } from './checkpoint-list.js';
import type { Findings } from './findings.js';
import type { BundleStart, CheckpointLine } from './format.js';
import type { KeyChain } from './key-chain.js';

/** Checkpoints that an auditor has kept, with where they are from. */
export interface KeptCheckpoint {
  readonly name: string;
  readonly note: string;
}

export interface WitnessSeen {
  readonly witness: string;
  /** The largest tree that it has cosigned. */
  readonly treeSize: number;
  readonly at: string | null;
}

interface Kept {
  readonly checkpoint: Believed;
  readonly name: string;
  readonly note: SignedNote;
}

/** What looks like a checkpoint, and no key has signed it. */
interface Unsigned {
  readonly code: 'wrong-key' | 'malformed';
  readonly position: string;
  readonly message: string;
}

/** So many are told; the rest says nothing new. */
const MAX_UNSIGNED = 20;

/** Believes of what the notary has signed only what is signed, and gathers it. */
export class NotaryCheck {
  /** Those in the bundle. */
  readonly checkpoints = new CheckpointList();
  origin: string | undefined;
  /** Position of the first behind another in the bundle that should prove that it goes on from the one before, and does not. */
  unproved: string | undefined;
  private last: Believed | undefined;
  private own: readonly Kept[] = [];
  private readonly seen = new Map<string, WitnessSeen>();
  private readonly unsigned: Unsigned[] = [];
  private foreign = 0;

  constructor(
    private readonly keys: KeyChain,
    private readonly witnesses: readonly VerifierKey[],
    private readonly findings: Findings,
    private readonly notices: string[],
  ) {
    for (const { text: witness } of witnesses) {
      this.seen.set(witness, { witness, treeSize: 0, at: null });
    }
  }

  /** The last checkpoint before the bundle, from which its first goes on. */
  startFrom({ checkpoint, events }: BundleStart): void {
    if (checkpoint === null) return;
    const signed = this.signed(checkpoint, '0');
    if (!signed) return;
    if (signed.size > events) {
      this.findings.add('malformed', 'The checkpoint before the bundle covers events in it');
    } else this.last = signed;
  }

  take(line: CheckpointLine): void {
    if (line.kind === 'witnessed') this.takeCosignature(line);
    else this.takeCheckpoint(line);
  }

  private takeCheckpoint({
    note,
    position,
    consistency,
  }: Extract<CheckpointLine, { kind: 'signed' }>): void {
    const next = this.signed(note, position);
    if (!next) return;
    const { last } = this;
    const add = (code: Parameters<Findings['add']>[0], message: string): void =>
      this.findings.add(code, message, { position });
    if (last && next.size === last.size && !next.root.equals(last.root)) {
      return add('fork', `Two histories of ${next.size} events are signed`);
    }
    if (last && next.size <= last.size) {
      if (this.isKnown(next)) {
        // A signature is there for everybody to repeat; it says what it said.
        this.noteForeign(position, `the checkpoint of ${next.size} events is there again`);
        return;
      }
      return add(
        'checkpoint-backdated',
        `It covers ${next.size} events, one before it ${last.size}`,
      );
    }
    if (last && next.timeMs < last.timeMs) {
      const times = [next, last].map(({ timeMs }) => new Date(timeMs).toISOString());
      add('checkpoint-backdated', `It is of ${times[0]}, the one before it of ${times[1]}`);
    }
    if (last && next.position < last.position) {
      add('checkpoint-backdated', 'It ends before the position where the one before it ends');
    }
    if (BigInt(position) <= next.position) {
      add('checkpoint-backdated', 'It covers what was recorded after it');
    }
    if (last && consistency && !isConsistent(last, next, consistency.map(hashOf))) {
      add('proof-wrong', 'The proof that it goes on from the checkpoint before does not hold');
    }
    if (this.checkpoints.length > 0 && consistency === null) this.unproved ??= position;
    this.checkpoints.push(next);
    this.last = next;
  }

  /**
   * What the auditor has kept himself, by rising size.
   * @param before events that are not in the bundle, so that what covers fewer cannot be held against it.
   */
  kept(given: readonly KeptCheckpoint[], before: number): CheckpointList {
    const good: Kept[] = [];
    for (const { name, note } of given) {
      const parsed = checkpointOf(note);
      if (!parsed) {
        this.findings.add('malformed', `${name} is no checkpoint`);
        continue;
      }
      const checkpoint = believed(parsed);
      const { size, timeMs } = checkpoint;
      const signer = this.keys.signerOf(parsed.note);
      if (!signer) {
        this.findings.add('wrong-key', `${name} is not signed by a key that is believed`);
      } else if (timeMs > signer.untilMs) {
        this.findings.add('wrong-key', `${name} is signed by a key that had been replaced`);
      } else if (size < before) {
        const message = `${name} covers ${size} events, and ${before} are left out: it cannot be held against this bundle`;
        this.findings.add('not-covered', message);
      } else good.push({ checkpoint, name, note: parsed.note });
    }
    const list = new CheckpointList();
    good.sort((a, b) => a.checkpoint.size - b.checkpoint.size);
    this.own = good;
    for (const { checkpoint, name } of good) {
      const before = list.at(list.length - 1);
      if (before?.size === checkpoint.size && !before.root.equals(checkpoint.root)) {
        this.findings.add('fork', `${name} and another that you gave are of two histories`);
      } else if (before?.size !== checkpoint.size) list.push(checkpoint);
    }
    return list;
  }

  /**
   * What somebody else has put among the checkpoints is a leaf like any other where one that holds covers
   * it: then the notary went on, and it changes nothing. Else nothing shows that the notary did not say it.
   */
  judgeUnsigned(agreed: Believed | undefined): void {
    for (const { code, position, message } of this.unsigned) {
      if (agreed && BigInt(position) <= agreed.position) this.noteForeign(position, message);
      else this.findings.add(code, message, { position });
    }
  }

  /** Counts what witnesses have cosigned of those that the auditor has kept. @param agreed the last that holds. */
  countKept(agreed: Believed | undefined): void {
    if (!agreed) return;
    for (const { checkpoint, note } of this.own.filter(
      (kept) => kept.checkpoint.size <= agreed.size,
    )) {
      for (const line of note.signatures) this.noteCosignature(note.text, line, checkpoint.size);
    }
  }

  /** The last one in the bundle, or before it. */
  get lastSigned(): Believed | undefined {
    return this.last;
  }

  get witnessed(): readonly WitnessSeen[] {
    return [...this.seen.values()];
  }

  /** What a note says, if the key in force has signed it. */
  private signed(note: string, position: string): Believed | undefined {
    const checkpoint = checkpointOf(note);
    if (!checkpoint) {
      const message = 'What should be a checkpoint is none';
      if (this.isByOwnKey(note)) this.findings.add('malformed', message, { position });
      else this.noteUnsigned('malformed', message, position);
      return undefined;
    }
    const { size, origin } = checkpoint;
    const signer = this.keys.inForce(size);
    const verdict = signer && verifyNote(checkpoint.note, signer.key);
    if (!verdict?.signed) {
      const why = signer ? `the key in force, ${signer.key.text},` : 'a key that is believed';
      const message = `The checkpoint of ${size} events is not signed by ${why}`;
      // Of another key that was the notary's it is not a stranger's word.
      if (this.keys.signerOf(checkpoint.note)) {
        this.findings.add('wrong-key', message, { position });
      } else this.noteUnsigned('wrong-key', message, position);
      return undefined;
    }
    const signed = believed(checkpoint);
    if (signed.timeMs > signer!.untilMs) {
      const message = `The checkpoint of ${size} events is signed by a key that had been replaced`;
      this.findings.add('wrong-key', message, { position });
      return undefined;
    }
    this.origin ??= origin;
    if (origin !== this.origin) {
      const message = `The checkpoint is of the log ${origin}, not of ${this.origin}`;
      this.findings.add('wrong-key', message, { position });
      return undefined;
    }
    return signed;
  }

  /** Whether it is one that came before, of this very size, root and time. */
  private isKnown({ size, root, timeMs }: Believed): boolean {
    const known = this.checkpoints.at(this.checkpoints.firstAbove(size - 1));
    return known?.size === size && known.root.equals(root) && known.timeMs === timeMs;
  }

  /** Of a note that is no checkpoint, with lines of more for instance: whether the notary has signed it. */
  private isByOwnKey(text: string): boolean {
    try {
      return this.keys.signerOf(parseNote(text)) !== undefined;
    } catch {
      return false;
    }
  }

  private noteForeign(position: string, message: string): void {
    if (this.foreign < MAX_UNSIGNED) {
      this.notices.push(`foreign at ${position}, in a stream of the notary: ${message}`);
    }
    this.foreign += 1;
  }

  private noteUnsigned(code: Unsigned['code'], message: string, position: string): void {
    if (this.unsigned.length < MAX_UNSIGNED) this.unsigned.push({ code, message, position });
  }

  private takeCosignature({
    treeSize,
    cosignature,
    position,
  }: Extract<CheckpointLine, { kind: 'witnessed' }>): void {
    const index = this.checkpoints.firstAbove(treeSize - 1);
    const checkpoint = this.checkpoints.at(index);
    if (checkpoint?.size !== treeSize || this.origin === undefined) return;
    const { size, root, timeMs } = checkpoint;
    const time = new Date(timeMs).toISOString();
    const covered = { size, root, position: checkpoint.position, time, origin: this.origin };
    const line = signatureOf(cosignature);
    if (line) this.noteCosignature(checkpointText(covered), line, size, position);
    else this.findings.add('malformed', 'What should be a cosignature is none', { position });
  }

  private noteCosignature(
    text: string,
    line: NoteSignature,
    treeSize: number,
    position: string | null = null,
  ): void {
    const note: SignedNote = { text, signatures: [line] };
    for (const key of this.witnesses) {
      const verdict = verifyNote(note, key);
      if (!verdict.signed) {
        if (verdict.why === 'no-signature') continue;
        const message = `A cosignature of ${key.name} does not hold`;
        this.findings.add('wrong-key', message, { position });
      } else if (treeSize > this.seen.get(key.text)!.treeSize) {
        this.seen.set(key.text, { witness: key.text, treeSize, at: verdict.at ?? null });
      }
    }
  }
}

const signatureOf = (line: string): NoteSignature | undefined => {
  try {
    return parseSignature(line);
  } catch {
    return undefined;
  }
};

const hashOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
