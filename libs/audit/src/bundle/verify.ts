import { TreeHead } from '../transparency/merkle.js';
import type { VerifierKey } from '../transparency/signed-note.js';
import { BundleFile, MalformedBundle } from './bundle-file.js';
import { checkManifest, checkProofs, checkRange, checkStreams } from './claims.js';
import { Contents, MAX_SEGMENT_BYTES } from './contents.js';
import { LEAVES_HELD_BACK } from './export-state.js';
import { Findings } from './findings.js';
import {
  HEAD_ENTRY,
  KEYS_ENTRY,
  SEGMENT_EVENTS,
  type BundleHead,
  type CheckpointLine,
  type KeyLine,
} from './format.js';
import { historyFindings, tailCut, type Evidence } from './history-verdict.js';
import { judgeInterference } from './judge-interference.js';
import { KeyChain } from './key-chain.js';
import { layoutOf, type SegmentEntries } from './layout.js';
import { LeafComparison } from './leaf-comparison.js';
import { LineCheck } from './line-check.js';
import { NotaryCheck, type KeptCheckpoint } from './notary-check.js';
import { NotaryListing } from './notary-listing.js';
import { NotaryRecords, originOf } from './notary-record.js';
import { RootCheck } from './root-check.js';
import { SegmentCheck, treeOf } from './segment-check.js';
import { checkpointLineShape, headShape, interferenceShape, keysShape } from './shapes.js';
import { Tally } from './tally.js';
import { unreadable, type Verdict } from './verdict.js';

/** What the auditor believes, and has from elsewhere than from the bundle. */
export interface Trust {
  readonly keys: readonly VerifierKey[];
  readonly checkpoints?: readonly KeptCheckpoint[];
  readonly witnesses?: readonly VerifierKey[];
}

/**
 * Verifies a bundle by itself: it asks no server, and believes nothing but the keys and the checkpoints that
 * are given. Reads the events once, and holds one segment of them and a small entry for each stream.
 * @throws where the file cannot be read.
 */
export const verifyBundle = async (
  path: string,
  trust: Trust,
  onEvents: (events: number) => void = () => undefined,
): Promise<Verdict> => {
  const file = await BundleFile.open(path);
  try {
    return await new Verification(file, trust, onEvents).run();
  } catch (error) {
    if (error instanceof MalformedBundle) return unreadable(error.message);
    // What is nested without end overflows the stack of whoever looks at it.
    if (error instanceof RangeError) return unreadable('An entry is nested too deeply');
    throw error;
  } finally {
    await file.close();
  }
};

/** Of events of others in streams of the notary so many are told. */
const MAX_FOREIGN = 20;

/** What came of reading all events. */
interface Walked {
  readonly tree: TreeHead;
  /** Number of events that are not in the bundle. */
  readonly before: number;
  /** By the checkpoints in the bundle, by those of the auditor, and by both. */
  readonly roots: RootCheck;
  readonly own: RootCheck;
  readonly all: RootCheck;
  /** Whether a checkpoint was recorded so late that an export had no proof of it. */
  readonly lacksProofs: boolean;
  readonly comparison: LeafComparison;
  readonly lines: LineCheck;
  leafAt(this: void, index: number): Buffer | undefined;
}

class Verification {
  private readonly findings = new Findings();
  private readonly contents: Contents;
  private readonly tally = new Tally({ listsStreams: false });
  private readonly notices: string[] = [];
  private readonly segments: readonly SegmentEntries[];

  constructor(
    private readonly file: BundleFile,
    private readonly trust: Trust,
    private readonly onEvents: (events: number) => void,
  ) {
    this.contents = new Contents(file, this.findings);
    if (file.fault) this.findings.breakOff(`${file.fault}, after byte ${file.end}`);
    this.segments = layoutOf(file.entries, this.findings);
  }

  async run(): Promise<Verdict> {
    const { findings, contents } = this;
    const head = await contents.json(HEAD_ENTRY, headShape);
    const keyLines = (await contents.json(KEYS_ENTRY, keysShape)) ?? [];
    const keys = KeyChain.of(keyLines, this.trust.keys, findings);
    const notary = await this.believed(keys, head);
    const walked = await this.walk(notary, keyLines, this.startOf(head));
    await this.judgeInterference();
    await this.judgeHistory(walked, head);
    notary.judgeUnsigned(largest(walked.roots.agreed, walked.own.agreed));
    await this.judgeProofs(notary, walked);
    notary.countKept(walked.own.agreed);
    this.judgeCoverage(notary, keys, walked);
    return this.verdict(head, notary, keys, walked);
  }

