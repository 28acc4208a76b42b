import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { inSpan, traceWith } from '../tracing.js';
import { EventStore } from './index.js';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const directory = mkdtempSync(join(tmpdir(), 'hostledger-traced-'));
let node: RunningNode;
let store: EventStore;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  node = await startNodeInProcess({ directory });
  store = new EventStore({
    connection: process.env['EVENTSTORE_URL'] ?? { endpoint: node.endpoint },
  });
});
afterEach(() => traceWith(undefined));
afterAll(async () => {
  await store.close();
  await node.stop();
  rmSync(directory, { recursive: true });
});

const metadata = {
  ...{ commandId: 'c', commandHash: 'h', occurredAt: '2024-04-20T00:00:00.000Z' },
  ...{ actor: { subject: 'ana', role: 'operator' }, $correlationId: 'r', $causationId: 'c' },
};
const eventNow = () => ({ id: randomUUID(), type: 'LampLit', data: { lamp: 'hall' }, metadata });

describe('An append that is traced', () => {
  it('leaves the span in the metadata, beside what it was given', async () => {
    traceWith(provider.getTracer('spec'));
    const stream = `lamp-${randomUUID()}`;
    await store.append(stream, 'no_stream', [eventNow(), eventNow()]);
    const [append] = exporter.getFinishedSpans().slice(-1);
    const { traceId: $traceId, spanId: $spanId } = append!.spanContext();
    const stored = (await store.readStream(stream, 0n)).map((event) => event.metadata);
    expect(stored).toEqual([
      { ...metadata, $traceId, $spanId },
      { ...metadata, $traceId, $spanId },
    ]);
    expect(append!.attributes).toMatchObject({
      'hostledger.stream': stream,
      'hostledger.revision': '1',
      'hostledger.outcome': 'ok',
    });
  });

  it('and sent again in another trace is the same append, of which the first trace stays', async () => {
    traceWith(provider.getTracer('spec'));
    const stream = `lamp-${randomUUID()}`;
    const event = eventNow();
    const send = () => inSpan('try', {}, () => store.append(stream, 'no_stream', [event]));
    const first = await send();
    const [kept] = await store.readStream(stream, 0n);
    expect(await send()).toMatchObject({ revision: first.revision });
    traceWith(undefined);
    expect(await store.append(stream, 'no_stream', [event])).toMatchObject({ revision: 0n });
    expect(await store.readStream(stream, 0n)).toEqual([kept]);
  });

  it('leaves metadata as they are where traces are off', async () => {
    const stream = `lamp-${randomUUID()}`;
    await store.append(stream, 'no_stream', [eventNow()]);
    expect((await store.readStream(stream, 0n))[0]!.metadata).toEqual(metadata);
  });
});
