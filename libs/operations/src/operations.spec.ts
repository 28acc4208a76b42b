import {
  AggregateStore,
  CommandIdReused,
  deriveId,
  mapLimited,
  type Aggregate,
  type CommandContext,
  type DomainCommand,
  type DomainEvent,
} from '@hostledger/eventsourcing';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import {
  operationIdOf,
  operationsProcess,
  startOperation,
  type BulkKind,
  type Upload,
} from './index.js';

/** A lamp is lit once; lamp 13 cannot be lit. */
const lamp: Aggregate<
  boolean,
  DomainCommand<'LightLamp', { lamp: number }>,
  DomainEvent<'LampLit', { lamp: number }>
> = {
  category: 'lamp',
  initialState: false,
  events: { LampLit: 'A lamp was lit.' },
  decide: ({ data }, lit) => (lit ? [] : [{ type: 'LampLit', data }]),
  evolve: () => true,
};

const at = '2024-04-20T00:00:00.000Z';
const context: CommandContext = {
  commandId: deriveId('upload'),
  requestHash: 'body-1',
  actor: { subject: 'ana', role: 'operator' },
  correlationId: 'c-1',
  causationId: 'r-1',
  reason: 'evening',
  at,
};

const upload = (lines: number): Upload<{ lamp: number; note: string }, { room: string }> => ({
  kind: 'lighting',
  params: { room: 'hall' },
  lines: Array.from({ length: lines }, (_, i) => ({
    line: i + 2,
    value: { lamp: i, note: 'x'.repeat(100) },
  })),
  digest: 'd',
  rejected: [{ line: 99_999, code: 'line/invalid', message: 'not a lamp' }],
});

const lighting = (store: AggregateStore): BulkKind<{ lamp: number }, { room: string }> => ({
  kind: 'lighting',
  perform: async ({ lines, context: chunkContext }) => {
    const outcomes = await mapLimited(lines, 8, async ({ line, value }) => {
      if (value.lamp === 13) return { line, code: 'lamp/broken', message: 'Lamp 13 is broken' };
      const { lamp: number } = value;
      const command = { type: 'LightLamp', data: { lamp: number }, at } as const;
      const commandId = deriveId(chunkContext.commandId, line);
      await store.handle(lamp, String(number), command, { ...chunkContext, commandId });
      return undefined;
    });
    return outcomes.filter((outcome) => outcome !== undefined);
  },
});

const performAll = async (streams: InMemoryStreams): Promise<void> => {
  const store = new AggregateStore(streams);
  const worker = operationsProcess(store, streams, [lighting(store)]);
  const item = {
    item_id: operationIdOf(context),
    due_at: at,
    cause_id: 'e',
    correlation_id: 'c-1',
    kind: 'lighting',
  };
  await worker.perform(item, { at, signal: new AbortController().signal });
};

const streamOf = `operation-${operationIdOf(context)}`;

describe('a bulk operation', () => {
  it('stores its lines in bounded chunks before it is acknowledged', async () => {
    const streams = new InMemoryStreams();
    await startOperation(new AggregateStore(streams), upload(1_200), context);
    const events = streams.events(streamOf);
    const chunks = events.slice(0, -1) as { data: { lines: unknown[]; rejected: unknown[] } }[];
    expect(events.at(-1)).toMatchObject({
      type: 'OperationStarted',
      data: { lineCount: 1_200, chunkCount: chunks.length, rejectedAtUpload: 1 },
    });
    expect(chunks.reduce((sum, { data }) => sum + data.lines.length, 0)).toBe(1_200);
    for (const { data } of chunks) {
      expect(data.lines.length).toBeLessThanOrEqual(500);
      expect(JSON.stringify(data).length).toBeLessThan(64 * 1024);
    }
  });

  it('is the same operation when the upload is sent again, and refuses another body', async () => {
    const streams = new InMemoryStreams();
    const first = await startOperation(new AggregateStore(streams), upload(10), context);
    const again = await startOperation(new AggregateStore(streams), upload(10), context);
    expect(again).toEqual({ ...first, replayed: true });
    await expect(
      startOperation(new AggregateStore(streams), upload(11), {
        ...context,
        requestHash: 'body-2',
      }),
    ).rejects.toThrow(CommandIdReused);
  });

  it('performs every line, names those refused, and acts in the name of the uploader', async () => {
    const streams = new InMemoryStreams();
    await startOperation(new AggregateStore(streams), upload(600), context);
    await performAll(streams);
    expect(streams.events(streamOf).at(-1)).toEqual({
      type: 'OperationCompleted',
      data: { operationId: operationIdOf(context), done: 599, rejected: 1 },
    });
    const lit = streams.log.filter(({ type }) => type === 'LampLit');
    expect(lit).toHaveLength(599);
    for (const { metadata } of lit) {
      expect(metadata).toMatchObject({
        actor: { subject: 'ana' },
        $correlationId: 'c-1',
        reason: 'evening',
      });
    }
  });

  it('is finished exactly once by whoever comes after a death between any two steps', async () => {
    const lines = 30;
    const points: FaultPoint[] = ['before', 'after'];
    for (let append = 1, died = true; died; append += 1) {
      died = false;
      for (const point of points) {
        const streams = new InMemoryStreams();
        streams.failFrom(append, point);
        let acknowledged = false;
        try {
          await startOperation(new AggregateStore(streams), upload(lines), context);
          acknowledged = true;
          await performAll(streams);
        } catch {
          died = true;
        }
        streams.heal();
        if (!acknowledged)
          await startOperation(new AggregateStore(streams), upload(lines), context);
        await performAll(streams);
        await performAll(streams);
        expect(streams.events(streamOf).at(-1)).toMatchObject({
          type: 'OperationCompleted',
          data: { done: lines - 1, rejected: 1 },
        });
        expect(streams.log.filter(({ type }) => type === 'LampLit')).toHaveLength(lines - 1);
        expect(new Set(streams.log.map(({ id }) => id)).size).toBe(streams.log.length);
      }
    }
  });
});
