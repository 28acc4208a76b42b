import { setTimeout as sleep } from 'node:timers/promises';
import { read, send, type Caller } from './caller.js';
import type { Command, Entry, Kind } from './ledger.js';
import { pick } from './random.js';

const FACILITY = 'FAILOVER';
const MODEL = 'S19JXP-151';
const DIGEST = 'c'.repeat(64);
const SLOT_WATTS = 4_000;
const RACK_SLOTS = 12;
/** Of slots to machines: so many are taken that moves meet each other. */
const ROOM = 2.2;
const MACHINES_EACH = 2;
const BULK_LINES = 8;
const LONGEST_THOUGHT_MS = 250;
const OPERATION_WITHIN_MS = 120_000;

const WEIGHTS: readonly (readonly [Kind, number])[] = [
  ['move', 40],
  ['customer', 20],
  ['standing', 18],
  ['contract', 12],
  ['deposit', 5],
  ['delivery', 5],
];
const SHARE_REPEATED = 0.1;
const SHARE_READ = 0.25;

/** What all clients act on. */
export interface Ground {
  readonly contractId: string;
  readonly racks: readonly string[];
  /** Serial numbers of each client's machines, which stand in slots already. */
  readonly machines: readonly (readonly string[])[];
  readonly places: Map<string, string>;
}

const must = async (
  caller: Caller,
  path: string,
  body: object | string,
  lines?: number,
): Promise<Entry> => {
  const key = `setup-${caller.ledger.entries.length}`;
  const command = {
    kind: 'setup',
    path,
    body,
    key,
    ...(lines !== undefined && { lines }),
  } as const;
  const entry = await send(caller, command);
  if (entry.outcome !== 'accepted') throw new Error(`${path}: ${entry.outcome} ${entry.code}`);
  return entry;
};

const bodyOf = <Body>(entry: Entry): Body => entry.reply!.body as Body;

/** Resolves once the operation of an accepted upload has come to its end. */
export const operationEnded = async (
  caller: Caller,
  entry: Entry,
): Promise<{ readonly done: number; readonly rejected: number }> => {
  const { operationId } = bodyOf<{ operationId: string }>(entry);
  const deadline = Date.now() + OPERATION_WITHIN_MS;
  for (;;) {
    const { body } = await read(caller, `/v1/operations/${operationId}`, entry.reply!.position);
    const operation = body as { status: string; done: number; rejected: number };
    if (operation.status === 'completed') return operation;
    if (Date.now() > deadline) throw new Error(`Operation ${operationId} is not done in time`);
    await sleep(200);
  }
};

/** A contract in force, a hall of racks, and machines in its slots. */
export const prepare = async (caller: Caller, clients: number): Promise<Ground> => {
  const name = { name: 'Ground', legalName: 'Ground, Inc.', country: 'US' };
  const { customerId } = bodyOf<{ customerId: string }>(await must(caller, '/v1/customers', name));
  const { contractId } = bodyOf<{ contractId: string }>(
    await must(caller, '/v1/contracts', contractOf(customerId, 'HA-GROUND')),
  );
  await must(caller, `/v1/contracts/${contractId}/terms`, {
    effectiveOn: '2023-09-25',
    documentDigest: DIGEST,
    clauses: [],
    rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
  });
  await must(caller, `/v1/contracts/${contractId}/execution`, {
    executedOn: '2023-09-25',
    documentDigest: DIGEST,
    signatories: [{ party: 'Ground', name: 'A. Signer' }],
  });
  const count = clients * MACHINES_EACH;
  const rackCount = Math.ceil((count * ROOM) / RACK_SLOTS);
  await must(caller, '/v1/facilities', {
    facility: FACILITY,
    name: 'Failover hall',
    timeZone: 'America/Chicago',
    powerEnvelopeWatts: rackCount * RACK_SLOTS * SLOT_WATTS,
  });
  const racks = Array.from({ length: rackCount }, (_, rack) => `R-${rack}`);
  const rackLines = racks.map((rack) => `${rack},${RACK_SLOTS},${RACK_SLOTS * SLOT_WATTS}`);
  await must(
    caller,
    `/v1/facilities/${FACILITY}/racks`,
    ['rack,slotCount,powerLimitWatts', ...rackLines].join('\n'),
  );
  const serials = Array.from({ length: count }, (_, n) => `FAIL0X${1_000 + n}`);
  const delivery = await must(caller, deliveryPath(contractId, 'GROUND'), deliveryOf(serials));
  const installed = serials.map((serial, n) => {
    const place = `${racks[Math.floor(n / RACK_SLOTS)]!} ${(n % RACK_SLOTS) + 1}`;
    return [serial, place] as const;
  });
  await operationEnded(caller, delivery);
  const lines = installed.map(
    ([serial, place]) => `${serial},${FACILITY},${place.replace(' ', ',')}`,
  );
  const installation = await must(
    caller,
    '/v1/installations',
    ['serial,facility,rack,slot', ...lines].join('\n'),
  );
  const { done } = await operationEnded(caller, installation);
  if (done !== count) throw new Error(`${done} of ${count} machines were installed`);
  return {
    contractId,
    racks,
    machines: Array.from({ length: clients }, (_, client) =>
      serials.slice(client * MACHINES_EACH, (client + 1) * MACHINES_EACH),
    ),
    places: new Map(installed),
  };
};

const contractOf = (customerId: string, reference: string): object => ({
  customerId,
  reference,
  title: 'Hosting agreement',
  timeZone: 'America/Chicago',
  currency: 'USD',
});

const deliveryPath = (contractId: string, reference: string): string =>
  `/v1/deliveries?contractId=${contractId}&facility=${FACILITY}&reference=${reference}`;

