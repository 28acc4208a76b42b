import {
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  START,
  type AllStreamRecordedEvent,
  type EventData,
} from '@eventstore/db-client';
import { answerOne } from './child.js';

/**
 * What the bare client does with a node, in a process of its own so that nothing else takes its
 * time: the measure against which the system's figures are held.
 */
export type Yardstick =
  | { readonly measure: 'readAll'; readonly endpoint: string }
  | {
      readonly measure: 'append';
      /** Where the events are read from, so that the same events are appended. */
      readonly source: string;
      readonly after: string;
      readonly target: string;
      readonly inFlight: number;
      /** Makes the stream names of this run its own. */
      readonly run: number;
    };

export interface Reading {
  readonly events: number;
  readonly ms: number;
  /** Commit position of the last event seen. */
  readonly head: string;
}

const clientOf = (endpoint: string): EventStoreDBClient =>
  new EventStoreDBClient({ endpoint }, { insecure: true });

const isOurs = (event: AllStreamRecordedEvent | undefined): event is AllStreamRecordedEvent =>
  event !== undefined && !event.type.startsWith('$');

const readAll = async (
  client: EventStoreDBClient,
  seen: (event: AllStreamRecordedEvent) => void,
): Promise<Reading> => {
  const started = performance.now();
  let events = 0;
  let head = 0n;
  for await (const { event } of client.readAll({ fromPosition: START })) {
    if (!isOurs(event)) continue;
    events += 1;
    head = event.position.commit;
    seen(event);
  }
  return { events, ms: performance.now() - started, head: String(head) };
};

/** The events of the source after a position, one append each, so many at once. */
const append = async (job: Extract<Yardstick, { measure: 'append' }>): Promise<Reading> => {
  const source = clientOf(job.source);
  const events: { stream: string; data: EventData }[] = [];
  await readAll(source, (event) => {
    const { streamId, revision, position, type, metadata } = event;
    if (position.commit <= BigInt(job.after)) return;
    if (!event.isJson) throw new Error(`${type} is not JSON`);
    // A stream per event: the appends then do not depend on each other's revisions.
    const stream = `${streamId}.${revision}.${job.run}`;
    events.push({ stream, data: jsonEvent({ type, data: event.data, metadata }) });
  });
  await source.dispose();

  const target = clientOf(job.target);
  await target.appendToStream(`warm-up-${job.run}`, jsonEvent({ type: 'warmUp', data: {} }));
  const started = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let event = events[next++]; event; event = events[next++]) {
      await target.appendToStream(event.stream, event.data, { expectedRevision: NO_STREAM });
    }
  };
  await Promise.all(Array.from({ length: job.inFlight }, lane));
  const ms = performance.now() - started;
  await target.dispose();
  return { events: events.length, ms, head: job.after };
};

const take = async (job: Yardstick): Promise<Reading> => {
  if (job.measure === 'append') return append(job);
  const client = clientOf(job.endpoint);
  try {
    return await readAll(client, () => undefined);
  } finally {
    await client.dispose();
  }
};

answerOne(take);
