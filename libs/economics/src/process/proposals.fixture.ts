import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  contractAggregate,
  contractsProjections,
  type ContractCommand,
  type RelocationClause,
} from '@hostledger/contracts';
import {
  AggregateStore,
  deriveId,
  type Aggregate,
  type CommandContext,
  type DomainCommand,
  type DomainEvent,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  FleetApiModule,
  fleetBulkKinds,
  fleetProcesses,
  fleetProjections,
  minerAggregate,
} from '@hostledger/fleet';
import { requestClock } from '@hostledger/http';
import { facilityAggregate, rackAggregate, rackId, sitesProjections } from '@hostledger/sites';
import { InMemoryStreams, readModelsOf, type TestDatabase } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { EconomicsApiModule, economicsProjections } from '../economics.module.js';
import { marketAggregate } from '../domain/market.js';
import { proposalsProcess, type ProposalTools } from './proposals.js';

// Two sites with machines, the routes to ask for a proposal and to approve it, and the processes as
// the worker would run them. The token of a request is `subject:role`.

export const AT = '2024-05-01T12:00:00.000Z';
export const CONTRACT = deriveId('contract');
export const CUSTOMER = deriveId('customer');
const DIGEST = 'd'.repeat(64);

const projections = [
  ...contractsProjections,
  ...sitesProjections,
  ...fleetProjections,
  ...economicsProjections,
];

const contextOf = (name: string): CommandContext => ({
  commandId: deriveId(name),
  actor: { subject: 'ana', role: 'operator' },
  correlationId: 'c-1',
  causationId: 'r-1',
  at: AT,
});

type Asked = Parameters<ReadModels['read']>;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
}

export class World {
  readonly streams = new InMemoryStreams();
  readonly store = new AggregateStore(this.streams);
  private app: NestFastifyApplication | undefined;
  private filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;
  private readonly now = requestClock.now;

  /** @param database shared by the worlds of a file; otherwise it has one of its own. */
  constructor(private readonly database?: TestDatabase) {}

  /** It is {@link AT} for whoever asks. */
  async open(): Promise<void> {
    requestClock.now = () => AT;
    const eventSourcing = EventSourcingModule.with({
      aggregateStore: this.store,
      eventStore: this.streams as unknown as EventStore,
      readModels: this.readModels as ReadModels,
    });
    const authenticate = (token: string) => {
      const [subject = '', role] = token.split(':');
      return Promise.resolve({ subject, roles: [role] as never });
    };
    this.app = await servedRoutes(
      { imports: [CqrsModule.forRoot(), eventSourcing, FleetApiModule, EconomicsApiModule] },
      { authenticate },
    );
  }

  async close(): Promise<void> {
    requestClock.now = this.now;
    await this.app?.close();
    await this.filled?.close();
  }

  /** As of the last {@link catchUp}. */
  readonly readModels: Pick<ReadModels, 'read'> = {
    read: (...asked: Asked) => this.filled!.readModels.read(...asked),
  } as Pick<ReadModels, 'read'>;

  async catchUp(): Promise<void> {
    if (this.filled) await this.filled.catchUp();
    else this.filled = await readModelsOf(projections, this.streams.log, this.database);
  }

  // What there is

