import { join } from 'node:path';
import { Door } from '@hostledger/embedded-node';
import { freePort } from './processes.js';

export { Door };

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
