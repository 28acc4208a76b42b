import type { EventMetadata, RecordedEvent } from '@hostledger/eventsourcing';

/** The fields of a leaf line; of data and metadata one form each, or none. */
export interface EventLine {
  readonly data?: unknown;
  readonly dataBase64?: string;
  readonly id: string;
  readonly metadata?: unknown;
  readonly metadataBase64?: string;
  readonly position: string;
  readonly recordedAt: string;
  readonly revision: string;
  readonly stream: string;
  readonly type: string;
}

const FIELDS = new Set<string>([
  ...['data', 'dataBase64', 'id', 'metadata', 'metadataBase64', 'position', 'recordedAt'],
  ...['revision', 'stream', 'type'],
]);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NUMBER = /^(0|[1-9]\d{0,18})$/;
/** No stream has 10^15 events; beyond 2^53 two numbers next to each other would be the same. */
const REVISION = /^(0|[1-9]\d{0,14})$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What is wrong with the shape of a parsed line; undefined where nothing is. */
export const shapeFault = (value: unknown): string | undefined => {
  if (!isObject(value)) return 'it is no object';
  for (const key in value) if (!FIELDS.has(key)) return `it has a field ${JSON.stringify(key)}`;
  const { id, position, recordedAt, revision, stream, type } = value;
  if (typeof id !== 'string' || !UUID.test(id)) return 'its id is no UUID';
  if (typeof position !== 'string' || !NUMBER.test(position)) return 'its position is no number';
  if (typeof revision !== 'string' || !REVISION.test(revision)) return 'its revision is no number';
  if (typeof recordedAt !== 'string' || !isInstant(recordedAt)) return 'recordedAt is no instant';
  if (typeof stream !== 'string' || stream === '') return 'it names no stream';
  if (typeof type !== 'string' || type === '') return 'it has no type';
  if (type.startsWith('$')) return 'it is no event of the domain';
  return base64Fault(value, 'data') ?? base64Fault(value, 'metadata');
};

/** Of a day that there is, in the one form: `2024-99-99T00:00:00.000Z` is none. */
const isInstant = (text: string): boolean => {
  if (!INSTANT.test(text)) return false;
  const timeMs = Date.parse(text);
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString() === text;
};

const base64Fault = (line: Record<string, unknown>, name: string): string | undefined => {
  const base64 = line[`${name}Base64`];
  if (base64 === undefined) return undefined;
  if (name in line) return `it has its ${name} twice`;
  if (typeof base64 === 'string' && base64 !== '' && isBase64(base64)) return undefined;
  return `its ${name} is not in base64`;
};

const isBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The event as the store gave it, not lifted to a newer shape. */
export const recordedOf = (line: EventLine): RecordedEvent => ({
  id: line.id,
  type: line.type,
  data: (line.dataBase64 === undefined ? line.data : bytesOf(line.dataBase64)) as object,
  metadata: (line.metadataBase64 === undefined
    ? line.metadata
    : bytesOf(line.metadataBase64)) as EventMetadata,
  stream: line.stream,
  revision: BigInt(line.revision),
  position: BigInt(line.position),
  recordedAt: line.recordedAt,
});

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
