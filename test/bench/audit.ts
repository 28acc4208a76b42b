import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  leafHash,
  leafLine,
  makeSignerKey,
  signCheckpoint,
  TreeHead,
  type CheckpointSigned,
  type NotaryKeyAdopted,
} from '@hostledger/audit';
import { startEmbeddedNode } from '@hostledger/embedded-node';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { Generator } from '../scale/generator.js';
import type { AuditWork, AuditWorkResult } from './audit-work.js';
import { askChild } from './child.js';
import { median, type Finding } from './measure.js';
import type { Reading, Yardstick } from './yardstick.js';

/** About 100,000 events. */
const MACHINES = 15_000;
const ORIGIN = 'bench.example/log';
const RUNS = 5;
const WITHIN_MS = 300_000;

/** Export of a history and its verification, in turns with the bare client reading it. */
export const measureAudit = async (
  home: string,
  note: (text: string) => void,
): Promise<Finding[]> => {
  const node = await startEmbeddedNode({ directory: join(home, 'events') });
  const { endpoint } = node;
  const rates = { read: [] as number[], exported: [] as number[], verified: [] as number[] };
  let events = 0;
  let covered = 0;
  const path = join(home, 'bundle.tar');
  const keyFile = join(home, 'notary-key');
  try {
    await write(endpoint, keyFile);
    for (let run = 0; run < RUNS; run += 1) {
      const job: Yardstick = { measure: 'readAll', endpoint };
      const bare = await askChild<Reading>('yardstick', job, WITHIN_MS);
      const exported = await ask({ work: 'export', endpoint, path });
      const verified = await ask({ work: 'verify', path, keyFile });
      ({ events, covered } = verified);
      rates.read.push((bare.events / bare.ms) * 1000);
      rates.exported.push((events / exported.ms) * 1000);
      rates.verified.push((events / verified.ms) * 1000);
      note(
        `audit ${run + 1}: read ${bare.ms.toFixed(0)} ms, export ${exported.ms.toFixed(0)} ms, ` +
          `verification ${verified.ms.toFixed(0)} ms`,
      );
      rmSync(path);
    }
  } finally {
    await node.stop();
  }
  const against = { what: 'bare readAll', series: { values: rates.read, unit: 'events/s' } };
  return [
    {
      what: `export of ${events} events into a bundle`,
      measured: { values: rates.exported, unit: 'events/s' },
      against,
      ratio: median(rates.exported) / median(rates.read),
      target: '>= 0.5',
    },
    {
      what: `its verification, ${covered} events covered by checkpoints`,
      measured: { values: rates.verified, unit: 'events/s' },
      against,
      ratio: median(rates.verified) / median(rates.read),
      target: '>= 0.5',
    },
  ];
};

const ask = (job: AuditWork): Promise<AuditWorkResult> => askChild('audit-work', job, WITHIN_MS);

/** The history of a fleet, made by the product's own deciders, and signed as the notary signs it. */
const write = async (endpoint: string, keyFile: string): Promise<void> => {
  const log = new EventStore({ connection: { endpoint }, callTimeoutMs: 60_000 });
  const key = makeSignerKey(ORIGIN);
  writeFileSync(keyFile, key.verifier.text);
  const append = async (stream: string, type: string, data: object): Promise<void> => {
    const ids = { commandId: stream, commandHash: '', $correlationId: '', $causationId: '' };
    const actor = { subject: 'bench', role: 'system' };
    const metadata = { ...ids, actor, occurredAt: new Date().toISOString() };
    await log.append(stream, 'no_stream', [{ id: randomUUID(), type, data, metadata }]);
  };
  try {
    await new Generator(log, MACHINES).run(() => undefined);
    const adopted: NotaryKeyAdopted['data'] = { origin: ORIGIN, verifierKey: key.verifier.text };
    await append(`notaryKeys-${ORIGIN}`, 'NotaryKeyAdopted', adopted);
    const tree = new TreeHead();
    let last = { position: 0n, recordedAt: '' };
    for await (const batch of log.readLog(0n, await log.head())) {
      for (const event of batch) tree.append(leafHash(leafLine(event)));
      last = batch.at(-1)!;
    }
    const { position, recordedAt: time } = last;
    const checkpoint = { origin: ORIGIN, size: tree.size, root: tree.root(), position, time };
    const signed: CheckpointSigned['data'] = {
      ...{ origin: ORIGIN, treeSize: tree.size, position: position.toString(), time },
      rootHash: checkpoint.root.toString('base64'),
      note: signCheckpoint(checkpoint, key),
    };
    await append(`notary-${time.slice(0, 10)}`, 'CheckpointSigned', signed);
  } finally {
    await log.close();
  }
};
