import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openDatabase, ReadModels, schemaOf } from '@hostledger/eventsourcing/postgres';
import { sql } from 'kysely';
import { ApiClient } from '../../apps/cli/src/play/api-client.js';
import { play, type Played } from '../../apps/cli/src/play/play.js';
import { freePort } from '../support/processes.js';

const STANDALONE = 'dist/apps/standalone/src/main.js';
const CLI = 'dist/apps/cli/src/main.js';
const SCENARIO = 'core-scientific-bitmain';
const PATIENCE_MS = 60_000;
const PLAY_LIMIT_MS = 900_000;
const REBUILT_WITHIN_MS = 400_000;
const STOP_LIMIT_MS = 15_000;

/** The built system dies at these points of the play, and is started again. */
const deaths = [
  { step: 'Receive 22,700 machines', afterLines: 3_000 },
  { step: 'Install all of them', afterLines: 18_000 },
];
/** Moves that the proposal finds worth making. */
const PROPOSED = 560;

describe('the scenario core-scientific-bitmain, played while the system is killed twice', () => {
  let dataDir: string;
  let port: number;
  let server: ChildProcess | undefined;
  let played: Played;
  let died = 0;

  const env = () => ({
    ...process.env,
    DATA_DIR: dataDir,
    PORT: String(port),
    LOG_LEVEL: 'fatal',
    // One checkpoint at the start and no other one, so that a log that stands still is seen to.
    NOTARY_INTERVAL_SECONDS: '86400',
  });

  const start = (): void => {
    server = spawn(process.execPath, [STANDALONE], { env: env(), stdio: 'ignore' });
  };

  const killAndStartAgain = async (): Promise<void> => {
    const dying = server!;
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    start();
  };

  const tokenFile = (name = '') => join(dataDir, `access-token${name}`);
  const token = async () => (await readFile(tokenFile(), 'utf8')).trim();
  /** As the command line keeps them. */
  const kept = {
    read: (subject: string) =>
      readFile(tokenFile(`.${subject}`), 'utf8').then(
        (text) => text.trim(),
        () => undefined,
      ),
    keep: (subject: string, issued: string) => writeFile(tokenFile(`.${subject}`), issued),
  };
  const api = async () =>
    new ApiClient({
      url: `http://127.0.0.1:${port}`,
      token: await token(),
      patienceMs: PATIENCE_MS,
    });

  beforeAll(async () => {
    if (!existsSync(STANDALONE)) throw new Error(`${STANDALONE} is missing: npm run build`);
    dataDir = await mkdtemp(join(tmpdir(), 'play-'));
    port = await freePort();
    start();
    let restarted = Promise.resolve();
    const progress = (text: string): void => {
      const [, done] = /: ([\d,]+) of /.exec(text) ?? [];
      const next = deaths[died];
      if (!next || !text.includes(next.step) || numberOf(done) < next.afterLines) return;
      died += 1;
      restarted = killAndStartAgain();
    };
    played = await play({
      scenario: SCENARIO,
      url: `http://127.0.0.1:${port}`,
      token,
      kept,
      patienceMs: PATIENCE_MS,
      output: { line: () => undefined, progress },
    });
    await restarted;
  }, PLAY_LIMIT_MS);

  const stop = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    await gone;
  };

  afterAll(async () => {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }, STOP_LIMIT_MS);

  it('comes to its end in spite of both deaths, with no line refused', () => {
    expect(died).toBe(2);
    const uploads = played.steps.filter(({ done }) => done !== undefined);
    expect(uploads.map(({ name, done, rejected }) => [name, done, rejected])).toEqual([
      ['older-delivery', 252, 0],
      ['older-installation', 252, 0],
      ['clear-cedarvale', 252, 0],
      ['delivery', 22_700, 0],
      ['delivery-2', 4_300, 0],
      ['installation', 27_000, 0],
      ['clear-denton', 168, 0],
      ['clear-cottonwood', 84, 0],
      ['energization', 27_252, 0],
      ['departures', PROPOSED, 0],
      ['arrivals', PROPOSED, 0],
      ['restart', PROPOSED, 0],
    ]);
  });

  /** A settlement, an agreement or a proposal of the play, as the API tells it. */
  const ofPlay = async <T>(list: string, id: string, query = ''): Promise<T> => {
    const client = await api();
    const [item] = await client.readAll<Record<string, string>>(`/v1/${list}`);
    return (await client.read(`/v1/${list}/${item?.[id]}${query}`)).body as T;
  };
  const purchase = (query = '') => ofPlay<SupplyView>('supply-agreements', 'agreementId', query);

  // theblock.co/post/252452 (2023-09-22), rollmanmining.com "Bitmain plans to invest $54 million":
  // 27,000 S19J XP of 151 TH/s, 4.1 EH/s, for $23.1 million in cash and $53.9 million in stock.
  it('bought 27,000 machines of 151 TH/s for 23.1 million in cash and 53.9 million in stock', async () => {
    const bought = await purchase('?asOf=2023-09-30');
    expect(bought).toMatchObject({
      price: { face: '77000000.00', valued: '23100000.00', pendingFace: '53900000.00' },
      legs: [
        { kind: 'cash', face: '23100000.00', valued: '23100000.00', performed: '0.00' },
        { kind: 'equity', face: '53900000.00', valuationDue: { status: 'pending' } },
      ],
      hashrate: { contracted: 4_077_000_000, accepted: 0, outstanding: 4_077_000_000 },
      lines: [{ models: [{ model: 'S19JXP-151', unitHashrateGhs: 151_000, units: 27_000 }] }],
    });
    expect(bought.legs[1]).not.toHaveProperty('valued');
    // One deal: the hosting agreement of 2023-09-22 and the upgrade of older machines go with it.
    expect(bought.hostingContracts).toEqual([played.answers.contracts[1]!.contractId]);
    expect(bought.upgradeProgrammes).toMatchObject([{ reference: 'UP-2023' }]);
  });

  // sec.gov/Archives/edgar/data/1839341/000162828024019149/R18.htm: $4.1 million paid and about
  // 22,700 machines received by the end of 2023, the rest in January 2024.
  it('had paid 4.1 million and received 22,700 machines by the end of 2023', async () => {
    const atYearEnd = await purchase('?asOf=2023-12-31');
    expect(atYearEnd).toMatchObject({
      legs: [{ performed: '4100000.00', remaining: '19000000.00' }, { performed: '0.00' }],
      lines: [{ acceptedUnits: [{ model: 'S19JXP-151', units: 22_700 }] }],
      hashrate: { accepted: 3_427_700_000, outstanding: 649_300_000 },
    });
  });

  // The value was expected for the fourth quarter of 2023; the plan was confirmed on 2024-01-16
  // (sec.gov …/000162828025008302/R13.htm), 10,735,143 shares went to Bitmain's affiliate (prospectus
  // supplement to registration 333-278676), about $5.02 each.
  it('missed the valuation of the fourth quarter, and valued 10,735,143 shares in January', async () => {
    expect(await purchase('?asOf=2024-01-01')).toMatchObject({
      legs: [{}, { valuationDue: { status: 'overdue', missedOn: '2024-01-01' } }],
    });
    const [, shares] = (await purchase('?asOf=2024-01-23')).legs;
    expect(shares).toMatchObject({
      sharesIssued: 10_735_143,
      valuation: { valuedOn: '2024-01-16', shares: 10_735_143 },
    });
    expect(Number(shares!.valuation!.pricePerShare).toFixed(2)).toBe('5.02');
    expect(await purchase()).toMatchObject({
      status: 'completed',
      completedOn: '2024-01-31',
      price: { remaining: '0.00', pendingFace: '0.00' },
      hashrate: { accepted: 4_077_000_000, outstanding: 0, excess: 0 },
    });
  });

  // stocktitan.net/news/CORZQ: $14 million in cash; catcoin.com, coinsplorer.com (2023-09-16):
  // $45 million in cash and claims. Both are true of the same legs.
  it('settled with Celsius for 14 million in cash, which is 45 million with claims', async () => {
    const settled = await ofPlay<object>('settlements', 'settlementId');
    expect(settled).toMatchObject({
      status: 'closed',
      price: { received: { cash: '14000000.00', cashAndClaims: '45000000.00' } },
      openLegs: 0,
      clearances: [
        { facility: 'CEDARVALE', status: 'cleared', cases: { open: 0, moved: 252, retired: 0 } },
      ],
    });
    const cedarvale = (await (await api()).read('/v1/facilities/CEDARVALE')).body;
    expect(cedarvale).toMatchObject({ status: 'disposed' });
  });

  // ddjxad.top, crypto-news.club on block 840,000: 3.125 BTC a block from 2024-04-20 on, difficulty
  // 86.39T at block 838,656 and 88.10T in the next epoch.
  it('earns half of what it would without the halving', async () => {
    const client = await api();
    const { items } = (await client.read('/v1/miners?model=S19JXP-151&limit=1')).body;
    const [machine] = items as { serial: string }[];
    const earns = async (query: string) => {
      const path = `/v1/miners/${machine!.serial}/profitability?${query}`;
      return (await client.read(path)).body as unknown as { revenuePerDay: string };
    };
    expect(await earns('')).toMatchObject({ revenuePerDay: '6.46', bitcoinPerDay: '0.00010775' });
    expect(await earns('subsidySats=625000000')).toMatchObject({ revenuePerDay: '12.93' });
  });

  it('proposed, approved and carried out a plan for the halving', async () => {
    const proposal = await ofPlay<ProposalView>('relocation-proposals', 'proposalId');
    expect(proposal).toMatchObject({
      reference: 'HALVING-2024',
      state: 'proposed',
      requestedBy: 'owner',
      expected: { moves: PROPOSED, gapPercent: '0.0000', status: 'optimal' },
      routes: [{ from: 'DENTON', to: 'COTTONWOOD', moves: PROPOSED, completed: PROPOSED }],
      actual: {
        status: 'completed',
        completed: PROPOSED,
        aborted: 0,
        approvedBy: 'core-scientific-bitmain.approver',
      },
    });
    expect(proposal.actual.completedValue).toBe(proposal.expected.value);
  });

  it('holds what was ordered, allocated, delivered and installed under the contracts', async () => {
    const [older, contract] = played.answers.contracts;
    const few = { units: 252, powerWatts: 773_136 };
    expect(older).toMatchObject({ ordered: few, allocated: few, installed: few });
    const all = { units: 27_000, powerWatts: 87_669_000 };
    const rated = { ...all, hashrateGhs: 4_077_000_000 };
    expect(contract).toMatchObject({
      status: 'executed',
      termsVersion: 1,
      ordered: all,
      allocated: all,
      delivered: rated,
      installed: rated,
    });
    expect(contract!.allocations).toMatchObject([
      { facility: 'DENTON', units: 20_000, powerWatts: 64_940_000 },
      { facility: 'COTTONWOOD', units: 7_000, powerWatts: 22_729_000 },
    ]);
    const path = `/v1/contracts/${contract!.contractId}/deliveries`;
    expect(await (await api()).readAll(path)).toMatchObject([
      { lines: 4_300, received: 4_300, missing: 0, refused: 0, hashrateGhs: 649_300_000 },
      { lines: 22_700, received: 22_700, missing: 0, refused: 0, hashrateGhs: 3_427_700_000 },
    ]);
  });

  it('has used racks and watts for what stands in them, and left no reservation', () => {
    expect(played.answers.facilities).toMatchObject([
      { facility: 'CEDARVALE', stored: 0, racksUsed: 0, slots: { occupied: 0, reserved: 0 } },
      {
        facility: 'COTTONWOOD',
        stored: 0,
        racksUsed: 90,
        racks: { count: 90, powerLimitWatts: 24_570_000 },
        slots: { total: 7_560, occupied: 7_560, reserved: 0, occupiedWatts: 24_547_320 },
      },
      {
        facility: 'DENTON',
        stored: 0,
        racks: { count: 250, powerLimitWatts: 68_250_000 },
        slots: { total: 21_000, occupied: 19_692, reserved: 0, occupiedWatts: 63_894_816 },
      },
    ]);
  });

  it('tells every move once, with its reason', () => {
    const { moves } = played.answers;
    const told = moves.map(({ kind, from, to, units }) => [kind, from, to, units].join(' '));
    expect(told.toSorted()).toEqual([
      'arrival COTTONWOOD COTTONWOOD 560',
      'departure DENTON COTTONWOOD 560',
      'installation CEDARVALE CEDARVALE 252',
      'installation COTTONWOOD COTTONWOOD 560',
      'installation DENTON COTTONWOOD 7000',
      'installation DENTON DENTON 20000',
      'relocation CEDARVALE DENTON 252',
      'relocation COTTONWOOD COTTONWOOD 84',
      'relocation DENTON DENTON 168',
    ]);
    const left = moves.find(({ from, to }) => from === 'CEDARVALE' && to === 'DENTON');
    expect(left?.reason).toBe('Cedarvale goes to Celsius under settlement CEL-CORZ-2023');
  });

  it('has every machine in the slot that the files say', async () => {
    const files = ['installations', 'relocations-cedarvale', 'relocations-denton'];
    const expected = new Map<string, string>();
    for (const file of [...files, 'relocations-cottonwood']) {
      const text = await readFile(join('scenarios', SCENARIO, `${file}.csv`), 'utf8');
      for (const line of text.trim().split('\n').slice(1)) {
        const [serial, ...place] = line.split(',');
        expected.set(serial!, place.join());
      }
    }
    const client = await api();
    const [plan] = await client.readAll<{ relocationId: string }>('/v1/relocation-plans');
    const moves = await client.readAll<PlannedMoveView>(
      `/v1/relocation-plans/${plan!.relocationId}/moves`,
    );
    for (const { serial, to } of moves) {
      expected.set(serial, [to.facility, to.rack, to.slot].join());
    }
    const miners = await client.readAll<MinerView>('/v1/miners');
    const found = miners.map(({ serial, place: { facility, rack, slot } }) => [
      serial,
      [facility, rack, slot].join(),
    ]);
    expect(found).toHaveLength(27_252);
    expect(found.filter(([serial, place]) => expected.get(serial!) !== place)).toEqual([]);
  });

  it('consists of S19 models, and all of them draw power', () => {
    const older = { units: 252, hashrateGhs: 26_208_000, powerWatts: 773_136 };
    const bought = { units: 27_000, hashrateGhs: 4_077_000_000, powerWatts: 87_669_000 };
    expect(played.answers.mix).toEqual([
      { model: 'S19JPRO-104', ...older, energized: older },
      { model: 'S19JXP-151', ...bought, energized: bought },
    ]);
  });

  it('changes nothing when it is played again', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'play', SCENARIO], {
      env: env(),
    });
    expect(stdout).toContain(
      `All ${played.steps.length} steps had been played before, nothing was changed: the log still stands at ` +
        `${played.answers.position} `,
    );
  }, 60_000);

  it(
    'has the same rows in every table when all projections are rebuilt',
    async () => {
      const client = await api();
      const projections = await client.readAll<ProjectionView>('/v1/projections');
      const runs = new Map<string, number>();
      for (const { name } of projections) {
        const path = `/v1/projections/${name}/rebuild`;
        const { body } = await client.command({ path, key: randomUUID(), correlationId: path });
        runs.set(name, body['run'] as number);
      }
      const deadline = performance.now() + REBUILT_WITHIN_MS;
      const isRebuilt = ({ name, run }: ProjectionView): boolean => run === runs.get(name);
      while (!(await client.readAll<ProjectionView>('/v1/projections')).every(isRebuilt)) {
        if (performance.now() > deadline) throw new Error('Not rebuilt in time');
        await sleep(200);
      }
      await stop();
      const { differences, rows } = await compareRuns(join(dataDir, 'read-models'));
      expect(differences).toEqual([]);
      expect(rows).toBeGreaterThan(27_252);
    },
    REBUILT_WITHIN_MS + 60_000,
  );
});

