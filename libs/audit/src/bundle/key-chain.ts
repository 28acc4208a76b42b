import { parseRotation } from '../transparency/key-rotation.js';
import {
  MalformedNote,
  parseVerifierKey,
  verifyNote,
  type SignedNote,
  type VerifierKey,
} from '../transparency/signed-note.js';
import type { Findings } from './findings.js';
import type { KeyLine } from './format.js';

/** A checkpoint of the old key may be under way while a statement that ends it is made and recorded. */
const LATEST_AFTER_ROTATION_MS = 24 * 60 * 60 * 1_000;

interface Link {
  readonly line: KeyLine;
  readonly key: VerifierKey;
  trusted: boolean;
  /** Given by the auditor himself. */
  readonly given: boolean;
  /** Of the statement by which the key after it came, if it is tied to that; milliseconds since the epoch. */
  replacedMs: number | undefined;
}

/** A key, and whether more is known of it than that a later key believed it. */
export interface Signer {
  readonly key: VerifierKey;
  /** Given by the auditor, or the last there is: nobody who only has an older one can sign with it. */
  readonly isGivenOrLast: boolean;
  /** What it signs after this was signed when it had been replaced. */
  readonly untilMs: number;
}

/**
 * The keys of the notary as far as they can be believed: those that the auditor gave, and all that are tied to
 * one of them by changes which both keys have signed.
 */
export class KeyChain {
  private constructor(private readonly links: readonly Link[]) {}

  static of(
    lines: readonly KeyLine[],
    given: readonly VerifierKey[],
    findings: Findings,
  ): KeyChain {
    const links: Link[] = [];
    for (const line of lines) {
      const key = keyOf(line.key);
      if (!key) findings.add('malformed', 'A key of the notary is no verifier key', line);
      else if (links.length > 0 && line.index <= links.at(-1)!.line.index) {
        findings.add('malformed', 'The keys are not in the order of the log', line);
      } else {
        const isGiven = given.some(({ text }) => text === key.text);
        links.push({ line, key, trusted: isGiven, given: isGiven, replacedMs: undefined });
      }
    }
    const chain = new KeyChain(links);
    chain.spread();
    chain.judge(given, findings);
    return chain;
  }

  /** The key that a checkpoint of so many events is to be signed with. */
  inForce(treeSize: number): Signer | undefined {
    let [low, high] = [0, this.links.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.links[middle]!.line.index < treeSize) low = middle + 1;
      else high = middle;
    }
    return this.signerAt(low - 1);
  }

  /** The one of the keys that are believed which has signed. */
  signerOf(note: SignedNote): Signer | undefined {
    return this.signerAt(
      this.links.findIndex(({ key, trusted }) => trusted && verifyNote(note, key).signed),
    );
  }

  get trusted(): readonly KeyLine[] {
    return this.links.filter(({ trusted }) => trusted).map(({ line }) => line);
  }

  private signerAt(index: number): Signer | undefined {
    const link = this.links[index];
    if (!link?.trusted) return undefined;
    const { key, given, replacedMs } = link;
    return {
      key,
      isGivenOrLast: given || index === this.links.length - 1,
      untilMs: (replacedMs ?? Infinity) + LATEST_AFTER_ROTATION_MS,
    };
  }

  private spread(): void {
    const tied = this.links.map((link, n) => {
      const before = this.links[n - 1];
      if (before) before.replacedMs = tiedAt(before.line, link.line);
      return before?.replacedMs !== undefined;
    });
    for (let n = 1; n < this.links.length; n += 1) {
      if (tied[n] && this.links[n - 1]!.trusted) this.links[n]!.trusted = true;
    }
    for (let n = this.links.length - 1; n > 0; n -= 1) {
      if (tied[n] && this.links[n]!.trusted) this.links[n - 1]!.trusted = true;
    }
  }

  private judge(given: readonly VerifierKey[], findings: Findings): void {
    for (const { line } of this.links.filter(({ trusted }) => !trusted)) {
      findings.add(
        'wrong-key',
        `The key ${line.key} came into force without being tied to one of the keys that you gave by ` +
          'the signatures of both',
        { position: line.position },
      );
    }
    const unknown = given.filter(({ text }) => !this.links.some(({ key }) => key.text === text));
    const position = this.links[0]?.line.position ?? null;
    for (const { text } of unknown) {
      findings.add('wrong-key', `The key ${text} was never in force in this history`, { position });
    }
  }
}

/** When the statement was made that ties the one key to the other; undefined where none does. */
const tiedAt = (before: KeyLine, after: KeyLine): number | undefined => {
  if (after.statement === null) return undefined;
  try {
    const { from, to, time, signedBy } = parseRotation(after.statement);
    const areTied =
      from === before.key && to === after.key && signedBy.includes(from) && signedBy.includes(to);
    const timeMs = Date.parse(time);
    return areTied && !Number.isNaN(timeMs) ? timeMs : undefined;
  } catch (error) {
    if (error instanceof MalformedNote) return undefined;
    throw error;
  }
};

const keyOf = (text: string): VerifierKey | undefined => {
  try {
    const key = parseVerifierKey(text);
    return key.text === text && key.kind === 'ed25519' ? key : undefined;
  } catch {
    // Bytes that are no point of the curve are refused by the engine, in its own words.
    return undefined;
  }
};
