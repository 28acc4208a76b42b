import type { Divergence } from './leaf-comparison.js';
import type { Flaw } from './line-check.js';
import type { Finding, FindingCode } from './findings.js';
import type { Contradiction, RootCheck } from './root-check.js';

/** A stream that the bundle lists otherwise than its events say. */
export interface ListedStream {
  readonly stream: string;
  readonly firstPosition: string;
  readonly missing: number;
  /** Whether none of its events is there. */
  readonly isWholly: boolean;
}

/** All that speaks about the events themselves. */
export interface Evidence {
  readonly divergence: Divergence | undefined;
  readonly flaws: readonly Flaw[];
  readonly roots: Pick<RootCheck, 'contradiction' | 'agreed' | 'beyond' | 'suspect'>;
  readonly listed: readonly ListedStream[];
  /** Number of those before the bundle, and with those in it. */
  readonly before: number;
  readonly events: number;
  readonly firstPosition: string | null;
  readonly lastPosition: string | null;
}

/** How a history differs from the one that was signed; the explanation that the remaining bytes support best. */
export const historyFindings = (evidence: Evidence): Finding[] => {
  const { divergence, roots, flaws } = evidence;
  const { contradiction } = roots;
  // Where the events are as signed, it is the leaves that are not.
  const agreed = roots.agreed?.size ?? 0;
  if (divergence && agreed > divergence.index) {
    return [leavesChanged(divergence), ...flaws.map(asRecorded)];
  }
  // Lines and leaves may have been changed alike long before they go apart.
  const isEarlier = contradiction && contradiction.checkpoint.size <= (divergence?.index ?? 0);
  if (divergence && !isEarlier) return [byLeaves(divergence, evidence)];
  if (contradiction) return [byCheckpoint(contradiction, evidence)];
  const covered = flaws.filter(({ index }) => index < agreed).map(asRecorded);
  const after = flaws.filter(({ index }) => index >= agreed);
  const findings = [...covered];
  if (after.length > 0) findings.push(uncovered(after, evidence));
  if (roots.beyond) findings.push(tailCut(roots.beyond.size, evidence));
  return findings;
};

/** The first event that no checkpoint vouches for. */
const suspectOf = ({ roots, before, lastPosition }: Evidence) => ({
  index: roots.agreed?.size ?? before,
  position: roots.suspect?.toString() ?? lastPosition,
});

const leavesChanged = ({ at, index }: Divergence): Finding => ({
  code: 'manifest-mismatch',
  position: at?.position ?? null,
  index,
  stream: null,
  shownAt: null,
  message: 'The leaves in the bundle are not those of its events, which are as they were signed',
});

const asRecorded = ({ code, position, index, stream, message }: Flaw): Finding => ({
  code,
  position,
  index,
  stream,
  shownAt: null,
  message: `${message}, and so it was signed`,
});

/** The leaves name the place. */
const byLeaves = (divergence: Divergence, evidence: Evidence): Finding => {
  const { at, index, leavesAreSigned } = divergence;
  const position = at ? at.position : evidence.lastPosition;
  const told = dropKind(divergence.code, evidence) ?? {
    code: divergence.code,
    stream: at?.stream ?? null,
    what: wordsOf(divergence),
  };
  const redacted = evidence.flaws.find((flaw) => flaw.code === 'redacted' && flaw.index === index);
  const { code, stream, what } =
    redacted && divergence.code === 'byte-flipped'
      ? { code: redacted.code, stream: redacted.stream, what: redacted.message }
      : told;
  const { contradiction } = evidence.roots;
  // Neither lines nor leaves are what was signed: the change may have begun before they go apart.
  if (leavesAreSigned !== true && contradiction) {
    return {
      code,
      ...suspectOf(evidence),
      stream,
      shownAt: position,
      message: `${what}; the leaves beside the events were changed too. ${certain(contradiction, evidence)}`,
    };
  }
  const sure = leavesAreSigned
    ? 'the leaves beside the events, which are as signed, name the place'
    : 'no checkpoint covers it yet, but the leaves beside the events say otherwise';
  return { code, position, index, stream, shownAt: null, message: `${what}: ${sure}` };
};

