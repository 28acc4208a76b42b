import type { BundleEntry } from './bundle-file.js';
import type { Findings } from './findings.js';
import {
  HEAD_ENTRY,
  KEYS_ENTRY,
  MANIFEST_ENTRY,
  PROOFS_ENTRY,
  SEGMENT_PARTS,
  segmentOf,
  STREAMS_ENTRY,
  type SegmentPart,
} from './format.js';

export type SegmentEntries = Readonly<Partial<Record<SegmentPart, BundleEntry>>> & {
  readonly position: bigint;
};

const SCHEMA = /^schemas\/[A-Za-z0-9._-]+\.json$/;
const PARTS = Object.keys(SEGMENT_PARTS) as readonly SegmentPart[];

/** The segments of a bundle; what is in no place where it belongs is a finding. */
export const layoutOf = (
  entries: readonly BundleEntry[],
  findings: Findings,
): readonly SegmentEntries[] => {
  const segments: { position: bigint; entries: Partial<Record<SegmentPart, BundleEntry>> }[] = [];
  const order: string[] = [];
  for (const entry of entries) {
    const found = segmentOf(entry.name);
    if (!found) {
      order.push(SCHEMA.test(entry.name) ? 'schemas' : entry.name);
      continue;
    }
    order.push('segments');
    const { part, position } = found;
    const last = segments.at(-1);
    if (last?.position === position) {
      const before = PARTS.filter((one) => last.entries[one]).at(-1)!;
      if (PARTS.indexOf(part) < PARTS.indexOf(before)) misplaced(entry, findings);
      last.entries[part] = entry;
    } else {
      if (last && position < last.position) misplaced(entry, findings);
      segments.push({ position, entries: { [part]: entry } });
    }
  }
  for (const { position, entries: parts } of segments) {
    if (!parts.events || !parts.leaves) {
      findings.add(
        'malformed',
        `The segment of position ${position} has not both events and leaves`,
      );
    }
  }
  const runs = order.filter((name, n) => name !== order[n - 1]).join(' ');
  if (!ORDER.test(runs))
    findings.add('malformed', `The bundle does not consist of its parts: ${runs.slice(0, 500)}`);
  return segments.map(({ position, entries: parts }) => ({ position, ...parts }));
};

const escaped = (name: string): string => name.replaceAll('.', '\\.');
const ORDER = new RegExp(
  `^${escaped(HEAD_ENTRY)}( segments)?( schemas)? ` +
    `${[STREAMS_ENTRY, KEYS_ENTRY, PROOFS_ENTRY, MANIFEST_ENTRY].map(escaped).join(' ')}$`,
);

const misplaced = ({ name }: BundleEntry, findings: Findings): void =>
  findings.add('malformed', `${name} is not in its place`);
