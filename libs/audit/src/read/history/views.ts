import type { RecordedEvent } from '@hostledger/eventsourcing';
import { csvLine, noFormula } from '@hostledger/http';
import { withoutSecrets } from '@hostledger/feed';
import { auditEventRow, type AuditEventRow } from './projection.js';
import type { FoundEvent } from './search.js';

/** Who acted. */
export class HistoryActorView {
  /** Of the access token; `system:…` for what the system does by itself. */
  subject: string;
  /** The role under which it was allowed. */
  role: string;
}

/** An event of the history, as it is stored. What was written past this system may lack some of it. */
export class HistoryEventView {
  /**
   * Of the event in the log.
   * @example "1048576"
   */
  position: string;
  /** @example miner-YDU5400123 */
  stream: string;
  /** In its stream, from 0. */
  revision: number;
  /** @example MinerRelocated */
  type: string;
  id: string;
  /** When it was written down, by the clock of the store. */
  recordedAt: string;
  /** When it happened. */
  occurredAt?: string;
  actor?: HistoryActorView;
  /** Why, as `X-Reason` said. */
  reason?: string;
  commandId?: string;
  /** Of the request that led to it, and to all that followed from it. */
  correlationId?: string;
  /** Of the request, command or event that it followed from. */
  causationId?: string;
  /** Left out with `data=false`. */
  data?: unknown;
  /** As stored, all of it; left out with `data=false`. */
  metadata?: unknown;
  /**
   * Fields that are left out of the data, of access tokens the hashes of their secrets (RFC 6901).
   * @example ["/data/secretHash"]
   */
  withheld?: string[];
  /** True where the log has the event no more: what is told of it is what it was when it was indexed. */
  missing?: true;
}

export class HistoryEventList {
  items: HistoryEventView[];
  /**
   * Absent on the last page. A page of a search that few events pass may hold fewer than asked for.
   */
  nextCursor?: string;
  /**
   * Where the search stood when it had taken so long that the page was given before it was full: a
   * position. Everything up to there was looked at; `nextCursor` goes on.
   * @example "5515200"
   */
  searchedUntil?: string;
}

/** What the index knows of an event. */
export const indexedView = (row: AuditEventRow): HistoryEventView => ({
  position: row.position.toString(),
  stream: row.stream,
  revision: Number(row.revision),
  type: row.type,
  id: row.event_id,
  recordedAt: row.recorded_at,
  ...(row.occurred_at !== null && { occurredAt: row.occurred_at }),
  ...(row.subject !== null && { actor: { subject: row.subject, role: row.role ?? '' } }),
  ...(row.reason !== null && { reason: row.reason }),
  ...(row.command_id !== null && { commandId: row.command_id }),
  ...(row.correlation_id !== null && { correlationId: row.correlation_id }),
  ...(row.causation_id !== null && { causationId: row.causation_id }),
});

/** An event as the log has it. */
export const storedView = (event: RecordedEvent): HistoryEventView => {
  const { value, withheld } = withoutSecrets(event.stream, readable(event.data), '/data');
  return {
    ...indexedView(auditEventRow(event)),
    data: value,
    metadata: readable(event.metadata),
    ...(withheld && { withheld }),
  };
};

export const foundView = ({ row, event }: FoundEvent, withData: boolean): HistoryEventView => {
  if (!withData) return indexedView(row);
  return event ? storedView(event) : { ...indexedView(row), missing: true };
};

/** Bytes that are not JSON as text. */
const readable = (value: unknown): unknown =>
  value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;

const COLUMNS = [
  'position',
  'stream',
  'revision',
  'type',
  'id',
  'recordedAt',
  'occurredAt',
  'subject',
  'role',
  'reason',
  'commandId',
  'correlationId',
  'causationId',
] as const;

/** The first line of a file of events. */
export const csvHead = (withData: boolean): string =>
  csvLine(withData ? [...COLUMNS, 'data', 'metadata', 'withheld'] : COLUMNS);

/** An event as a line of a file; its data as JSON. */
export const csvOf = (view: HistoryEventView, withData: boolean): string => {
  const { actor, ...own } = view;
  const fields = { ...own, subject: actor?.subject, role: actor?.role };
  const cells = COLUMNS.map((column) => noFormula(String(fields[column] ?? '')));
  const json = (value: unknown) => (value === undefined ? '' : noFormula(JSON.stringify(value)));
  if (!withData) return csvLine(cells);
  const withheld = (view.withheld ?? []).join(' ');
  return csvLine([...cells, json(view.data), json(view.metadata), withheld]);
};
