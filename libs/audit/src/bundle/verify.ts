import { TreeHead } from '../transparency/merkle.js';
import type { VerifierKey } from '../transparency/signed-note.js';
import { BundleFile, MalformedBundle } from './bundle-file.js';
import { checkManifest, checkProofs, checkRange, checkStreams } from './claims.js';
import { Contents } from './contents.js';
import { Findings } from './findings.js';
import { HEAD_ENTRY, KEYS_ENTRY, type BundleHead, type CheckpointLine } from './format.js';
import { historyFindings, tailCut, type Evidence } from './history-verdict.js';
import { judgeInterference } from './judge-interference.js';
import { KeyChain } from './key-chain.js';
import { layoutOf, type SegmentEntries } from './layout.js';
import { LeafComparison } from './leaf-comparison.js';
import { LineCheck } from './line-check.js';
import { NotaryCheck, type KeptCheckpoint } from './notary-check.js';
import { NotaryListing } from './notary-listing.js';
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

class Verification {
  private readonly findings = new Findings();
  private readonly contents: Contents;
  private readonly tally = new Tally();
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
    const { findings, contents, tally } = this;
    const head = await contents.json(HEAD_ENTRY, headShape);
    const keyLines = (await contents.json(KEYS_ENTRY, keysShape)) ?? [];
    const keys = KeyChain.of(keyLines, this.trust.keys, findings);
    const notary = await this.believed(keys, head);
    const tree = this.startOf(head);
    const before = tree.size;
    const roots = new RootCheck(notary.checkpoints, tree);
    const own = new RootCheck(notary.kept(this.trust.checkpoints ?? []), tree);
    const comparison = new LeafComparison(notary.checkpoints);
    const lines = new LineCheck(tally, before === 0);
    const listing = new NotaryListing(keyLines, before, findings);
    const inclusion = { index: -1, leaf: undefined as Buffer | undefined };
    inclusion.index = (notary.checkpoints.at(notary.checkpoints.length - 1)?.size ?? 0) - 1;
    const check = new SegmentCheck(
      {
        lines,
        comparison,
        roots: [roots, own],
        onNotary: (record, position, index) => listing.pass(record, position, index),
        onLeaf: (index, leaf) => {
          if (index === inclusion.index) inclusion.leaf = leaf;
        },
      },
      tree,
    );
    await this.walk(check, listing);
    await this.judgeInterference();
    const seen = {
      tally,
      treeSize: tree.size,
      rootHash: tree.root().toString('base64'),
      head,
    };
    const listed = await checkStreams(this.file, contents, seen, findings);
    const evidence = {
      divergence: comparison.divergence,
      flaws: lines.flaws,
      listed,
      before,
      events: tree.size,
      firstPosition: tally.firstPosition,
      lastPosition: tally.lastPosition,
    };
    for (const finding of historyFindings({ ...evidence, roots })) {
      findings.add(finding.code, finding.message, finding);
    }
    const isAsSigned = !roots.contradiction && !comparison.divergence;
    this.judgeKept(own, { ...evidence, roots: own, isAsSigned });
    checkRange(seen, findings);
    await checkProofs(
      contents,
      notary.checkpoints,
      (index) => (index === inclusion.index ? inclusion.leaf : undefined),
      findings,
    );
    await checkManifest(this.file, contents, seen, findings);
    this.judgeCoverage(notary, roots, own);
    const agreed = largest(roots.agreed, own.agreed);
    const inOrder = findings.inOrder();
    return {
      verdict: inOrder.length === 0 ? 'whole' : 'not-whole',
      findings: inOrder,
      events: tally.events,
      streams: tally.streamCount,
      before,
      firstPosition: tally.firstPosition,
      lastPosition: tally.lastPosition,
      treeSize: seen.treeSize,
      rootHash: seen.rootHash,
      toEnd: head?.toEnd ?? false,
      madeAt: head?.madeAt ?? null,
      covered: agreed
        ? {
            events: agreed.size,
            position: agreed.position.toString(),
            time: new Date(agreed.timeMs).toISOString(),
          }
        : null,
      notCovered: seen.treeSize - (agreed?.size ?? before),
      checkpoints: notary.checkpoints.length,
      keys: keys.trusted.map(({ key }) => key),
      witnesses: notary.witnessed,
      notices: this.notices,
    };
  }

  /** What the notary signed, as far as its signatures hold. */
  private async believed(keys: KeyChain, head: BundleHead | undefined): Promise<NotaryCheck> {
    const notary = new NotaryCheck(keys, this.trust.witnesses ?? [], this.findings);
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
  private async walk(check: SegmentCheck, listing: NotaryListing): Promise<void> {
    const { contents, findings, tally } = this;
    for (const { position, events, leaves, checkpoints, interference } of this.segments) {
      if (!events) continue;
      const hashes = leaves ? await contents.bytes(leaves) : Buffer.alloc(0);
      const listed: CheckpointLine[] = [];
      if (checkpoints) {
        for await (const line of contents.lines(checkpoints, checkpointLineShape))
          listed.push(line);
      }
      listing.expect(listed);
      const passed = check.take(await contents.bytes(events), hashes);
      if (!passed.isWhole) findings.add('malformed', `${events.name} ends within a line`);
      if (!interference && passed.firstPosition !== position.toString()) {
        findings.add('manifest-mismatch', `${events.name} does not begin with that event`);
      }
      listing.endOfSegment();
      this.onEvents(tally.events);
    }
    listing.end();
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
  private judgeKept(own: RootCheck, evidence: Evidence & { readonly isAsSigned: boolean }): void {
    const { contradiction, agreed, beyond } = own;
    const { findings } = this;
    // A history that is not what its own checkpoints say is not another one that was signed.
    if (contradiction && evidence.isAsSigned) {
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

  private judgeCoverage(notary: NotaryCheck, roots: RootCheck, own: RootCheck): void {
    const { findings } = this;
    for (const { size, timeMs, position } of [...roots.tooEarly, ...own.tooEarly]) {
      const time = new Date(timeMs).toISOString();
      findings.add(
        'checkpoint-backdated',
        `The checkpoint of ${size} events is of ${time}, before the last of them was recorded`,
        { position: position.toString() },
      );
    }
    if (!roots.agreed && !own.agreed && findings.isEmpty) {
      findings.add('not-covered', 'No checkpoint of a key that is believed covers anything', {
        position: this.tally.firstPosition,
      });
    }
    for (const { witness, treeSize } of notary.witnessed) {
      if (treeSize === 0) findings.add('not-witnessed', `${witness} has cosigned no checkpoint`);
    }
  }
}

const largest = <T extends { readonly size: number }>(
  a: T | undefined,
  b: T | undefined,
): T | undefined => (!a || (b && b.size > a.size) ? b : a);
