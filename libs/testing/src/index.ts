export { specOf, type DeciderExpectation, type DeciderSpec } from './decider-spec.js';
export { InMemoryStreams, type FaultPoint } from './in-memory-streams.js';
export { recorded, rowsOf } from './fold-spec.js';
export { readModelsOf } from './read-models.js';
export {
  startNetworkPostgres,
  startPostgres,
  type NetworkSettings,
  type TestPostgres,
} from './postgres.js';
export { embeddedDirectory } from './embedded-directory.js';
export { databases, embeddedDatabase, type TestDatabase } from './databases.js';
export { InMemoryLog } from './in-memory-log.js';
export { Home, turnsOf, type InTurn } from './home.js';
export * from './accounts.js';
export { until } from './until.js';
export { schemaFaults } from './schema-faults.js';
export { keepLog, keepSecrets, secretsOf } from './kept-logs.js';
