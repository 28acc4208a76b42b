import fc from 'fast-check';
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
  operationAggregate,
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

const lighting = (
  store: AggregateStore,
  meanwhile: () => Promise<unknown>,
): BulkKind<{ lamp: number }, { room: string }> => ({
  kind: 'lighting',
  perform: async ({ lines, context: chunkContext }) => {
    await meanwhile();
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

const performAll = async (
  streams: InMemoryStreams,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> => {
  const store = new AggregateStore(streams);
  const worker = operationsProcess(store, streams, [lighting(store, meanwhile)]);
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

  describe('that is cancelled', () => {
    const cancel = (streams: InMemoryStreams, id = 'cancel') => {
      const operationId = operationIdOf(context);
      const command = { type: 'CancelOperation', data: { operationId }, at } as const;
      const asked = { ...context, requestHash: 'cancel', commandId: deriveId(id) };
      return new AggregateStore(streams).handle(operationAggregate, operationId, command, asked);
    };
    const endOf = (streams: InMemoryStreams) => streams.events(streamOf).at(-1)!;
    const lit = (streams: InMemoryStreams): number =>
      streams.log.filter(({ type }) => type === 'LampLit').length;

    it('finishes the chunks under way, begins no other, and counts what it left', async () => {
      const streams = new InMemoryStreams();
      await startOperation(new AggregateStore(streams), upload(5_000), context);
      await performAll(streams, () => cancel(streams));
      const { type, data } = endOf(streams) as {
        type: string;
        data: { done: number; rejected: number; cancelled: number };
      };
      expect(type).toBe('OperationCancelled');
      expect(data.cancelled).toBeGreaterThan(0);
      expect(data.done).toBeGreaterThan(0);
      expect(data.done + data.rejected + data.cancelled).toBe(5_000);
      expect(lit(streams)).toBe(data.done);
      const { length } = streams.log;
      await performAll(streams);
      expect(streams.log).toHaveLength(length);
    });

    it('performs nothing if nothing had begun, and takes a second wish for the first', async () => {
      const streams = new InMemoryStreams();
      await startOperation(new AggregateStore(streams), upload(10), context);
      await cancel(streams);
      expect((await cancel(streams, 'again')).events).toEqual([]);
      await performAll(streams);
      expect(endOf(streams)).toMatchObject({ data: { done: 0, rejected: 0, cancelled: 10 } });
      expect((await cancel(streams, 'later')).events).toEqual([]);
    });

    it('is refused once it is completed, and where half of it would be worse than all', async () => {
      const streams = new InMemoryStreams();
      await startOperation(new AggregateStore(streams), upload(10), context);
      await performAll(streams);
      await expect(cancel(streams)).rejects.toMatchObject({ code: 'operation/completed' });
      const other = new InMemoryStreams();
      const whole = { ...upload(10), cancellable: false };
      await startOperation(new AggregateStore(other), whole, context);
      await expect(cancel(other)).rejects.toMatchObject({ code: 'operation/not-cancellable' });
      await expect(cancel(new InMemoryStreams())).rejects.toMatchObject({
        code: 'operation/unknown',
      });
    });

    it('accounts for every line, whenever it is cancelled and whoever dies', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: 12 }),
          fc.integer({ min: 4, max: 60 }),
          fc.constantFrom<FaultPoint>('before', 'after'),
          async (cancelAt, dieAt, point) => {
            const lines = 2_000;
            const streams = new InMemoryStreams();
            await startOperation(new AggregateStore(streams), upload(lines), context);
            streams.failFrom(dieAt * 20, point);
            let chunks = 0;
            const cancelling = async (): Promise<void> => {
              if (chunks++ === cancelAt) await cancel(streams);
            };
            await performAll(streams, cancelling).catch(() => undefined);
            streams.heal();
            await performAll(streams);
            const { data } = endOf(streams) as { data: Partial<Record<string, number>> };
            const { done = NaN, rejected = NaN, cancelled = 0 } = data;
            expect(done + rejected + cancelled).toBe(lines);
            expect(lit(streams)).toBe(done);
          },
        ),
        { numRuns: 20 },
      );
    });
  });
});
