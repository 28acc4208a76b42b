import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
  type Json,
} from '@hostledger/eventsourcing';

// Events

export interface LineRejection {
  /** Line of the upload, counted as the uploader counts it. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** A line that was refused before it was stored, as it was sent: those from of old were not kept. */
export interface RefusedLine extends LineRejection {
  /** By the columns of the upload; without those that were left out. */
  readonly fields?: Readonly<Record<string, Json>>;
  /** What no column is meant for. */
  readonly others?: Json;
}

/** A line as it is stored and performed. */
export interface OperationLine<Value = Json> {
  readonly line: number;
  readonly value: Value;
}

/** One event's worth of an upload. */
export interface OperationChunk {
  readonly chunk: number;
  readonly lines: readonly OperationLine[];
  readonly rejected: readonly RefusedLine[];
}

export type OperationEvent =
  | DomainEvent<
      'OperationLinesRecorded',
      {
        operationId: string;
        chunk: number;
        of: number;
        lines: readonly OperationLine[];
        /** Lines of the upload refused for their form; they are never performed. */
        rejected: readonly RefusedLine[];
      }
    >
  | DomainEvent<
      'OperationStarted',
      {
        operationId: string;
        kind: string;
        /** What holds for all lines, as the kind defines it. */
        params: Json;
        lineCount: number;
        chunkCount: number;
        /** SHA-256 (hex) of the body as uploaded. */
        digest: string;
        rejectedAtUpload: number;
        /** False where half of the lines would be worse than all or none. */
        cancellable?: boolean;
      }
    >
  | DomainEvent<
      'OperationChunkDone',
      { operationId: string; chunk: number; done: number; rejected: readonly LineRejection[] }
    >
  | DomainEvent<'OperationCompleted', { operationId: string; done: number; rejected: number }>
  | DomainEvent<'OperationBegun', { operationId: string }>
  | DomainEvent<'OperationCancellationRequested', { operationId: string }>
  | DomainEvent<
      'OperationCancelled',
      {
        operationId: string;
        done: number;
        rejected: number;
        /** Lines that were not performed and never will be. */
        cancelled: number;
      }
    >;

export const operationEvents: EventCatalogue<OperationEvent> = {
  OperationLinesRecorded:
    'A part of the lines of a bulk upload was stored, before the operation began.',
  OperationStarted: 'All lines of a bulk upload are stored; from here on it will be finished.',
  OperationChunkDone:
    'The lines of one chunk were performed; those refused are named with the rule.',
  OperationCompleted: 'Every chunk of a bulk operation was performed.',
  OperationBegun: 'The lines of an operation began to be performed.',
  OperationCancellationRequested: 'Somebody asked that no further chunk of an operation be begun.',
  OperationCancelled: 'The operation ended early: lines performed stay, the others never will be.',
};

// State

export interface Operation {
  readonly status: 'unknown' | 'recording' | 'running' | 'cancelling' | 'completed' | 'cancelled';
  readonly cancellable: boolean;
  /** Some of its lines may have been performed. */
  readonly begun: boolean;
  readonly lineCount: number;
  readonly chunksRecorded: number;
  readonly chunkCount: number;
  readonly chunksDone: ReadonlySet<number>;
  readonly done: number;
  readonly rejected: number;
}

const unknownOperation: Operation = {
  status: 'unknown',
  cancellable: true,
  begun: false,
  lineCount: 0,
  chunksRecorded: 0,
  chunkCount: 0,
  chunksDone: new Set(),
  done: 0,
  rejected: 0,
};

const evolve = (operation: Operation, event: OperationEvent): Operation => {
  switch (event.type) {
    case 'OperationLinesRecorded':
      return { ...operation, status: 'recording', chunksRecorded: event.data.chunk + 1 };
    case 'OperationStarted':
      return {
        ...operation,
        status: 'running',
        cancellable: event.data.cancellable ?? true,
        lineCount: event.data.lineCount,
        chunkCount: event.data.chunkCount,
      };
    case 'OperationBegun':
      return { ...operation, begun: true };
    case 'OperationChunkDone':
      return {
        ...operation,
        begun: true,
        chunksDone: new Set([...operation.chunksDone, event.data.chunk]),
        done: operation.done + event.data.done,
        rejected: operation.rejected + event.data.rejected.length,
      };
    case 'OperationCompleted':
      return { ...operation, status: 'completed' };
    case 'OperationCancellationRequested':
      return { ...operation, status: 'cancelling' };
    case 'OperationCancelled':
      return { ...operation, status: 'cancelled' };
  }
};

// Commands

export type OperationCommand =
  | DomainCommand<
      'RecordOperationLines',
      {
        operationId: string;
        of: number;
        chunks: readonly OperationChunk[];
      }
    >
  | DomainCommand<
      'StartOperation',
      {
        operationId: string;
        kind: string;
        params: Json;
        lineCount: number;
        chunkCount: number;
        digest: string;
        rejectedAtUpload: number;
        cancellable?: boolean;
      }
    >
  | DomainCommand<
      'FinishOperationChunk',
      { operationId: string; chunk: number; done: number; rejected: readonly LineRejection[] }
    >
  /** Before anything is performed; an operation that is cancelled by then is not begun. */
  | DomainCommand<'BeginOperation', { operationId: string }>
  /** Ends the operation when no chunk is to be begun any more: completed, or cancelled. */
  | DomainCommand<'EndOperation', { operationId: string }>
  | DomainCommand<'CancelOperation', { operationId: string }>;

// Decide

const decide = (command: OperationCommand, operation: Operation): readonly OperationEvent[] => {
  switch (command.type) {
    case 'RecordOperationLines': {
      if (operation.status !== 'unknown' && operation.status !== 'recording') return [];
      const { operationId, of, chunks } = command.data;
      return chunks
        .filter(({ chunk }) => chunk >= operation.chunksRecorded)
        .map((part) => ({ type: 'OperationLinesRecorded', data: { operationId, of, ...part } }));
    }
    case 'StartOperation':
      if (operation.status !== 'unknown' && operation.status !== 'recording') return [];
      if (operation.chunksRecorded !== command.data.chunkCount) {
        throw new DomainError(
          'conflict',
          'operation/lines-missing',
          `${operation.chunksRecorded} of ${command.data.chunkCount} chunks are recorded`,
        );
      }
      return [{ type: 'OperationStarted', data: command.data }];
    case 'FinishOperationChunk':
      mustRun(operation);
      if (hasEnded(operation) || operation.chunksDone.has(command.data.chunk)) return [];
      return [{ type: 'OperationChunkDone', data: command.data }];
    case 'BeginOperation': {
      mustRun(operation);
      if (operation.begun || operation.status !== 'running') return [];
      return [{ type: 'OperationBegun', data: command.data }];
    }
    case 'EndOperation':
      return end(command.data.operationId, operation);
    case 'CancelOperation':
      return cancel(command.data.operationId, operation);
    default:
      return unreachable(command);
  }
};

const hasEnded = ({ status }: Operation): boolean =>
  status === 'completed' || status === 'cancelled';

/** A cancellation that comes when every chunk is done already has nothing to prevent. */
const end = (operationId: string, operation: Operation): OperationEvent[] => {
  mustRun(operation);
  if (hasEnded(operation)) return [];
  const { done, rejected, chunksDone, chunkCount, lineCount, status } = operation;
  if (chunksDone.size === chunkCount) {
    return [{ type: 'OperationCompleted', data: { operationId, done, rejected } }];
  }
  if (status === 'cancelling') {
    const cancelled = lineCount - done - rejected;
    return [{ type: 'OperationCancelled', data: { operationId, done, rejected, cancelled } }];
  }
  throw new DomainError(
    'conflict',
    'operation/chunks-pending',
    `${chunksDone.size} of ${chunkCount} chunks are done`,
  );
};

const cancel = (operationId: string, operation: Operation): OperationEvent[] => {
  mustRun(operation);
  const { status, cancellable } = operation;
  if (status === 'cancelling' || status === 'cancelled') return [];
  if (status === 'completed') {
    throw new DomainError('conflict', 'operation/completed', 'The operation is completed');
  }
  if (!cancellable) {
    throw new DomainError(
      'conflict',
      'operation/not-cancellable',
      'An operation of this kind is finished once it was started',
    );
  }
  return [{ type: 'OperationCancellationRequested', data: { operationId } }];
};

const mustRun = ({ status }: Operation): void => {
  if (status === 'unknown' || status === 'recording') throw operationUnknown();
};

export const operationUnknown = (): DomainError =>
  new DomainError('notFound', 'operation/unknown', 'There is no such operation');

/** A bulk job that survives crashes: its lines, what was done with them, and what was refused. */
export const operationAggregate: Aggregate<Operation, OperationCommand, OperationEvent> = {
  category: 'operation',
  initialState: unknownOperation,
  events: operationEvents,
  decide,
  evolve,
};
