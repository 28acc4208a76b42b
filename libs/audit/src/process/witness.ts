import { consistencyPath } from '../transparency/merkle.js';
import {
  MalformedNote,
  parseNote,
  parseSignature,
  parseVerifierKey,
  verifyNote,
  type NoteSignature,
  type VerifierKey,
} from '../transparency/signed-note.js';
import { rangeHashes, type TileSource } from '../transparency/tiles.js';

// Who asks a witness to sign a checkpoint. Source: https://c2sp.org/tlog-witness.

/** How a witness is reached, and its key; written `<url> <verifier key>`. */
export interface WitnessSettings {
  readonly url: string;
  /** Verifier key of the kind for cosignatures. */
  readonly verifierKey: string;
}

/** The witness knows of a history that this one does not go on from. */
export class WitnessDisagrees extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'WitnessDisagrees';
  }
}

const ANSWER_WITHIN_MS = 10_000;
const MAX_ANSWER_CHARACTERS = 64 * 1024;

export class Witness {
  readonly key: VerifierKey;

  /** @throws MalformedNote */
  constructor(private readonly settings: WitnessSettings) {
    this.key = parseVerifierKey(settings.verifierKey);
    if (this.key.kind !== 'cosignature') {
      throw new MalformedNote(`The key of ${this.key.name} is not one of a witness`);
    }
  }

  /**
   * Its cosignature, a line to put below the note.
   * @param seen size of the tree that it saw last, as far as is known; it says so where it is another.
   * @throws WitnessDisagrees; anything else may pass.
   */
  async cosign(
    { size, note }: { readonly size: number; readonly note: string },
    seen: number,
    tiles: TileSource,
    signal: AbortSignal,
  ): Promise<string> {
    const first = await this.add(note, seen, size, tiles, signal);
    const known = first.status === 409 ? sizeOf(first.text) : undefined;
    if (known === undefined) return this.lineOf(first, note);
    if (known > size) {
      throw new WitnessDisagrees(`${this.key.name} saw a tree of ${known} events, not of ${size}`);
    }
    return this.lineOf(await this.add(note, known, size, tiles, signal), note);
  }

  private async add(
    note: string,
    old: number,
    size: number,
    tiles: TileSource,
    signal: AbortSignal,
  ): Promise<Answer> {
    const proof = old > 0 && old < size ? await rangeHashes(consistencyPath(old, size), tiles) : [];
    const lines = proof.map((hash) => `${hash.toString('base64')}\n`);
    const answer = await fetch(`${this.settings.url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: `old ${old}\n${lines.join('')}\n${note}`,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    const text = await answer.text();
    if (text.length > MAX_ANSWER_CHARACTERS) throw new Error(`${this.key.name} said too much`);
    return { status: answer.status, text };
  }

  private lineOf({ status, text }: Answer, note: string): string {
    if (status === 409 || status === 422) {
      throw new WitnessDisagrees(
        `${this.key.name} does not find that this history goes on from the one it saw (${status})`,
      );
    }
    if (status !== 200) throw new Error(`${this.key.name} answered with ${status}`);
    const own = text
      .split('\n')
      .flatMap((line) => signatureIn(line))
      .find((signature) => {
        const { text: signed } = parseNote(note);
        return verifyNote({ text: signed, signatures: [signature] }, this.key).signed;
      });
    if (!own) throw new Error(`${this.key.name} answered without a cosignature that holds`);
    return own.line;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const sizeOf = (text: string): number | undefined =>
  /^\d{1,15}\n$/.test(text) ? Number(text) : undefined;

const signatureIn = (line: string): NoteSignature[] => {
  try {
    return [parseSignature(line)];
  } catch (error) {
    if (error instanceof MalformedNote) return [];
    throw error;
  }
};