  do<S, C extends DomainCommand, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    id: string,
    type: C['type'],
    data: C['data'],
  ): Promise<unknown> {
    const name = `${aggregate.category} ${id} ${type} ${JSON.stringify(data)}`;
    return this.store.handle(aggregate, id, { type, data, at: AT } as C, contextOf(name));
  }

  async facility(facility: string, powerEnvelopeWatts = 1_000_000): Promise<void> {
    const data = { facility, name: facility, timeZone: 'America/Chicago', powerEnvelopeWatts };
    await this.do(facilityAggregate, facility, 'OpenFacility', data);
  }

  async rate(facility: string, ratePerKwh: string, currency = 'USD'): Promise<void> {
    const data = { ratePerKwh, currency, effectiveOn: '2024-01-01' };
    await this.do(facilityAggregate, facility, 'FixPowerRate', data);
  }

  async rack(
    facility: string,
    rack: string,
    slotCount: number,
    powerLimitWatts: number,
  ): Promise<void> {
    const data = { rack, slotCount, powerLimitWatts };
    await this.do(facilityAggregate, facility, 'CommitRackPower', { racks: [data] });
    const commissioned = { facility, ...data };
    await this.do(rackAggregate, rackId(facility, rack), 'CommissionRack', commissioned);
  }

  /** An active contract. */
  async contract(contractId = CONTRACT, relocation?: RelocationClause): Promise<void> {
    const act = (type: ContractCommand['type'], data: object) =>
      this.do(contractAggregate, contractId, type, data as ContractCommand['data']);
    const names = { reference: 'HA-1', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
    await act('DraftContract', { contractId, customerId: CUSTOMER, ...names });
    await act('AdoptTerms', {
      effectiveOn: '2024-01-01',
      documentDigest: DIGEST,
      clauses: [{ ref: '5.2', title: 'Relocation', text: 'Machines may be moved.' }],
      rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0750' },
      ...(relocation && { relocation }),
    });
    const signed = { executedOn: '2024-01-01', documentDigest: DIGEST, signatories: [] };
    await act('ExecuteContract', signed);
    await act('ActivateContract', { activatedOn: '2024-01-02' });
  }

  async consent(contractId: string, facilities: readonly string[]): Promise<void> {
    await this.do(contractAggregate, contractId, 'ConsentToRelocation', {
      consentId: deriveId('consent', contractId),
      facilities,
      consentedOn: '2024-04-01',
      fromOn: '2024-04-01',
      documentDigest: DIGEST,
    });
  }

  /** Of 3,500 W and 200 TH/s, into storage. */
  async machine(serial: string, facility: string, contractId = CONTRACT): Promise<void> {
    await this.do(minerAggregate, serial, 'ReceiveMiner', {
      serial,
      model: 'S21-200',
      contractId,
      customerId: CUSTOMER,
      deliveryId: 'delivery-1',
      line: 1,
      facility,
      condition: 'ok',
    });
  }

  /** Received, put into a slot, and energized. */
  async running(
    serial: string,
    [facility, rack, slot]: readonly [string, string, number],
    contractId = CONTRACT,
  ): Promise<void> {
    await this.machine(serial, facility, contractId);
    const reservationId = deriveId('reservation', serial);
    const held = { reservationId, slot, serial, powerWatts: 3_500 };
    const id = rackId(facility, rack);
    const expiresAt = '2033-01-01T00:00:00.000Z';
    await this.do(rackAggregate, id, 'ReserveSlots', { reservations: [held], expiresAt });
    const to = { kind: 'slot', facility, rack, slot } as const;
    const moved = { serial, to, reservationId, powerWatts: 3_500 };
    await this.do(minerAggregate, serial, 'InstallMiner', moved);
    await this.do(rackAggregate, id, 'OccupySlots', { reservationIds: [reservationId] });
    const energized = { serial, contractId, stage: 'active', by: 'ana' };
    await this.do(minerAggregate, serial, 'EnergizeMiner', energized);
  }

  /** As after the halving of April 2024. */
  async market(): Promise<void> {
    const source = 'Bitcoin Core';
    await this.do(marketAggregate, 'subsidy', 'ChangeSubsidy', {
      blockHeight: 840_000,
      subsidySats: 312_500_000,
      effectiveAt: '2024-04-20T00:09:27.000Z',
      source,
    });
    await this.do(marketAggregate, 'difficulty.4', 'ObserveDifficulty', {
      blockHeight: 840_672,
      difficulty: '88100000000000',
      effectiveAt: '2024-04-24T20:52:37.000Z',
      source,
    });
    await this.do(marketAggregate, 'price.USD.2024-05', 'FixPrice', {
      currency: 'USD',
      price: '60000',
      fixedAt: '2024-05-01T00:00:00.000Z',
      source,
    });
  }

  // What is asked

  async call(
    method: 'GET' | 'POST',
    url: string,
    payload?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.app!.inject({
      method,
      url: `/v1${url}`,
      headers: { authorization: 'Bearer ana:operator', ...headers },
      ...(payload && { payload }),
    });
    const body = answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, headers: answer.headers, body };
  }

  // What follows

  /** Performs what is due on the list of the process that answers requests, once. */
  async answer(at = AT, store = this.store, tools?: Partial<ProposalTools>): Promise<void> {
    const process = proposalsProcess(store, { readModels: this.readModels, ...tools });
    await this.performDue(process, at);
  }

  /** Answers requests and makes plans of what was chosen. */
  async answered(): Promise<void> {
    await this.catchUp();
    await this.answer();
    await this.answer();
    await this.catchUp();
  }

  /** Carries approved plans out, as far as it goes without a truck. */
  async carryOut(at = AT): Promise<void> {
    const process = fleetProcesses(this.store, this.streams).find(
      ({ name }) => name === 'relocations',
    );
    await this.performDue(process as DurableProcess, at);
    await this.catchUp();
  }

  /** Machines of a plan leave or arrive, as the worker performs what was reported. */
  async report(
    kind: 'relocationDeparture' | 'relocationArrival',
    relocationId: string,
    serials: readonly string[],
  ): Promise<void> {
    const found = fleetBulkKinds(this.store, this.streams).find(({ kind: one }) => one === kind)!;
    const rejected = await found.perform({
      operationId: deriveId(kind, relocationId),
      chunk: 0,
      params: { relocationId } as never,
      lines: serials.map((serial, index) => ({ line: index + 1, value: { serial } as never })),
      refusedAtUpload: [],
      context: contextOf(`${kind} ${relocationId}`),
      now: AT,
      signal: new AbortController().signal,
    });
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
  }

  private async performDue<Item extends ProcessItem>(
    process: DurableProcess<Item>,
    at: string,
  ): Promise<void> {
    const signal = new AbortController().signal;
    for (const item of itemsIn(process, this.streams.log)) {
      if (item.due_at <= at) await process.perform(item as Item, { at, signal });
    }
  }
}

