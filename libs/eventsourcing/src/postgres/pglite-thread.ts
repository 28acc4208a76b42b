import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { valueParsers } from './value-types.js';

/** What a query gives, in the form of the `pg` driver. */
export interface EngineResult {
  readonly command: string;
  readonly rowCount: number;
  readonly rows: Record<string, unknown>[];
}

/** One PGlite instance: a single session that answers one query at a time. */
export interface Engine {
  query(sql: string, parameters: readonly unknown[]): Promise<EngineResult>;
  close(): Promise<void>;
}

const SESSION = `set timezone to 'UTC'; set search_path to hostledger, public`;

/** Arrays of boolean, integer, text, bigint, date, timestamptz and jsonb. */
const ARRAY_OIDS = [1000, 1007, 1009, 1016, 1182, 1185, 3807];

/** A quarter of the default: the buffers are memory of this very process. */
const SHARED_BUFFERS = '32MB';

/** Opens the data directory in this thread; rejects when PostgreSQL cannot start on it. */
export const openEngine = async (dataDirectory: string): Promise<Engine> => {
  const pglite = await PGlite.create({
    dataDir: dataDirectory,
    parsers: valueParsers,
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`],
  });
  await pglite.exec(SESSION);
  for (const oid of ARRAY_OIDS) {
    const serialize = pglite.serializers[oid]!;
    // Arrays that come as bytes are in PostgreSQL's binary format already.
    pglite.serializers[oid] = (value) =>
      ArrayBuffer.isView(value) ? (value as unknown as string) : serialize(value);
  }
  return {
    async query(sql, parameters) {
      // Without parameters several statements may come at once, as with the `pg` driver.
      const result =
        parameters.length === 0
          ? (await pglite.exec(sql)).at(-1)
          : await pglite.query(sql, [...parameters]);
      const rows = (result?.rows ?? []) as Record<string, unknown>[];
      return { command: commandOf(sql), rowCount: result?.affectedRows || rows.length, rows };
    },
    close: () => pglite.close(),
  };
};

/** PGlite does not hand out the command tag; the first word says the same for plain statements. */
const commandOf = (sql: string): string => /^\s*([a-z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? '';

/** What the thread is asked, and what it answers. */
export type ThreadRequest = { readonly id: number } & (
  | { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly kind: 'close' }
);
export type ThreadReply =
  | { readonly id: number; readonly result: EngineResult | undefined }
  | { readonly id: number; readonly error: Readonly<Record<string, unknown>> };

/** Id of the reply that says whether the directory could be opened. */
export const OPENED = 0;

/** An error as plain data: SQLSTATE and detail would be lost by cloning the error itself. */
const plainError = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, detail, table, column, constraint } = error as Error & Record<string, unknown>;
  return { message: error.message, code, detail, table, column, constraint };
};

const serve = async (port: NonNullable<typeof parentPort>, directory: string): Promise<void> => {
  const reply = (message: ThreadReply): void => port.postMessage(message);
  let engine: Engine;
  try {
    engine = await openEngine(directory);
  } catch (error) {
    return reply({ id: OPENED, error: plainError(error) });
  }
  port.on('message', (request: ThreadRequest) => {
    const work =
      request.kind === 'query' ? engine.query(request.sql, request.parameters) : engine.close();
    work.then(
      (result) => reply({ id: request.id, result: result ?? undefined }),
      (error: unknown) => reply({ id: request.id, error: plainError(error) }),
    );
  });
  reply({ id: OPENED, result: undefined });
};

/** Marks a thread as ours: under a test runner this module is loaded in foreign threads too. */
export interface ThreadData {
  readonly hostledgerPglite: string;
}

const data = workerData as Partial<ThreadData> | undefined;
if (parentPort && data?.hostledgerPglite) void serve(parentPort, data.hostledgerPglite);
