import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { tracingOf, type TracingConfig } from './tracing.js';

export type { SamplerConfig, TracingConfig } from './tracing.js';
export { TRACING_SETTINGS } from './tracing.js';

const port = z.coerce.number().int().min(1).max(65_535);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** At least 32 bytes in base64, as `openssl rand -base64 32` makes them. */
const secretKey = z
  .string()
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
  .refine((text) => Buffer.from(text, 'base64').length >= 32);
const networks = z
  .string()
  .transform((text) => text.split(',').map((network) => network.trim()))
  .pipe(z.array(z.union([z.cidrv4(), z.cidrv6()])));

/** Addresses and networks, parted by commas. */
const proxies = z
  .string()
  .transform((text) => text.split(',').map((proxy) => proxy.trim()))
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])));

/** `role=value` of each, parted by semicolons: values may hold commas and more signs of equality. */
const rolesOfClaim = z
  .string()
  .transform((text) =>
    text.split(';').map((pair) => /^\s*(\w+)\s*=\s*(.*\S)\s*$/.exec(pair)?.slice(1) ?? []),
  )
  .pipe(z.array(z.tuple([z.string(), z.string()])));

/** https, and of the loopback http; without what an issuer's name has not (OpenID Connect Discovery 1.0, 3). */
const issuerUrl = z
  .string()
  .regex(
    /^(https:\/\/[^\s/?#@]+|http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?)(\/[^\s?#@]*)?$/,
  );
/** Name of a claim, or a JSON pointer to it. */
const claim = z.string().regex(/^\S{1,200}$/);

/** Where checkpoints are put: a folder, or the beginning of an http(s) URL. */
const place = z.string().regex(/^(https?:\/\/\S+|(?!\w+:\/\/).+|file:\/\/\S+)$/);
/** `url key` of each, parted by commas. */
const witnesses = z
  .string()
  .transform((text) => text.split(',').map((witness) => witness.trim().split(/\s+/)))
  .pipe(
    z.array(
      z.tuple([z.string().regex(/^https?:\/\/\S+$/), z.string().regex(/^[^\s+]+\+\w{8}\+\S+$/)]),
    ),
  );

/** As many as fit beside the number and the days of a statement. */
const addressLines = z
  .string()
  .transform((text) => text.split(';').map((line) => line.trim()))
  .pipe(z.array(z.string().min(1).max(100)).max(6));

const schema = z.object({
  /** Port of the API. */
  PORT: port.default(3000),
  /** Address the API listens on; the loopback unless said otherwise. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** Port of the worker's health and metrics, when it runs as a process of its own. */
  WORKER_PORT: port.default(3001),
  /** Log, read models and first access token of the embedded default. */
  DATA_DIR: z.string().min(1).default('data'),
  /** EventStoreDB or KurrentDB, of a cluster several hosts; the embedded node when absent. */
  EVENTSTORE_URL: z
    .string()
    .regex(/^esdb(\+discover)?:\/\/[^\s/?]+/)
    .optional(),
  /** PostgreSQL; PGlite in this process when absent. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/\S+$/)
    .optional(),
  /** Files that hold the two, with their passwords, the way secrets are mounted. */
  EVENTSTORE_URL_FILE: z.string().min(1).optional(),
  DATABASE_URL_FILE: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Requests a minute of one subject, or of one address without a good token; 0 lifts the limit. */
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).default(60_000),
  /** Proxies whose X-Forwarded-For is believed: `10.1.0.5, 10.2.0.0/16`. */
  TRUSTED_PROXIES: proxies.optional(),
  /** Whose access tokens are taken beside issued ones: `iss` of the tokens, letter by letter. */
  OIDC_ISSUER: issuerUrl.optional(),
  /** `aud` that such tokens have to name. */
  OIDC_AUDIENCE: z.string().min(1).optional(),
  /** Where its keys are; without it, where its discovery document says. */
  OIDC_JWKS_URL: z
    .string()
    .regex(/^(https:\/\/|http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])[:/])[^\s@]+$/)
    .optional(),
  /** `at+jwt`: access tokens say that they are (RFC 9068); `any`: those that do not, too. */
  OIDC_TOKEN_TYPE: z.enum(['at+jwt', 'any']).default('at+jwt'),
  /** How far clocks may be apart. */
  OIDC_CLOCK_SKEW_SECONDS: z.coerce.number().int().min(0).max(120).default(30),
  /** Claim that names the subject; one that persons cannot change. */
  OIDC_SUBJECT_CLAIM: claim.default('sub'),
  /** Claim of which roles are read, and which of its values gives which role. */
  OIDC_ROLES_CLAIM: claim.default('roles'),
  OIDC_ROLES: rolesOfClaim.optional(),
  /** Claim with the ids of the customers whose objects alone are shown. */
  OIDC_CUSTOMERS_CLAIM: claim.optional(),
  /** Folded states kept in memory for commands. */
  CACHED_STREAMS: z.coerce.number().int().min(100).default(100_000),
  /** Master key that the secrets of webhooks are derived from; or a file that holds it. */
  WEBHOOK_KEY: secretKey.optional(),
  WEBHOOK_KEY_FILE: z.string().min(1).optional(),
  /** Networks of the operator that webhooks may call, by HTTP too: `10.1.0.0/16, fd00::/8`. */
  WEBHOOK_ALLOWED_NETWORKS: networks.optional(),
  /** `source` of the CloudEvents: names this log among all others, for ever. */
  EVENT_SOURCE: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:\S+$/i)
    .default('urn:hostledger'),
  /** Name of this log in its checkpoints, for ever: like a URL without its scheme. */
  NOTARY_ORIGIN: z
    .string()
    .regex(/^[^\s+]{1,200}$/)
    .default('hostledger.local/log'),
  /** Key that checkpoints are signed with; or a file that holds it. */
  NOTARY_KEY: z
    .string()
    .regex(/^PRIVATE\+KEY\+\S+$/)
    .optional(),
  NOTARY_KEY_FILE: z.string().min(1).optional(),
  /** Between two checkpoints, at least. */
  NOTARY_INTERVAL_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
  /** Where checkpoints are put, outside of the databases. */
  NOTARY_PUBLISH: place.optional(),
  /** Bearer token for that; or a file that holds it. */
  NOTARY_PUBLISH_TOKEN: z.string().regex(/^\S+$/).optional(),
  NOTARY_PUBLISH_TOKEN_FILE: z.string().min(1).optional(),
  /** Who else signs checkpoints: `https://witness.example name+id+key, …`. */
  NOTARY_WITNESSES: witnesses.optional(),
  /** Who sends statements: the name at their head. */
  ISSUER_NAME: z.string().trim().min(1).max(100).default('Hosting company'),
  /** The lines below it, parted by semicolons: `1 Grid Road; Austin, TX 78701; billing@host.example`. */
  ISSUER_ADDRESS: addressLines.default([]),
  /** A validated POST that does nothing, as the bench's yardstick. */
  BENCH_NOOP: flag.default(false),
});

