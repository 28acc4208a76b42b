import type { SystemEvent } from '@hostledger/eventsourcing/eventstoredb';
import type { SystemChangeView } from './completeness-views.js';

/** What metadata of a stream can do to what is seen of it. */
const MEANINGS: readonly (readonly [string, string])[] = [
  ['$tb', 'events before a revision are no longer read and may be removed'],
  ['$maxCount', 'all but the last events are no longer read and may be removed'],
  ['$maxAge', 'events older than so many seconds are no longer read and may be removed'],
  ['$acl', 'who may read and write the stream is another'],
];
/** Number.MAX_SAFE_INTEGER and more: everything there is, which is how a stream is deleted softly. */
const ALL = 2 ** 53 - 1;

export const systemChangeView = ({
  position,
  type,
  stream,
  recordedAt,
  data,
}: SystemEvent): SystemChangeView => ({
  position: position.toString(),
  ...{ type, stream, recordedAt },
  meaning: meaningOf(type, stream, data),
  data: (typeof data === 'string' ? data : (JSON.stringify(data) ?? '')).slice(0, MAX_DATA),
});

const MAX_DATA = 2_000;

const meaningOf = (type: string, stream: string, data: unknown): string => {
  if (type === '$streamDeleted') return 'The stream was ended for ever, and nothing of it is read';
  if (type === '$metadata' || type === '$>metadata') {
    const of = stream.startsWith('$$') ? stream.slice(2) : stream;
    const told = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
    if (Number(told['$tb']) >= ALL)
      return `${of}: the stream was deleted, and nothing of it is read`;
    const effects = MEANINGS.filter(([key]) => Object.hasOwn(told, key)).map(([, what]) => what);
    return `${of}: ${effects.length > 0 ? effects.join('; ') : 'its metadata changed, which hides nothing'}`;
  }
  if (type.startsWith('$User') || type === '$PasswordChanged') return 'A user of the store changed';
  if (/settings/i.test(type)) return 'Settings of the store changed';
  return 'Written by the store';
};
