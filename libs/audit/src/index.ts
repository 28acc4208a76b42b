export { AuditApiModule } from './audit.module.js';
export { AuditCatalogue, AuditCatalogueModule } from './catalogue.js';
export type { FoldedAggregate } from './domain/as-of.js';
export * from './transparency/checkpoint.js';
export * from './transparency/leaf.js';
export * from './transparency/merkle.js';
export * from './transparency/signed-note.js';
