import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSignerKey } from '@hostledger/audit';
import {
  createAuthority,
  daysLeft,
  isIssuedFor,
  issueCertificate,
  type Identity,
  type Subject,
} from './certificates.js';

/** What is to have certificates and passwords, and where it is reached. */
export interface ClusterPlan {
  /** A folder for each part is made in it: what a part is given is all that it has to see. */
  readonly directory: string;
  /** `eventstore-1:2113`, …: nodes of the event store; a port is 2113 unless said. */
  readonly nodes: readonly string[];
  /** `postgres:5432`; also behind further names. */
  readonly database: string;
  /** Names and addresses that certificates hold beside those. */
  readonly alsoReachedAs: readonly string[];
  /** Where a part finds its folder; the folder itself where nothing is said. */
  readonly mountedAt?: string | undefined;
  readonly validDays: number;
  readonly renewWithinDays: number;
  /** Name of the log in its checkpoints, for which the workers' key is made. */
  readonly notaryOrigin: string;
  /** User ids that own the folders of the servers and of our own processes; none: whoever runs this. */
  readonly owners: Partial<Readonly<Record<'node' | 'postgres' | 'own', number>>>;
}

/** Users of the event store that processes connect as. */
export const STORE_USERS = ['api', 'worker', 'auditor'] as const;

/** Nodes know each other by it; the default of the server, which need not be told then. */
const NODE_NAME = 'eventstoredb-node';
const AUTHORITY_DAYS = 3650;

/**
 * Makes what is not there yet: an authority, certificates, passwords, and the connection strings
 * that hold them. Certificates that end soon, or name other hosts, are issued again.
 *
 * @returns a line for each certificate: until when it is valid, and whether it is new.
 */
export const makeIdentities = async (plan: ClusterPlan, at: Date): Promise<string[]> => {
  const { directory, nodes, database, alsoReachedAs, owners } = plan;
  const told: string[] = [];
  const authority = await keptAuthority(join(directory, 'authority'), at, told);
  const server = async (folder: string, files: Files, subject: Subject, owner?: number) =>
    told.push(await keepCertificate(plan, { folder, files, subject, owner, authority }, at));

  const admin = password(directory, 'admin');
  const ops = password(directory, 'ops');
  for (const node of nodes) {
    const host = hostOf(node);
    const folder = join(directory, host);
    const hosts = [...new Set([host, ...alsoReachedAs])];
    await server(folder, NODE_FILES, { commonName: NODE_NAME, hosts }, owners.node);
    // A folder by itself: the server trusts every certificate in it.
    put(join(folder, 'trusted/ca.crt'), authority.certificate, owners.node);
    put(join(folder, 'admin-password'), admin, owners.node);
    put(join(folder, 'ops-password'), ops, owners.node);
  }
  const databaseHost = hostOf(database);
  const databaseHosts = [...new Set([databaseHost, ...alsoReachedAs])];
  const databaseFolder = join(directory, databaseHost);
  const databaseSubject = { commonName: databaseHost, hosts: databaseHosts };
  await server(databaseFolder, DATABASE_FILES, databaseSubject, owners.postgres);
  const databasePassword = password(directory, 'database');
  put(
    join(databaseFolder, 'superuser-password'),
    password(directory, 'superuser'),
    owners.postgres,
  );
  put(join(databaseFolder, 'password'), databasePassword, owners.postgres);

  const webhookKey = secret(join(directory, 'authority', 'webhook-key'), () =>
    randomBytes(32).toString('base64'),
  );
  const notaryKey = secret(
    join(directory, 'authority', 'notary-key'),
    () => makeSignerKey(plan.notaryOrigin).secret,
  );
  for (const user of [...STORE_USERS, 'users'] as const) {
    const folder = join(directory, user);
    const authorityFile = join(plan.mountedAt ?? folder, 'ca.crt');
    const [name, secretWord] =
      user === 'users' ? ['admin', admin] : [user, password(directory, user)];
    const storeUrl =
      `esdb://${name}:${secretWord}@${nodes.map(withPort).join(',')}` +
      `?tls=true&tlsCAFile=${authorityFile}`;
    put(join(folder, 'ca.crt'), authority.certificate, owners.own);
    put(join(folder, 'eventstore-url'), storeUrl, owners.own);
    if (user !== 'api' && user !== 'worker') continue;
    const databaseUrl =
      `postgres://hostledger:${databasePassword}@${database}/hostledger` +
      `?sslmode=verify-full&sslrootcert=${authorityFile}`;
    put(join(folder, 'database-url'), databaseUrl, owners.own);
    put(join(folder, 'webhook-key'), webhookKey, owners.own);
    // Every worker signs with the same key, whichever of them does.
    if (user === 'worker') put(join(folder, 'notary-key'), `${notaryKey}\n`, owners.own);
  }
  for (const user of STORE_USERS) {
    put(join(directory, 'users', `${user}-password`), password(directory, user), owners.own);
  }
  return told;
};