interface ProjectionView {
  readonly name: string;
  readonly run: number;
}

/** Every table in use beside that of the run before, which was kept up to date with it. */
const compareRuns = async (directory: string) => {
  const database = await openDatabase({ directory });
  try {
    const db = database.for<unknown>();
    // The first query opens the database, beside whatever else the machine does.
    const readModels = new ReadModels(database, { projections: [], answerWithinMs: 120_000 });
    const all = await readModels.generations();
    const differences: string[] = [];
    let rows = 0;
    for (const shown of all.filter(({ inUse }) => inUse)) {
      const before = all.find(({ name, inUse }) => name === shown.name && !inUse);
      if (before?.position !== shown.position) differences.push(`${shown.name}: not kept up`);
      if (!before) continue;
      const { rows: tables } = await sql<{ name: string }>`select table_name as name
        from information_schema.tables where table_schema = ${schemaOf(shown)}`.execute(db);
      for (const { name } of tables) {
        const [now, then] = [sql.id(schemaOf(shown), name), sql.id(schemaOf(before), name)];
        const { rows: counts } = await sql<{ all: number; other: number }>`select
          (select count(*)::int from ${now}) as all,
          (select count(*)::int from (table ${now} except all table ${then}) a)
          + (select count(*)::int from (table ${then} except all table ${now}) b) as other
          `.execute(db);
        rows += counts[0]!.all;
        if (counts[0]!.other > 0) differences.push(`${name}: ${counts[0]!.other} rows differ`);
      }
    }
    return { differences, rows };
  } finally {
    await database.close();
  }
};

interface PlaceView {
  readonly facility: string;
  readonly rack?: string;
  readonly slot?: number;
}

interface MinerView {
  readonly serial: string;
  readonly place: PlaceView;
}

interface PlannedMoveView {
  readonly serial: string;
  readonly to: PlaceView;
}

interface SupplyView {
  readonly legs: readonly { readonly valuation?: { readonly pricePerShare: string } }[];
  readonly hostingContracts: readonly string[];
  readonly upgradeProgrammes: readonly object[];
}

interface ProposalView {
  readonly expected: { readonly value: string };
  readonly actual: { readonly completedValue: string };
}

const numberOf = (text = ''): number => Number(text.replaceAll(',', '') || 0);
