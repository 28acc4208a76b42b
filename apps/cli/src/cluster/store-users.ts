import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventMetadata } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { Agent, fetch, type Response } from 'undici';

// Least privilege in EventStoreDB and KurrentDB without a licence: groups are but names in the lists
// of users, and the default access control list decides for all streams at once.

/** Who connects, and in which groups. */
export interface StoreUser {
  readonly name: string;
  readonly fullName: string;
  readonly groups: readonly string[];
}

export const USERS: readonly StoreUser[] = [
  { name: 'api', fullName: 'Hostledger API', groups: ['projectors', 'writers'] },
  { name: 'worker', fullName: 'Hostledger worker', groups: ['projectors', 'writers'] },
  { name: 'auditor', fullName: 'Auditor of Hostledger', groups: ['auditors'] },
];

/** In force for every stream that has no list of its own, which none of ours has. */
export const DEFAULT_ACL = {
  $userStreamAcl: {
    $r: ['writers', 'projectors', 'auditors'],
    $w: ['writers'],
    $d: ['$admins'],
    $mr: ['$admins', 'auditors'],
    $mw: ['$admins'],
  },
  $systemStreamAcl: {
    $r: ['$admins'],
    $w: ['$admins'],
    $d: ['$admins'],
    $mr: ['$admins'],
    $mw: ['$admins'],
  },
} as const;

/** Who may read the log as a whole: whoever follows it or searches it. */
export const LOG_ACL = { $acl: { $r: ['projectors', 'auditors'] } } as const;

/** Where the management of users is reached. */
export interface UserManagement {
  /** `https://eventstore-1:2113`, …: any node passes on to the one that leads. */
  readonly origins: readonly string[];
  readonly admin: { readonly name: string; readonly password: string };
  /** PEM of the authority; that of the system when undefined. */
  readonly authority: string | undefined;
}

const ANSWER_WITHIN_MS = 10_000;
const PAUSE_MS = 1_000;

/** From the connection string of an administrator. */
export const managementOf = (url: string): UserManagement => {
  const [, credentials, hosts, query = ''] =
    /^esdb(?:\+discover)?:\/\/(?:([^@/]*)@)?([^/?]+)\/?(?:\?(.*))?$/.exec(url) ?? [];
  const [name, password] = (credentials ?? '').split(':').map(decodeURIComponent);
  if (!hosts || !name || !password) throw new Error('EVENTSTORE_URL names no administrator');
  const settings = new URLSearchParams(query);
  if (settings.get('tls') === 'false') throw new Error('EVENTSTORE_URL is without TLS');
  const file = settings.get('tlsCAFile');
  return {
    origins: hosts
      .split(',')
      .map((host) => `https://${host.includes(':') ? host : `${host}:2113`}`),
    admin: { name, password },
    authority: file === null ? undefined : readFileSync(file, 'utf8'),
  };
};

/**
 * Brings users and rights to what is wanted here; said again, it changes nothing.
 *
 * @param passwords by the user's name.
 * @param patienceMs for a cluster that is coming up.
 * @returns what was done, a line each.
 */
export const setUpStoreUsers = async (
  management: UserManagement,
  store: EventStore,
  passwords: Readonly<Record<string, string>>,
  patienceMs: number,
): Promise<string[]> => {
  const api = new UsersApi(management);
  try {
    const done: string[] = [];
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        await store.head();
        for (const user of USERS) done.push(...(await api.bring(user, passwords[user.name]!)));
        done.push(...(await keepLast(store, '$settings', '$settings', DEFAULT_ACL)));
        done.push(...(await keepLast(store, '$$$all', '$metadata', LOG_ACL)));
        return done;
      } catch (error) {
        if (error instanceof UsersRefused || performance.now() > deadline) throw error;
        await sleep(PAUSE_MS);
      }
    }
  } finally {
    await api.close();
  }
};

/** Appends unless that is what the stream says already. */
const keepLast = async (
  store: EventStore,
  stream: string,
  type: string,
  data: object,
): Promise<string[]> => {
  const events = await store.readStream(stream, 0n);
  const last = events.at(-1);
  if (last && isDeepStrictEqual(last.data, data)) return [];
  const event = { id: randomUUID(), type, data, metadata: {} as EventMetadata };
  await store.append(stream, last?.revision ?? 'no_stream', [event]);
  return [`${stream} set`];
};

/** It will not answer otherwise by being asked again. */
export class UsersRefused extends Error {
  constructor(what: string, status: number) {
    super(`${what}: the event store answers ${status}`);
    this.name = 'UsersRefused';
  }
}

/** The management of users over HTTP, which the client does not speak. */
class UsersApi {
  private readonly agent: Agent;

  constructor(private readonly management: UserManagement) {
    const { authority } = management;
    this.agent = new Agent({
      allowH2: false,
      connect: authority === undefined ? {} : { ca: authority },
    });
  }

  /** Makes the user, or changes what differs. */
  async bring(user: StoreUser, password: string): Promise<string[]> {
    const { name, fullName, groups } = user;
    const found = await this.send('GET', `/users/${name}`, undefined, [200, 404]);
    if (found.status === 404) {
      const body = { loginName: name, fullName, groups, password };
      // Another run of this may have been faster.
      const made = await this.send('POST', '/users', body, [201, 409]);
      return made.status === 201 ? [`${name} made`] : this.bring(user, password);
    }
    const done: string[] = [];
    const { data } = (await found.json()) as { data?: { fullName: string; groups: string[] } };
    const isSame = isDeepStrictEqual([...(data?.groups ?? [])].sort(), [...groups].sort());
    if (!isSame || data?.fullName !== fullName) {
      await this.send('PUT', `/users/${name}`, { fullName, groups }, [200]);
      done.push(`${name} changed`);
    }
    const entry = await this.send('GET', '/users/$current', undefined, [200, 401], {
      name,
      password,
    });
    if (entry.status === 401) {
      const reset = { newPassword: password };
      await this.send('POST', `/users/${name}/command/reset-password`, reset, [200]);
      done.push(`${name} has another password`);
    }
    return done;
  }

  async close(): Promise<void> {
    await this.agent.close();
  }

  /** Asks one node after the other until one answers. */
  private async send(
    method: string,
    path: string,
    body: object | undefined,
    expected: readonly number[],
    as = this.management.admin,
  ): Promise<Response> {
    let fault: unknown;
    for (const origin of this.management.origins) {
      try {
        const response = await fetch(`${origin}${path}`, {
          method,
          headers: {
            authorization: `Basic ${Buffer.from(`${as.name}:${as.password}`).toString('base64')}`,
            accept: 'application/json',
            ...(body && { 'content-type': 'application/json' }),
          },
          ...(body && { body: JSON.stringify(body) }),
          dispatcher: this.agent,
          signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        });
        if (expected.includes(response.status)) return response;
        const what = `${method} ${path}`;
        if (response.status < 500) throw new UsersRefused(what, response.status);
        fault = new Error(`${what}: the event store answers ${response.status}`);
      } catch (error) {
        if (error instanceof UsersRefused) throw error;
        fault = error;
      }
    }
    throw fault;
  }
}
