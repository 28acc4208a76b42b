export { specOf, type DeciderExpectation, type DeciderSpec } from './decider-spec.js';
export { InMemoryStreams, type FaultPoint } from './in-memory-streams.js';
export { recorded, rowsOf } from './fold-spec.js';
export { readModelsOf } from './read-models.js';
export { startPostgres, type TestPostgres } from './postgres.js';
export { databases, type TestDatabase } from './databases.js';
export { InMemoryLog } from './in-memory-log.js';
export * from './accounts.js';
export { until } from './until.js';
