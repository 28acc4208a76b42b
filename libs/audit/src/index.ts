export { AuditApiModule } from './audit.module.js';
export * from './transparency/checkpoint.js';
export * from './transparency/leaf.js';
export * from './transparency/merkle.js';
export * from './transparency/signed-note.js';