const wordsOf = ({ code, count }: Divergence): string => {
  switch (code) {
    case 'event-dropped':
      return `${events(count)} missing before this one`;
    case 'event-inserted':
      return `${events(count)} here that ${count === 1 ? 'does' : 'do'} not belong here`;
    case 'reordered':
      return 'The event is here in the place of another, which comes later';
    case 'tail-cut':
      return `${events(count)} missing after the last one`;
    default:
      return 'The event is not the one that was recorded';
  }
};

const events = (count: number): string => (count === 1 ? 'One event is' : `${count} events are`);

/** The roots name two checkpoints between which it is; what the lines say by themselves tells more. */
const byCheckpoint = (contradiction: Contradiction, evidence: Evidence): Finding => {
  const { surplus, checkpoint, agreed } = contradiction;
  const within = evidence.flaws.filter(({ index }) => index >= (agreed?.size ?? 0));
  const byCount: FindingCode =
    surplus < 0 ? 'event-dropped' : surplus > 0 ? 'event-inserted' : 'byte-flipped';
  const fits: readonly FindingCode[] =
    surplus < 0
      ? ['stream-truncated', 'event-dropped']
      : surplus > 0
        ? ['event-inserted', 'malformed']
        : ['redacted', 'reordered'];
  const flaw = within.find(({ code }) => fits.includes(code));
  const dropped = flaw ? undefined : dropKind(byCount, evidence);
  const [shown] = flaw ? [flaw] : within;
  const what =
    dropped?.what ??
    flaw?.message ??
    (surplus === 0
      ? 'An event is not the one that was signed'
      : `${events(Math.abs(surplus))} ${surplus < 0 ? 'missing' : 'too many'}`);
  return {
    code: dropped?.code ?? (flaw?.code === 'malformed' ? byCount : (flaw?.code ?? byCount)),
    ...suspectOf(evidence),
    stream: dropped?.stream ?? flaw?.stream ?? null,
    shownAt: shown?.position ?? null,
    message: `${what}. ${certain({ checkpoint, agreed, surplus }, evidence)}`,
  };
};

const certain = ({ checkpoint, agreed }: Contradiction, evidence: Evidence): string => {
  const from = agreed
    ? `after the checkpoint of ${agreed.size} events (position ${agreed.position}), which holds`
    : `at the beginning (position ${evidence.firstPosition})`;
  return `Certain is that it is ${from}, and up to that of ${checkpoint.size} (position ${checkpoint.position})`;
};

/** Behind the last checkpoint only the lines themselves speak. */
const uncovered = (flaws: readonly Flaw[], evidence: Evidence): Finding => {
  const [{ code, stream, position, message }] = flaws as [Flaw];
  return {
    code,
    ...suspectOf(evidence),
    stream,
    shownAt: position,
    message: `${message}; no checkpoint covers it, so nothing after the last one is certain`,
  };
};

export const tailCut = (
  size: number,
  { lastPosition, events }: Pick<Evidence, 'lastPosition' | 'events'>,
): Finding => ({
  code: 'tail-cut',
  position: lastPosition,
  index: events,
  stream: null,
  shownAt: null,
  message: `A checkpoint of ${size} events was signed, of which the last ones are missing`,
});

interface Kind {
  readonly code: FindingCode;
  readonly stream: string | null;
  readonly what: string;
}

/** Whether what is missing is part of a stream, its beginning, or all of it. */
const dropKind = (code: FindingCode, { flaws, listed }: Evidence): Kind | undefined => {
  if (code !== 'event-dropped') return undefined;
  const wholly = listed.filter(({ isWholly }) => isWholly);
  if (wholly.length > 0) {
    const names = wholly.slice(0, 5).map(({ stream }) => stream);
    const more = wholly.length > 5 ? ` and ${wholly.length - 5} more` : '';
    const what = `All events of ${names.join(', ')}${more} are missing`;
    return { code: 'stream-missing', stream: names[0]!, what };
  }
  const cut = flaws.find((flaw) => flaw.code === 'stream-truncated');
  if (cut) return { code: 'stream-truncated', stream: cut.stream, what: cut.message };
  const gap = flaws.find((flaw) => flaw.code === 'event-dropped');
  if (gap) return { code, stream: gap.stream, what: gap.message };
  const shorter = listed[0];
  if (shorter) {
    const { stream, missing } = shorter;
    return { code, stream, what: `Of ${stream} the last ${missing} events are missing` };
  }
  return {
    code: 'stream-missing',
    stream: null,
    what: 'Events are missing, and no stream that is left has a gap: all of a stream, or its end',
  };
};