const deliveryOf = (serials: readonly string[]): string =>
  ['serial,model,condition,pallet', ...serials.map((serial) => `${serial},${MODEL},ok,P1`)].join(
    '\n',
  );

interface Customer {
  readonly customerId: string;
  readonly name: string;
  standing: string;
  position: bigint;
}

/** One client: a command, a thought, the next; and now and then a look at what it did. */
export class Client {
  private readonly customers: Customer[] = [];
  private sent = 0;

  constructor(
    private readonly number: number,
    private readonly caller: Caller,
    private readonly ground: Ground,
  ) {}

  async goOn(going: () => boolean): Promise<void> {
    const { random } = this.caller;
    while (going()) {
      await this.act();
      await sleep(random() * LONGEST_THOUGHT_MS);
    }
  }

  private async act(): Promise<void> {
    const { random } = this.caller;
    const entry = await send(this.caller, this.next());
    if (entry.outcome === 'accepted') this.remember(entry);
    if (entry.outcome === 'accepted' && random() < SHARE_REPEATED) await this.repeat(entry);
    if (entry.outcome === 'accepted' && random() < SHARE_READ) await this.look(entry);
  }

  private next(): Command {
    this.sent += 1;
    const key = `c${this.number}-${this.sent}`;
    const kind = this.kind();
    const { random } = this.caller;
    const { contractId, machines, racks, places } = this.ground;
    switch (kind) {
      case 'standing': {
        const { customerId, standing } = pick(random, this.customers);
        const other = standing === 'good' ? 'watch' : 'good';
        const body = { standing: other, cause: `Change ${key}` };
        return { kind, path: `/v1/customers/${customerId}/credit-standing`, body, key };
      }
      case 'contract': {
        const { customerId } = pick(random, this.customers);
        return { kind, path: '/v1/contracts', body: contractOf(customerId, `HA-${key}`), key };
      }
      case 'deposit': {
        const body = { receivedOn: '2024-09-17', amount: '1.00', currency: 'USD', reference: key };
        return { kind, path: `/v1/contracts/${contractId}/deposits`, body, key };
      }
      case 'delivery': {
        const serials = Array.from(
          { length: BULK_LINES },
          (_, n) => `FAIL${this.number + 1}X${this.sent}X${n}`,
        );
        const path = deliveryPath(contractId, key);
        return { kind, path, body: deliveryOf(serials), key, lines: BULK_LINES };
      }
      case 'move': {
        const serial = pick(random, machines[this.number]!);
        for (;;) {
          const rack = pick(random, racks);
          const slot = 1 + Math.floor(random() * RACK_SLOTS);
          const place = `${rack} ${slot}`;
          if (place === places.get(serial)) continue;
          const body = { facility: FACILITY, rack, slot };
          return { kind, path: `/v1/miners/${serial}/relocation`, body, key, serial, slot: place };
        }
      }
      default: {
        const body = { name: key, legalName: `${key}, Inc.`, country: 'US' };
        return { kind: 'customer', path: '/v1/customers', body, key };
      }
    }
  }

  private kind(): Kind {
    if (this.customers.length === 0) return 'customer';
    let left = this.caller.random() * WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
    return WEIGHTS.find(([, weight]) => (left -= weight) < 0)![0];
  }

  private remember(entry: Entry): void {
    const { position } = entry.reply!;
    if (entry.kind === 'move') this.ground.places.set(entry.serial!, entry.slot!);
    if (entry.kind === 'customer') {
      const { customerId } = bodyOf<{ customerId: string }>(entry);
      this.customers.push({ customerId, name: entry.key, standing: 'good', position });
    }
    if (entry.kind === 'standing') {
      const customer = this.customers.find(({ customerId }) => entry.path.includes(customerId))!;
      customer.standing = (entry.body as { standing: string }).standing;
      customer.position = position;
    }
  }

  /** The same command again has the same answer. */
  private async repeat(entry: Entry): Promise<void> {
    const { ledger } = this.caller;
    const { kind, path, body, key } = entry;
    const before = ledger.entries.length;
    const again = await send(this.caller, { kind, path, body, key });
    // It is no command of its own.
    ledger.entries.splice(ledger.entries.indexOf(again, before), 1);
    ledger.repeats += 1;
    if (again.outcome === 'unknown') return;
    const told = ({ reply }: Entry): string =>
      JSON.stringify([
        reply!.status,
        reply!.body,
        String(reply!.revision),
        // That of a move is the last of several steps, of which the racks may know no more later.
        ...(kind === 'move' ? [] : [String(reply!.position)]),
      ]);
    if (told(again) !== told(entry)) {
      ledger.fault(`${path} was answered ${told(entry)}, and again ${told(again)}`);
    }
  }

  /** Read models that are asked for a position show nothing older. */
  private async look(entry: Entry): Promise<void> {
    const { ledger } = this.caller;
    const { position } = entry.reply!;
    const path =
      entry.kind === 'move'
        ? `/v1/miners/${entry.serial!}`
        : entry.kind === 'standing'
          ? entry.path.replace('/credit-standing', '')
          : undefined;
    if (path === undefined) return;
    const sentAt = Date.now();
    const reply = await read(this.caller, path, position);
    ledger.reads.push({ sentAt, answeredAt: Date.now() });
    const shown = reply.body as { place?: { rack: string; slot: number }; standing?: string };
    const expected =
      entry.kind === 'move' ? entry.slot! : (entry.body as { standing: string }).standing;
    const found =
      entry.kind === 'move' ? `${shown.place?.rack} ${shown.place?.slot}` : shown.standing;
    if (reply.status !== 200 || reply.position < position || found !== expected) {
      ledger.fault(
        `${path} at ${reply.position}, asked for ${position}: ${reply.status} ${found}, not ${expected}`,
      );
    }
  }
}
