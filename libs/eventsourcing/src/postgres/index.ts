export { DirectoryInUse } from './directory-lock.js';
export { SessionLost } from './embedded-pool.js';
export {
  openDatabase,
  type Database,
  type DatabaseOptions,
  type DedicatedSession,
} from './database.js';
export type { GenerationRow } from './bookkeeping.js';
export {
  PositionBeyondLog,
  ReadModelBehind,
  ReadModelRefused,
  ReadModelUnavailable,
} from './errors.js';
export { diffSchemas, LIVE, type DiffOptions, type SchemaDiff, type SchemaIn } from './diff.js';
export { isSame, type RowDiff, type TableDiff } from './table-diff.js';
export { fillTables, type FilledTables, type TablesToFill } from './fill.js';
export { schemaOf, type GenerationKey, type ProjectionFailure } from './generation.js';
export { LogReplaced, type LogIdentity } from './log-check.js';
export {
  ProjectionRunner,
  type ProjectionRunnerOptions,
  type ProjectionRunnerStatus,
  type ProjectionStatus,
  type RunnerObserver,
} from './projection-runner.js';
export { openOwnership, type Ownership } from './ownership.js';
export { inSchemaTurn } from './schema.js';
export { rowKey, settled, type RowKey } from './table-store.js';
export { RemoteProgress, type Progress, type RunnerPhase } from './progress.js';
export { ReadModels, type ReadModelsOptions } from './read-models.js';
export {
  dropReplay,
  replay,
  ReplayRefused,
  replays,
  type Replay,
  type ReplayOptions,
  type ReplayProgress,
} from './replay.js';
export { replayPointOf, type ReplayPoint } from './replay-point.js';
export {
  ProcessRunner,
  toDoList,
  type ProcessRunnerOptions,
  type ProcessRunnerStatus,
} from './process-runner.js';
export type { FailingItem, ProcessStatus } from './process-work.js';
