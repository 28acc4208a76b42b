import type { EventLog, StoredEvent } from './log.js';

/** What may be done to a stream; the names are those of access control lists. */
export type Act = '$r' | '$w' | '$d' | '$mr' | '$mw';

/** A user's own name is a role as well. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly string[];
}

type Acl = Partial<Readonly<Record<Act, string | readonly string[]>>>;

const EVERYBODY = '$all';
const ADMINS = '$admins';
/** The server's own defaults: users may do everything with what is no system stream. */
const DEFAULTS = {
  user: { $r: EVERYBODY, $w: EVERYBODY, $d: EVERYBODY, $mr: EVERYBODY, $mw: EVERYBODY },
  system: { $r: ADMINS, $w: ADMINS, $d: ADMINS, $mr: ADMINS, $mw: ADMINS },
} as const satisfies Readonly<Record<string, Acl>>;

/**
 * Whether a caller may do that: by the list in the stream's metadata, else by the default in
 * `$settings`, else by the server's own, entry by entry. Administrators may do everything but write
 * to `$all`, which nobody may.
 *
 * @param stream `$all` for the whole log.
 * @param caller nobody in particular when undefined: has no access, whatever the lists say.
 */
export const isAllowed = (
  log: Pick<EventLog, 'readStream'>,
  caller: Caller | undefined,
  act: Act,
  stream: string,
): boolean => {
  if (stream.startsWith('$$')) {
    if (act === '$d') return false;
    return isAllowed(log, caller, act === '$r' ? '$mr' : '$mw', stream.slice(2));
  }
  if (!caller || (stream === '$all' && (act === '$w' || act === '$d'))) return false;
  if (caller.roles.includes(ADMINS)) return true;
  const kind = stream.startsWith('$') ? 'system' : 'user';
  const own = asRecord(lastOf(log, `$$${stream}`)['$acl']) as Acl;
  const settings = lastOf(log, '$settings');
  const general = asRecord(settings[`$${kind}StreamAcl`]) as Acl;
  const roles = [own[act] ?? general[act] ?? DEFAULTS[kind][act]].flat();
  return roles.some(
    (role) => role === EVERYBODY || role === caller.name || caller.roles.includes(role),
  );
};

/** Data of the last event of a stream; nothing where there is none or it is no object. */
const lastOf = (log: Pick<EventLog, 'readStream'>, stream: string): Record<string, unknown> => {
  const page = log.readStream(stream, Number.MAX_SAFE_INTEGER, 'backwards', 1);
  return typeof page === 'string' ? {} : dataOf(page.events[0]);
};

export const dataOf = (event: StoredEvent | undefined): Record<string, unknown> => {
  try {
    return asRecord(JSON.parse(Buffer.from(event?.data ?? []).toString('utf8')));
  } catch {
    return {};
  }
};

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
