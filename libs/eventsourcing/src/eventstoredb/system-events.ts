import { eventTypeFilter, START, type AllStreamResolvedEvent } from '@eventstore/db-client';
import { StoreUnavailable } from '../errors.js';
import { reasonOf } from './failures.js';
import type { EventStore } from './store.js';

/** What the store, or who administers it, wrote: metadata of streams, deletions, settings, statistics. */
export interface SystemEvent {
  readonly id: string;
  /** Begins with `$`. */
  readonly type: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly recordedAt: string;
  /** As JSON where it is that, else text. */
  readonly data: unknown;
}

export interface SystemEventsRead {
  readonly events: readonly SystemEvent[];
  /** All up to the end that was asked for, or of the log, are among them. */
  readonly isComplete: boolean;
}

/** Examined events per checkpoint message = interval × window (32, the server's default). */
const CHECKPOINT_INTERVAL = 64;
/** Statistics and links, which servers write by the thousands, say nothing of the history. */
const NEITHER_STATISTICS_NOR_LINKS = '^\\$(?!statsCollected$|>)';

/**
 * The system events after a position, as far as the first event at or past `until` (the end of the
 * log without it), `maxCount` and `withinMs` at most. The server reads all between them, so it takes
 * as long as reading the log does; nothing is kept meanwhile but what is found.
 * @throws StoreUnavailable
 */
export const readSystemEvents = async (
  store: EventStore,
  {
    after,
    until,
    maxCount,
    withinMs,
  }: {
    readonly after: bigint;
    readonly until?: bigint;
    readonly maxCount: number;
    readonly withinMs: number;
  },
): Promise<SystemEventsRead> => {
  const events: SystemEvent[] = [];
  const done = Promise.withResolvers<boolean>();
  const isPast = (position: bigint): boolean => until !== undefined && position >= until;
  // Of a position the client tells while events before it may still be buffered.
  const onceRead = (): void => {
    if (subscription.destroyed || subscription.readableLength === 0) done.resolve(true);
    else setImmediate(onceRead);
  };
  const client = store.client();
  const subscription = client.subscribeToAll({
    // A follower is caught up with itself, which is not yet the end of the log.
    requiresLeader: true,
    fromPosition: after === 0n ? START : { commit: after, prepare: after },
    filter: eventTypeFilter({
      regex: NEITHER_STATISTICS_NOR_LINKS,
      checkpointInterval: CHECKPOINT_INTERVAL,
      checkpointReached: (_, { commit }) => {
        if (isPast(commit)) onceRead();
      },
    }),
  });
  const impatience = setTimeout(() => done.resolve(false), withinMs);
  subscription.on('data', (resolved) => {
    const event = toSystemEvent(resolved);
    if (!event || event.position <= after) return;
    if (isPast(event.position)) return done.resolve(true);
    if (events.length === maxCount) return done.resolve(false);
    events.push(event);
  });
  subscription.on('caughtUp', onceRead);
  subscription.on('error', (error) => {
    void store.noteFault(error, client);
    done.reject(new StoreUnavailable(`Event store: ${reasonOf(error)}`, { cause: error }));
  });
  subscription.on('end', () => done.reject(new StoreUnavailable('The subscription ended')));
  try {
    const isComplete = await done.promise;
    return { events: [...events], isComplete };
  } finally {
    clearTimeout(impatience);
    // Errors that come after the first must not go without a listener.
    subscription.removeAllListeners('data').on('error', () => undefined);
    void subscription.unsubscribe().catch(() => undefined);
    subscription.destroy();
  }
};

const toSystemEvent = ({ event }: AllStreamResolvedEvent): SystemEvent | undefined => {
  // What a filter of the store takes for a system event is one here, too.
  if (!event?.type.startsWith('$')) return undefined;
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: event.revision,
    position: event.position?.commit ?? 0n,
    recordedAt: event.created.toISOString(),
    data: Buffer.isBuffer(event.data) ? event.data.toString('utf8') : event.data,
  };
};
