import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';

// What a released version wrote and answered, kept so that every later one is tried on it.

/** Where the releases are kept, from the root of the repository. */
export const RELEASES = 'test/upgrade/releases';

/** A command as it was sent, and what was answered: sent again it is to be answered the same. */
export interface SentCommand {
  readonly path: string;
  readonly key: string;
  readonly body: object;
  readonly answer: object;
}

/** The parts of a release that are kept, each a file. */
export interface Release {
  readonly version: string;
  /** The log of the embedded node: an SQLite file. */
  readonly log: Buffer;
  /** The read models in PostgreSQL, as SQL that makes them anew. */
  readonly readModels: string;
  /** What GET answered, by path with query. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Of the read models when these answers were given. */
  readonly position: string;
  readonly commands: readonly SentCommand[];
  /** The checkpoint that an auditor took along, and the key to check it with. */
  readonly checkpoint: string;
  readonly verifierKey: string;
  /** With which the log's notary signs, as it is in `DATA_DIR`. */
  readonly notaryKey: string;
}

const LOG = 'log.sqlite.zst';
const READ_MODELS = 'read-models.sql.zst';
const REST = 'release.json.zst';

const LEVEL = 19;
const pack = (content: Buffer | string): Promise<Buffer> =>
  promisify(zstdCompress)(content, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
const unpack = promisify<Buffer, Buffer>(zstdDecompress);

export const keepRelease = async (directory: string, release: Release): Promise<void> => {
  const { log, readModels, ...rest } = release;
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, LOG), await pack(log));
  await writeFile(join(directory, READ_MODELS), await pack(readModels));
  await writeFile(join(directory, REST), await pack(JSON.stringify(rest)));
};

export const readRelease = async (directory: string): Promise<Release> => {
  const part = async (name: string) => unpack(await readFile(join(directory, name)));
  const rest = JSON.parse((await part(REST)).toString()) as Omit<Release, 'log' | 'readModels'>;
  return { ...rest, log: await part(LOG), readModels: (await part(READ_MODELS)).toString() };
};

/** As much of an OpenAPI document as tells which answers can be asked for. */
export interface Routes {
  readonly paths: Readonly<Record<string, { readonly get?: Operation }>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<object> }>>;
}

/** Of a list that is asked for and then of how many of its things each. */
const ITEMS = 20;
const THINGS = 3;

/**
 * Tells of the process, of the run of a projection, of deliveries, of this moment, of what there may be or of
 * what was appended since, and may differ after an upgrade.
 */
export const MAY_DIFFER = new RegExp(
  '^/(health|metrics|problems|v1/(projections|access-tokens|events|schemas|asyncapi|webhooks' +
    '|audit/(events|checkpoint|reports)))|/profitability(\\?|$)' +
    // What is overdue on the day of the run, and what was done about it.
    '|^/v1/billing/accounts/[^/]+(/timeline)?$',
);

/**
 * Answers to everything that can be asked for without knowing anything: all lists, and of some things
 * in them all that is asked for by their id alone.
 */
export const answersOf = async (
  { paths }: Routes,
  read: (path: string) => Promise<unknown>,
): Promise<Record<string, unknown>> => {
  const asked = Object.entries(paths).flatMap(([path, { get }]) =>
    get && !MAY_DIFFER.test(path) && isPlain(get) ? [{ path, get }] : [],
  );
  const answers: Record<string, unknown> = {};
  // What needs a choice of its parameters is refused, and left out.
  const ask = async (path: string): Promise<void> => {
    const answer = await read(path).catch(() => undefined);
    if (answer !== undefined) answers[path] = answer;
  };
  for (const { path, get } of asked.filter(({ path }) => !path.includes('{'))) {
    const isPaged = get.parameters?.some(({ name }) => name === 'limit');
    await ask(isPaged ? `${path}?limit=${ITEMS}` : path);
  }
  for (const { path } of asked) {
    const [, list, name, rest, more] = /^(.*)\/\{(\w+)\}([^{]*)(\{?)/.exec(path) ?? [];
    if (list === undefined || list.includes('{') || more !== '') continue;
    const { items = [] } = (answers[`${list}?limit=${ITEMS}`] ?? {}) as { items?: object[] };
    for (const item of items.slice(0, THINGS)) {
      const id = (item as Record<string, unknown>)[name!];
      if (typeof id !== 'string') continue;
      await ask(`${list}/${encodeURIComponent(id)}${rest}`);
    }
  }
  return answers;
};

/** Answered with JSON alone, and without a query that has to be known. */
const isPlain = ({ parameters = [], responses }: Operation): boolean => {
  const forms = Object.keys(responses['200']?.content ?? {});
  const needsMore = parameters.some(
    (parameter) => parameter.required && (parameter as { in?: string }).in === 'query',
  );
  return forms.length === 1 && forms[0] === 'application/json' && !needsMore;
};
