import type { StoredEvent } from './log.js';

/** `created` goes over the wire in 100 ns ticks since the epoch. */
const TICKS_PER_MS = 10_000n;
const VARINT = 0;
const BYTES = 2;

/**
 * One `ReadResp` holding an event, encoded by hand: it is the only message sent by the ten
 * thousand. Field numbers are those of the protocol's `streams.proto` and `shared.proto`; the
 * conformance tests decode them with the client's own definitions.
 *
 * @param revision decimal, since a tombstone's does not fit a number.
 */
export const encodeEventResponse = (event: StoredEvent, revision: bigint): Buffer => {
  const { data, metadata } = event;
  const position = BigInt(event.position);
  const id = delimited(2, Buffer.from(event.id));
  const stream = delimited(3, Buffer.from(event.stream));
  const parts: Uint8Array[] = [
    ...delimited(1, ...id),
    ...delimited(2, ...stream),
    varint(3, revision),
    varint(4, position),
    varint(5, position),
    ...mapEntry('type', event.type),
    ...mapEntry('content-type', event.contentType),
    ...mapEntry('created', String(BigInt(event.created) * TICKS_PER_MS)),
    ...delimited(7, metadata),
    ...delimited(8, data),
  ];
  const readEvent = [...delimited(1, ...parts), varint(3, position)];
  return Buffer.concat(delimited(1, ...readEvent));
};

/** `MaximumAppendEventSizeExceeded`, which servers since 24.10 send and the client does not know. */
export const encodeEventTooLarge = (id: string, size: number, limit: number): Buffer =>
  Buffer.concat([
    ...delimited(1, Buffer.from(id)),
    varint(2, BigInt(size)),
    varint(3, BigInt(limit)),
  ]);

/** An entry of `RecordedEvent.metadata`, a map (field 6) of strings. */
const mapEntry = (key: string, value: string): Uint8Array[] =>
  delimited(6, ...delimited(1, Buffer.from(key)), ...delimited(2, Buffer.from(value)));

const delimited = (field: number, ...parts: readonly Uint8Array[]): Uint8Array[] => {
  let length = 0;
  for (const part of parts) length += part.length;
  return [prefix(field, length), ...parts];
};

const prefix = (field: number, length: number): Uint8Array => {
  const bytes: number[] = [(field << 3) | BYTES];
  let rest = length;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
};

const varint = (field: number, value: bigint): Uint8Array => {
  const bytes: number[] = [(field << 3) | VARINT];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
};
