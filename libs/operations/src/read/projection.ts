import { tableFold, type Json, type Projection } from '@hostledger/eventsourcing';
import type { LineRejection, OperationEvent } from '../domain/operation.js';

export const OPERATION_STATUSES = ['running', 'cancelling', 'completed', 'cancelled'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export interface OperationRow {
  operation_id: string;
  kind: string;
  status: OperationStatus;
  params: Json;
  line_count: number;
  rejected_at_upload: number;
  chunk_count: number;
  chunks_done: number;
  done: number;
  rejected: number;
  /** Lines that were not performed and never will be. */
  cancelled: number;
  requested_by: string;
  digest: string;
  started_at: string;
  completed_at: string | null;
}

export interface OperationRejectionRow {
  operation_id: string;
  line: number;
  /** Of the recorded lines, which have what was sent. */
  chunk: number;
  code: string;
  message: string;
}

export interface OperationTables {
  operations: OperationRow;
  operation_rejections: OperationRejectionRow;
}

const operations = tableFold<OperationRow, OperationEvent>({
  table: {
    name: 'operations',
    columns: {
      operation_id: 'text',
      kind: 'text',
      status: 'text',
      params: 'jsonb',
      line_count: 'integer',
      rejected_at_upload: 'integer',
      chunk_count: 'integer',
      chunks_done: 'integer',
      done: 'integer',
      rejected: 'integer',
      cancelled: 'integer',
      requested_by: 'text',
      digest: 'text',
      started_at: 'timestamptz',
      completed_at: 'timestamptz',
    },
    key: ['operation_id'],
    nullable: ['completed_at'],
    indexes: [
      ['started_at', 'operation_id'],
      ['status', 'started_at', 'operation_id'],
      ['kind', 'started_at', 'operation_id'],
      ['requested_by', 'started_at', 'operation_id'],
    ],
  },
  keys: {
    OperationStarted: ({ data }) => [{ operation_id: data.operationId }],
    OperationChunkDone: ({ data }) => [{ operation_id: data.operationId }],
    OperationCompleted: ({ data }) => [{ operation_id: data.operationId }],
    OperationCancellationRequested: ({ data }) => [{ operation_id: data.operationId }],
    OperationCancelled: ({ data }) => [{ operation_id: data.operationId }],
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'OperationStarted':
        return {
          operation_id: event.data.operationId,
          kind: event.data.kind,
          status: 'running',
          params: event.data.params,
          line_count: event.data.lineCount,
          rejected_at_upload: event.data.rejectedAtUpload,
          chunk_count: event.data.chunkCount,
          chunks_done: 0,
          done: 0,
          rejected: 0,
          cancelled: 0,
          requested_by: event.metadata.actor.subject,
          digest: event.data.digest,
          started_at: event.recordedAt,
          completed_at: null,
        };
      case 'OperationChunkDone':
        return (
          row && {
            ...row,
            chunks_done: row.chunks_done + 1,
            done: row.done + event.data.done,
            rejected: row.rejected + event.data.rejected.length,
          }
        );
      case 'OperationCompleted':
        return row && { ...row, status: 'completed', completed_at: event.recordedAt };
      case 'OperationCancellationRequested':
        return row && { ...row, status: 'cancelling' };
      case 'OperationCancelled': {
        const { cancelled } = event.data;
        return row && { ...row, status: 'cancelled', cancelled, completed_at: event.recordedAt };
      }
      default:
        return row;
    }
  },
});

/** A line may break several rules; the first is named. */
const rejectedLines = (event: {
  readonly data: { readonly operationId: string; readonly rejected: readonly LineRejection[] };
}): Partial<OperationRejectionRow>[] =>
  [...new Set(event.data.rejected.map(({ line }) => line))].map((line) => ({
    operation_id: event.data.operationId,
    line,
  }));

const rejections = tableFold<OperationRejectionRow, OperationEvent>({
  table: {
    name: 'operation_rejections',
    columns: {
      operation_id: 'text',
      line: 'integer',
      chunk: 'integer',
      code: 'text',
      message: 'text',
    },
    key: ['operation_id', 'line'],
    insertOnly: true,
  },
  keys: { OperationLinesRecorded: rejectedLines, OperationChunkDone: rejectedLines },
  evolve: (row, event, key) => {
    if (event.type !== 'OperationLinesRecorded' && event.type !== 'OperationChunkDone') return row;
    const refused = event.data.rejected.find(({ line }) => line === key.line);
    if (!refused) return undefined;
    const { operationId, chunk } = event.data;
    const { line, code, message } = refused;
    return { operation_id: operationId, line, chunk, code, message };
  },
});

export const operationsProjection: Projection = {
  name: 'operations',
  version: 3,
  tables: [operations, rejections],
};
