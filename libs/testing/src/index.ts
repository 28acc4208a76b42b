export * from './in-memory-streams.js';
