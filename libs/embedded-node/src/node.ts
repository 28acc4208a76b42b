import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { byUser, openToAll } from './access.js';
import { FaultSwitchboard, type Faults } from './faults.js';
import { EventLog } from './log.js';
import { DEFAULT_LIMITS, type Limits } from './messages.js';
import { alone } from './place.js';
import { listenSecurely, type SecureListener, type Security } from './secure.js';
import { createServer, insecure } from './server.js';
import { NodeUsers } from './users.js';

/** Unix socket addresses hold about 108 bytes; longer paths get a short private one. */
const MAX_SOCKET_PATH_BYTES = 100;
const SOCKET_NAME = 'node.sock';

export interface NodeOptions {
  /** Where the log is kept; made with mode 0700 if it does not exist. */
  readonly directory: string;
  /** A Unix socket in the directory (the default), or TCP on the loopback address. */
  readonly listen?: 'socket' | { readonly port: number };
  /** Other limits than those of EventStoreDB 24.10: 1 MiB an append, events as large as that. */
  readonly limits?: Partial<Limits>;
  /** TLS and users; over TCP alone. Without it everybody who reaches the node may do everything. */
  readonly security?: Security;
}

export interface RunningNode {
  /** What the client takes as `endpoint`: `unix:<path>` or `127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly faults: Faults;
  stop(): Promise<void>;
}

/** Opens the log and serves it, in this thread. */
export const runNode = async (options: NodeOptions): Promise<RunningNode> => {
  // The log first: who holds it owns the directory, so that a socket left there is a stale one.
  const log = new EventLog(options.directory);
  const faults = new FaultSwitchboard(log);
  const address = { host: '127.0.0.1', port: 0 };
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { security } = options;
  const users = new NodeUsers(log);
  const access = security ? byUser(log, users) : openToAll(log);
  const place = alone(() => address);
  const server = createServer({ access, place, faults, limits });
  let secured: SecureListener | undefined;
  const { listen = process.platform === 'win32' ? { port: 0 } : 'socket' } = options;
  const target =
    listen === 'socket' ? socketEndpoint(options.directory) : `127.0.0.1:${listen.port}`;
  const socket = listen === 'socket' ? target.slice('unix:'.length) : undefined;
  try {
    if (socket) {
      if (dirname(socket) !== resolve(options.directory)) makePrivate(dirname(socket));
      rmSync(socket, { force: true });
    }
    if (security) {
      if (listen === 'socket') throw new Error('TLS is spoken over TCP, not over a socket');
      await users.foundAdministrator(security.adminPassword);
      secured = await listenSecurely(server, users, security, listen.port);
    }
    const port =
      secured?.port ??
      (await new Promise<number>((done, failed) =>
        server.bindAsync(target, insecure(), (error, bound) =>
          error ? failed(error) : done(bound),
        ),
      ));
    if (socket) chmodSync(socket, 0o600);
    address.port = port;
  } catch (error) {
    await log.close();
    throw error;
  }
  return {
    endpoint: listen === 'socket' ? target : `127.0.0.1:${address.port}`,
    faults,
    stop: async () => {
      secured?.close();
      server.forceShutdown();
      await log.close();
    },
  };
};

/** Where a node that serves a directory over a socket is reached. */
export const socketEndpoint = (directory: string): string => `unix:${socketPath(directory)}`;

const socketPath = (directory: string): string => {
  const path = join(resolve(directory), SOCKET_NAME);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const owner = process.getuid?.() ?? 0;
  return join(tmpdir(), `hostledger-${owner}-${name}`, SOCKET_NAME);
};

/** The directory of a socket outside the data: others may write beside it, so it must be ours. */
const makePrivate = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  const owned = process.getuid === undefined || found.uid === process.getuid();
  if (!found.isDirectory() || !owned) throw new Error(`${directory} belongs to someone else`);
  chmodSync(directory, 0o700);
};
