import { readFileSync } from 'node:fs';
import { exportToFile, parseVerifierKey, verifyBundle } from '@hostledger/audit';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventSchemas } from '@hostledger/feed';
import { answerOne } from './child.js';

/** What an auditor does with the history, in a process of its own. */
export type AuditWork =
  | { readonly work: 'export'; readonly endpoint: string; readonly path: string }
  | { readonly work: 'verify'; readonly path: string; readonly keyFile: string };

export interface AuditWorkResult {
  readonly ms: number;
  readonly events: number;
  /** Of which a checkpoint says that they are so. */
  readonly covered: number;
}

const exported = async (endpoint: string, path: string): Promise<AuditWorkResult> => {
  const log = new EventStore({ connection: { endpoint } });
  const schemas = new Map([...eventSchemas].map(([type, { schema }]) => [type, schema as object]));
  try {
    const started = performance.now();
    await exportToFile(path, { log, schemas }, { after: 0n }, new Date().toISOString());
    return { ms: performance.now() - started, events: 0, covered: 0 };
  } finally {
    await log.close();
  }
};

const verified = async (path: string, keyFile: string): Promise<AuditWorkResult> => {
  const key = parseVerifierKey(readFileSync(keyFile, 'utf8').trim());
  const started = performance.now();
  const { verdict, findings, events, covered } = await verifyBundle(path, { keys: [key] });
  const ms = performance.now() - started;
  if (verdict === 'not-whole') throw new Error(`Not whole: ${JSON.stringify(findings[0])}`);
  return { ms, events, covered: covered!.events };
};

answerOne((job: AuditWork) =>
  job.work === 'export' ? exported(job.endpoint, job.path) : verified(job.path, job.keyFile),
);
