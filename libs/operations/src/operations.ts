import {
  deriveId,
  stepOf,
  type AggregateStore,
  type CommandContext,
  type Json,
} from '@hostledger/eventsourcing';
import {
  operationAggregate,
  type OperationChunk,
  type OperationLine,
  type RefusedLine,
} from './domain/operation.js';

/** Bounds of a stored chunk; one chunk is one event, and several events share an append. */
const MAX_CHUNK_LINES = 500;
const MAX_CHUNK_BYTES = 48 * 1024;
const MAX_APPEND_BYTES = 900 * 1024;

export interface Upload<Line extends object, Params extends object> {
  readonly kind: string;
  readonly params: Params;
  readonly lines: readonly OperationLine<Line>[];
  /** SHA-256 (hex) of the body as uploaded. */
  readonly digest: string;
  /** Lines refused for their form, before anything was stored. */
  readonly rejected: readonly RefusedLine[];
  /** False where half of the lines would be worse than all or none. */
  readonly cancellable?: boolean;
}

export interface StartedOperation {
  readonly operationId: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
}

/** The id of the operation that a command starts; known before it is started. */
export const operationIdOf = (context: CommandContext): string =>
  deriveId(context.commandId, 'operation');

/**
 * Stores the lines of an upload durably and starts the operation, which the worker then performs.
 * Nothing is acknowledged before `OperationStarted` is in the log; a crash before leaves lines
 * that a retry with the same key completes, and that have no effect without it.
 */
export const startOperation = async <Line extends object, Params extends object>(
  store: AggregateStore,
  upload: Upload<Line, Params>,
  context: CommandContext,
): Promise<StartedOperation> => {
  const operationId = operationIdOf(context);
  const chunks = toChunks(upload.lines, upload.rejected);
  for (const batch of toAppends(chunks)) {
    await store.handle(
      operationAggregate,
      operationId,
      {
        type: 'RecordOperationLines',
        data: { operationId, of: chunks.length, chunks: batch },
        at: context.at,
      },
      stepOf(context, 'lines', batch[0]!.chunk),
    );
  }
  const { kind, digest, cancellable } = upload;
  const { revision, position, replayed } = await store.handle(
    operationAggregate,
    operationId,
    {
      type: 'StartOperation',
      data: {
        operationId,
        kind,
        params: upload.params as Json,
        lineCount: upload.lines.length,
        chunkCount: chunks.length,
        digest,
        rejectedAtUpload: upload.rejected.length,
        ...(cancellable === undefined ? {} : { cancellable }),
      },
      at: context.at,
    },
    stepOf(context, 'start'),
  );
  return { operationId, revision, position, replayed };
};

interface SizedChunk extends OperationChunk {
  readonly bytes: number;
}

const toChunks = (
  lines: readonly OperationLine<object>[],
  rejected: readonly RefusedLine[],
): SizedChunk[] => {
  const chunks: SizedChunk[] = [];
  let part = emptyPart();
  const close = (): void => {
    if (part.bytes > 0) chunks.push({ chunk: chunks.length, ...part });
    part = emptyPart();
  };
  const partFor = (item: object): Part => {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    const count = part.lines.length + part.rejected.length;
    if (count === MAX_CHUNK_LINES || part.bytes + bytes > MAX_CHUNK_BYTES) close();
    part.bytes += bytes;
    return part;
  };
  for (const line of lines) partFor(line).lines.push(line as OperationLine);
  for (const refused of rejected) partFor(refused).rejected.push(refused);
  close();
  return chunks;
};

interface Part {
  readonly lines: OperationLine[];
  readonly rejected: RefusedLine[];
  bytes: number;
}

const emptyPart = (): Part => ({ lines: [], rejected: [], bytes: 0 });

const toAppends = (chunks: readonly SizedChunk[]): OperationChunk[][] => {
  const appends: OperationChunk[][] = [];
  let total = Infinity;
  for (const { bytes, ...chunk } of chunks) {
    if (total + bytes > MAX_APPEND_BYTES) {
      appends.push([]);
      total = 0;
    }
    appends.at(-1)!.push(chunk);
    total += bytes;
  }
  return appends;
};
