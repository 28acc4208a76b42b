import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedDatabase, until } from '@hostledger/testing';
import { notaryOf, World } from './notary.fixture.js';
import { publishPlace } from './publishing.js';

const never = new AbortController().signal;
/** As a part of those that are outside. */
const isLast = false;
const noteOf = (size: number, root = 'root'): string => `log\n${size}\n${root}\n\n— log AAAA\n`;

describe('A folder of checkpoints', () => {
  let folder: string;
  beforeEach(() => (folder = join(mkdtempSync(join(tmpdir(), 'hostledger-publish-')), 'notes')));
  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  it('has a file of each, and the latest, and nothing else', async () => {
    const place = publishPlace(folder);
    for (const size of [9, 10, 9]) {
      await place.publish({ size, note: noteOf(size), isLast }, never);
    }
    expect(readdirSync(folder).sort()).toEqual(['10.checkpoint', '9.checkpoint', 'latest']);
    expect(readFileSync(join(folder, 'latest'), 'utf8')).toBe(noteOf(10));
  });

  it('is never written over: another one of the same size is told and put beside it', async () => {
    const place = publishPlace(folder);
    expect(await place.publish({ size: 9, note: noteOf(9), isLast }, never)).toBeUndefined();
    const other = { size: 9, note: noteOf(9, 'other+++'), isLast };
    for (let time = 0; time < 2; time += 1) {
      expect(await place.publish(other, never)).toBe(join(folder, '9.checkpoint'));
    }
    expect(readFileSync(join(folder, '9.checkpoint'), 'utf8')).toBe(noteOf(9));
    expect(readFileSync(join(folder, '9-a2d85eaf.checkpoint'), 'utf8')).toBe(other.note);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('has the latest of the log as it is now, also where that has fewer than there were', async () => {
    const place = publishPlace(folder);
    await place.publish({ size: 20, note: noteOf(20), isLast: true }, never);
    await place.publish({ size: 9, note: noteOf(9), isLast: false }, never);
    expect(readFileSync(join(folder, 'latest'), 'utf8')).toBe(noteOf(20));
    await place.publish({ size: 15, note: noteOf(15), isLast: true }, never);
    expect(readFileSync(join(folder, 'latest'), 'utf8')).toBe(noteOf(15));
  });
});

/** An object store that keeps what is put where nothing is yet. */
class ObjectStore {
  readonly objects = new Map<string, string>();
  /** Answers with this status, whatever it does. */
  broken: number | undefined;
  mayRead = true;
  mayReplace = true;
  private server: Server | undefined;

  async up(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url = '', headers } = request;
        const end = (status: number, body = ''): void => void response.writeHead(status).end(body);
        if (this.broken !== undefined) return end(this.broken);
        if (headers.authorization !== 'Bearer s3cret') return end(401);
        const there = this.objects.get(url);
        if (method === 'GET' && !this.mayRead) return end(403);
        if (method === 'GET') return there === undefined ? end(404) : end(200, there);
        const isLatest = url.endsWith('/latest') && this.mayReplace;
        if (!isLatest && headers['if-none-match'] !== '*') return end(428);
        if (!isLatest && there !== undefined) return end(412);
        this.objects.set(url, Buffer.concat(chunks).toString());
        end(201);
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket/`;
  }

  async down(): Promise<void> {
    this.server!.closeAllConnections();
    await new Promise((resolve) => this.server!.close(resolve));
  }
}

describe('A URL of checkpoints', () => {
  const store = new ObjectStore();
  let url: string;
  beforeAll(async () => (url = await store.up()));
  afterAll(() => store.down());
  beforeEach(() => store.objects.clear());

  it('is put each once, under its size; again it is the same', async () => {
    const place = publishPlace(url, 's3cret');
    for (let time = 0; time < 2; time += 1)
      await place.publish({ size: 9, note: noteOf(9), isLast }, never);
    store.mayRead = false;
    await place.publish({ size: 9, note: noteOf(9), isLast }, never);
    store.mayRead = true;
    expect([...store.objects]).toEqual([['/bucket/9', noteOf(9)]]);
  });

  it('that has another one of the size is told, and has both', async () => {
    const place = publishPlace(url, 's3cret');
    await place.publish({ size: 9, note: noteOf(9), isLast }, never);
    const other = { size: 9, note: noteOf(9, 'other+++'), isLast };
    for (let time = 0; time < 2; time += 1) {
      expect(await place.publish(other, never)).toBe(`${url}9`);
    }
    expect([...store.objects]).toEqual([
      ['/bucket/9', noteOf(9)],
      ['/bucket/9-a2d85eaf', other.note],
    ]);
  });

  it('has the latest of the log as it is now, where that may be written over', async () => {
    const place = publishPlace(url, 's3cret');
    expect(await place.latest(never)).toBeUndefined();
    await place.publish({ size: 9, note: noteOf(9), isLast: true }, never);
    await place.publish({ size: 8, note: noteOf(8), isLast: true }, never);
    expect(await place.latest(never)).toBe(noteOf(8));
    store.mayReplace = false;
    await place.publish({ size: 10, note: noteOf(10), isLast: true }, never);
    expect(await place.latest(never)).toBe(noteOf(8));
    store.mayReplace = true;
    store.mayRead = false;
    expect(await place.latest(never)).toBeUndefined();
    store.mayRead = true;
    expect([...store.objects.keys()].sort()).toEqual(
      ['10', '8', '9', 'latest'].map((name) => `/bucket/${name}`),
    );
  });

  it('refuses whoever has no token, which is an error like any other', async () => {
    const published = publishPlace(url).publish({ size: 9, note: noteOf(9), isLast }, never);
    await expect(published).rejects.toThrow(/answered with 401$/);
  });

  it('that is away is tried again until all checkpoints are there; the notary goes on', async () => {
    const opened = await embeddedDatabase();
    const { database } = opened;
    const world = new World();
    const notary = notaryOf(world, database, { place: publishPlace(url, 's3cret') });
    try {
      notary.start();
      await world.happens();
      await until(() => store.objects.has('/bucket/latest'));
      store.broken = 503;
      for (let round = 0; round < 3; round += 1) {
        await world.happens();
        await world.untilSigned();
      }
      await until(() => notary.status().unpublished >= 3);
      expect(notary.status().failing).toEqual([
        {
          errand: `Publishing to ${url.slice(0, -1)}`,
          why: expect.stringMatching(/with 503$/) as string,
        },
      ]);
      store.broken = undefined;
      await until(() => store.objects.size === world.checkpoints().length + 1);
      await until(() => notary.status().unpublished === 0);
      expect(notary.status().failing).toEqual([]);
      for (const { treeSize, note } of world.checkpoints()) {
        expect(store.objects.get(`/bucket/${treeSize}`)).toBe(note);
      }
    } finally {
      await notary.stop();
      await opened.close();
      world.clear();
    }
  });

  it('that cannot be asked what it has last is waited for, before anything is signed', async () => {
    const opened = await embeddedDatabase();
    const world = new World();
    const notary = notaryOf(world, opened.database, { place: publishPlace(url, 's3cret') });
    try {
      store.broken = 503;
      await world.happens();
      notary.start();
      await until(() => notary.status().fault !== undefined);
      expect(notary.status().fault).toMatch(
        /^It cannot be seen what was published last: .* answered with 503$/,
      );
      expect(world.checkpoints()).toEqual([]);
      store.broken = undefined;
      await world.untilSigned();
      await until(() => notary.status().fault === undefined);
    } finally {
      store.broken = undefined;
      await notary.stop();
      await opened.close();
      world.clear();
    }
  });

  it('or a folder with a forged checkpoint shows, and what is recorded is not changed for it', async () => {
    const opened = await embeddedDatabase();
    const { database } = opened;
    const world = new World();
    const folder = join(world.home, 'worm');
    const notary = notaryOf(world, database, { place: publishPlace(folder) });
    try {
      await world.happens();
      await publishPlace(folder).publish({ size: 2, note: noteOf(2), isLast }, never);
      notary.start();
      await until(() => notary.status().failing[0]?.why.endsWith('of this size') === true);
      expect(notary.status().failing[0]!.why).toMatch(/holds another checkpoint of this size$/);
      await world.happens(3);
      await world.untilSigned();
      await until(() => notary.status().unpublished === 0);
      expect(notary.status().failing).toHaveLength(1);
      const [first, last] = [world.checkpoints()[0]!, world.checkpoints().at(-1)!];
      const beside = Buffer.from(first.rootHash, 'base64').toString('hex').slice(0, 8);
      expect(readFileSync(join(folder, '2.checkpoint'), 'utf8')).toBe(noteOf(2));
      expect(readFileSync(join(folder, `2-${beside}.checkpoint`), 'utf8')).toBe(first.note);
      expect(readFileSync(join(folder, 'latest'), 'utf8')).toBe(last.note);
    } finally {
      await notary.stop();
      await opened.close();
      world.clear();
    }
  });
});
