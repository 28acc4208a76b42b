export { DirectoryInUse } from './directory-lock.js';
export { SessionLost } from './embedded-pool.js';
export {
  openDatabase,
  type Database,
  type DatabaseOptions,
  type DedicatedSession,
} from './database.js';
export type { GenerationRow } from './bookkeeping.js';
export { ReadModelBehind, ReadModelRefused, ReadModelUnavailable } from './errors.js';
export { fillTables, type TablesToFill } from './fill.js';
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
export { RemoteProgress, type Progress, type RunnerPhase } from './progress.js';
export { ReadModels, type ReadModelsOptions } from './read-models.js';
export {
  ProcessRunner,
  toDoList,
  type ProcessRunnerOptions,
  type ProcessRunnerStatus,
} from './process-runner.js';
export type { FailingItem, ProcessStatus } from './process-work.js';
