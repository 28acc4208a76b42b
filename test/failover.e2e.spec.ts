import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type TestPostgres } from '@hostledger/testing';
import { faultsOfFronts } from './failover/faults.js';
import { written, type Report } from './failover/report.js';
import { runFailover } from './failover/run.js';
import { StoreCluster } from './failover/store-cluster.js';
import { BuiltProgram } from './support/processes.js';

// The short form of `npm run failover`: each fault once, all checks. docs/failover.md tells more.

const SECONDS = 10;
const CALM_MS = 2_500;
/** Another one every time; printed by the test's name, to try the same again. */
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);

describe(`failover under load (TEST_SEED=${seed})`, () => {
  let report: Report;

  beforeAll(async () => {
    report = await runFailover({
      ...{ seed, seconds: SECONDS, calmMs: CALM_MS },
      ...{ clients: 8, apis: 2, workers: 1 },
    });
  }, 420_000);

  it('loses and doubles no acknowledged command, and gives no wrong answer', () => {
    if (report.wrong.length > 0) throw new Error(written(report));
    for (const kind of ['customer', 'standing', 'contract', 'move']) {
      expect(report.outcomes.get(`${kind} accepted`)).toBeGreaterThan(0);
    }
    expect(report.checked.reads).toBeGreaterThan(0);
    expect(report.checked.repeats).toBeGreaterThan(0);
  });

  it('goes on by itself after every fault', () => {
    expect(new Set(report.recoveries.map(({ name }) => name)).size).toBe(9);
    for (const { firstMs } of report.recoveries) expect(firstMs).toBeLessThan(30_000);
  });
});

describe('the command, against a cluster that is there', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-given-'));
  const mends = new Map<string, () => Promise<unknown>>();
  const phases: string[] = [];
  let store: StoreCluster;
  let postgres: TestPostgres;
  /** Stands for those who can reach the cluster's machines. */
  let operator: Server;

  const obey = async (fault: string, phase: string): Promise<void> => {
    phases.push(`${phase} ${fault}`);
    if (phase === 'end') return void (await mends.get(fault)!());
    mends.set(
      fault,
      await faultsOfFronts(store)
        .find(({ name }) => name === fault)!
        .begin(),
    );
  };

  beforeAll(async () => {
    store = await StoreCluster.start(join(home, 'events'));
    postgres = await startPostgres();
    operator = createServer((request, response) => {
      const [, fault, phase] = decodeURIComponent(request.url!).split('/');
      void obey(fault!, phase!).then(() => response.end());
    });
    await new Promise<void>((resolve) => operator.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    operator.close();
    await store.stop();
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('has faults begun and ended by another command, and finds nothing wrong', async () => {
    const { port } = operator.address() as AddressInfo;
    const ask = `fetch('http://127.0.0.1:${port}/' + process.env.FAULT + '/' + process.env.PHASE)`;
    const faults = ['leader killed', 'network to the leader cut'];
    const command = BuiltProgram.startWith(
      'test/failover/main.js',
      [
        ...['--url', store.url, '--database', postgres.url],
        ...['--minutes', '0.1', '--clients', '6', '--apis', '1', '--workers', '1', '--calm', '2'],
        ...['--faults', ...faults, '--fault-seconds', '6'],
        ...['--fault-command', `"${process.execPath}" -e "${ask}"`],
      ],
      {},
    );
    const status = await command.ended();
    const told = command.lastWords;
    if (status !== 0) throw new Error(told);
    expect([...phases].sort()).toEqual(
      ['begin', 'end'].flatMap((phase) => faults.map((fault) => `${phase} ${fault}`)),
    );
    for (const fault of faults) expect(told).toMatch(new RegExp(`\\| ${fault} +\\|`));
    expect(told).toContain('Nothing was wrong.');
  }, 300_000);
});
