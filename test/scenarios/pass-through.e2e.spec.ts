import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fileSource,
  leafLine,
  StatementRecomputation,
  storeSource,
  type Recomputed,
} from '@hostledger/audit';
import { socketEndpoint } from '@hostledger/embedded-node';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { embeddedDatabase, type TestDatabase } from '@hostledger/testing';
import { play, type Played } from '../../apps/cli/src/play/play.js';
import { eventsDirectory } from '../../apps/composition/system.js';
import { BuiltProgram, freePort, isReady } from '../support/processes.js';

const SCENARIO = 'pass-through';
const PLAY_LIMIT_MS = 240_000;

/** The built system dies while these are under way, and is started again. */
const DEATHS = ['Take in what the meter read in April', 'Close April, with what changed of March'];

describe('the scenario pass-through, played while the system is killed twice', () => {
  let dataDir: string;
  let origin: string;
  let port: number;
  let system: BuiltProgram;
  let played: Played;
  const died: string[] = [];

  const start = async (): Promise<void> => {
    const env = { DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'fatal' };
    system = BuiltProgram.start('apps/standalone/src/main.js', env);
    await system.until(() => isReady(origin));
  };
  const token = async () => (await readFile(join(dataDir, 'access-token'), 'utf8')).trim();
  const get = async (path: string, accept = 'application/json'): Promise<Response> => {
    const headers = { authorization: `Bearer ${await token()}`, accept };
    const response = await fetch(`${origin}${path}`, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const read = async <T>(path: string): Promise<T> => (await get(path)).json() as Promise<T>;

  const playIt = (onLine: (text: string) => void = () => undefined) =>
    play({
      scenario: SCENARIO,
      url: origin,
      token,
      patienceMs: 60_000,
      output: { line: () => undefined, progress: onLine },
    });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'pass-through-'));
    port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    await start();
    let restarted = Promise.resolve();
    played = await playIt((text) => {
      const next = DEATHS[died.length];
      if (next === undefined || !text.includes(next)) return;
      died.push(next);
      restarted = system.kill().then(start);
    });
    await restarted;
  }, PLAY_LIMIT_MS);

  afterAll(async () => {
    await system.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  interface Issued {
    readonly statementId: string;
    readonly number: string;
    readonly month: string;
    readonly kind: string;
  }
  const issued = () => read<{ items: Issued[] }>('/v1/statements');
  const statements = async () => {
    const { items } = await issued();
    return { items: items.filter(({ kind }) => kind === 'statement') };
  };

  it('comes to its end in spite of both deaths, with no reading refused', () => {
    expect(died).toEqual(DEATHS);
    const uploads = played.steps.filter(({ done }) => done !== undefined);
    expect(uploads.map(({ name, done, rejected }) => [name, done, rejected])).toEqual([
      ['readings-march', 743, 0],
      ['readings-april', 720, 0],
    ]);
  });

  // Added up from readings-2022-03.csv and readings-2022-04.csv: March 28,938,703.375 kWh, of which an
  // hour is 10,815.676 kWh less after its correction; April 13,098,624.333 kWh until the 15th,
  // 6,537,117.258 until the 22nd and 8,418,584.330 after it, by the days of America/Chicago.
  it('billed March by the terms that were in force, and closed it for good', () => {
    const [march] = played.answers.statements;
    expect(march).toMatchObject({
      month: '2022-03',
      lines: [
        {
          quantity: '28938703.375',
          unit: 'kWh',
          rate: '0.0650',
          amount: '1881015.72',
          termsVersion: 1,
          clauseRef: '4.1',
        },
      ],
      totals: [{ currency: 'USD', amount: '1881015.72' }],
    });
  });

  it('billed April by both versions of the terms, power at both rates, and adjusted March', () => {
    const [march, april] = played.answers.statements;
    const told = april!.lines.map(({ quantity, rate, amount, termsVersion, clauseRef }) =>
      [quantity, rate, amount, `v${termsVersion}`, clauseRef].join(' '),
    );
    expect(told).toEqual([
      '13098624.333 0.0650 851410.58 v1 4.1',
      '6537117.258 0.0480 313781.63 v2 4.1',
      '8418584.33 0.0720 606138.07 v2 4.1',
      '14955701.588 0.0120 179468.42 v2 4.2',
      '28927887.699 0.0650 -703.02 v1 4.1',
    ]);
    expect(april!.lines.at(-1)!.adjusts).toMatchObject({
      month: '2022-03',
      line: 1,
      before: '1881015.72',
    });
    expect(april!.totals).toEqual([{ currency: 'USD', amount: '1950095.68' }]);
    expect(march!.lines).toHaveLength(1);
  });

  it('explains every line by its events, and comes to the same again', async () => {
    const { items } = await statements();
    expect(items.map(({ month }) => month).toSorted()).toEqual(['2022-03', '2022-04']);
    for (const { statementId } of items) {
      const { lines } = await read<{ lines: unknown[] }>(`/v1/statements/${statementId}`);
      for (const index of lines.keys()) {
        const explained = await read<{ agrees: boolean; sources: unknown[]; clause: object }>(
          `/v1/statements/${statementId}/lines/${index + 1}/explanation`,
        );
        expect(explained).toMatchObject({
          agrees: true,
          clause: { ref: expect.any(String) as string },
        });
        expect(explained.sources.length).toBeGreaterThan(2);
      }
    }
  });

  it('numbers statements and credit notes without a gap', async () => {
    const { items } = await issued();
    expect(items.map(({ kind }) => kind)).toEqual(['statement', 'statement', 'creditNote']);
    expect(items.map(({ number }) => Number(number.slice(-6)))).toEqual([1, 2, 3]);
  });

  it('sends the same PDF and the same CSV for the same statement', async () => {
    const { items } = await statements();
    const path = `/v1/statements/${items[0]!.statementId}`;
    const bytes = async (accept: string) => Buffer.from(await (await get(path, accept)).bytes());
    const pdf = await bytes('application/pdf');
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.equals(await bytes('application/pdf'))).toBe(true);
    const csv = await bytes('text/csv');
    expect(csv.toString()).toContain('1881015.72');
    expect(csv.equals(await bytes('text/csv'))).toBe(true);
  });

  it('exports every line once, and the sum of them is what was billed and credited', async () => {
    const response = await get(
      '/v1/billing/export?from=2022-03&until=2022-04',
      'application/x-ndjson',
    );
    const rows = (await response.text()).trim().split('\n');
    const costs = rows.map((row) => (JSON.parse(row) as { BilledCost: string }).BilledCost);
    // Six lines, and the credit note.
    expect(costs).toHaveLength(7);
    const cents = costs.reduce((sum, cost) => sum + BigInt(cost.replace('.', '')), 0n);
    expect(cents).toBe(188_101_572n + 195_009_568n - 5_000_000n);
  });

  it('owes what was billed less what was paid, credited and kept of the deposit', () => {
    expect(played.answers.accounts).toMatchObject([
      {
        balances: [{ currency: 'USD', balance: '1731111.40', disputed: '0.00' }],
        statements: [
          { charges: [{ amount: '1881015.72', paid: '1800000.00', open: '81015.72' }] },
          {
            charges: [
              {
                amount: '1950095.68',
                credited: '50000.00',
                drawn: '250000.00',
                open: '1650095.68',
              },
            ],
          },
        ],
      },
    ]);
  });

  describe('computed anew from a copy of its log alone', () => {
    let lines: readonly string[];
    let own: TestDatabase;

    beforeAll(async () => {
      own = await embeddedDatabase();
      const endpoint = socketEndpoint(eventsDirectory(dataDir));
      const log = new EventStore({ connection: { endpoint } });
      const copied: string[] = [];
      for await (const event of (await storeSource(log)).events()) copied.push(leafLine(event));
      lines = copied;
      await log.close();
    });
    afterAll(() => own.close());

    const recomputed = async (copy: readonly string[]): Promise<Recomputed[]> => {
      const path = join(dataDir, 'copy.ndjson');
      await writeFile(path, copy.map((line) => `${line}\n`).join(''));
      const found: Recomputed[] = [];
      const recomputation = StatementRecomputation.on(own.database);
      const all = recomputation.recompute(await fileSource(path));
      for await (const one of all) found.push(one);
      return found;
    };
    const verdicts = (found: readonly Recomputed[]) =>
      found.map(({ verdict }) =>
        verdict!.equal ? 'equal' : `${verdict!.event?.type} ${verdict!.path}`,
      );
    /** With other words in the one event that has these. */
    const tampered = (words: string, others: string) => {
      const touched = lines.filter((line) => line.includes(words));
      expect(touched).toHaveLength(1);
      return lines.map((line) => line.replace(words, others));
    };

    it('both statements and the credit note come to what was issued', async () => {
      const found = await recomputed(lines);
      const numbers = found.map(({ subject }) => subject.slice(-6));
      expect(numbers).toEqual(['000001', '000002', '000003']);
      expect(verdicts(found)).toEqual(['equal', 'equal', 'equal']);
    });

    it('an amount that was changed is named by its event and its field', async () => {
      const changed = tampered(
        '"amount":"851410.58","clauseRef"',
        '"amount":"851410.57","clauseRef"',
      );
      const found = await recomputed(changed);
      expect(verdicts(found)).toEqual([
        'equal',
        'PeriodLinesRecorded /data/lines/0/amount',
        'equal',
      ]);
      expect(found[1]!.verdict).toMatchObject({
        ...{ here: '851410.58', there: '851410.57' },
        note: expect.stringContaining('The inputs are those of then') as string,
      });
    });

    it('a rate that was changed shows on every line that it prices', async () => {
      const found = await recomputed(tampered('"ratePerKwh":"0.0720"', '"ratePerKwh":"0.0730"'));
      expect(verdicts(found)).toEqual([
        'equal',
        expect.stringMatching(/^PeriodLinesRecorded \/data\/lines\/2\//),
        'equal',
      ]);
      expect(found[1]!.verdict).toMatchObject({
        note: expect.stringContaining('The inputs are not those of then') as string,
      });
    });
  });

  it('changes nothing when it is played again', async () => {
    const again = await playIt();
    expect(again.steps.filter(({ replayed }) => !replayed)).toEqual([]);
    expect(again.after).toBe(played.after);
  }, 60_000);
});
