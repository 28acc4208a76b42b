import type { FeedEvent } from '../feed-event.js';

/** Written at once; a page of large events is cut into several. */
const MAX_CHUNK_CHARACTERS = 256 * 1024;

/** A client that lost its connection comes back after this long, unless it knows better. */
const RECONNECT_AFTER_MS = 2_000;

export const OPENING = `retry: ${RECONNECT_AFTER_MS}\n: open\n\n`;

/**
 * A sign of life. The id without data is no event to a client; it moves the `Last-Event-ID` that the
 * client sends when it connects again past what its filter left out.
 */
export const signOfLife = (position: bigint): string => `: alive\nid: ${position}\n\n`;

const written = new WeakMap<readonly FeedEvent[], readonly Buffer[]>();

/** The events as server-sent events, encoded once for all readers that are given the same list. */
export const framesOf = (events: readonly FeedEvent[]): readonly Buffer[] => {
  let chunks = written.get(events);
  if (!chunks) {
    chunks = chunksOf(events);
    written.set(events, chunks);
  }
  return chunks;
};

const chunksOf = (events: readonly FeedEvent[]): Buffer[] => {
  const chunks: Buffer[] = [];
  let text = '';
  for (const { recorded, json } of events) {
    text += `id: ${recorded.position}\ndata: ${json}\n\n`;
    if (text.length < MAX_CHUNK_CHARACTERS) continue;
    chunks.push(Buffer.from(text));
    text = '';
  }
  if (text !== '') chunks.push(Buffer.from(text));
  return chunks;
};
