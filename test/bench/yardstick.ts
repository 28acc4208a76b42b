import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  START,
  type AllStreamRecordedEvent,
  type EventData,
} from '@eventstore/db-client';
import { mapLimited } from '@hostledger/eventsourcing';
import { answerOne } from './child.js';

/**
 * What the bare client does with a node, in a process of its own so that nothing else takes its
 * time: the measure against which the system's figures are held.
 */
export type Yardstick =
  | { readonly measure: 'readAll' | 'head'; readonly endpoint: string }
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

/** Read or appended first: what is compared has been running for long, its code is compiled. */
const WARM_UP_EVENTS = 10_000;

const clientOf = (endpoint: string): EventStoreDBClient =>
  new EventStoreDBClient({ endpoint }, { insecure: true });

const isOurs = (event: AllStreamRecordedEvent | undefined): event is AllStreamRecordedEvent =>
  event !== undefined && !event.type.startsWith('$');

const readAll = async (
  client: EventStoreDBClient,
  seen: (event: AllStreamRecordedEvent) => void,
  { after = 0n, maxCount = Number.MAX_SAFE_INTEGER } = {},
): Promise<Reading> => {
  const started = performance.now();
  let events = 0;
  let head = 0n;
  for await (const { event } of client.readAll({
    fromPosition: after === 0n ? START : { commit: after, prepare: after },
    maxCount,
  })) {
    if (!isOurs(event) || event.position.commit <= after) continue;
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
  const remember = (event: AllStreamRecordedEvent): void => {
    const { streamId, revision, type, metadata } = event;
    if (!event.isJson) throw new Error(`${type} is not JSON`);
    // A stream per event: the appends do not wait for each other's revisions.
    events.push({
      stream: `${streamId}.${revision}`,
      data: jsonEvent({ type, data: event.data, metadata }),
    });
  };
  await readAll(source, remember, { after: BigInt(job.after) });
  await source.dispose();

  const target = clientOf(job.target);
  const appendAll = async (part: typeof events, suffix: string): Promise<void> => {
    await mapLimited(part, job.inFlight, ({ stream, data }) =>
      target.appendToStream(`${stream}.${suffix}`, data, { expectedRevision: NO_STREAM }),
    );
  };
  await appendAll(events.slice(0, WARM_UP_EVENTS), `warm${job.run}`);
  const started = performance.now();
  await appendAll(events, `run${job.run}`);
  const ms = performance.now() - started;
  await target.dispose();
  return { events: events.length, ms, head: job.after };
};

const head = async (client: EventStoreDBClient): Promise<Reading> => {
  let position = 0n;
  const last = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
  for await (const { event } of last) position = event?.position.commit ?? 0n;
  return { events: 0, ms: 0, head: String(position) };
};

const take = async (job: Yardstick): Promise<Reading> => {
  if (job.measure === 'append') return append(job);
  const client = clientOf(job.endpoint);
  try {
    if (job.measure === 'head') return await head(client);
    await readAll(client, () => undefined, { maxCount: WARM_UP_EVENTS });
    return await readAll(client, () => undefined);
  } finally {
    await client.dispose();
  }
};

answerOne(take);
