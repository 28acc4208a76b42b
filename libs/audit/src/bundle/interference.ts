import type { RecordedEvent } from '@hostledger/eventsourcing';
import { isSystem, type Interference, type InterferenceKind } from './format.js';

/** Keys of a stream's metadata by which its readers are not given all events. */
const HIDING = ['$maxCount', '$maxAge', '$tb'];
/** Of users; what else is in their records are secrets, or derived from them. */
const OF_USERS = ['loginName', 'fullName', 'groups', 'disabled'];

/** What a record of the store's own streams does to the history of the domain; undefined of all others. */
export const interferenceOf = (event: RecordedEvent): Interference | undefined => {
  const { stream, type } = event;
  if (type === '$metadata' && stream.startsWith('$$')) {
    const about = stream.slice(2);
    const detail = detailOf(event.data);
    if (isSystem(about)) {
      const matters = ['$all', '$settings', '$users'].includes(about);
      return matters ? told(event, 'settings', about, detail) : undefined;
    }
    const hides = HIDING.some((key) => key in detail);
    return told(event, hides ? 'hides' : 'metadata', about, detail);
  }
  if (type === '$streamDeleted' && !isSystem(stream)) return told(event, 'deletes', stream, {});
  if (stream === '$settings') return told(event, 'settings', null, detailOf(event.data));
  if (stream.startsWith('$scavenges')) {
    return told(event, 'scavenge', null, { type, ...plain(detailOf(event.data)) });
  }
  if (stream === '$users' || stream.startsWith('$user-')) {
    const known = Object.entries(detailOf(event.data)).filter(([key]) => OF_USERS.includes(key));
    return told(event, 'users', null, { type, ...Object.fromEntries(known) });
  }
  return undefined;
};

const told = (
  { position, recordedAt, stream }: RecordedEvent,
  kind: InterferenceKind,
  about: string | null,
  detail: Record<string, unknown>,
): Interference => ({
  position: position.toString(),
  recordedAt,
  stream,
  about,
  kind,
  detail,
});

const detailOf = (data: unknown): Record<string, unknown> =>
  typeof data === 'object' && data !== null && !(data instanceof Uint8Array)
    ? (data as Record<string, unknown>)
    : {};

const plain = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => typeof value !== 'object'));
