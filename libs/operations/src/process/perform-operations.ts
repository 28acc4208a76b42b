import {
  deriveId,
  mapLimited,
  streamName,
  tableFold,
  processItemColumns,
  UnreadableHistory,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type EventMetadata,
  type ProcessAct,
  type ProcessItem,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import {
  operationAggregate,
  type LineRejection,
  type OperationEvent,
  type OperationLine,
  type RefusedLine,
} from '../domain/operation.js';

/** Chunks of one operation under way at once; each keeps many appends in flight. */
const CHUNKS_IN_FLIGHT = 4;

export interface Chunk<Line, Params> {
  readonly operationId: string;
  readonly chunk: number;
  readonly params: Params;
  readonly lines: readonly OperationLine<Line>[];
  /** Lines of this part of the upload that were refused for their form; they are not performed. */
  readonly refusedAtUpload: readonly RefusedLine[];
  /** Of the uploader: actor, correlation, reason, and the instant of the request; own command id. */
  readonly context: CommandContext;
  /** The present instant, for deadlines; `context.at` may be long ago after an outage. */
  readonly now: string;
  readonly signal: AbortSignal;
}

/** What a room does with the lines of its uploads. */
export interface BulkKind<Line = never, Params = never> {
  /** Stored in `OperationStarted`, a permanent name. */
  readonly kind: string;
  /**
   * Performs the lines of one chunk and returns those refused; the others are done. Idempotent: it
   * runs again from the start after a crash. Throws for infrastructure failures only.
   */
  readonly perform: (chunk: Chunk<Line, Params>) => Promise<readonly LineRejection[]>;
  /** Runs once all chunks are done and before the operation is completed; idempotent. */
  readonly completed?: (operation: {
    readonly operationId: string;
    readonly params: Params;
    readonly context: CommandContext;
  }) => Promise<void>;
}

interface OpenOperation extends ProcessItem {
  readonly kind: string;
}

interface EventReader {
  readStream(stream: string, from: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

/** Performs every operation that was started and is not completed, wherever it stopped. */
export const operationsProcess = (
  store: AggregateStore,
  reader: EventReader,
  kinds: readonly BulkKind[],
): DurableProcess<OpenOperation> => ({
  name: 'operations',
  version: 1,
  items: openOperations,
  concurrency: 4,
  perform: async (item, act) => {
    const kind = kinds.find((candidate) => candidate.kind === item.kind);
    if (!kind) throw new UnreadableHistory(`No code here performs operations of kind ${item.kind}`);
    await performOperation(store, reader, kind, item.item_id, act);
  },
});

const openOperations = tableFold<OpenOperation, OperationEvent>({
  table: {
    name: 'open_operations',
    columns: { ...processItemColumns, kind: 'text' },
    key: ['item_id'],
  },
  keys: {
    OperationStarted: ({ data }) => [{ item_id: data.operationId }],
    OperationCompleted: ({ data }) => [{ item_id: data.operationId }],
    OperationCancelled: ({ data }) => [{ item_id: data.operationId }],
  },
  evolve: (row, event) =>
    event.type === 'OperationStarted'
      ? {
          item_id: event.data.operationId,
          due_at: event.recordedAt,
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
          kind: event.data.kind,
        }
      : undefined,
});

const performOperation = async (
  store: AggregateStore,
  reader: EventReader,
  kind: BulkKind,
  operationId: string,
  act: ProcessAct,
): Promise<void> => {
  const loaded = await store.load(operationAggregate, operationId, { fresh: true });
  if (loaded.state.status === 'completed' || loaded.state.status === 'cancelled') return;
  const stream = streamName(operationAggregate, operationId);
  const { data, metadata, id } = await startOf(reader, stream, loaded.state.chunkCount);
  const contextOf = (...step: (string | number)[]): CommandContext => ({
    commandId: deriveId(operationId, ...step),
    requestHash: data.digest,
    actor: metadata.actor,
    correlationId: metadata.$correlationId,
    causationId: id,
    at: metadata.occurredAt,
    ...(metadata.reason === undefined ? {} : { reason: metadata.reason }),
  });
  const params = data.params as never;
  const began = performance.now();
  const begin = { type: 'BeginOperation', data: { operationId }, at: metadata.occurredAt } as const;
  const { state } = await store.handle(operationAggregate, operationId, begin, contextOf('begin'));
  let pending = Array.from({ length: state.chunkCount }, (_, chunk) => chunk).filter(
    (chunk) => !state.chunksDone.has(chunk),
  );
  // Chunks are begun in their order, so those that somebody left half done are the first of them.
  if (state.status === 'cancelling') pending = pending.slice(0, state.begun ? CHUNKS_IN_FLIGHT : 0);
  // Another process takes the cancellation; whoever finishes a chunk trips over it and learns.
  let cancelling = false;
  let done = state.chunksDone.size;
  await mapLimited(pending, CHUNKS_IN_FLIGHT, async (chunk) => {
    act.signal.throwIfAborted();
    if (cancelling) return;
    const { lines, rejected: refusedAtUpload } = await linesOf(reader, stream, chunk);
    const context = contextOf('chunk', chunk);
    const now = new Date(Date.parse(act.at) + performance.now() - began).toISOString();
    const { signal } = act;
    const part = { operationId, chunk, params, lines, refusedAtUpload, context, now, signal };
    const rejected = await kind.perform(part as never);
    const finished = await store.handle(
      operationAggregate,
      operationId,
      {
        type: 'FinishOperationChunk',
        data: { operationId, chunk, done: lines.length - rejected.length, rejected },
        at: metadata.occurredAt,
      },
      context,
    );
    done += 1;
    cancelling ||= finished.state.status === 'cancelling' && state.status === 'running';
  });
  const context = contextOf('completed');
  if (done === state.chunkCount) await kind.completed?.({ operationId, params, context });
  await store.handle(
    operationAggregate,
    operationId,
    { type: 'EndOperation', data: { operationId }, at: metadata.occurredAt },
    context,
  );
};

type Started = Extract<OperationEvent, { type: 'OperationStarted' }>;

/** The chunks are the first events of the stream, so `OperationStarted` has their count as revision. */
const startOf = async (
  reader: EventReader,
  stream: string,
  chunkCount: number,
): Promise<{ data: Started['data']; metadata: EventMetadata; id: string }> => {
  const [event] = await reader.readStream(stream, BigInt(chunkCount), 1);
  if (event?.type !== 'OperationStarted') {
    throw new UnreadableHistory(`${stream} has no OperationStarted at revision ${chunkCount}`);
  }
  return { data: event.data as Started['data'], metadata: event.metadata, id: event.id };
};

type RecordedLines = Extract<OperationEvent, { type: 'OperationLinesRecorded' }>['data'];

const linesOf = async (
  reader: EventReader,
  stream: string,
  chunk: number,
): Promise<RecordedLines> => {
  const [event] = await reader.readStream(stream, BigInt(chunk), 1);
  if (event?.type !== 'OperationLinesRecorded') {
    throw new UnreadableHistory(`${stream} has no lines at revision ${chunk}`);
  }
  return event.data as RecordedLines;
};
