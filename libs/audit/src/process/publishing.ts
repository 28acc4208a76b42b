import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A checkpoint that is recorded, on its way out. */
export interface RecordedCheckpoint {
  readonly size: number;
  /** The signed note. */
  readonly note: string;
  /** Whether it is the last one there is now. */
  readonly isLast: boolean;
}

/** A place outside of the database where checkpoints are put, each once and for ever. */
export interface PublishPlace {
  /** A permanent identity: what was published there is known under it. */
  readonly name: string;
  /**
   * Put a second time it is the same. Where another one of that size is, this one is put beside it.
   * @returns where another one is: one of the two histories was changed. Any error may pass.
   */
  publish(checkpoint: RecordedCheckpoint, signal: AbortSignal): Promise<string | undefined>;
  /**
   * The note that was published last; undefined where nothing is, or it is not allowed to look.
   * Any error may pass.
   */
  latest(signal: AbortSignal): Promise<string | undefined>;
}

/** What names a checkpoint beside another one of its size: 8 hex digits of its root. */
const besideOf = ({ size, note }: RecordedCheckpoint): string => {
  const [, , root = ''] = note.split('\n');
  return `${size}-${Buffer.from(root, 'base64').toString('hex').slice(0, 8)}`;
};

/** @param where a folder, a `file:` URL or the beginning of an http(s) URL. */
export const publishPlace = (where: string, token?: string): PublishPlace => {
  if (/^https?:/.test(where)) return new PublishUrl(where.replace(/\/+$/, ''), token);
  return new PublishFolder(where.startsWith('file:') ? fileURLToPath(where) : where);
};

const LATEST = 'latest';

/** Files `<size>.checkpoint`, never overwritten, and `latest`, the largest of the present log. */
export class PublishFolder implements PublishPlace {
  readonly name: string;

  constructor(private readonly folder: string) {
    this.name = `folder ${folder}`;
  }

  async publish(checkpoint: RecordedCheckpoint): Promise<string | undefined> {
    const { size, note, isLast } = checkpoint;
    await mkdir(this.folder, { recursive: true });
    const file = join(this.folder, `${size}.checkpoint`);
    const isThere = await this.put(file, note);
    if (!isThere) await this.put(join(this.folder, `${besideOf(checkpoint)}.checkpoint`), note);
    const latest = join(this.folder, LATEST);
    const text = await textOf(latest);
    const isBehind = Number(text?.split('\n')[1] ?? 0) < size;
    if (isBehind || (isLast && text !== note)) await this.write(latest, note, rename);
    return isThere ? undefined : file;
  }

  /** `latest`; where somebody has taken it away, the largest that is there. */
  async latest(): Promise<string | undefined> {
    const text = await textOf(join(this.folder, LATEST));
    if (text !== undefined) return text;
    const names = await readdir(this.folder).catch(() => []);
    const sizes = names.flatMap((name) => /^(\d+)\.checkpoint$/.exec(name)?.[1] ?? []);
    const [largest] = sizes.sort((a, b) => Number(b) - Number(a));
    return largest === undefined ? undefined : textOf(join(this.folder, `${largest}.checkpoint`));
  }

  /** Whether it is there now, and not another one. */
  private async put(file: string, note: string): Promise<boolean> {
    // A link is refused where something is already, whoever put it there a moment ago.
    if ((await textOf(file)) === undefined) await this.write(file, note, link);
    return (await textOf(file)) === note;
  }

  /** Whole or not at all, and still there after a power cut. */
  private async write(file: string, note: string, place: typeof link): Promise<void> {
    const temporary = `${file}.${process.pid}.new`;
    const handle = await open(temporary, 'w', 0o644);
    try {
      await handle.writeFile(note);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await place(temporary, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(temporary, { force: true });
    }
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

const textOf = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const ANSWER_WITHIN_MS = 10_000;
const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
/** To look at, or to write at all. */
const MAY_NOT = [401, 403, 405];
/** Over what is there: it is written once. */
const MAY_NOT_AGAIN = [409, 412, 428];

/** An object store or any server that takes `PUT <url>/<size>` where nothing is yet. */
export class PublishUrl implements PublishPlace {
  readonly name: string;

  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {
    this.name = url;
  }

  async publish(checkpoint: RecordedCheckpoint, signal: AbortSignal): Promise<string | undefined> {
    const { size, note, isLast } = checkpoint;
    const url = `${this.url}/${size}`;
    const isThere = await this.put(url, note, signal);
    if (!isThere) await this.put(`${this.url}/${besideOf(checkpoint)}`, note, signal);
    if (isLast) await this.putLatest(note, signal);
    return isThere ? undefined : url;
  }

  async latest(signal: AbortSignal): Promise<string | undefined> {
    const url = `${this.url}/${LATEST}`;
    const { status, text } = await this.ask(url, signal, { method: 'GET' });
    if (status === 200) return text;
    if (status === 404 || MAY_NOT.includes(status)) return undefined;
    throw new Error(`GET ${url} was answered with ${status}`);
  }

  /** The one object that is written over; where that is never allowed there is none, or the first. */
  private async putLatest(note: string, signal: AbortSignal): Promise<void> {
    const url = `${this.url}/${LATEST}`;
    const { status } = await this.ask(url, signal, { method: 'PUT', body: note, headers: TEXT });
    const isDone = status >= 200 && status <= 299;
    if (isDone || MAY_NOT.includes(status) || MAY_NOT_AGAIN.includes(status)) return;
    throw new Error(`PUT ${url} was answered with ${status}`);
  }

  /** Whether it is there now, and not another one, as far as one may look. */
  private async put(url: string, note: string, signal: AbortSignal): Promise<boolean> {
    const { status } = await this.ask(url, signal, {
      method: 'PUT',
      body: note,
      headers: { ...TEXT, 'if-none-match': '*' },
    });
    if (status >= 200 && status <= 299) return true;
    if (status === 412) {
      const there = await this.ask(url, signal, { method: 'GET' });
      if (there.status !== 404) return there.status !== 200 || there.text === note;
    }
    throw new Error(`PUT ${url} was answered with ${status}`);
  }

  private async ask(
    url: string,
    signal: AbortSignal,
    { headers, ...request }: { method: string; body?: string; headers?: Record<string, string> },
  ): Promise<{ readonly status: number; readonly text: string }> {
    const authorization = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    const answer = await fetch(url, {
      ...request,
      headers: { ...headers, ...authorization },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    return { status: answer.status, text: await answer.text() };
  }
}
