import { socketEndpoint } from '@hostledger/embedded-node';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventsDirectory } from '../apps/composition/system.js';
import { HostileRun, type Finding } from './fuzz/hostile-run.js';
import { leftBehind } from './fuzz/traces.js';
import { TargetSystem } from './fuzz/target-system.js';
import { WireClient } from './fuzz/wire.js';

// Requests made of the OpenAPI document of a running system, each hostile in one way or another. The
// same seed makes the same requests: FUZZ_SEED=7 FUZZ_REQUESTS=50000 for a long run of one seed,
// FUZZ_ONLY=1234 to send one request of it again.

const FIXED_SEED = 8;
const ofEnvironment = process.env['FUZZ_SEED'];
const dayOfYear = Math.floor(Date.now() / 86_400_000);
const seeds = ofEnvironment ? ofEnvironment.split(',').map(Number) : [FIXED_SEED, dayOfYear];
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 3_000);
const only = process.env['FUZZ_ONLY'];
/** Of a seed, where the number of requests is not said: slow machines send fewer. */
const TIME_MS = process.env['FUZZ_REQUESTS'] ? Infinity : 40_000;
const BATCH = 500;
/** The longest wait that a caller can ask for, on a machine that does much else. */
const ANSWER_WITHIN_MS = 20_000;
/** Share of the requests: other specs have the machine, too. */
const MAY_FIND_IT_BUSY = 0.001;
const EVENTS_AT_ONCE = 1_000;
const LOG_READ_WITHIN_MS = 60_000;
const SETTING_UP_MS = 300_000;

describe('hostile input', () => {
  let system: TargetSystem;
  let log: EventStore;
  let position: bigint;

  beforeAll(async () => {
    system = await TargetSystem.start();
    await system.playObjects();
    const endpoint = socketEndpoint(eventsDirectory(system.dataDir));
    log = new EventStore({ connection: { endpoint }, callTimeoutMs: LOG_READ_WITHIN_MS });
    position = await log.head();
  }, SETTING_UP_MS);

  afterAll(async () => {
    await log.close();
    await system.stop();
  }, 60_000);

  /** Adds events of requests that were refused, or that asked for something only. */
  const findRecorded = async (run: HostileRun, found: RecordedEvent[]): Promise<void> => {
    for (;;) {
      const events = await log.readAll(position, EVENTS_AT_ONCE);
      for (const event of events) {
        const id = event.metadata.$correlationId;
        if (run.unrecorded.has(id) && !run.recorded.has(id)) found.push(event);
      }
      const last = events.at(-1);
      if (!last) return;
      position = last.position;
    }
  };

  const noteRecorded = (run: HostileRun, found: readonly RecordedEvent[]): void => {
    const byRequest = Map.groupBy(found, ({ metadata }) => metadata.$correlationId);
    for (const [id, events] of byRequest) {
      const { status, operation, example } = run.unrecorded.get(id)!;
      for (const { type, stream } of leftBehind(events)) {
        run.note(`answered ${status} and recorded ${type} in ${stream}`, operation, example);
      }
    }
  };

  it.each(seeds)(
    'of seed %i is answered within its time, never by a failure, and leaves no trace where it is refused',
    async (seed) => {
      const document = await system.document();
      const known = await system.knownValues(document);
      const rules = { codes: await system.problemCodes(), answerWithinMs: ANSWER_WITHIN_MS };
      const { port, token } = system;
      const run = new HostileRun({ document, known, rules, port, token, seed });
      const found: RecordedEvent[] = [];
      if (only !== undefined) {
        const client = new WireClient(port, ANSWER_WITHIN_MS);
        await run.sendOne(Number(only), client);
        client.close();
      } else {
        const until = performance.now() + TIME_MS;
        while (run.sent < requests && performance.now() < until) {
          await run.send(Math.min(BATCH, requests - run.sent), until);
          await findRecorded(run, found);
        }
      }
      await findRecorded(run, found);
      noteRecorded(run, found);
      if (process.env['FUZZ_REQUESTS']) console.log(summary(run));
      expect(told(run.findings)).toEqual([]);
      expect(run.repeated).toBeLessThanOrEqual(run.sent * MAY_FIND_IT_BUSY);
      expect((await system.probe()).added.filter((members) => members.length > 0)).toEqual([]);
    },
    Number(process.env['FUZZ_TIMEOUT_MS'] ?? 3_600_000),
  );
});

const told = (findings: readonly Finding[]): string[] =>
  findings.map(
    ({ operation, fault, count, example }) =>
      `${operation} ${fault} (${count} times)\n  ${example}`,
  );

const summary = (run: HostileRun): string => {
  const statuses = [...run.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`);
  return (
    `${run.sent} requests, ${statuses.join(', ')}; sent again ${run.repeated}; ` +
    `longest silence ${Math.round(run.slowestMs)} ms`
  );
};
