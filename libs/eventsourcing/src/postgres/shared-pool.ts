import type { MessagePort } from 'node:worker_threads';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { ReadablePool } from './embedded-pool.js';
import { memoryOf } from './transfer.js';

type Request =
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly client: number;
      readonly reads: boolean;
    }
  | {
      readonly kind: 'query';
      readonly id: number;
      readonly client: number;
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'release'; readonly client: number };

type Reply = { readonly id: number } & (
  { readonly result: PostgresQueryResult<unknown> | undefined } | { readonly error: Error }
);

/**
 * Lets whoever holds the other end of the port take turns at the pool. When that end closes, its
 * clients are given back, an open transaction rolled back.
 */
export const sharePool = (pool: ReadablePool, port: MessagePort): void => {
  const clients = new Map<number, Promise<PostgresPoolClient>>();
  const answer = (id: number, work: Promise<PostgresQueryResult<unknown> | undefined>): void => {
    work.then(
      (result) => port.postMessage({ id, result } satisfies Reply),
      (error: unknown) => port.postMessage({ id, error: plain(error) } satisfies Reply),
    );
  };
  port.on('message', (request: Request) => {
    if (request.kind === 'connect') {
      const client = (request.reads ? pool.readers : pool).connect();
      clients.set(request.client, client);
      answer(
        request.id,
        client.then(() => undefined),
      );
      client.catch(() => clients.delete(request.client));
      return;
    }
    const client = clients.get(request.client);
    if (request.kind === 'query') {
      const { id, sql, parameters } = request;
      const lost = Promise.reject(new Error('There is no such client'));
      answer(id, client ? client.then((session) => session.query(sql, parameters)) : lost);
      lost.catch(() => undefined);
    } else {
      clients.delete(request.client);
      void client?.then((session) => session.release());
    }
  });
  port.on('close', () => {
    for (const client of clients.values()) {
      client
        .then((session) => session.query('rollback', []).finally(() => session.release()))
        .catch(() => undefined);
    }
    clients.clear();
  });
};

/** An error keeps its name and its SQLSTATE over a port only as a plain object. */
const plain = (error: unknown): Error => {
  const { name, message } = error as Error;
  return { ...(error as object), name, message };
};

/** A pool of another thread, through a port that it shares ({@link sharePool}). */
export class SharedPool implements ReadablePool {
  readonly options = {};
  readonly readers: PostgresPool = {
    options: {},
    connect: () => this.come(true),
    end: () => Promise.resolve(),
  };
  private readonly open = new Map<number, Answer>();
  private last = 0;

  constructor(private readonly port: MessagePort) {
    port.on('message', (reply: Reply) => {
      const answer = this.open.get(reply.id);
      this.open.delete(reply.id);
      if ('error' in reply) answer?.reject(Object.assign(new Error(), reply.error));
      else answer?.resolve(reply.result);
    });
    port.on('close', () => {
      for (const { reject } of this.open.values()) reject(new Error(CLOSED));
      this.open.clear();
    });
  }

  connect(): Promise<PostgresPoolClient> {
    return this.come(false);
  }

  private async come(reads: boolean): Promise<PostgresPoolClient> {
    const client = (this.last += 1);
    await this.ask({ kind: 'connect', id: client, client, reads });
    let released = false;
    const query = (sql: string | object, parameters: readonly unknown[] = []) => {
      if (typeof sql !== 'string') throw new Error('Cursors are not supported');
      return this.ask({ kind: 'query', id: (this.last += 1), client, sql, parameters });
    };
    return {
      query: query as PostgresPoolClient['query'],
      release: () => {
        if (released) return;
        released = true;
        this.port.postMessage({ kind: 'release', client } satisfies Request);
      },
    };
  }

  end(): Promise<void> {
    this.port.close();
    return Promise.resolve();
  }

  private ask(request: Exclude<Request, { kind: 'release' }>) {
    return new Promise<PostgresQueryResult<unknown> | undefined>((resolve, reject) => {
      this.open.set(request.id, { resolve, reject });
      this.port.postMessage(request, request.kind === 'query' ? memoryOf(request.parameters) : []);
    });
  }
}

const CLOSED = 'The embedded database is closed';

interface Answer {
  readonly resolve: (result: PostgresQueryResult<unknown> | undefined) => void;
  readonly reject: (error: Error) => void;
}