interface Files {
  readonly certificate: string;
  readonly key: string;
}
const NODE_FILES: Files = { certificate: 'node.crt', key: 'node.key' };
const DATABASE_FILES: Files = { certificate: 'server.crt', key: 'server.key' };
const AUTHORITY_FILES: Files = { certificate: 'ca.crt', key: 'ca.key' };

const keptAuthority = async (folder: string, at: Date, told: string[]): Promise<Identity> => {
  const kept = identityIn(folder, AUTHORITY_FILES);
  const authority = kept ?? (await createAuthority('Hostledger cluster', at, AUTHORITY_DAYS));
  if (!kept) keep(folder, AUTHORITY_FILES, authority, undefined);
  told.push(line('the authority', authority, at, !kept));
  return authority;
};

const keepCertificate = async (
  { validDays, renewWithinDays }: ClusterPlan,
  wanted: {
    readonly folder: string;
    readonly files: Files;
    readonly subject: Subject;
    readonly owner: number | undefined;
    readonly authority: Identity;
  },
  at: Date,
): Promise<string> => {
  const { folder, files, subject, owner, authority } = wanted;
  const kept = identityIn(folder, files);
  const isGood =
    kept !== undefined &&
    daysLeft(kept.certificate, at) >= renewWithinDays &&
    isIssuedFor(kept.certificate, authority, subject);
  const identity = isGood ? kept : await issueCertificate(authority, subject, at, validDays);
  keep(folder, files, identity, owner);
  return line(subject.hosts[0]!, identity, at, !isGood);
};

const line = (whose: string, { certificate }: Identity, at: Date, isNew: boolean): string =>
  `${whose}: ${isNew ? 'new, ' : ''}valid for ${daysLeft(certificate, at)} days`;

const identityIn = (folder: string, files: Files): Identity | undefined => {
  const [certificate, key] = [join(folder, files.certificate), join(folder, files.key)];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
};

/** The key first: a certificate that lies there has its key beside it. */
const keep = (
  folder: string,
  files: Files,
  identity: Identity,
  owner: number | undefined,
): void => {
  put(join(folder, files.key), identity.key, owner);
  put(join(folder, files.certificate), identity.certificate, owner);
};

/** Kept with the authority, whose folder nobody else is given. */
const password = (directory: string, whose: string): string =>
  secret(join(directory, 'authority', `${whose}-password`), () =>
    // Letters, digits, - and _ alone: it becomes part of URLs.
    randomBytes(24).toString('base64url'),
  );

const secret = (file: string, make: () => string): string => {
  if (!existsSync(file)) put(file, make(), undefined);
  return readFileSync(file, 'utf8').trim();
};

/** Whole or not at all; readable for its owner alone. */
const put = (file: string, text: string, owner: number | undefined): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(dirname(file), owner, owner);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  if (owner !== undefined) chownSync(file, owner, owner);
};

const hostOf = (address: string): string => address.split(':')[0]!;
const withPort = (address: string): string => (address.includes(':') ? address : `${address}:2113`);
