import { parseCheckpoint, type SignedCheckpoint } from '../transparency/checkpoint.js';
import { parseVerifierKey, verifyNote } from '../transparency/signed-note.js';
import type { LogTree } from './log-tree.js';
import type { PublishPlace } from './publishing.js';

/** It is not known what is published, so that nothing is signed that might contradict it. */
export class PublishedUnknown extends Error {
  constructor(place: string, cause: unknown) {
    super(`It cannot be seen what was published last: ${place}: ${(cause as Error).message}`, {
      cause,
    });
    this.name = 'PublishedUnknown';
  }
}

/**
 * Before the first signature of a life: what was published last is a beginning of this log. Tables and
 * log may both have been restored from one backup, or lost, and then only the place outside knows of
 * what was signed since.
 */
export class PublishedCheck {
  /** What is there and is no checkpoint of a log of this name; told, and nothing else follows from it. */
  odd: string | undefined;
  private heldFor: LogTree | undefined;

  constructor(
    private readonly place: PublishPlace,
    private readonly origin: string,
  ) {}

  /**
   * Whether it may be signed; where not, the log has to come along first.
   * @throws LogReplaced when it is not of this log, and nobody has accepted that; PublishedUnknown.
   */
  async allows(tree: LogTree, signal: AbortSignal): Promise<boolean> {
    if (this.heldFor === tree) return true;
    const note = await this.place.latest(signal).catch((error: unknown) => {
      throw signal.aborted ? error : new PublishedUnknown(this.place.name, error);
    });
    const published = note === undefined ? undefined : checkpointOf(note);
    this.odd =
      note !== undefined && published?.origin !== this.origin
        ? `The latest of ${this.place.name} is no checkpoint of ${this.origin}`
        : undefined;
    if (note === undefined || !published || this.odd !== undefined) {
      await tree.holdPublished(null, undefined);
    } else {
      const { size } = published;
      // The notary before this one may have signed and published a moment ago.
      if (size > tree.size && (await tree.isBehind())) return false;
      await tree.holdPublished(note, await this.faultOf(published, tree));
    }
    this.heldFor = tree;
    return true;
  }

  private async faultOf(
    { size, root, note }: SignedCheckpoint,
    tree: LogTree,
  ): Promise<string | undefined> {
    const isBeyond = size > tree.size;
    if (!isBeyond && (await tree.root(size)).equals(root)) return undefined;
    const keys = tree.chain.keys.map(({ key }) => parseVerifierKey(key));
    const isKnown = keys.some((key) => verifyNote(note, key).signed);
    const by = isKnown ? '' : ', by a key that this log does not know,';
    const but = isBeyond ? `has ${tree.size}` : 'is another one up to there';
    return `A checkpoint of ${size} events was published${by} to ${this.place.name}, but the log ${but}`;
  }
}

const checkpointOf = (note: string): SignedCheckpoint | undefined => {
  try {
    return parseCheckpoint(note);
  } catch {
    return undefined;
  }
};
