import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsProjections } from '@hostledger/contracts';
import { AggregateStore } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { operationsProcess } from '@hostledger/operations';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { FleetApiModule, fleetBulkKinds, fleetProjections } from '../index.js';
import { at } from '../process/moves.fixture.js';

type Asked = Parameters<ReadModels['read']>;

/** The routes of the room over a log in memory; the token is `subject:role`. */
export class FleetRoutes {
  readonly streams = new InMemoryStreams();
  readonly store = new AggregateStore(this.streams);
  private app?: NestFastifyApplication;
  private readModels?: Pick<ReadModels, 'read'>;
  private readonly closings: (() => Promise<unknown>)[] = [];

  async open(): Promise<void> {
    const authenticate = (token: string) => {
      const [subject = '', role] = token.split(':');
      return Promise.resolve({ subject, roles: [role] as never });
    };
    const read = (...asked: Asked) => this.readModels!.read(...asked);
    const imports = [
      CqrsModule.forRoot(),
      EventSourcingModule.with({
        aggregateStore: this.store,
        eventStore: this.streams as unknown as EventStore,
        readModels: { read } as ReadModels,
      }),
      FleetApiModule,
    ];
    const app = await servedRoutes({ imports }, { authenticate });
    this.app = app;
    this.closings.push(() => app.close());
  }

  async close(): Promise<void> {
    for (const close of this.closings) await close();
  }

  /** Reads see what is in the log now. */
  async fillReadModels(): Promise<void> {
    const filled = await readModelsOf(
      [...contractsProjections, ...fleetProjections],
      this.streams.log,
    );
    this.readModels = filled.readModels;
    this.closings.unshift(filled.close);
  }

  /** Text is sent as CSV. */
  async call(
    method: 'GET' | 'POST',
    url: string,
    payload?: object | string,
    headers: Record<string, string> = {},
  ) {
    const answer = await this.app!.inject({
      method,
      url: `/v1${url}`,
      payload,
      headers: {
        authorization: 'Bearer ana:operator',
        ...(typeof payload === 'string' ? { 'content-type': 'text/csv' } : {}),
        ...headers,
      },
    });
    const body = answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, headers: answer.headers, body };
  }

  /** Performs the operation of an answer as the worker does it; answers the lines refused. */
  async perform({ body }: { body: Record<string, unknown> }): Promise<{ code: string }[]> {
    const operationId = String(body.operationId);
    const own = () => this.streams.events(`operation-${operationId}`);
    const started = own().find(({ type }) => type === 'OperationStarted');
    const { kind } = started!.data as { kind: string };
    const item = { item_id: operationId, due_at: at, cause_id: 'e', correlation_id: 'c', kind };
    const kinds = fleetBulkKinds(this.store, this.streams);
    const worker = operationsProcess(this.store, this.streams, kinds);
    await worker.perform(item, { at, signal: new AbortController().signal });
    return own().flatMap(({ type, data }) =>
      type === 'OperationChunkDone' ? (data as { rejected: { code: string }[] }).rejected : [],
    );
  }
}
