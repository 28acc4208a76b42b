import type { Finding } from './findings.js';
import type { WitnessSeen } from './notary-check.js';

/** What a verifier says of a bundle. */
export interface Verdict {
  /** `whole-up-to`: nothing is wrong, and what is after the last checkpoint is proved by nothing. */
  readonly verdict: 'whole' | 'whole-up-to' | 'not-whole';
  /** The first one names the first bad position. */
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly streams: number;
  /** Number of events that are before the bundle, known by their tree alone. */
  readonly before: number;
  readonly firstPosition: string | null;
  readonly lastPosition: string | null;
  /** Of the tree over all events up to the last one of the bundle. */
  readonly treeSize: number;
  readonly rootHash: string;
  /** Whether the bundle is of all that was in the log when it was made. */
  readonly toEnd: boolean;
  readonly madeAt: string | null;
  /** The last checkpoint that holds; nothing is certain of what is after it. */
  readonly covered: {
    readonly events: number;
    readonly position: string;
    readonly time: string;
  } | null;
  readonly notCovered: number;
  /** Of those not covered, events that are not the notary's own. */
  readonly unproved: number;
  readonly checkpoints: number;
  readonly keys: readonly string[];
  readonly witnesses: readonly WitnessSeen[];
  /** What operators of the store did that changes nothing of the history. */
  readonly notices: readonly string[];
}

/** Of a bundle of which an entry is larger than any that is written. */
export const unreadable = (message: string): Verdict => ({
  verdict: 'not-whole',
  findings: [
    { code: 'malformed', position: null, index: null, stream: null, shownAt: null, message },
  ],
  events: 0,
  streams: 0,
  before: 0,
  firstPosition: null,
  lastPosition: null,
  treeSize: 0,
  rootHash: '',
  toEnd: false,
  madeAt: null,
  covered: null,
  notCovered: 0,
  unproved: 0,
  checkpoints: 0,
  keys: [],
  witnesses: [],
  notices: [],
});

const headline = ({ verdict, covered, unproved }: Verdict): string => {
  if (verdict === 'whole') return 'The history is whole';
  if (verdict === 'not-whole') return 'The history is NOT whole';
  const after = unproved === 1 ? '1 event after it is' : `${unproved} events after it are`;
  return `The history is whole up to position ${covered?.position}; ${after} proved by nothing`;
};

/** For people. */
export const verdictText = (verdict: Verdict): string[] => {
  const { findings, covered, events, streams, before, notCovered, witnesses } = verdict;
  const said = [
    headline(verdict),
    `  ${events} events of ${streams} streams, positions ${verdict.firstPosition ?? 'none'} to ` +
      `${verdict.lastPosition ?? 'none'}${before > 0 ? `, after ${before} that are left out` : ''}`,
    `  tree of ${verdict.treeSize} events, root ${verdict.rootHash}`,
    `  ${verdict.checkpoints} checkpoints signed by ${verdict.keys.length} keys`,
  ];
  if (covered) {
    said.push(
      `  covered by the checkpoint of ${covered.events} events, position ${covered.position}, ` +
        covered.time,
    );
  }
  said.push(`  ${notCovered} events at the end are not covered by a checkpoint`);
  for (const { witness, treeSize, at } of witnesses) {
    said.push(`  ${witness} has seen ${treeSize} events${at === null ? '' : ` at ${at}`}`);
  }
  said.push(...verdict.notices.map((notice) => `  note: ${notice}`));
  for (const { code, position, stream, shownAt, message } of findings) {
    const where = [
      ...(position === null ? [] : [`position ${position}`]),
      ...(stream === null ? [] : [stream]),
      ...(shownAt === null ? [] : [`seen at ${shownAt}`]),
    ];
    said.push('', `${code}${where.length > 0 ? `: ${where.join(', ')}` : ''}`, `  ${message}`);
  }
  return said;
};
