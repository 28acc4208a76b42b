import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installed } from './installed.js';

const OPEN_WITHIN_MS = 60_000;

/**
 * A new directory with an embedded database in which nothing is: a copy of one that is made once,
 * since making one takes seven seconds of processor time and copying it a tenth of one.
 */
export const embeddedDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'hostledger-db-'));
  await cp(await template(), directory, { recursive: true });
  return directory;
};

const template = async (): Promise<string> => {
  const engine = installed('@electric-sql/pglite')!;
  const { version } = JSON.parse(await readFile(path.join(engine, 'package.json'), 'utf8')) as {
    version: string;
  };
  const made = path.join(engine, '../../.cache/hostledger', `pglite-${version}`);
  if (existsSync(made)) return made;
  await mkdir(path.dirname(made), { recursive: true });
  const making = await mkdtemp(`${made}-`);
  const { openDatabase } = await import('@hostledger/eventsourcing/postgres');
  const database = await openDatabase({ directory: making });
  await database.ping(OPEN_WITHIN_MS);
  await database.close();
  try {
    await rename(making, made);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(made)) throw error;
    await rm(making, { recursive: true, force: true });
  }
  return made;
};
