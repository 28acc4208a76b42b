import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './errors.js';

/** Another living process (or this one) has the directory open. */
export class DirectoryInUse extends Error {
  constructor(
    readonly directory: string,
    readonly pid: number,
  ) {
    super(
      `The embedded database in ${directory} is in use by process ${pid}. ` +
        'Only one process may open it: stop that one, or use PostgreSQL (DATABASE_URL).',
    );
    this.name = 'DirectoryInUse';
  }
}

interface Holder {
  readonly pid: number;
  /** Boot and start time of the process where the system tells; a pid alone is used again. */
  readonly birth: string | undefined;
  readonly token: string;
}

/**
 * Takes `<directory>/lock`, or throws {@link DirectoryInUse}. PGlite has no lock of its own, and
 * two processes in one directory damage it without an error. The lock of a dead process is taken
 * over. The result gives the lock back.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, 'lock');
  const mine: Holder = {
    pid: process.pid,
    birth: await birthOf(process.pid),
    token: randomUUID(),
  };
  // Linking a finished file makes the lock appear with its content or not at all.
  const draft = `${file}.${mine.token}`;
  await writeFile(draft, JSON.stringify(mine));
  try {
    await takeLock(directory, file, draft);
  } finally {
    await unlink(draft);
  }
  return async () => {
    if ((await holderOf(file))?.token === mine.token) await unlink(file);
  };
};

const MAX_ATTEMPTS = 5;

const takeLock = async (directory: string, file: string, draft: string): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await link(draft, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const holder = await holderOf(file);
    if ((holder && (await isAlive(holder))) || attempt === MAX_ATTEMPTS) {
      throw new DirectoryInUse(directory, holder?.pid ?? 0);
    }
    await removeStale(directory, file, holder);
  }
};

/** Moves the stale lock away, and puts it back if it turns out to be another's fresh one. */
const removeStale = async (
  directory: string,
  file: string,
  stale: Holder | undefined,
): Promise<void> => {
  const aside = `${file}.stale.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await holderOf(aside);
  if (moved?.token === stale?.token) return unlink(aside);
  await link(aside, file).catch(() => undefined);
  await unlink(aside);
  throw new DirectoryInUse(directory, moved?.pid ?? 0);
};

/** Undefined without a lock, and for one that a crash left half written. */
const holderOf = async (file: string): Promise<Holder | undefined> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
};

const isAlive = async (holder: Holder): Promise<boolean> => {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const birth = await birthOf(holder.pid);
  return birth === undefined || holder.birth === undefined || birth === holder.birth;
};

/** Boot id and start time in clock ticks (field 22 of /proc/<pid>/stat); Linux only. */
const birthOf = async (pid: number): Promise<string | undefined> => {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name in parentheses may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot.trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
};
