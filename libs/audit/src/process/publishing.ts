import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A checkpoint that is recorded, on its way out. */
export interface RecordedCheckpoint {
  readonly size: number;
  /** The signed note. */
  readonly note: string;
}

/** A place outside of the database where checkpoints are put, each once and for ever. */
export interface PublishPlace {
  /** A permanent identity: what was published there is known under it. */
  readonly name: string;
  /** Put a second time it is the same. @throws PublishedOtherwise; anything else may pass. */
  publish(checkpoint: RecordedCheckpoint, signal: AbortSignal): Promise<void>;
}

/** Another checkpoint of that size is there: one of the two histories was changed. */
export class PublishedOtherwise extends Error {
  constructor(where: string) {
    super(`${where} holds another checkpoint of this size`);
    this.name = 'PublishedOtherwise';
  }
}

/** @param where a folder, a `file:` URL or the beginning of an http(s) URL. */
export const publishPlace = (where: string, token?: string): PublishPlace => {
  if (/^https?:/.test(where)) return new PublishUrl(where.replace(/\/+$/, ''), token);
  return new PublishFolder(where.startsWith('file:') ? fileURLToPath(where) : where);
};

/** Files `<size>.checkpoint`, never overwritten, and `latest`, the largest of them. */
export class PublishFolder implements PublishPlace {
  readonly name: string;

  constructor(private readonly folder: string) {
    this.name = `folder ${folder}`;
  }

  async publish({ size, note }: RecordedCheckpoint): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const file = join(this.folder, `${size}.checkpoint`);
    // A link is refused where something is already, whoever put it there a moment ago.
    if ((await textOf(file)) === undefined) await this.write(file, note, link);
    if ((await textOf(file)) !== note) throw new PublishedOtherwise(file);
    const latest = join(this.folder, 'latest');
    const latestSize = Number((await textOf(latest))?.split('\n')[1] ?? 0);
    if (latestSize < size) await this.write(latest, note, rename);
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

/** An object store or any server that takes `PUT <url>/<size>` where nothing is yet. */
export class PublishUrl implements PublishPlace {
  readonly name: string;

  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {
    this.name = url;
  }

  async publish({ size, note }: RecordedCheckpoint, signal: AbortSignal): Promise<void> {
    const url = `${this.url}/${size}`;
    const { status } = await this.ask(url, signal, {
      method: 'PUT',
      body: note,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'if-none-match': '*' },
    });
    if (status >= 200 && status <= 299) return;
    if (status === 412 && (await this.isThere(url, note, signal))) return;
    throw new Error(`PUT ${url} was answered with ${status}`);
  }

  /** What an earlier try put there, as far as one may look. @throws PublishedOtherwise */
  private async isThere(url: string, note: string, signal: AbortSignal): Promise<boolean> {
    const { status, text } = await this.ask(url, signal, { method: 'GET' });
    if (status === 200 && text !== note) throw new PublishedOtherwise(url);
    return status !== 404;
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
