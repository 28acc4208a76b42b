import { written, type Report } from './failover/report.js';
import { runFailover } from './failover/run.js';

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
