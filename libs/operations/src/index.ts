export {
  operationAggregate,
  operationEvents,
  type LineRejection,
  type Operation,
  type OperationChunk,
  type OperationEvent,
  type OperationLine,
  type RefusedLine,
} from './domain/operation.js';
export { operationIdOf, startOperation, type StartedOperation, type Upload } from './operations.js';
export { operationsProcess, type BulkKind, type Chunk } from './process/perform-operations.js';
export { operationsProjection, type OperationTables } from './read/projection.js';
export { OperationsApiModule } from './operations.module.js';
