export { AuditApiModule } from './audit.module.js';
export { HistoryModule, historyProjections } from './history.js';
export { HistorySearch } from './read/history/search.js';
export { Duties } from './domain/duties.js';
export { actsProjection, type ActTables, type AuditActRow } from './read/acts/projection.js';
export { DutiesModule } from './reports.js';
export type { AuditDayRow, AuditEventRow, AuditTables } from './read/history/projection.js';
export { AuditCatalogue, AuditCatalogueModule } from './catalogue.js';
export type { FoldedAggregate } from './domain/as-of.js';
export {
  checkpointsAggregate,
  type CheckpointEvent,
  type CheckpointSigned,
  type CheckpointWitnessed,
} from './domain/checkpoints.js';
export {
  notaryKeysAggregate,
  type NotaryKeyAdopted,
  type NotaryKeyEvent,
  type NotaryKeyRotated,
} from './domain/notary-keys.js';
export { NotaryKeyFiles } from './process/key-files.js';
export { scrapeNotary } from './process/notary-metrics.js';
export { Notary, type NotaryStatus } from './process/notary.js';
export { publishPlace } from './process/publishing.js';
export { Witness } from './process/witness.js';
export { notaryAggregates, notaryProjections } from './notary.js';
export { notaryRefusal } from './read/tree-table.js';
export * from './transparency/checkpoint.js';
export * from './transparency/leaf.js';
export * from './transparency/merkle.js';
export * from './transparency/signed-note.js';
export type { CompletenessReport } from './read/reports/completeness-views.js';
export type { SegregationReport } from './read/reports/views.js';
export * from './transparency/key-rotation.js';
export * from './transparency/tiles.js';
export { rotateKey, verifierKeyOf } from './write/rotate-key.js';
export { MalformedBundle } from './bundle/bundle-file.js';
export type { BundleHead, Manifest } from './bundle/format.js';
export { BundleReader } from './bundle/reader.js';
export { recomputeAggregate, recomputeRow, type Against } from './recompute/recompute.js';
export { fileSource, sourceUpTo, storeSource, type LogSource } from './recompute/source.js';
export { StatementRecomputation } from './recompute/statement.js';
export type { Cited, Comparison, Recomputed } from './recompute/verdict.js';
export {
  exportBundle,
  NotInLog,
  type ExportRequest,
  type ExportSource,
  type KeptLeaves,
} from './bundle/export.js';
export {
  begunIn,
  exportToFile,
  NotResumable,
  type Begun,
  type Exported,
} from './bundle/export-file.js';
export type { Finding, FindingCode } from './bundle/findings.js';
export { Tally } from './bundle/tally.js';
export { verdictText, type Verdict } from './bundle/verdict.js';
export { verifyBundle, type Trust } from './bundle/verify.js';
export { keptLeaves } from './read/export/kept-leaves.js';
