import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsProjections, customerAggregate } from '@hostledger/contracts';
import { deriveId, type AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { fleetProjections, FleetWhereabouts, minerAggregate } from '@hostledger/fleet';
import { facilityAggregate } from '@hostledger/sites';
import { Home, readModelsOf, rowsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { DealsApiModule, dealsProjections } from '../index.js';
import {
  openClearances,
  siteClearancesProcess,
  type OpenClearance,
} from '../process/site-clearance.js';

type Asked = Parameters<ReadModels['read']>;

export const at = '2024-02-01T18:00:00.000Z';
const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: key,
  actor: { subject: 'ana', role: 'operator' },
  correlationId: 'c-1',
  causationId: 'r-1',
  at,
});

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown>;
}

/** The routes of the room over the embedded node and database; the token is `subject:role`. */
export class DealsRoutes {
  store: AggregateStore;
  private home: Home;
  private app: NestFastifyApplication;
  private filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;
  private acts = 0;

  async open(): Promise<void> {
    this.home = await Home.open();
    this.store = this.home.process();
    const read = (...asked: Asked) => this.filled!.readModels.read(...asked);
    const authenticate = (token: string) => {
      const [subject = '', role] = token.split(':');
      return Promise.resolve({ subject, roles: [role] as never });
    };
    const imports = [
      CqrsModule.forRoot(),
      EventSourcingModule.with({
        aggregateStore: this.store,
        eventStore: this.home.events,
        readModels: { read } as ReadModels,
      }),
      DealsApiModule,
    ];
    this.app = await servedRoutes({ imports }, { authenticate });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.filled?.close();
    await this.home.close();
  }

  /** Reads see what is in the log now. */
  async fill(): Promise<ReadModels> {
    const log = await this.home.log();
    const projections = [...contractsProjections, ...fleetProjections, ...dealsProjections];
    if (this.filled) await this.filled.catchUp(log);
    else this.filled = await readModelsOf(projections, log);
    return this.filled.readModels;
  }

  async call(
    method: 'GET' | 'POST',
    url: string,
    payload?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.app.inject({
      method,
      url: `/v1${url}`,
      payload,
      headers: { authorization: 'Bearer ana:commercial', ...headers },
    });
    const body = answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, headers: answer.headers, body };
  }

  post(url: string, payload: object, by = 'ana', headers: Record<string, string> = {}) {
    return this.call('POST', url, payload, {
      authorization: `Bearer ${by}:commercial`,
      ...headers,
    });
  }

  get(url: string): Promise<Answer> {
    return this.call('GET', url, undefined, { authorization: 'Bearer eve:auditor' });
  }

  async openFacility(facility: string): Promise<void> {
    const site = { name: facility, timeZone: 'America/Chicago', powerEnvelopeWatts: 1_000_000 };
    const command = { type: 'OpenFacility', data: { facility, ...site }, at } as const;
    await this.store.handle(facilityAggregate, facility, command, this.next());
  }

  async register(customerId: string): Promise<void> {
    const name = 'Celsius';
    const data = { customerId, name, legalName: 'Celsius Network LLC', country: 'US' };
    const command = { type: 'RegisterCustomer', data, at } as const;
    await this.store.handle(customerAggregate, customerId, command, this.next());
  }

  async disposeOf(facility: string, to: string, disposedOn: string): Promise<void> {
    const disposalId = `disposal of ${facility}`;
    const deed = { disposalId, to, disposedOn, documentDigest: 'e'.repeat(64) };
    const begin = { type: 'BeginDisposal', data: deed, at } as const;
    await this.store.handle(facilityAggregate, facility, begin, this.next());
    const complete = { type: 'CompleteDisposal', data: { disposalId }, at } as const;
    await this.store.handle(facilityAggregate, facility, complete, this.next());
  }

  async acquire(facility: string, from: string, acquiredOn: string): Promise<void> {
    const data = { from, acquiredOn, documentDigest: 'f'.repeat(64) };
    const command = { type: 'AcquireFacility', data, at } as const;
    await this.store.handle(facilityAggregate, facility, command, this.next());
  }

  async receive(serial: string, customerId: string, facility: string): Promise<void> {
    const data = {
      ...{ serial, model: 'S19JXP-151', contractId: deriveId('contract'), customerId },
      ...{ deliveryId: deriveId('delivery'), line: 1, facility, condition: 'ok' as const },
    };
    const command = { type: 'ReceiveMiner', data, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  async depart(serial: string, to: string): Promise<void> {
    const reservationId = deriveId('reservation', serial, to);
    const data = { serial, to, reservationId, powerWatts: 3_247 };
    const command = { type: 'DepartMiner', data, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  async retire(serial: string): Promise<void> {
    const command = { type: 'RetireMiner', data: { serial, cause: 'scrapped' }, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  /** What the worker does about sites that are given away, on the read models of the fleet. */
  async clearSites(): Promise<void> {
    const fresh = async (): Promise<FleetWhereabouts> => new FleetWhereabouts(await this.fill());
    const whereabouts = {
      at: async (...asked: Parameters<FleetWhereabouts['at']>) => (await fresh()).at(...asked),
      of: async (...asked: Parameters<FleetWhereabouts['of']>) => (await fresh()).of(...asked),
    };
    const items = rowsOf<OpenClearance>(openClearances, await this.home.log());
    for (const item of items.filter(({ due_at }) => due_at < '9999')) {
      const act = { at, signal: new AbortController().signal };
      await siteClearancesProcess(this.store, whereabouts).perform(item, act);
    }
  }

  /** Type and data of a stream, and where its events are in the log. */
  async stream(name: string) {
    return (await this.home.log()).filter(({ stream }) => stream === name);
  }

  private next(): CommandContext {
    this.acts += 1;
    return contextFor(`act ${this.acts}`);
  }
}
