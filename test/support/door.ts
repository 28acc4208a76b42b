import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort } from './processes.js';

type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** A door to a server that can be shut: open connections break, new ones are refused. */
export class Door {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  constructor(
    readonly port: number,
    private readonly target: Target,
  ) {}

  async open(): Promise<void> {
    const server = createServer((inside) => {
      const outside = connect(this.target);
      for (const [one, other] of [
        [inside, outside],
        [outside, inside],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise<void>((listening) => server.listen(this.port, '127.0.0.1', listening));
    this.server = server;
  }

  async shut(): Promise<void> {
    const closed = new Promise((done) => this.server?.close(done));
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await closed;
  }
}

/** An open door to a PostgreSQL, and the URL that leads through it. */
export const doorToPostgres = async (
  postgresUrl: string,
): Promise<{ readonly door: Door; readonly url: string }> => {
  const url = new URL(postgresUrl);
  const directory = url.searchParams.get('host');
  const port = Number(url.port || 5432);
  const target = directory
    ? { path: join(directory, `.s.PGSQL.${port}`) }
    : { host: url.hostname, port };
  const door = new Door(await freePort(), target);
  await door.open();
  url.searchParams.delete('host');
  url.hostname = '127.0.0.1';
  url.port = String(door.port);
  return { door, url: url.href };
};

/** An open door to an event store on this machine, and the connection string that leads through it. */
export const doorToEventStore = async (
  port: number,
): Promise<{ readonly door: Door; readonly url: string }> => {
  const door = new Door(await freePort(), { host: '127.0.0.1', port });
  await door.open();
  return { door, url: `esdb://127.0.0.1:${door.port}?tls=false` };
};
