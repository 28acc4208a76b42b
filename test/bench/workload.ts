import { WATTS_PER_SLOT } from '../scale/history.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiCaller } from './api-caller.js';

/** The delivery of the announcement. */
export const MACHINES = 27_000;
const MODEL = 'S19JXP-151';
const WATTS = 3_247;
const SLOTS = 100;
const FACILITY = 'BENCH';
/** A facility of the generated history. */
const GENERATED = 'DENTON';
const POLL_MS = 25;
const WITHIN_MS = 120_000;
const DIGEST = 'b'.repeat(64);

/** What deliveries and installations need to exist before. */
export const prepare = async (system: ApiCaller): Promise<{ readonly contractId: string }> => {
  const { customerId } = await post<{ customerId: string }>(system, '/v1/customers', customer);
  const { contractId } = await post<{ contractId: string }>(system, '/v1/contracts', {
    customerId,
    reference: 'HA-BENCH',
    title: 'Hosting agreement',
    timeZone: 'America/Chicago',
    currency: 'USD',
  });
  await post(system, `/v1/contracts/${contractId}/terms`, {
    effectiveOn: '2023-09-25',
    documentDigest: DIGEST,
    clauses: [],
    rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
  });
  await post(system, `/v1/contracts/${contractId}/execution`, {
    executedOn: '2023-09-25',
    documentDigest: DIGEST,
    signatories: [{ party: 'Bench Mining', name: 'A. Signer' }],
  });
  const racks = MACHINES / SLOTS;
  await post(system, '/v1/facilities', {
    facility: FACILITY,
    name: 'Bench hall',
    timeZone: 'America/Chicago',
    powerEnvelopeWatts: racks * SLOTS * WATTS,
  });
  const lines = Array.from({ length: racks }, (_, index) =>
    [rackCode(index), SLOTS, SLOTS * WATTS].join(','),
  );
  const csv = ['rack,slotCount,powerLimitWatts', ...lines].join('\n');
  await system.call('POST', `/v1/facilities/${FACILITY}/racks`, csv);
  return { contractId };
};

/** A single durable command: one new stream with one event. */
export const customer = {
  name: 'Customer {unique}',
  legalName: 'Bench Mining Incorporated',
  country: 'US',
} as const;

/** The yardstick's body: as much to validate as the command's. */
export const noop = { serial: '{unique}', powerWatts: WATTS } as const;

/**
 * Uploads a manifest of so many machines; resolves once all of them are in the read models.
 * @returns milliseconds from the first byte of the upload.
 */
export const deliver = (system: ApiCaller, contractId: string, run: number): Promise<number> => {
  const lines = serials(run).map((serial, index) => `${serial},${MODEL},ok,P${index >> 8}`);
  const query = new URLSearchParams({ contractId, facility: FACILITY, reference: `RUN-${run}` });
  return operate(system, `/v1/deliveries?${query.toString()}`, [
    'serial,model,condition,pallet',
    ...lines,
  ]);
};

/** Puts the machines of a delivery into the slots. */
export const install = (system: ApiCaller, run: number): Promise<number> => {
  const lines = serials(run).map((serial, index) =>
    [serial, FACILITY, rackCode(Math.floor(index / SLOTS)), (index % SLOTS) + 1].join(','),
  );
  return operate(system, '/v1/installations', ['serial,facility,rack,slot', ...lines]);
};

/**
 * Plans to relocate so many machines of the generated history into new racks of their facility, and
 * approves that; resolves once the read models show the plan completed, to the time that this took
 * from the approval.
 */
export const relocateByPlan = async (
  system: ApiCaller,
  approver: ApiCaller,
  machines: number,
): Promise<number> => {
  const racks = Math.ceil(machines / SLOTS);
  const codes = Array.from({ length: racks }, (_, index) => `NEW-${index}`);
  const plan = codes.map((code) => `${code},${SLOTS},${SLOTS * WATTS_PER_SLOT}`);
  await system.call(
    'POST',
    `/v1/facilities/${GENERATED}/racks`,
    ['rack,slotCount,powerLimitWatts', ...plan].join('\n'),
  );
  const found: string[] = [];
  for (let cursor = ''; found.length < machines;) {
    const path = `/v1/miners?facility=${GENERATED}&state=installed&limit=500${cursor}`;
    const page = (await system.call('GET', path)).body as Page;
    found.push(...page.items.map(({ serial }) => serial));
    if (!page.nextCursor) throw new Error(`${GENERATED} has ${found.length} machines in slots`);
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
  const lines = found
    .slice(0, machines)
    .map((serial, index) =>
      [serial, GENERATED, codes[Math.floor(index / SLOTS)], (index % SLOTS) + 1].join(','),
    );
  const about = 'reference=BENCH&cause=Bench';
  const csv = ['serial,facility,rack,slot', ...lines].join('\n');
  const planned = await system.call('POST', `/v1/relocation-plans?${about}`, csv);
  const { relocationId } = planned.body as { relocationId: string };
  const path = `/v1/relocation-plans/${relocationId}`;
  const started = performance.now();
  const { headers } = await approver.call('POST', `${path}/approval`, {});
  const atLeast = { 'min-log-position': headers.get('log-position')! };
  for (;;) {
    const { status, completed } = (await system.call('GET', path, undefined, atLeast)).body as Plan;
    const ms = performance.now() - started;
    if (status === 'completed') {
      if (completed !== machines) throw new Error(`${completed} of ${machines} moves were made`);
      return ms;
    }
    if (ms > WITHIN_MS) throw new Error(`The plan is not completed within ${WITHIN_MS} ms`);
    await sleep(POLL_MS);
  }
};

interface Plan {
  readonly status: string;
  readonly completed: number;
}

interface Page {
  readonly items: readonly { readonly serial: string }[];
  readonly nextCursor?: string;
}

interface Progress {
  readonly status: 'running' | 'completed';
  readonly done: number;
}

const operate = async (
  system: ApiCaller,
  path: string,
  csv: readonly string[],
): Promise<number> => {
  const body = csv.join('\n');
  const started = performance.now();
  const { body: accepted, headers } = await system.call('POST', path, body);
  const { operationId } = accepted as { operationId: string };
  const atLeast = { 'min-log-position': headers.get('log-position')! };
  for (;;) {
    // One transaction moves all read models, so a completed operation shows with all it did.
    const answer = await system.call('GET', `/v1/operations/${operationId}`, undefined, atLeast);
    const { status, done } = answer.body as Progress;
    const ms = performance.now() - started;
    if (status === 'completed') {
      const lines = csv.length - 1;
      if (done !== lines) throw new Error(`${path}: ${done} of ${lines} lines were done`);
      return ms;
    }
    if (ms > WITHIN_MS) throw new Error(`${path}: not complete within ${WITHIN_MS} ms`);
    await sleep(POLL_MS);
  }
};

const serials = (run: number): string[] =>
  Array.from({ length: MACHINES }, (_, n) => `BENCH${run}X${String(n).padStart(6, '0')}`);

const rackCode = (index: number): string => `R-${index}`;

const post = async <Body>(system: ApiCaller, path: string, body: unknown): Promise<Body> =>
  (await system.call('POST', path, body)).body as Body;
