import { get as request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@hostledger/testing';
import { HistoryHome, type Act } from './history.fixture.js';

// Long answers: whole, in order, while others write, and at the pace of whoever reads.

const MANY = 4_000;
/** Characters an event carries: all of them are several times what the sockets of any kernel buffer. */
const NOTE_LENGTH = 12_000;
const WITHIN_MS = 120_000;

let home: HistoryHome;
let ids: readonly string[];
let origin: string;
const opened: IncomingMessage[] = [];

const acts = (count: number, of: string): Act[] =>
  Array.from({ length: count }, (_, index) => ({
    stream: `miner-${of}${Math.floor(index / 50)}`,
    type: 'RepairOpened',
    data: { note: 'x'.repeat(NOTE_LENGTH), index },
  }));

beforeAll(async () => {
  home = await HistoryHome.open();
  ids = await home.act(...acts(MANY, 'A'));
  await home.catchUp();
  await home.app.listen(0, '127.0.0.1');
  origin = await home.app.getUrl();
}, WITHIN_MS);
afterAll(async () => {
  for (const answer of opened) answer.destroy();
  await home.close();
});

const open = async (query: string): Promise<IncomingMessage> => {
  const headers = { authorization: 'Bearer auditor' };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(`${origin}/v1/audit/events?${query}`, { headers, agent: false }, resolve);
    sent.once('error', reject);
  });
  opened.push(answer);
  return answer;
};

/** How many events the search has been made to read. */
const readsOf = (): { readonly events: () => number; readonly restore: () => void } => {
  const { events } = home.home;
  const [readAll, readAllFrom] = [events.readAll.bind(events), events.readAllFrom.bind(events)];
  let read = 0;
  const counted =
    (call: (from: bigint, maxCount: number) => Promise<readonly unknown[]>) =>
    async (from: bigint, maxCount: number) => {
      const found = await call(from, maxCount);
      read += found.length;
      return found;
    };
  Object.assign(events, { readAll: counted(readAll), readAllFrom: counted(readAllFrom) });
  return {
    events: () => read,
    restore: () => {
      Reflect.deleteProperty(events, 'readAll');
      Reflect.deleteProperty(events, 'readAllFrom');
    },
  };
};

/** Nothing has been read for a while. */
const standstill = async (read: () => number): Promise<void> => {
  for (let before = -1; before !== read() || before === 0; await sleep(700)) before = read();
};

describe('the whole history', () => {
  it(
    'comes once and in order, in lines and in pages, while others write',
    async () => {
      const answer = await open('format=ndjson&order=asc');
      let text = '';
      let written = false;
      for await (const chunk of answer) {
        text += String(chunk);
        if (!written) {
          written = true;
          await home.act(...acts(300, 'B'));
          await home.catchUp();
        }
      }
      const lines = text.trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids);

      let rounds = 0;
      const walked = await home.walk('type=RepairOpened&data=false', 700, async () => {
        rounds += 1;
        if (rounds > 3) return;
        await home.act(...acts(50, `C${rounds}-`));
        await home.catchUp();
      });
      const log = await home.home.log();
      expect(walked).toEqual(log.map(({ id }) => id));

      const backwards = await home.walk('order=desc&data=false', 900, () =>
        home.act(...acts(1, `D${walked.length}-${(rounds += 1)}-`)).then(home.catchUp),
      );
      expect(backwards).toEqual(walked.toReversed());
    },
    WITHIN_MS,
  );

  it(
    'is read from the log at the pace of its reader, and no more once he has left',
    async () => {
      const reads = readsOf();
      const answer = await open('format=ndjson');
      answer.pause();
      await standstill(reads.events);
      // What sockets and streams buffer, and a page; not the history.
      expect(reads.events()).toBeLessThan(MANY - 1_000);
      answer.destroy();
      await standstill(reads.events);
      expect(reads.events()).toBeLessThan(MANY - 500);
      reads.restore();
    },
    WITHIN_MS,
  );

  it('refuses more exports at once than it can serve well', async () => {
    const answers = await Promise.all(
      Array.from({ length: 9 }, async () => {
        const answer = await open('format=ndjson');
        answer.pause();
        return answer;
      }),
    );
    const statuses = answers.map(({ statusCode }) => statusCode).sort();
    expect(statuses).toEqual([...Array<number>(8).fill(200), 429]);
    for (const answer of answers) answer.destroy();
    await until(async () => {
      const again = await open('format=csv&type=RepairOpened&subject=nobody');
      again.resume();
      return again.statusCode === 200;
    });
  });
});
