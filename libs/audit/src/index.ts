export { AuditApiModule } from './audit.module.js';
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
export { notaryAggregates, notaryProjections } from './notary.js';
export * from './transparency/checkpoint.js';
export * from './transparency/leaf.js';
export * from './transparency/merkle.js';
export * from './transparency/signed-note.js';
export { MalformedBundle } from './bundle/bundle-file.js';
export type { BundleHead, Manifest } from './bundle/format.js';
export { BundleReader } from './bundle/reader.js';
export { recomputeAggregate, recomputeRow, type Against } from './recompute/recompute.js';
export { fileSource, sourceUpTo, storeSource, type LogSource } from './recompute/source.js';
export { StatementRecomputation } from './recompute/statement.js';
export type { Cited, Comparison, Recomputed } from './recompute/verdict.js';
