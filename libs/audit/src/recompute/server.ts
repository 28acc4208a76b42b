import type { Json } from '@hostledger/eventsourcing';

// The other side of a comparison: the routes for auditors of a running system.

export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

const ANSWER_WITHIN_MS = 60_000;

/** Of a state that was not there at that moment. */
const NOT_THERE = new Set(['audit/stream-unknown', 'audit/not-known-then']);

/** The state of a stream as known at a position; undefined where there was none. */
export const stateAsKnown = async (
  server: Server,
  stream: string,
  position: bigint,
): Promise<Json | undefined> => {
  const path = `/v1/audit/as-of/${encodeURIComponent(stream)}?knownAt=${position}`;
  const { status, body } = await get(server, path);
  if (status === 200) return body.state;
  if (NOT_THERE.has(body.code ?? '')) return undefined;
  throw refused(server, status, body);
};

/** A row of a read model as it is now; null where there is none. @param from the position it is to have reached. */
export const presentRow = async (
  server: Server,
  table: string,
  key: Readonly<Record<string, string>>,
  from: bigint,
): Promise<{ readonly value: Json; readonly position: bigint }> => {
  const parameters = new URLSearchParams(
    Object.entries(key).map(([column, value]): [string, string] => [`key.${column}`, value]),
  );
  const path = `/v1/audit/rows/${encodeURIComponent(table)}?${parameters.toString()}`;
  const { status, body } = await get(server, path, { 'min-log-position': from.toString() });
  if (status !== 200) throw refused(server, status, body);
  return { value: body.row ?? null, position: BigInt(body.position!) };
};

/** Of an answer, or of a problem. */
interface Body {
  readonly state?: Json;
  readonly row?: Json;
  readonly position?: string;
  readonly code?: string;
  readonly detail?: string;
}

const get = async (
  { url, token }: Server,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Body }> => {
  const response = await fetch(`${url}${path}`, {
    headers: { ...headers, authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  return { status: response.status, body: (await response.json()) as Body };
};

const refused = ({ url }: Server, status: number, body: Body): Error =>
  new Error(`${url} answers ${status} ${body.code}: ${body.detail}`);
