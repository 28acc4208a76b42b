import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startEmbeddedNode } from '@hostledger/embedded-node';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { askChild } from './child.js';
import { median, type Finding } from './measure.js';
import type { NotaryResult } from './notary-follower.js';
import type { Reading } from './yardstick.js';

const EVENTS = 100_000;
const EVENTS_AT_ONCE = 500;
const RUNS = 3;
const CHILD_WITHIN_MS = 480_000;

/** How many events a second of processor time takes into the tree, against reading them and nothing more. */
export const measureNotary = async (
  home: string,
  note: (text: string) => void,
): Promise<Finding[]> => {
  const node = await startEmbeddedNode({ directory: join(home, 'events') });
  const { endpoint } = node;
  const ofProcessor: number[] = [];
  const passed: number[] = [];
  const read: number[] = [];
  try {
    await write(endpoint);
    for (let run = 0; run < RUNS; run += 1) {
      const job = { measure: 'readAll', endpoint } as const;
      const reading = await askChild<Reading>('yardstick', job, CHILD_WITHIN_MS);
      read.push((reading.events / reading.ms) * 1000);
      const { events, ms, cpuMs } = await askChild<NotaryResult>(
        'notary-follower',
        { endpoint },
        CHILD_WITHIN_MS,
      );
      ofProcessor.push((events / cpuMs) * 1000);
      passed.push((events / ms) * 1000);
      note(
        `notary ${run + 1}: ${events} events, ${cpuMs.toFixed(0)} ms of its thread, ${ms.toFixed(0)} ms`,
      );
    }
  } finally {
    await node.stop();
  }
  const bare = { what: 'bare readAll', series: { values: read, unit: 'events/s' } };
  return [
    {
      what: `notary, ${EVENTS} events, by processor time of its thread`,
      measured: { values: ofProcessor, unit: 'events/s' },
      against: bare,
      ratio: median(ofProcessor) / median(read),
      target: '>= 5,000 events/s',
    },
    {
      what: 'the same, by the clock',
      measured: { values: passed, unit: 'events/s' },
      against: bare,
      ratio: median(passed) / median(read),
      target: '',
    },
  ];
};

/** Events of the size of those that move machines. */
const write = async (endpoint: string): Promise<void> => {
  const store = new EventStore({ connection: { endpoint }, callTimeoutMs: 60_000 });
  const place = { facility: 'DALTON', rack: 'R12', slot: '7' };
  for (let written = 0; written < EVENTS; written += EVENTS_AT_ONCE) {
    const events = Array.from({ length: EVENTS_AT_ONCE }, (_, index) => ({
      id: randomUUID(),
      type: 'MinerRelocated',
      data: {
        ...{ serial: `S19-${written + index}`, relocationId: randomUUID(), powerWatts: 3_247 },
        ...{ from: place, to: { ...place, slot: '8' }, movedAt: '2026-11-26T10:35:23.000Z' },
      },
      metadata: {
        commandId: randomUUID(),
        commandHash: randomUUID(),
        actor: { subject: 'ada', role: 'operator' },
        occurredAt: '2026-11-26T10:35:23.000Z',
        $correlationId: randomUUID(),
        $causationId: randomUUID(),
      },
    }));
    await store.append(`bench-${written}`, 'no_stream', events);
  }
  await store.close();
};
