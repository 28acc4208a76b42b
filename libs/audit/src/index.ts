export { AuditApiModule } from './audit.module.js';
export { HistoryModule, historyProjections } from './history.js';
export { HistorySearch } from './read/history/search.js';
export type { AuditDayRow, AuditEventRow, AuditTables } from './read/history/projection.js';
export * from './transparency/checkpoint.js';
export * from './transparency/leaf.js';
export * from './transparency/merkle.js';
export * from './transparency/signed-note.js';
