import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
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
  readonly released: boolean;
}

const MAX_ATTEMPTS = 10;

/**
 * Locks the directory for this process, or throws {@link DirectoryInUse}. PGlite has no lock of its
 * own, and two processes in one directory damage it without an error. The lock of a dead process is
 * taken over. The result gives the lock back.
 *
 * Whoever made the file `lock.<n>` of the greatest n has the lock, unless it is released or its
 * process is gone: then the next to make `lock.<n+1>` has it. A file is made once, by linking a
 * finished one, so that there is one winner; nothing that might be fresh is ever removed.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  await mkdir(directory, { recursive: true });
  const mine: Holder = { pid: process.pid, birth: await birthOf(process.pid), released: false };
  const draft = path.join(directory, `draft.${randomUUID()}`);
  await writeFile(draft, JSON.stringify(mine));
  try {
    const file = lockFile(directory, await takeNext(directory, draft));
    return async () => {
      await writeFile(draft, JSON.stringify({ ...mine, released: true }));
      await rename(draft, file);
    };
  } finally {
    await unlink(draft);
  }
};

/** Makes the next lock file; returns its number. */
const takeNext = async (directory: string, draft: string): Promise<number> => {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const last = Math.max(0, ...(await lockNumbers(directory)));
    const holder = await holderOf(lockFile(directory, last));
    if (holder && !holder.released && (await isAlive(holder))) {
      throw new DirectoryInUse(directory, holder.pid);
    }
    const next = last + 1;
    try {
      await link(draft, lockFile(directory, next));
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      throw error;
    }
    const numbers = await lockNumbers(directory);
    if (numbers.some((number) => number > next)) {
      // Others have come and gone since `last` was read, and removed a file of the same number.
      await unlink(lockFile(directory, next));
      continue;
    }
    for (const number of numbers.filter((older) => older < next)) {
      await rm(lockFile(directory, number), { force: true });
    }
    return next;
  }
  throw new DirectoryInUse(directory, 0);
};

const lockFile = (directory: string, number: number): string =>
  path.join(directory, `lock.${number}`);

const lockNumbers = async (directory: string): Promise<number[]> =>
  (await readdir(directory)).flatMap((name) => {
    const number = /^lock\.(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });

/** Undefined for a file that is not there or not ours. */
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
