export { DirectoryInUse } from './directory-lock.js';
export { SessionLost } from './embedded-pool.js';
export {
  openDatabase,
  type Database,
  type DatabaseOptions,
  type DedicatedSession,
} from './database.js';
export { ReadModelBehind, ReadModelUnavailable } from './errors.js';
export {
  ProjectionRunner,
  type ProjectionFailure,
  type ProjectionRunnerOptions,
  type ProjectionRunnerStatus,
  type RunnerObserver,
} from './projection-runner.js';
export { own, type Ownership } from './ownership.js';
export { RemoteProgress, type Progress, type RunnerPhase } from './progress.js';
export { ReadModels, type ReadModelsOptions } from './read-models.js';
export {
  ProcessRunner,
  type ProcessRunnerOptions,
  type ProcessRunnerStatus,
} from './process-runner.js';
export type { FailingItem, ProcessStatus } from './process-work.js';