/** A to-do list as the log makes it. */
const itemsIn = (
  { items: { keys, evolve } }: Pick<DurableProcess, 'items'>,
  log: InMemoryStreams['log'],
): ProcessItem[] => {
  const rows = new Map<string, Record<string, unknown>>();
  for (const event of log) {
    for (const key of keys[event.type]?.(event) ?? []) {
      const id = String(key.item_id);
      const row = evolve(rows.get(id), event, key);
      if (row) rows.set(id, row);
      else rows.delete(id);
    }
  }
  return [...rows.values()] as unknown as ProcessItem[];
};

export const request = {
  reference: 'HALVING-2024',
  cause: 'Halving: to cheap power',
  horizonDays: 90,
  currency: 'USD',
  movingCost: { within: '15.00', between: '60.00' },
  downtimeHours: { within: 4, between: 48 },
};

/** DEAR at 8 cents with two running machines, CHEAP at 3.5 cents with a rack of two slots. */
export const twoSites = async (world: World): Promise<void> => {
  await world.contract();
  await world.facility('CHEAP');
  await world.facility('DEAR');
  await world.rate('CHEAP', '0.035');
  await world.rate('DEAR', '0.08');
  await world.rack('CHEAP', 'C1', 2, 10_000);
  await world.rack('DEAR', 'D1', 8, 40_000);
  await world.running('DEARMACHINE1', ['DEAR', 'D1', 1]);
  await world.running('DEARMACHINE2', ['DEAR', 'D1', 2]);
  await world.market();
};