export interface Config {
  readonly port: number;
  readonly host: string;
  readonly workerPort: number;
  readonly dataDir: string;
  readonly eventStoreUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly logLevel: string;
  readonly requestsPerMinute: number;
  readonly cachedStreams: number;
  /** Base64; none where webhooks cannot be signed. */
  readonly webhookKey: string | undefined;
  readonly webhookAllowedNetworks: readonly string[];
  readonly eventSource: string;
  readonly notary: NotaryConfig;
  /** Who sends statements. */
  readonly issuer: { readonly name: string; readonly address: readonly string[] };
  readonly benchNoop: boolean;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
  /** None where issued tokens alone are taken. */
  readonly oidc: OidcConfig | undefined;
}

/** How access tokens of an OIDC issuer are taken. */
export interface OidcConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string | undefined;
  readonly tokenType: 'at+jwt' | 'any';
  readonly clockSkewSeconds: number;
  readonly subjectClaim: string;
  readonly rolesClaim: string;
  readonly roles: readonly { readonly role: string; readonly value: string }[];
  readonly customersClaim: string | undefined;
}

export interface NotaryConfig {
  readonly origin: string;
  /** At most one of the two; in neither case a key is made in the data directory. */
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
  readonly intervalSeconds: number;
  readonly publish: string | undefined;
  readonly publishToken: string | undefined;
  readonly witnesses: readonly { readonly url: string; readonly verifierKey: string }[];
}

/** The environment is wrong; names the keys and the rules, never the values. */
export class InvalidConfig extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration is invalid:\n${problems.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'InvalidConfig';
  }
}

/** Validates the environment once, at start-up. An empty variable counts as absent. */
export const loadConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(withSecretsOfFiles(given));
  if (!parsed.success) {
    throw new InvalidConfig(
      parsed.error.issues.map(({ path, code, message }) => {
        const name = String(path[0]);
        const rule = code === 'invalid_format' ? 'is not a URL of the right scheme' : message;
        return `${name}: ${RULES[name] ?? rule}`;
      }),
    );
  }
  const values = parsed.data;
  return {
    port: values.PORT,
    host: values.HOST,
    workerPort: values.WORKER_PORT,
    dataDir: resolve(values.DATA_DIR),
    eventStoreUrl: values.EVENTSTORE_URL,
    databaseUrl: values.DATABASE_URL,
    logLevel: values.LOG_LEVEL,
    requestsPerMinute: values.RATE_LIMIT_PER_MINUTE,
    cachedStreams: values.CACHED_STREAMS,
    webhookKey: values.WEBHOOK_KEY,
    webhookAllowedNetworks: values.WEBHOOK_ALLOWED_NETWORKS ?? [],
    eventSource: values.EVENT_SOURCE,
    notary: {
      origin: values.NOTARY_ORIGIN,
      key: values.NOTARY_KEY,
      keyFile: values.NOTARY_KEY_FILE,
      intervalSeconds: values.NOTARY_INTERVAL_SECONDS,
      publish: values.NOTARY_PUBLISH,
      publishToken: values.NOTARY_PUBLISH_TOKEN,
      witnesses: (values.NOTARY_WITNESSES ?? []).map(([url, verifierKey]) => ({
        url,
        verifierKey,
      })),
    },
    issuer: { name: values.ISSUER_NAME, address: values.ISSUER_ADDRESS },
    benchNoop: values.BENCH_NOOP,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    oidc: oidcOf(values),
  };
};

