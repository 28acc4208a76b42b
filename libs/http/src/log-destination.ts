import pino, { type DestinationStream } from 'pino';
import { withoutSecrets } from './log-secrets.js';

/** JSON lines on standard output; for people where that is a terminal. Secrets are cut out of both. */
export const logDestination = (): DestinationStream => {
  if (process.stdout.isTTY) {
    return guarded({ write: (line) => void process.stdout.write(readable(line)) });
  }
  const output = pino.destination(1);
  // What is fatal is written before the process ends.
  return { ...guarded(output), flushSync: () => output.flushSync() } as DestinationStream;
};

/** The same destination, which never sees a secret. */
export const guarded = (output: DestinationStream): DestinationStream => ({
  write: (line) => output.write(withoutSecrets(line)),
});

/** One JSON line of the log as somebody at a terminal likes to read it. */
export const readable = (line: string): string => {
  let entry: Entry;
  try {
    entry = JSON.parse(line) as Entry;
  } catch {
    return line;
  }
  const { level, time, msg, context, err, req, res, responseTime, ...others } = entry;
  const { pid, hostname, correlationId, ...details } = others;
  const parts = [
    new Date(time).toISOString().slice(11, 23),
    (pino.levels.labels[level] ?? String(level)).padEnd(5),
    context === undefined ? '' : `[${context}]`,
    req && res ? `${req.method} ${req.url} ${res.statusCode} ${responseTime} ms` : (msg ?? ''),
    Object.keys(details).length === 0 ? '' : JSON.stringify(details),
  ];
  const stack = err?.stack === undefined ? '' : `\n${err.stack}`;
  return `${parts.filter((part) => part !== '').join(' ')}${stack}\n`;
};

interface Entry {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly context?: string;
  readonly err?: { readonly stack?: string };
  readonly req?: { readonly method: string; readonly url: string };
  readonly res?: { readonly statusCode: number };
  readonly responseTime?: number;
  readonly [field: string]: unknown;
}
