import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AggregateStore, deriveId, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { InMemoryStreams, readModelsOf, recorded } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import type { OperationEvent } from '../domain/operation.js';
import '../http/problems.js';
import { cancelOperation } from '../write/cancel-operation.js';
import { operationsProjection } from './projection.js';
import { operationsQuery } from './query.js';

const running = deriveId('running');
const completed = deriveId('completed');
const line = (number: number, value: Record<string, string | number>) => ({ line: number, value });
const historyOf = (operationId: string): OperationEvent[] => [
  {
    type: 'OperationLinesRecorded',
    data: {
      operationId,
      chunk: 0,
      of: 2,
      lines: [line(2, { serial: 'A1', slot: 1 }), line(3, { serial: 'A2', slot: 2 })],
      rejected: [],
    },
  },
  {
    type: 'OperationLinesRecorded',
    data: {
      operationId,
      chunk: 1,
      of: 2,
      lines: [line(4, { serial: 'A3', slot: 3, note: 'by hand, "later"' })],
      rejected: [
        { line: 5, code: 'line/invalid', message: 'slot: not a number' },
        {
          ...{ line: 6, code: 'line/ragged', message: 'The line has 4 fields' },
          fields: { serial: '=A6', slot: '4', rack: 'B' },
          others: ['x,y'],
        },
      ],
    },
  },
  {
    type: 'OperationStarted',
    data: {
      operationId,
      kind: 'installation',
      params: {},
      lineCount: 3,
      chunkCount: 2,
      digest: 'd',
      rejectedAtUpload: 2,
    },
  },
  {
    type: 'OperationChunkDone',
    data: {
      operationId,
      chunk: 0,
      done: 1,
      rejected: [{ line: 3, code: 'rack/slot-taken', message: 'Slot 2 is occupied' }],
    },
  },
];
const end: OperationEvent[] = [
  {
    type: 'OperationChunkDone',
    data: {
      operationId: completed,
      chunk: 1,
      done: 0,
      rejected: [{ line: 4, code: 'rack/slot-taken', message: 'Slot 3 is occupied' }],
    },
  },
  { type: 'OperationCompleted', data: { operationId: completed, done: 1, rejected: 2 } },
];
const log: RecordedEvent[] = [
  ...recorded(`operation-${running}`, historyOf(running)),
  ...recorded(`operation-${completed}`, [...historyOf(completed), ...end]),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));

let app: NestFastifyApplication;
let close: () => Promise<void>;
let origin: string;

beforeAll(async () => {
  const filled = await readModelsOf([operationsProjection], log);
  close = filled.close;
  const readStream = (stream: string, from: bigint, maxCount: number) => {
    const events = log.filter((event) => event.stream === stream);
    return Promise.resolve(events.slice(Number(from), Number(from) + maxCount));
  };
  app = await servedRoutes({
    imports: [CqrsModule.forRoot()],
    controllers: [...operationsQuery.controllers, ...cancelOperation.controllers],
    providers: [
      ...cancelOperation.providers,
      { provide: ReadModels, useValue: filled.readModels },
      { provide: EventStore, useValue: { readStream } },
      { provide: AggregateStore, useValue: new AggregateStore(new InMemoryStreams()) },
    ],
  });
  await app.listen(0, '127.0.0.1');
  origin = await app.getUrl();
});
afterAll(async () => {
  await app.close();
  await close();
});

/** One connection a call: what a pool keeps or opens of its own accord is not the shutdown's fault. */
const headers = { authorization: 'Bearer operator', connection: 'close' };
const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${origin}/v1/operations${path}`, { headers, ...init });

it('Operations are listed by state, kind and who asked for them', async () => {
  const listed = async (query: string): Promise<unknown[]> =>
    ((await (await call(query)).json()) as { items: unknown[] }).items;
  expect(await listed('')).toHaveLength(2);
  expect(await listed('?status=running')).toMatchObject([{ operationId: running, done: 1 }]);
  expect(await listed('?kind=installation&status=completed&requestedBy=ada')).toMatchObject([
    { operationId: completed, done: 1, rejected: 2, cancelled: 0 },
  ]);
  expect(await listed('?kind=delivery')).toEqual([]);
});

it('Refused lines come as a file with the columns of the upload and the reason', async () => {
  const answer = await call(`/${completed}/rejections.csv`);
  expect(answer.headers.get('content-type')).toContain('text/csv');
  expect(answer.headers.get('content-disposition')).toContain('attachment');
  expect((await answer.text()).split('\r\n')).toEqual([
    'serial,slot,note,rack,rejectedLine,rejectedCode,rejectedMessage,rejectedOthers',
    'A2,2,,,3,rack/slot-taken,Slot 2 is occupied,',
    'A3,3,"by hand, ""later""",,4,rack/slot-taken,Slot 3 is occupied,',
    ',,,,5,line/invalid,slot: not a number,',
    '=A6,4,,B,6,line/ragged,The line has 4 fields,"[""x,y""]"',
    '',
  ]);
});

it('Refused lines come with what was sent, to be sent again', async () => {
  const answer = await call(`/${completed}/rejections?limit=3`);
  const page = (await answer.json()) as { items: object[]; nextCursor: string };
  expect(page.items).toEqual([
    {
      ...{ line: 3, code: 'rack/slot-taken', message: 'Slot 2 is occupied' },
      fields: { serial: 'A2', slot: 2 },
    },
    {
      ...{ line: 4, code: 'rack/slot-taken', message: 'Slot 3 is occupied' },
      fields: { serial: 'A3', slot: 3, note: 'by hand, "later"' },
    },
    { line: 5, code: 'line/invalid', message: 'slot: not a number' },
  ]);
  const last = await call(`/${completed}/rejections?cursor=${page.nextCursor}`);
  expect(await last.json()).toMatchObject({
    items: [{ line: 6, fields: { serial: '=A6', rack: 'B' }, others: ['x,y'] }],
  });
});

it('Progress is told at once, and its end ends the stream', async () => {
  const answer = await call(`/${completed}/progress`);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const [, told] = (await answer.text()).split('\n\n');
  const fields = told!.split('\n');
  expect(fields.slice(0, 2)).toEqual(['event: completed', 'id: 1000']);
  expect(JSON.parse(fields[2]!.slice('data: '.length))).toEqual({
    operationId: completed,
    status: 'completed',
    total: 3,
    done: 1,
    rejected: 2,
    cancelled: 0,
  });
});

it('An operation that does not exist has no progress and is not cancelled', async () => {
  const unknown = deriveId('unknown');
  for (const answer of [
    await call(`/${unknown}/progress`),
    await call(`/${unknown}/rejections.csv`),
    await call(`/${unknown}/rejections`),
    await call(`/${unknown}/cancellation`, { method: 'POST' }),
  ]) {
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'operation/unknown' });
  }
});

it('Who follows an operation may leave, and does not hold up the shutdown', async () => {
  const leaving = new AbortController();
  const followed = await call(`/${running}/progress`, { headers, signal: leaving.signal });
  const text = new TextDecoder();
  let seen = '';
  for await (const bytes of followed.body!) {
    seen += text.decode(bytes as Uint8Array);
    if (seen.includes('event: progress')) break;
  }
  expect(seen).toContain('"status":"running"');
  leaving.abort();
  const staying = await call(`/${running}/progress`);
  const closed = app.close();
  expect(await staying.text()).toContain('event: progress');
  await closed;
}, 10_000);
