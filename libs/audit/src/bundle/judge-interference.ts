import type { Findings } from './findings.js';
import type { Interference } from './format.js';

/** Puts what was done to streams among the findings, and what only operators' work is among the notices. */
export const judgeInterference = (
  { kind, position, about, stream, recordedAt, detail }: Interference,
  findings: Findings,
  notices: string[],
): void => {
  const at = { position, stream: about };
  const said = JSON.stringify(detail).slice(0, 300);
  switch (kind) {
    case 'hides':
      return findings.add(
        'stream-truncated',
        `Metadata hides events of ${about} from its readers: ${said}`,
        at,
      );
    case 'deletes':
      return findings.add('stream-deleted', `The stream ${about} was deleted for ever`, at);
    case 'metadata':
      return findings.add('metadata-changed', `Metadata of ${about} was set: ${said}`, at);
    case 'settings':
    case 'scavenge':
    case 'users':
      if (notices.length < MAX_NOTICES) {
        notices.push(`${kind} at ${position}, ${recordedAt}, in ${about ?? stream}: ${said}`);
      }
  }
};

const MAX_NOTICES = 100;
