import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { facilityAggregate } from '@hostledger/sites';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { ContractsApiModule, contractsProjections } from '../contracts.module.js';

type Asked = Parameters<ReadModels['read']>;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown>;
}

export const customer = {
  name: 'Bitmain',
  legalName: 'Bitmain Delaware Limited',
  country: 'US',
};
export const terms = {
  effectiveOn: '2023-09-25',
  documentDigest: 'd'.repeat(64),
  clauses: [{ ref: '4.1', title: 'Fees', text: 'Per kWh of nameplate.' }],
  rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0750' },
};
export const execution = {
  executedOn: '2023-09-25',
  documentDigest: 'd'.repeat(64),
  signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
};
export const order = {
  reference: 'SO-1',
  units: 100,
  powerWatts: 1_000,
  startsOn: '2023-10-01',
};

/** The routes of the room over a log in memory; the token is the role. */
export class ContractsRoutes {
  readonly streams = new InMemoryStreams();
  readonly store = new AggregateStore(this.streams);
  app: NestFastifyApplication;
  private readModels: Pick<ReadModels, 'read'> | undefined;
  private readonly closings: (() => Promise<unknown>)[] = [];

  async open(): Promise<this> {
    const read = (...asked: Asked) => this.readModels!.read(...asked);
    const imports = [
      CqrsModule.forRoot(),
      EventSourcingModule.with({
        aggregateStore: this.store,
        eventStore: this.streams as unknown as EventStore,
        readModels: { read } as ReadModels,
      }),
      ContractsApiModule,
    ];
    this.app = await servedRoutes({ imports });
    this.closings.push(() => this.app.close());
    return this;
  }

  async close(): Promise<void> {
    for (const close of this.closings) await close();
  }

  /** Reads see what is in the log now. */
  async fillReadModels(): Promise<void> {
    const filled = await readModelsOf(contractsProjections, this.streams.log);
    this.readModels = filled.readModels;
    this.closings.unshift(filled.close);
  }

  async post(url: string, payload: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.answer('POST', url, { authorization: 'Bearer commercial', ...headers }, payload);
  }

  async get(url: string): Promise<Answer> {
    return this.answer('GET', url, { authorization: 'Bearer auditor' });
  }

  /** A contract in USD without terms; its address. */
  async draft(): Promise<string> {
    const { customerId } = (await this.post('/v1/customers', customer)).body;
    const contract = { reference: 'HA-1', title: 'Hosting', timeZone: 'UTC', currency: 'USD' };
    const { status, body } = await this.post('/v1/contracts', { customerId, ...contract });
    expect(status).toBe(201);
    return `/v1/contracts/${String(body.contractId)}`;
  }

  /** An executed contract with an order, at a site. */
  async ordered(): Promise<{ contract: string; orderId: unknown }> {
    const contract = await this.draft();
    expect(await this.post(`${contract}/terms`, terms)).toMatchObject({ status: 201 });
    expect(await this.post(`${contract}/execution`, execution)).toMatchObject({ status: 200 });
    const { status, body } = await this.post(`${contract}/orders`, order);
    expect(status).toBe(201);
    const at = '2023-09-01T00:00:00Z';
    const site = { facility: 'DENTON', name: 'Denton', timeZone: 'UTC', powerEnvelopeWatts: 5_000 };
    await this.store.handle(
      facilityAggregate,
      'DENTON',
      { type: 'OpenFacility', data: site, at },
      {
        commandId: deriveId('open'),
        actor: { subject: 'ada', role: 'operator' },
        correlationId: 'c',
        causationId: 'c',
        at,
      },
    );
    return { contract, orderId: body.orderId };
  }

  /** What was recorded of a contract at an address. */
  eventsOf(contract: string) {
    return this.streams.events(`hostingContract-${contract.split('/').at(-1)}`);
  }

  private async answer(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    payload?: object,
  ): Promise<Answer> {
    const answer = await this.app.inject({ method, url, headers, payload });
    const body = answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, headers: answer.headers, body };
  }
}
