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

interface Link {
  readonly line: KeyLine;
  readonly key: VerifierKey;
  trusted: boolean;
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
      if (key) links.push({ line, key, trusted: given.some(({ text }) => text === key.text) });
      else findings.add('malformed', 'A key of the notary is no verifier key', line);
    }
    const chain = new KeyChain(links);
    chain.spread();
    chain.judge(given, findings);
    return chain;
  }

  /** The key that a checkpoint of so many events is to be signed with. */
  inForce(treeSize: number): VerifierKey | undefined {
    const link = this.links.findLast(({ line }) => line.index < treeSize);
    return link?.trusted ? link.key : undefined;
  }

  /** Whether any of the keys that are believed has signed. */
  anySigned(note: SignedNote): boolean {
    return this.links.some(({ key, trusted }) => trusted && verifyNote(note, key).signed);
  }

  get trusted(): readonly KeyLine[] {
    return this.links.filter(({ trusted }) => trusted).map(({ line }) => line);
  }

  private spread(): void {
    const tied = this.links.map((link, n) => n > 0 && areTied(this.links[n - 1]!.line, link.line));
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

const areTied = (before: KeyLine, after: KeyLine): boolean => {
  if (after.statement === null) return false;
  try {
    const { from, to, signedBy } = parseRotation(after.statement);
    return (
      from === before.key && to === after.key && signedBy.includes(from) && signedBy.includes(to)
    );
  } catch (error) {
    if (error instanceof MalformedNote) return false;
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
