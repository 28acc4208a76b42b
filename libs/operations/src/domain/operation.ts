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

/** A line as it is stored and performed. */
export interface OperationLine<Value = Json> {
  readonly line: number;
  readonly value: Value;
}

/** One event's worth of an upload. */
export interface OperationChunk {
  readonly chunk: number;
  readonly lines: readonly OperationLine[];
  readonly rejected: readonly LineRejection[];
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
        rejected: readonly LineRejection[];
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
      }
    >
  | DomainEvent<
      'OperationChunkDone',
      { operationId: string; chunk: number; done: number; rejected: readonly LineRejection[] }
    >
  | DomainEvent<'OperationCompleted', { operationId: string; done: number; rejected: number }>;

export const operationEvents: EventCatalogue<OperationEvent> = {
  OperationLinesRecorded:
    'A part of the lines of a bulk upload was stored, before the operation began.',
  OperationStarted: 'All lines of a bulk upload are stored; from here on it will be finished.',
  OperationChunkDone:
    'The lines of one chunk were performed; those refused are named with the rule.',
  OperationCompleted: 'Every chunk of a bulk operation was performed.',
};

// State

export interface Operation {
  readonly status: 'unknown' | 'recording' | 'running' | 'completed';
  readonly chunksRecorded: number;
  readonly chunkCount: number;
  readonly chunksDone: ReadonlySet<number>;
  readonly done: number;
  readonly rejected: number;
}

const unknownOperation: Operation = {
  status: 'unknown',
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
      return { ...operation, status: 'running', chunkCount: event.data.chunkCount };
    case 'OperationChunkDone':
      return {
        ...operation,
        chunksDone: new Set([...operation.chunksDone, event.data.chunk]),
        done: operation.done + event.data.done,
        rejected: operation.rejected + event.data.rejected.length,
      };
    case 'OperationCompleted':
      return { ...operation, status: 'completed' };
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
      }
    >
  | DomainCommand<
      'FinishOperationChunk',
      { operationId: string; chunk: number; done: number; rejected: readonly LineRejection[] }
    >
  | DomainCommand<'CompleteOperation', { operationId: string }>;

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
      if (operation.status === 'running' || operation.status === 'completed') return [];
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
      if (operation.chunksDone.has(command.data.chunk)) return [];
      return [{ type: 'OperationChunkDone', data: command.data }];
    case 'CompleteOperation': {
      if (operation.status === 'completed') return [];
      mustRun(operation);
      if (operation.chunksDone.size < operation.chunkCount) {
        throw new DomainError(
          'conflict',
          'operation/chunks-pending',
          `${operation.chunksDone.size} of ${operation.chunkCount} chunks are done`,
        );
      }
      const { operationId } = command.data;
      const { done, rejected } = operation;
      return [{ type: 'OperationCompleted', data: { operationId, done, rejected } }];
    }
    default:
      return unreachable(command);
  }
};

const mustRun = (operation: Operation): void => {
  if (operation.status !== 'running' && operation.status !== 'completed') {
    throw new DomainError('notFound', 'operation/unknown', 'There is no such operation');
  }
};

/** A bulk job that survives crashes: its lines, what was done with them, and what was refused. */
export const operationAggregate: Aggregate<Operation, OperationCommand, OperationEvent> = {
  category: 'operation',
  initialState: unknownOperation,
  events: operationEvents,
  decide,
  evolve,
};
