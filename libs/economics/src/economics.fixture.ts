import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsProjections } from '@hostledger/contracts';
import { AggregateStore, type DomainEvent, type RecordedEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { fleetProjections } from '@hostledger/fleet';
import { sitesProjections } from '@hostledger/sites';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { EconomicsApiModule, economicsProjections } from './economics.module.js';

// The room from its routes to its read models, on streams in memory and an embedded database.

const projections = [
  ...contractsProjections,
  ...sitesProjections,
  ...fleetProjections,
  ...economicsProjections,
];

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Body;
}

type Asked = Parameters<ReadModels['read']>;

export class Room {
  readonly streams = new InMemoryStreams();
  readonly store = new AggregateStore(this.streams);
  private app: NestFastifyApplication | undefined;
  private filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;

  async open(): Promise<void> {
    const eventSourcing = EventSourcingModule.with({
      aggregateStore: this.store,
      eventStore: this.streams as unknown as EventStore,
      readModels: {
        read: (...asked: Asked) => this.filled!.readModels.read(...asked),
      } as ReadModels,
    });
    this.app = await servedRoutes({
      imports: [CqrsModule.forRoot(), eventSourcing, EconomicsApiModule],
    });
  }

  /** Fills the read models from the log, with what else is said to have happened. */
  async catchUp(log: readonly RecordedEvent[] = this.streams.log): Promise<void> {
    if (this.filled) await this.filled.catchUp(log);
    else this.filled = await readModelsOf(projections, log);
  }

  async close(): Promise<void> {
    await this.app?.close();
    await this.filled?.close();
  }

  /** Events of other rooms as they would have been recorded, at an instant. */
  happened(stream: string, at: string, ...events: readonly DomainEvent[]): Promise<void> {
    return this.streams.happened(stream, at, ...events);
  }

  async post<Body = Record<string, unknown>>(
    url: string,
    payload: object,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    return this.call<Body>('POST', url, headers, payload);
  }

  async get<Body = Record<string, unknown>>(url: string): Promise<Answer<Body>> {
    return this.call<Body>('GET', url, {});
  }

  private async call<Body>(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    payload?: object,
  ): Promise<Answer<Body>> {
    const sent = { authorization: 'Bearer commercial', ...headers };
    const answer = await this.app!.inject({
      method,
      url,
      headers: sent,
      ...(payload && { payload }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Body>() };
  }
}
