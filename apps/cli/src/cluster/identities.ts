import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSignerKey, parseSignerKey } from '@hostledger/audit';
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
  const told: string[] = [];
  const authority = await keptAuthority(join(plan.directory, 'authority'), at, told);
  const also = join(plan.directory, 'authority', 'also-trusted.crt');
  const trusted = authority.certificate + (existsSync(also) ? readFileSync(also, 'utf8') : '');
  for (const node of plan.nodes) {
    const folder = join(plan.directory, hostOf(node));
    const hosts = [...new Set([hostOf(node), ...plan.alsoReachedAs])];
    const subject = { commonName: NODE_NAME, hosts };
    const server = { folder, files: NODE_FILES, subject, owner: plan.owners.node, authority };
    told.push(await keepCertificate(plan, server, at));
    // A folder by itself: the server trusts every certificate in it, one a file.
    certificatesIn(trusted).forEach((certificate, index) =>
      put(join(folder, `trusted/ca${index || ''}.crt`), certificate, plan.owners.node),
    );
    for (const user of ['admin', 'ops']) {
      const file = join(folder, `${user}-password`);
      put(file, password(plan.directory, user), plan.owners.node);
    }
  }
  told.push(await databaseIdentity(plan, authority, at));
  for (const user of [...STORE_USERS, 'users'] as const) ownIdentity(plan, user, trusted);
  return told;
};

const databaseIdentity = async (
  plan: ClusterPlan,
  authority: Identity,
  at: Date,
): Promise<string> => {
  const { directory, owners } = plan;
  const host = hostOf(plan.database);
  const folder = join(directory, host);
  const subject = { commonName: host, hosts: [...new Set([host, ...plan.alsoReachedAs])] };
  const server = { folder, files: DATABASE_FILES, subject, owner: owners.postgres, authority };
  const told = await keepCertificate(plan, server, at);
  put(join(folder, 'superuser-password'), password(directory, 'superuser'), owners.postgres);
  put(join(folder, 'password'), password(directory, 'database'), owners.postgres);
  return told;
};

/** Of a process of ours, of the auditor, or of the step that makes users, which is an administrator. */
const ownIdentity = (
  plan: ClusterPlan,
  user: (typeof STORE_USERS)[number] | 'users',
  trusted: string,
): void => {
  const { directory, nodes, database, mountedAt } = plan;
  const folder = join(directory, user);
  const give = (name: string, text: string): void => put(join(folder, name), text, plan.owners.own);
  const authorityFile = join(mountedAt ?? folder, 'ca.crt');
  const name = user === 'users' ? 'admin' : user;
  give('ca.crt', trusted);
  give(
    'eventstore-url',
    `esdb://${name}:${password(directory, name)}@${nodes.map(withPort).join(',')}` +
      `?tls=true&tlsCAFile=${authorityFile}`,
  );
  if (user === 'users') {
    for (const one of STORE_USERS) give(`${one}-password`, password(directory, one));
  }
  if (user !== 'api' && user !== 'worker') return;
  give(
    'database-url',
    `postgres://hostledger:${password(directory, 'database')}@${database}/hostledger` +
      `?sslmode=verify-full&sslrootcert=${authorityFile}`,
  );
  const webhookKey = secret(join(directory, 'authority', 'webhook-key'), () =>
    randomBytes(32).toString('base64'),
  );
  give('webhook-key', webhookKey);
  if (user === 'worker') keepNotaryKey(plan, join(folder, 'notary-key'));
};

/**
 * Every worker signs with the same key, whichever of them does. One that is there stays: a rotation
 * has put it there, and what the one before it signs is believed no more. A copy lies with the
 * authority, and those before it beside that: no private key is ever lost here.
 */
const keepNotaryKey = ({ directory, notaryOrigin, owners }: ClusterPlan, file: string): void => {
  const copy = join(directory, 'authority', 'notary-key');
  const there = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const inUse = there === undefined ? undefined : parseSignerKey(there);
  const kept = parseSignerKey(secret(copy, () => (inUse ?? makeSignerKey(notaryOrigin)).secret));
  put(file, there ?? `${kept.secret}\n`, owners.own);
  if (!inUse || inUse.secret === kept.secret) return;
  renameSync(copy, `${copy}.${kept.verifier.keyId}`);
  put(copy, inUse.secret, undefined);
};

const certificatesIn = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)!.map((one) => `${one}\n`);

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
