import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.js';

const FACILITY = 'BUSY';
const MODEL = 'S19JXP-151';
const RACKS = 40;
const SLOTS = 60;
const WATTS = 4_000;
const DIGEST = 'b'.repeat(64);
/** In every delivery. */
const MACHINES = 40;
const LOOK_EVERY_MS = 50;
const DONE_WITHIN_MS = 90_000;

interface Operation {
  readonly status: string;
  readonly done: number;
  readonly rejected: number;
}

/** Commands of all kinds, one after another: customers, deliveries, installations, moves. */
export class Traffic {
  /** Names of the customers whose registration was acknowledged. */
  readonly customers: string[] = [];
  /** Serial numbers and the slot where each machine was put last, as was acknowledged. */
  readonly machines = new Map<string, string>();
  readonly operations: string[] = [];
  private contractId = '';
  private rounds = 0;
  private going = true;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly cluster: Cluster) {}

  /** What deliveries need. */
  async prepare(): Promise<void> {
    const { cluster } = this;
    const { customerId } = await this.register('Bitmain');
    const { body } = await cluster.act<{ contractId: string }>('/v1/contracts', {
      customerId,
      reference: 'HA-1',
      title: 'Hosting agreement',
      timeZone: 'America/Chicago',
      currency: 'USD',
    });
    this.contractId = body.contractId;
    await cluster.act(`/v1/contracts/${this.contractId}/terms`, {
      effectiveOn: '2023-09-25',
      documentDigest: DIGEST,
      clauses: [],
      rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
    });
    await cluster.act(`/v1/contracts/${this.contractId}/execution`, {
      executedOn: '2023-09-25',
      documentDigest: DIGEST,
      signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
    });
    await cluster.act('/v1/facilities', {
      facility: FACILITY,
      name: 'Busy hall',
      timeZone: 'America/Chicago',
      powerEnvelopeWatts: RACKS * SLOTS * WATTS,
    });
    const racks = Array.from({ length: RACKS }, (_, rack) =>
      [rackOf(rack), SLOTS, SLOTS * WATTS].join(','),
    );
    await cluster.act(
      `/v1/facilities/${FACILITY}/racks`,
      ['rack,slotCount,powerLimitWatts', ...racks].join('\n'),
    );
  }

  /** Begins; goes on until {@link stop}. */
  start(): void {
    this.going = true;
    this.running = this.goOn();
    this.running.catch(() => undefined);
  }

  /** Resolves when the round at hand is through; rejects where anything was refused or not done. */
  async stop(): Promise<void> {
    this.going = false;
    await this.running;
  }

  async register(name: string): Promise<{ customerId: string; position: string }> {
    const body = { name, legalName: name, country: 'US' };
    const answer = await this.cluster.act<{ customerId: string }>('/v1/customers', body);
    this.customers.push(name);
    return { ...answer.body, position: answer.position };
  }

  /** The query of a delivery under the contract. */
  aboutDelivery(reference: string): string {
    return `contractId=${this.contractId}&facility=${FACILITY}&reference=${reference}`;
  }

  /** Delivers machines, puts them into slots and moves half of them to others. */
  async round(): Promise<void> {
    this.rounds += 1;
    const round = this.rounds;
    const serials = Array.from({ length: MACHINES }, (_, n) => `BUSY${round}X${1_000 + n}`);
    const about = this.aboutDelivery(`RUN-${round}`);
    await this.operate(`/v1/deliveries?${about}`, 'serial,model,condition,pallet', [
      ...serials.map((serial) => [serial, MODEL, 'ok', 'P1'].join(',')),
    ]);
    await this.register(`Customer ${round}`);
    const rack = round % (RACKS / 2);
    const from = Math.floor(round / (RACKS / 2)) * MACHINES;
    if (from + MACHINES > SLOTS) throw new Error('The hall is full');
    await this.move('/v1/installations', serials, rackOf(rack), from);
    const others = serials.slice(MACHINES / 2);
    await this.move('/v1/relocations', others, rackOf(rack + RACKS / 2), from);
  }

  private async goOn(): Promise<void> {
    while (this.going) await this.round();
  }

  private async move(
    path: string,
    serials: readonly string[],
    rack: string,
    from: number,
  ): Promise<void> {
    const lines = serials.map((serial, n) => [serial, FACILITY, rack, from + n + 1].join(','));
    await this.operate(path, 'serial,facility,rack,slot', lines);
    for (const [n, serial] of serials.entries()) {
      this.machines.set(serial, `${rack} ${from + n + 1}`);
    }
  }

  private async operate(path: string, header: string, lines: readonly string[]): Promise<void> {
    const what = `Round ${this.rounds}, ${path}`;
    const csv = [header, ...lines].join('\n');
    const { body, position } = await this.cluster.act<{ operationId: string }>(path, csv);
    const operation = `/v1/operations/${body.operationId}`;
    const deadline = performance.now() + DONE_WITHIN_MS;
    for (;;) {
      const { status, done, rejected } = await this.cluster.read<Operation>(operation, position);
      if (status === 'completed') {
        if (done === lines.length && rejected === 0) break;
        throw new Error(`${what}: ${done} of ${lines.length} done, ${rejected} rejected`);
      }
      if (performance.now() > deadline) throw new Error(`${what} is not done in time`);
      await sleep(LOOK_EVERY_MS);
    }
    this.operations.push(body.operationId);
  }
}

const rackOf = (index: number): string => `R-${index}`;
