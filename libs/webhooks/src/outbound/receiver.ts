import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, buildConnector } from 'undici';
import { AddressRefused, type AddressGuard } from './address-guard.js';
import type { SignedHeaders } from './signature.js';

/**
 * What became of an attempt, in words that tell nothing of what stands behind an address.
 *
 * - `status`: an answer that is not 2xx. `redirect`: 3xx, which is not followed.
 * - `timeout`, `connection`, `tls`: no answer. `address`: the host may not be called (any more).
 */
export type FailureCause = 'status' | 'redirect' | 'timeout' | 'connection' | 'tls' | 'address';

export type Attempt =
  | { readonly delivered: true; readonly status: number }
  | {
      readonly delivered: false;
      readonly status: number | null;
      readonly cause: FailureCause;
      /** What the receiver asked for with `Retry-After`. */
      readonly retryAfterMs: number | undefined;
    };

export interface ReceiverLimits {
  /** From the beginning of an attempt to the end of its answer. */
  readonly answerWithinMs: number;
  readonly connections: number;
}

export const RECEIVER_LIMITS: ReceiverLimits = { answerWithinMs: 10_000, connections: 8 };

/** What an answer says beside its status is read so far that its connection can be used again. */
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** Then the host is resolved and judged anew. */
const CONNECTION_LIVES_MS = 60_000;

/**
 * The connections to one receiver. Their far ends are the addresses that the guard has judged, for
 * each connection anew; no proxy stands between, whatever the environment says.
 */
export class Receiver {
  private readonly agent: Agent;

  constructor(
    private readonly guard: AddressGuard,
    private readonly limits: ReceiverLimits = RECEIVER_LIMITS,
  ) {
    this.agent = new Agent({
      connect: guardedConnector(guard, limits.answerWithinMs),
      connections: limits.connections,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: CONNECTION_LIVES_MS,
      clientTtl: CONNECTION_LIVES_MS,
      headersTimeout: limits.answerWithinMs,
      bodyTimeout: limits.answerWithinMs,
    });
  }

  /** One attempt; rejects only when `signal` is aborted. */
  async post(
    address: string,
    body: string,
    headers: SignedHeaders,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(this.limits.answerWithinMs)]);
    try {
      const url = this.guard.urlOf(address);
      const answer = await this.agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers: {
          'content-type': 'application/cloudevents+json; charset=utf-8',
          'user-agent': 'Hostledger-Webhooks/1',
          ...headers,
        },
        body,
        signal: inTime,
      });
      // The status is the answer; what follows it cannot take it back.
      await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: inTime }).catch(() => undefined);
      const { statusCode: status } = answer;
      if (status >= 200 && status < 300) return { delivered: true, status };
      const cause = status >= 300 && status < 400 ? 'redirect' : 'status';
      const retryAfterMs = waitOf(answer.headers['retry-after']);
      return { delivered: false, status, cause, retryAfterMs };
    } catch (error) {
      signal.throwIfAborted();
      return { delivered: false, status: null, cause: causeOf(error), retryAfterMs: undefined };
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/**
 * Connects to the addresses that were judged and to nothing else: the name is resolved once, here,
 * and a literal address never was one. What the connection has at its far end is looked at last.
 */
const guardedConnector =
  (guard: AddressGuard, timeoutMs: number): buildConnector.connector =>
  (options, callback) => {
    const { protocol, hostname, port } = options;
    within(timeoutMs, guard.addressesOf({ protocol, hostname, port })).then(
      (addresses) => {
        const connect = buildConnector({
          timeout: timeoutMs,
          allowH2: false,
          maxCachedSessions: 0,
          lookup: (_hostname, { all }, found) => {
            const judged = addresses.map((address) => ({ address, family: familyOf(address) }));
            if (all) found(null, judged);
            else found(null, judged[0]!.address, judged[0]!.family);
          },
        });
        connect(options, (error, socket) => {
          if (error) return callback(error, null);
          if (guard.mayBe(socket.remoteAddress)) return callback(null, socket);
          socket.destroy();
          callback(new AddressRefused('address'), null);
        });
      },
      (error: Error) => callback(error, null),
    );
  };

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

const within = async <T>(timeoutMs: number, work: Promise<T>): Promise<T> => {
  const done = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new DOMException('No answer in time', 'TimeoutError');
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
};

const causeOf = (error: unknown): FailureCause => {
  if (error instanceof AddressRefused) return 'address';
  const { name, code } = error as { readonly name?: string; readonly code?: unknown };
  if (name === 'TimeoutError') return 'timeout';
  if (typeof code !== 'string') return 'connection';
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return 'timeout';
  return /TLS|SSL|CERT|SIGNATURE|ISSUER/.test(code) ? 'tls' : 'connection';
};

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
const waitOf = (header: string | string[] | undefined): number | undefined => {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
};