  private verdict(
    head: BundleHead | undefined,
    notary: NotaryCheck,
    keys: KeyChain,
    { tree, before, roots, own, all }: Walked,
  ): Verdict {
    const { tally } = this;
    const findings = this.findings.inOrder();
    const agreed = largest(roots.agreed, own.agreed);
    const unproved = all.behind;
    const sound = unproved === 0 ? 'whole' : 'whole-up-to';
    return {
      verdict: findings.length === 0 ? sound : 'not-whole',
      findings,
      events: tally.events,
      streams: tally.streamCount,
      before,
      firstPosition: tally.firstPosition,
      lastPosition: tally.lastPosition,
      treeSize: tree.size,
      rootHash: tree.root().toString('base64'),
      toEnd: head?.toEnd ?? false,
      madeAt: head?.madeAt ?? null,
      covered: agreed
        ? {
            events: agreed.size,
            position: agreed.position.toString(),
            time: new Date(agreed.timeMs).toISOString(),
          }
        : null,
      notCovered: tree.size - (agreed?.size ?? before),
      unproved,
      checkpoints: notary.checkpoints.length,
      keys: keys.trusted.map(({ key }) => key),
      witnesses: notary.witnessed,
      notices: this.notices,
    };
  }

  /** What the notary signed, as far as its signatures hold. */
  private async believed(keys: KeyChain, head: BundleHead | undefined): Promise<NotaryCheck> {
    const { findings, notices } = this;
    const notary = new NotaryCheck(keys, this.trust.witnesses ?? [], findings, notices);
    if (head?.before) notary.startFrom(head.before);
    for (const { checkpoints } of this.segments) {
      if (!checkpoints) continue;
      for await (const line of this.contents.lines(checkpoints, checkpointLineShape)) {
        notary.take(line);
      }
    }
    return notary;
  }

  private startOf(head: BundleHead | undefined): TreeHead {
    const { events = 0, subtrees = [] } = head?.before ?? {};
    const tree = treeOf(events, subtrees);
    if (tree) return tree;
    this.findings.add('malformed', 'The tree before the bundle is none of so many events');
    return new TreeHead();
  }

  /** Every event, in order. */
  private async walk(
    notary: NotaryCheck,
    keys: readonly KeyLine[],
    tree: TreeHead,
  ): Promise<Walked> {
    const before = tree.size;
    const { checkpoints } = notary;
    const kept = notary.kept(this.trust.checkpoints ?? [], before);
    const merged = checkpoints.mergedWith(kept);
    const roots = new RootCheck(checkpoints, tree);
    const own = new RootCheck(kept, tree);
    const all = new RootCheck(merged, tree);
    const comparison = new LeafComparison(merged);
    const lines = new LineCheck(this.tally, before === 0);
    const listing = new NotaryListing(keys, before, this.findings);
    // Of the last event covered, which the bundle proves to be in the tree.
    const proved = (checkpoints.at(checkpoints.length - 1)?.size ?? 0) - 1;
    let provedLeaf: Buffer | undefined;
    let lacksProofs = false;
    let foreign = 0;
    const [firstKey] = keys;
    const check = new SegmentCheck(
      {
        lines,
        comparison,
        roots: [roots, own, all],
        // In a part of a history the first key to come may be of another log.
        records:
          before > 0 && firstKey
            ? new NotaryRecords(
                keys.findLast(({ index }) => index < before)?.key,
                originOf(firstKey.key),
              )
            : new NotaryRecords(),
        onNotary: (record, position, index) => {
          listing.pass(record, position, index);
          if (record.kind === 'signed' && index - record.treeSize >= LEAVES_HELD_BACK - 1) {
            lacksProofs = true;
          }
        },
        onForeign: ({ stream, type, position }) => {
          if (foreign < MAX_FOREIGN) {
            this.notices.push(
              `foreign at ${position}, in ${stream}: ${type} is nothing of the notary`,
            );
          }
          foreign += 1;
        },
        onLeaf: (index, leaf) => {
          if (index === proved) provedLeaf = leaf;
        },
      },
      tree,
    );
    for (const segment of this.segments) await this.take(segment, check, listing);
    listing.end();
    const leafAt = (index: number): Buffer | undefined =>
      index === proved ? provedLeaf : undefined;
    return { tree, before, roots, own, all, lacksProofs, comparison, lines, leafAt };
  }

  private async take(
    { position, events, leaves, checkpoints, interference }: SegmentEntries,
    check: SegmentCheck,
    listing: NotaryListing,
  ): Promise<void> {
    if (!events) return;
    const { contents, findings, tally } = this;
    const hashes = leaves ? await contents.bytes(leaves) : Buffer.alloc(0);
    const listed: CheckpointLine[] = [];
    if (checkpoints) {
      if (checkpoints.size > MAX_SEGMENT_BYTES) {
        throw new MalformedBundle(`${checkpoints.name} is larger than any that is written`);
      }
      for await (const line of contents.lines(checkpoints, checkpointLineShape)) {
        if (listed.push(line) > SEGMENT_EVENTS) {
          throw new MalformedBundle(`${checkpoints.name} has more lines than a segment has events`);
        }
      }
    }
    listing.expect(listed);
    const { isWhole, firstPosition } = check.take(await contents.bytes(events), hashes);
    if (!isWhole) findings.add('malformed', `${events.name} ends within a line`);
    if (!interference && firstPosition !== null && firstPosition !== position.toString()) {
      findings.add('manifest-mismatch', `${events.name} does not begin with that event`);
    }
    listing.endOfSegment();
    this.onEvents(tally.events);
  }

