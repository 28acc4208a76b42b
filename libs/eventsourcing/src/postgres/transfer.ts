/**
 * The memory of binary parameters, for the transfer list of a message to another thread. It changes
 * hands instead of being copied: whoever sends a statement has no use for them afterwards.
 */
export const memoryOf = (parameters: readonly unknown[]): ArrayBuffer[] =>
  parameters.filter(ownsMemory).map(({ buffer }) => buffer);

/** Not a part of memory that others use too. */
const ownsMemory = (value: unknown): value is Uint8Array<ArrayBuffer> =>
  value instanceof Uint8Array &&
  value.buffer instanceof ArrayBuffer &&
  value.byteLength === value.buffer.byteLength;
