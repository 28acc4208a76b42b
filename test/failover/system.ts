import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@hostledger/testing';
import { BuiltProgram, freePort, isReady } from '../support/processes.js';
import { StoreCluster } from './store-cluster.js';

const API = 'apps/api/src/main.js';
const WORKER = 'apps/worker/src/main.js';
const CLI = 'apps/cli/src/main.js';
export const SUBJECT = 'failover';
const TRIES = 5;

export interface SystemOptions {
  readonly apis: number;
  readonly workers: number;
  /** A real cluster and database; both empty. Fronts and a PostgreSQL of its own otherwise. */
  readonly given?: { readonly eventStoreUrl: string; readonly databaseUrl: string } | undefined;
}

/** The built processes on an event store of several servers. */
export class RunningSystem {
  private constructor(
    /** Of every process. */
    readonly env: Readonly<Record<string, string>>,
    readonly origins: readonly string[],
    readonly token: string,
    /** Absent where the cluster was given. */
    readonly store: StoreCluster | undefined,
    private readonly ends: readonly (() => Promise<unknown>)[],
  ) {}

  static async start({ apis, workers, given }: SystemOptions): Promise<RunningSystem> {
    const home = mkdtempSync(join(tmpdir(), 'hostledger-failover-'));
    const ends: (() => Promise<unknown>)[] = [
      () => Promise.resolve(rmSync(home, { recursive: true, force: true })),
    ];
    const store = given ? undefined : await StoreCluster.start(join(home, 'events'));
    if (store) ends.unshift(() => store.stop());
    const postgres = given ? undefined : await startPostgres();
    if (postgres) ends.unshift(() => postgres.stop());
    const env = {
      DATA_DIR: join(home, 'data'),
      EVENTSTORE_URL: given?.eventStoreUrl ?? store!.url,
      DATABASE_URL: given?.databaseUrl ?? postgres!.url,
      HOST: '127.0.0.1',
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'fatal',
      // One checkpoint, so that the log stands still in the end.
      NOTARY_INTERVAL_SECONDS: '86400',
    };
    const start = async (program: string, variable: string): Promise<string> => {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const started = BuiltProgram.start(program, { ...env, [variable]: String(port) });
      ends.unshift(() => started.stop());
      await started.until(() => isReady(origin));
      return origin;
    };
    const all = (program: string, variable: string, count: number) =>
      Promise.all(Array.from({ length: count }, () => start(program, variable)));
    try {
      await all(WORKER, 'WORKER_PORT', workers);
      const origins = await all(API, 'PORT', apis);
      return new RunningSystem(env, origins, await tokenFor(SUBJECT, env), store, ends);
    } catch (error) {
      for (const end of ends) await end();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const end of this.ends) await end();
  }
}

/** On a busy machine the command line may not have the patience to hear of a leader at once. */
const tokenFor = async (
  subject: string,
  env: Readonly<Record<string, string>>,
  tries = TRIES,
): Promise<string> => {
  try {
    return (
      await BuiltProgram.run(CLI, ['token', 'issue', '--subject', subject, '--role', 'admin'], env)
    ).trim();
  } catch (error) {
    if (tries <= 1) throw error;
    return tokenFor(subject, env, tries - 1);
  }
};