  /** What lines, leaves and checkpoints say of each other, and what the bundle says of them. */
  private async judgeHistory(
    { tree, before, roots, own, all, comparison, lines }: Walked,
    head: BundleHead | undefined,
  ): Promise<void> {
    const { findings, contents, tally, file } = this;
    const seen = { tally, treeSize: tree.size, rootHash: tree.root().toString('base64'), head };
    const { divergence } = comparison;
    const evidence = {
      divergence,
      flaws: lines.flaws,
      listed: await checkStreams(file, contents, seen, findings),
      before,
      events: tree.size,
      firstPosition: tally.firstPosition,
      lastPosition: tally.lastPosition,
    };
    const isFork = isAnother(own, roots);
    for (const finding of historyFindings({
      ...evidence,
      roots: isFork ? roots : bounded(all, roots),
    })) {
      findings.add(finding.code, finding.message, finding);
    }
    this.judgeKept(own, { ...evidence, roots: own, isFork });
    checkRange(seen, findings);
    await checkManifest(file, contents, seen, findings);
  }

  private async judgeInterference(): Promise<void> {
    for (const { interference } of this.segments) {
      if (!interference) continue;
      for await (const line of this.contents.lines(interference, interferenceShape)) {
        judgeInterference(line, this.findings, this.notices);
      }
    }
  }

  /** Another history was signed than this one, or one that is longer. */
  private judgeKept(own: RootCheck, evidence: Evidence & { readonly isFork: boolean }): void {
    const { contradiction, agreed, beyond } = own;
    const { findings } = this;
    if (contradiction && evidence.isFork) {
      const { size, position } = contradiction.checkpoint;
      const [told] = historyFindings({ ...evidence, divergence: undefined, flaws: [], listed: [] });
      const since = agreed ? `they agree up to ${agreed.size} events` : 'no size is known to agree';
      findings.add(
        'fork',
        `The checkpoint of ${size} events (position ${position}) that you gave is of another history: ${since}`,
        { position: told?.position ?? null, index: told?.index ?? null },
      );
    }
    if (beyond) {
      const told = tailCut(beyond.size, evidence);
      findings.add('tail-cut', `${told.message}; you have it`, told);
    }
  }

  private async judgeProofs(notary: NotaryCheck, walked: Walked): Promise<void> {
    const { findings, contents } = this;
    // Which one is the last is not known where anything else is wrong.
    const isKnown = findings.isEmpty && !walked.lacksProofs;
    if (isKnown && notary.unproved !== undefined) {
      const message = 'There is no proof that the checkpoint goes on from the one before';
      findings.add('proof-wrong', message, { position: notary.unproved });
    }
    const last = isKnown ? notary.lastSigned : 'anyOther';
    const leafAt = (index: number) => walked.leafAt(index);
    await checkProofs(contents, notary.checkpoints, last, leafAt, findings);
  }

  private judgeCoverage(notary: NotaryCheck, keys: KeyChain, { roots, own }: Walked): void {
    const { findings } = this;
    const agreed = largest(roots.agreed, own.agreed);
    for (const { size, timeMs, position } of [...roots.tooEarly, ...own.tooEarly]) {
      const time = new Date(timeMs).toISOString();
      findings.add(
        'checkpoint-backdated',
        `The checkpoint of ${size} events is of ${time}, before the last of them was recorded`,
        { position: position.toString() },
      );
    }
    const position = this.tally.firstPosition;
    if (!agreed && findings.isEmpty) {
      const message = 'No checkpoint of a key that is believed covers anything';
      findings.add('not-covered', message, { position });
    }
    if (this.tally.events === 0 && findings.isEmpty) {
      findings.add('not-covered', 'There is no event in the bundle');
    }
    // Who has a key that was replaced can sign all that came before again.
    const isKept = agreed?.size === own.agreed?.size;
    if (agreed && !isKept && findings.isEmpty && !keys.inForce(agreed.size)?.isGivenOrLast) {
      const message = `The last checkpoint, of ${agreed.size} events, is signed by a key that was replaced, and that you did not give`;
      findings.add('not-covered', message, { position });
    }
    for (const { witness, treeSize } of notary.witnessed) {
      if (treeSize === 0) findings.add('not-witnessed', `${witness} has cosigned no checkpoint`);
    }
  }
}

/** Whether a checkpoint of the auditor is of another history than those of the bundle, which was signed too. */
const isAnother = ({ contradiction }: RootCheck, { agreed }: RootCheck): boolean =>
  contradiction !== undefined && (agreed?.size ?? -1) >= contradiction.checkpoint.size;

/** By all checkpoints; what only the auditor's say of events that did not come is said of them. */
const bounded = (all: RootCheck, { beyond }: RootCheck): Evidence['roots'] => {
  const { contradiction, agreed, suspect } = all;
  return { contradiction, agreed, suspect, beyond: contradiction ? undefined : beyond };
};

const largest = <T extends { readonly size: number }>(
  a: T | undefined,
  b: T | undefined,
): T | undefined => (!a || (b && b.size > a.size) ? b : a);
