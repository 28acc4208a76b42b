import { resolve } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(1).max(65_535);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

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
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Requests a minute for one token; 0 lifts the limit. */
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).default(60_000),
  /** Folded states kept in memory for commands. */
  CACHED_STREAMS: z.coerce.number().int().min(100).default(100_000),
  /** `source` of the CloudEvents: names this log among all others, for ever. */
  EVENT_SOURCE: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:\S+$/i)
    .default('urn:hostledger'),
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
  readonly eventSource: string;
  readonly benchNoop: boolean;
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
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new InvalidConfig(
      parsed.error.issues.map(({ path, code, message }) => {
        const rule = code === 'invalid_format' ? 'is not a URL of the right scheme' : message;
        return `${path.join('.')}: ${rule}`;
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
    eventSource: values.EVENT_SOURCE,
    benchNoop: values.BENCH_NOOP,
  };
};
