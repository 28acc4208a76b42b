import type { NewEvent } from '../aggregate-store.js';
import { AppendTooLarge } from '../errors.js';

/** Our own limits, which hold on every server version. */
export const MAX_EVENT_BYTES = 64 * 1024;
export const MAX_APPEND_BYTES = 1024 * 1024;

/**
 * Serialises before anything is sent: the client would leave a promise hanging for data that JSON
 * cannot hold, and servers answer an oversized event with free text.
 */
export const checkSize = (stream: string, events: readonly NewEvent[]): number => {
  let total = 0;
  for (const event of events) {
    const size =
      Buffer.byteLength(JSON.stringify(event.data)) +
      Buffer.byteLength(JSON.stringify(event.metadata));
    if (size > MAX_EVENT_BYTES) throw new AppendTooLarge(stream, size, MAX_EVENT_BYTES);
    total += size;
  }
  if (total > MAX_APPEND_BYTES) throw new AppendTooLarge(stream, total, MAX_APPEND_BYTES);
  return total;
};
