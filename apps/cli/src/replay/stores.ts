import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, type Config } from '@hostledger/config';
import { socketEndpoint, startEmbeddedNode } from '@hostledger/embedded-node';
import { silentObserver, StoreUnavailable } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { LIVE, openDatabase, type Database } from '@hostledger/eventsourcing/postgres';
import { eventsDirectory, readModelsDirectory } from '../../../composition/system.js';

// Where replays are: on PostgreSQL beside the live tables. The embedded database belongs to the
// process that has it open, so there replays have one of their own, which this command line opens.

const ANSWER_WITHIN_MS = 2_000;

export const warn = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

/** The log of `EVENTSTORE_URL` or of `DATA_DIR`; its node is started where none is running. */
export const withLog = async <T>(work: (log: EventStore) => Promise<T>): Promise<T> => {
  const { eventStoreUrl, dataDir } = loadConfig(process.env);
  if (eventStoreUrl) return withStore(eventStoreUrl, work);
  const directory = eventsDirectory(dataDir);
  if (!existsSync(directory)) throw new Error(`There is no log in ${dataDir} (DATA_DIR)`);
  const endpoint = socketEndpoint(directory);
  if (await answers(endpoint)) return withStore({ endpoint }, work);
  const node = await startEmbeddedNode({
    directory,
    onCrash: (error) => {
      warn(error.message);
      process.exit(2);
    },
  });
  try {
    return await withStore({ endpoint: node.endpoint }, work);
  } finally {
    await node.stop();
  }
};

type Connection = ConstructorParameters<typeof EventStore>[0]['connection'];

const withStore = async <T>(
  connection: Connection,
  work: (log: EventStore) => Promise<T>,
): Promise<T> => {
  const log = new EventStore({ connection, observer: silentObserver });
  try {
    return await work(log);
  } finally {
    await log.close();
  }
};

const answers = (endpoint: string): Promise<boolean> =>
  withStore({ endpoint }, async (log) => {
    try {
      await log.head(ANSWER_WITHIN_MS);
      return true;
    } catch (error) {
      if (error instanceof StoreUnavailable) return false;
      throw error;
    }
  });

/** The databases that commands open, each once, and close at their end. */
export class Databases {
  private readonly opened = new Map<string, Promise<Database>>();

  private constructor(private readonly config: Config) {}

  static async during<T>(work: (databases: Databases) => Promise<T>): Promise<T> {
    const databases = new Databases(loadConfig(process.env));
    try {
      return await work(databases);
    } finally {
      await databases.close();
    }
  }

  /** Whether there is something in which to look for replays. */
  get hasReplays(): boolean {
    return this.config.databaseUrl !== undefined || existsSync(this.replaysDirectory);
  }

  replays(): Promise<Database> {
    return this.open(this.replaysDirectory);
  }

  /** Where the schema lies. */
  async of(schema: string): Promise<Database> {
    if (schema !== LIVE) return this.replays();
    const directory = readModelsDirectory(this.config.dataDir);
    if (!this.config.databaseUrl && !existsSync(directory)) {
      throw new Error(`There are no live tables in ${this.config.dataDir} (DATA_DIR)`);
    }
    try {
      return await this.open(directory);
    } catch (error) {
      if ((error as Error).name !== 'DirectoryInUse') throw error;
      throw new Error(
        'The running system has the live tables open, which nobody else can read then. Stop it, ' +
          'or compare with a replay to the end instead: replay --to end --into <schema>',
        { cause: error },
      );
    }
  }

  private get replaysDirectory(): string {
    return join(this.config.dataDir, 'replays');
  }

  private open(directory: string): Promise<Database> {
    const { databaseUrl } = this.config;
    const where = databaseUrl ? { url: databaseUrl } : { directory };
    const key = databaseUrl ?? directory;
    const opened = this.opened.get(key) ?? openDatabase({ ...where, onWarning: warn });
    this.opened.set(key, opened);
    return opened;
  }

  private async close(): Promise<void> {
    const opened = await Promise.allSettled(this.opened.values());
    for (const database of opened) {
      if (database.status === 'fulfilled') await database.value.close();
    }
  }
}