/** Who issues tokens, for whom and which roles they give is for the operator to say: nothing is guessed. */
const oidcOf = (values: z.infer<typeof schema>): OidcConfig | undefined => {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles } = values;
  const needed = { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles };
  const missing = Object.entries(needed).filter(([, value]) => value === undefined);
  if (missing.length === Object.keys(needed).length) return undefined;
  if (issuer === undefined || audience === undefined || roles === undefined) {
    throw new InvalidConfig(
      missing.map(([name]) => `${name}: is missing beside the other of OIDC`),
    );
  }
  return {
    ...{ issuer, audience, jwksUrl: values.OIDC_JWKS_URL, tokenType: values.OIDC_TOKEN_TYPE },
    clockSkewSeconds: values.OIDC_CLOCK_SKEW_SECONDS,
    subjectClaim: values.OIDC_SUBJECT_CLAIM,
    rolesClaim: values.OIDC_ROLES_CLAIM,
    roles: roles.map(([role, value]) => ({ role, value })),
    customersClaim: values.OIDC_CUSTOMERS_CLAIM,
  };
};

/**
 * How traces are sent; nothing where they are off.
 * @throws InvalidConfig
 */
export const loadTracing = (
  env: Readonly<Record<string, string | undefined>>,
): TracingConfig | undefined => {
  const tracing = tracingOf(env);
  if (tracing && 'problems' in tracing) throw new InvalidConfig(tracing.problems);
  return tracing;
};

/** Of settings whose own messages would say less. */
const RULES: Readonly<Record<string, string>> = {
  WEBHOOK_KEY: 'is not base64 of at least 32 bytes',
  WEBHOOK_ALLOWED_NETWORKS: 'is not a list of networks such as 10.1.0.0/16, fd00::/8',
  TRUSTED_PROXIES: 'is not a list of addresses and networks such as 10.1.0.5, 10.2.0.0/16',
  OIDC_ISSUER: 'is not an https URL without query and fragment (http for the loopback alone)',
  OIDC_JWKS_URL: 'is not an https URL (http for the loopback alone)',
  OIDC_ROLES: 'is not a list of role=value, parted by semicolons',
  OIDC_SUBJECT_CLAIM: 'is not the name of a claim',
  OIDC_ROLES_CLAIM: 'is not the name of a claim',
  OIDC_CUSTOMERS_CLAIM: 'is not the name of a claim',
  NOTARY_ORIGIN: 'is not a name without spaces and plus',
  NOTARY_KEY: 'is not the private key of a signed note, PRIVATE+KEY+…',
  NOTARY_PUBLISH: 'is neither a folder nor an http(s) URL',
  NOTARY_PUBLISH_TOKEN: 'has spaces in it',
  NOTARY_WITNESSES:
    'is not a list of URLs and verifier keys, such as https://w.example name+id+key',
  ISSUER_ADDRESS: 'is not up to 6 lines of at most 100 characters, parted by semicolons',
};

/** Secrets that a file may hold in their place. */
const OF_FILES = ['EVENTSTORE_URL', 'DATABASE_URL', 'WEBHOOK_KEY', 'NOTARY_PUBLISH_TOKEN'] as const;

/** A secret given as a file, the way secrets are mounted, stands for the secret itself. */
const withSecretsOfFiles = (given: Record<string, string | undefined>) => {
  // The file itself is looked at again and again: a rotation puts another key there.
  if (given['NOTARY_KEY'] !== undefined && given['NOTARY_KEY_FILE'] !== undefined) {
    throw new InvalidConfig(['NOTARY_KEY_FILE: stands beside NOTARY_KEY, which is one too many']);
  }
  const read = OF_FILES.flatMap((name) => {
    const file = given[`${name}_FILE`];
    if (file === undefined) return [];
    if (given[name] !== undefined) {
      throw new InvalidConfig([`${name}_FILE: stands beside ${name}, which is one too many`]);
    }
    try {
      return [[name, readFileSync(file, 'utf8').trim()]];
    } catch {
      throw new InvalidConfig([`${name}_FILE: cannot be read`]);
    }
  });
  return { ...given, ...(Object.fromEntries(read) as Record<string, string>) };
};

/** Every variable that the configuration knows, for those who check what sets them. */
export const SETTINGS: readonly string[] = Object.keys(schema.shape);
