import { context, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { AggregateStore } from './aggregate-store.js';
import type { Aggregate } from './decider.js';
import { DomainError } from './errors.js';
import type { DomainCommand, DomainEvent, EventMetadata } from './message.js';
import {
  beginSpan,
  causeOf,
  causesOf,
  inSpan,
  inSpanBelow,
  logFieldsOfTrace,
  MAX_LINKS,
  MAX_SPANS_BELOW,
  traceOf,
  traceWith,
  within,
} from './tracing.js';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
beforeEach(() => {
  exporter.reset();
  traceWith(provider.getTracer('spec'));
});
afterAll(() => traceWith(undefined));

const spans = () => exporter.getFinishedSpans();
const named = (name: string) => spans().find((span) => span.name === name)!;
const nothing = (): Promise<void> => Promise.resolve();

describe('A span', () => {
  it('is not begun where traces are off, and the work is done all the same', async () => {
    traceWith(undefined);
    expect(await inSpan('work', {}, (span) => Promise.resolve([span, 7]))).toEqual([undefined, 7]);
    expect(beginSpan('work', {})).toBeUndefined();
    expect(spans()).toEqual([]);
  });

  it('is below the one that is active, however the work is cut into steps', async () => {
    await inSpan('outer', {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await inSpan('inner', {}, nothing);
    });
    const outer = named('outer').spanContext();
    expect(named('inner').parentSpanContext?.spanId).toBe(outer.spanId);
    expect(named('inner').spanContext().traceId).toBe(outer.traceId);
  });

  it('is not below one that has ended, whose context a timer may keep', async () => {
    let late: Promise<void> = Promise.resolve();
    await inSpan('request', {}, () => {
      late = new Promise((resolve) => setTimeout(resolve, 5)).then(() =>
        inSpan('later', {}, nothing),
      );
      return Promise.resolve();
    });
    await late;
    expect(named('later').parentSpanContext).toBeUndefined();
  });

  it('of a read is begun only where something that is traced asks for it', async () => {
    await inSpanBelow('probe', {}, nothing);
    await inSpan('command', {}, () => inSpanBelow('read', {}, nothing));
    expect(spans().map(({ name }) => name)).toEqual(['read', 'command']);
  });

  it('goes on where it was begun before', () => {
    const begun = beginSpan('request', {})!;
    const fields = within(begun, () => logFieldsOfTrace());
    begun.end();
    const { traceId, spanId } = named('request').spanContext();
    expect(fields).toEqual({ trace_id: traceId, span_id: spanId });
  });

  it('is failed by an error, of which it has the name alone', async () => {
    const failing = inSpan('work', {}, () => Promise.reject(new RangeError('of pa55w0rd')));
    await expect(failing).rejects.toThrow('of pa55w0rd');
    expect(named('work').attributes).toEqual({ 'error.type': 'RangeError' });
    expect(JSON.stringify([named('work').status, named('work').events])).not.toContain('pa55w0rd');
  });

  it('is not failed by a refusal, which is an answer', async () => {
    const refusal = new DomainError('conflict', 'lamp/lit', 'The lamp is lit');
    await expect(inSpan('work', {}, () => Promise.reject(refusal))).rejects.toThrow();
    expect(named('work').attributes).toEqual({ 'hostledger.refusal': 'lamp/lit' });
    expect(named('work').status.code).toBe(0);
  });

  it('has so many below it and no more, and says how many are left out', async () => {
    await inSpan('bulk', {}, async () => {
      for (let n = 0; n < MAX_SPANS_BELOW + 7; n += 1) await inSpan('line', {}, nothing);
    });
    expect(spans().filter(({ name }) => name === 'line')).toHaveLength(MAX_SPANS_BELOW);
    expect(named('bulk').attributes).toEqual({ 'hostledger.spans.left_out': 7 });
    exporter.reset();
    await inSpan('next', {}, () => inSpan('line', {}, nothing));
    expect(spans()).toHaveLength(2);
  });

  it('of a batch links to what caused its events, to so many at most', async () => {
    const links = Array.from({ length: MAX_LINKS + 2 }, (_, n) => causeOf(metadataOf(n))!);
    await inSpan('batch', { links, isRoot: true }, nothing);
    expect(named('batch').links).toHaveLength(MAX_LINKS);
    expect(named('batch').attributes).toEqual({ 'hostledger.links.left_out': 2 });
  });
});

const hexOf = (n: number, digits: number): string => (n + 1).toString(16).padStart(digits, '0');
const bare: EventMetadata = {
  ...{ commandId: 'c', commandHash: 'h', occurredAt: '2024-04-20T00:00:00.000Z' },
  ...{ actor: { subject: 'ana', role: 'operator' }, $correlationId: 'r', $causationId: 'c' },
};
const metadataOf = (n: number): EventMetadata => ({
  ...bare,
  $traceId: hexOf(n, 32),
  $spanId: hexOf(n, 16),
});

describe('The cause of an event', () => {
  it('is the span that appended it', async () => {
    await inSpan('append', {}, (span) => {
      const metadata = { ...bare, ...traceOf(span) };
      expect(causeOf(metadata)).toMatchObject({
        ...{ traceId: span!.spanContext().traceId, spanId: span!.spanContext().spanId },
        traceFlags: TraceFlags.SAMPLED,
      });
      return Promise.resolve();
    });
  });

  it.each([
    undefined,
    bare,
    { ...bare, $traceId: 'x', $spanId: 'y' },
    { ...bare, $traceId: hexOf(1, 32) },
    { ...bare, $traceId: 7 as never, $spanId: 8 as never },
    { ...bare, $traceId: '0'.repeat(32), $spanId: '0'.repeat(16) },
  ])('is unknown where the event says %j', (metadata) => {
    expect(causeOf(metadata)).toBeUndefined();
  });

  it('counts once for events that were appended together', () => {
    const events = [metadataOf(1), metadataOf(1), bare, metadataOf(2)].map((metadata) => ({
      metadata,
    }));
    expect(causesOf(events).map(({ spanId }) => spanId)).toEqual([hexOf(1, 16), hexOf(2, 16)]);
  });

  it('is not told by what is not recorded', () => {
    expect(traceOf(undefined)).toBeUndefined();
    expect(traceOf(trace.wrapSpanContext(causeOf(metadataOf(1))!))).toBeUndefined();
  });
});

describe('A command', () => {
  type LightLamp = DomainCommand<'LightLamp', { lamp: string }>;
  type LampLit = DomainEvent<'LampLit', { lamp: string }>;
  const lamp: Aggregate<boolean, LightLamp, LampLit> = {
    category: 'lamp',
    initialState: false,
    events: { LampLit: 'A lamp was lit.' },
    decide: ({ data }) => [{ type: 'LampLit', data }],
    evolve: () => true,
  };
  const at = '2024-04-20T00:00:00.000Z';

  it('has a span that says what became of it', async () => {
    const store = new AggregateStore({
      append: () => Promise.resolve({ revision: 0n, position: 8n }),
      readStream: () => Promise.resolve([]),
    });
    const command = { type: 'LightLamp', data: { lamp: 'hall' }, at } as const;
    const { actor } = bare;
    const context = { commandId: 'c-1', actor, correlationId: 'r-1', causationId: 'c-1', at };
    await store.handle(lamp, 'hall', command, context);
    expect(named('LightLamp').attributes).toEqual({
      'hostledger.command': 'LightLamp',
      'hostledger.command_id': 'c-1',
      'hostledger.correlation_id': 'r-1',
      'hostledger.stream': 'lamp-hall',
      'hostledger.outcome': 'accepted',
    });
  });
});
