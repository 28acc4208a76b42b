import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BundleReader } from '@hostledger/audit';
import { startEmbeddedNode } from '@hostledger/embedded-node';
import type { AuditWork, AuditWorkResult } from './audit-work.js';
import { askChild } from './child.js';
import { median, type Finding } from './measure.js';
import type { Reading, Yardstick } from './yardstick.js';

const RUNS = 3;
const WITHIN_MS = 300_000;

/** Export and verification of a history that is there, in turns with the bare client reading it. */
export const measureAudit = async (
  dataDir: string,
  home: string,
  note: (text: string) => void,
): Promise<Finding[]> => {
  const { endpoint, stop } = await startEmbeddedNode({ directory: join(dataDir, 'events') });
  const rates = { read: [] as number[], exported: [] as number[], verified: [] as number[] };
  let events = 0;
  let covered = 0;
  try {
    for (let run = 0; run < RUNS; run += 1) {
      const path = join(home, 'bundle.tar');
      const job: Yardstick = { measure: 'readAll', endpoint };
      const bare = await askChild<Reading>('yardstick', job, WITHIN_MS);
      const exported = await ask({ work: 'export', endpoint, path });
      const keyFile = await keyOf(path, home);
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
    await stop();
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

/** Here it is taken from the bundle; an auditor has it from elsewhere. */
const keyOf = async (path: string, home: string): Promise<string> => {
  const reader = await BundleReader.open(path);
  const file = join(home, 'notary-key');
  for await (const { type, data } of reader.events()) {
    if (type !== 'NotaryKeyAdopted') continue;
    writeFileSync(file, (data as { verifierKey: string }).verifierKey);
    await reader.close();
    return file;
  }
  throw new Error('The notary has not signed');
};
