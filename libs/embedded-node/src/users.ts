import { createHash, randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';
import { dataOf, type Caller } from './acl.js';
import type { EventLog } from './log.js';

/** A user as the node tells of it. */
export interface NodeUser {
  readonly loginName: string;
  readonly fullName: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
}

interface KeptUser extends NodeUser {
  readonly salt: string;
  readonly hash: string;
}

const HASH_BYTES = 32;

/** Users of a node that asks who calls. Kept in the log, one stream each, as the server keeps them. */
export class NodeUsers {
  /** Digests of what was found right already: the slow hash is for what is stored. */
  private readonly known = new Map<string, string>();

  constructor(private readonly log: EventLog) {}

  /** Without them nobody could make another. Does nothing where there are some already. */
  async foundAdministrator(password: string): Promise<void> {
    if (this.kept('admin')) return;
    await this.create(
      { loginName: 'admin', fullName: 'Administrator', groups: ['$admins'] },
      password,
    );
  }

  /**
   * Who a `Basic` authorization names; nobody where there is none.
   * @throws CredentialsRefused
   */
  callerOf(authorization: string | undefined): Caller | undefined {
    if (authorization === undefined) return undefined;
    const [, encoded] = /^Basic (\S+)$/i.exec(authorization) ?? [];
    if (encoded === undefined) throw new CredentialsRefused();
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const [name, password] = [text.split(':', 1)[0]!, text.slice(text.indexOf(':') + 1)];
    const user = this.kept(name);
    if (!user || user.disabled || !this.isPassword(user, password)) throw new CredentialsRefused();
    return { name, roles: user.groups };
  }

  find(loginName: string): NodeUser | undefined {
    const user = this.kept(loginName);
    if (!user) return undefined;
    const { fullName, groups, disabled } = user;
    return { loginName, fullName, groups, disabled };
  }

  /** @returns false where there is one of that name. */
  async create(user: Omit<NodeUser, 'disabled'>, password: string): Promise<boolean> {
    if (this.kept(user.loginName)) return false;
    await this.keep('$UserCreated', { ...user, disabled: false, ...hashed(password) });
    return true;
  }

  /** @returns false where there is none of that name. */
  async change(
    loginName: string,
    change: { readonly fullName?: string; readonly groups?: readonly string[] },
  ): Promise<boolean> {
    const user = this.kept(loginName);
    if (user) await this.keep('$UserUpdated', { ...user, ...change });
    return user !== undefined;
  }

  /** @returns false where there is none of that name. */
  async resetPassword(loginName: string, password: string): Promise<boolean> {
    const user = this.kept(loginName);
    if (user) await this.keep('$PasswordChanged', { ...user, ...hashed(password) });
    return user !== undefined;
  }

  private kept(loginName: string): KeptUser | undefined {
    const page = this.log.readStream(`$user-${loginName}`, Number.MAX_SAFE_INTEGER, 'backwards', 1);
    if (typeof page === 'string') return undefined;
    return page.events[0] && (dataOf(page.events[0]) as unknown as KeptUser);
  }

  private async keep(type: string, user: KeptUser): Promise<void> {
    const event = {
      id: randomUUID(),
      type,
      contentType: 'application/json',
      data: Buffer.from(JSON.stringify(user)),
      metadata: Buffer.alloc(0),
    };
    await this.log.append(`$user-${user.loginName}`, 'any', [event]);
  }

  private isPassword({ salt, hash }: KeptUser, password: string): boolean {
    const digest = createHash('sha256').update(`${salt} ${password}`).digest('base64');
    if (this.known.get(hash) === digest) return true;
    const right = timingSafeEqual(
      Buffer.from(hash, 'base64'),
      scryptSync(password, salt, HASH_BYTES),
    );
    if (right) this.known.set(hash, digest);
    return right;
  }
}

const hashed = (password: string): Pick<KeptUser, 'salt' | 'hash'> => {
  const salt = randomBytes(16).toString('base64');
  return { salt, hash: scryptSync(password, salt, HASH_BYTES).toString('base64') };
};

/** The name or the password is wrong; which of the two is nobody's business. */
export class CredentialsRefused extends Error {
  constructor() {
    super('The user or the password is wrong');
    this.name = 'CredentialsRefused';
  }
}
