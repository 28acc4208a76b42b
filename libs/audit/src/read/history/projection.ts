import {
  streamCategory,
  tableFold,
  type AnyTableFold,
  type DomainEvent,
  type Projection,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { serialsIn } from './machines.js';

/**
 * An event without its data, which the log has. As it is stored, not lifted to a newer shape. What an
 * event that was written past this system does not say is null.
 */
export interface AuditEventRow {
  position: bigint;
  event_id: string;
  stream: string;
  category: string;
  type: string;
  revision: bigint;
  subject: string | null;
  role: string | null;
  command_id: string | null;
  correlation_id: string | null;
  causation_id: string | null;
  /** Business time, ISO 8601 UTC; null where the metadata name no instant. */
  occurred_at: string | null;
  recorded_at: string;
  reason: string | null;
  /** Of the machine, where the event is of one. */
  serial: string | null;
}

/**
 * How many events of a type were recorded on a day (UTC), between which positions they lie, and between
 * which instants what they tell happened: so that a search leaves out the days that hold nothing of it.
 */
export interface AuditDayRow {
  recorded_on: string;
  type: string;
  category: string;
  events: bigint;
  first_position: bigint;
  last_position: bigint;
  first_occurred_at: string | null;
  last_occurred_at: string | null;
}

/** A machine that an event names beside the one that it is of, in a list for instance. */
export interface AuditMachineRow {
  serial: string;
  position: bigint;
}

export interface AuditTables {
  audit_events: AuditEventRow;
  audit_machines: AuditMachineRow;
  audit_days: AuditDayRow;
}

const MINER = 'miner-';
/** Longer ones are none that this system gives out, and an index does not take them. */
const MAX_TEXT_CHARACTERS = 600;

const auditEvents: AnyTableFold = tableFold<AuditEventRow, DomainEvent>({
  table: {
    name: 'audit_events',
    columns: {
      position: 'bigint',
      event_id: 'text',
      stream: 'text',
      category: 'text',
      type: 'text',
      revision: 'bigint',
      subject: 'text',
      role: 'text',
      command_id: 'text',
      correlation_id: 'text',
      causation_id: 'text',
      occurred_at: 'timestamptz',
      recorded_at: 'timestamptz',
      reason: 'text',
      serial: 'text',
    },
    key: ['position'],
    nullable: [
      'subject',
      'role',
      'command_id',
      'correlation_id',
      'causation_id',
      'occurred_at',
      'reason',
      'serial',
    ],
    indexes: [
      ['event_id'],
      ['stream', 'position'],
      ['type', 'position'],
      ['subject', 'position'],
      ['correlation_id', 'position'],
      ['causation_id', 'position'],
      ['command_id'],
      ['serial', 'position'],
    ],
    insertOnly: true,
  },
  keys: {},
  otherKeys: ({ position }) => [{ position }],
  evolve: (_, event) => auditEventRow(event),
});

/** The row of an event; never fails, whatever was appended past this system. */
export const auditEventRow = (event: RecordedEvent): AuditEventRow => {
  const metadata = objectOf(event.metadata);
  const actor = objectOf(metadata['actor']);
  const stream = indexable(event.stream);
  return {
    position: event.position,
    event_id: event.id,
    stream,
    category: streamCategory(stream),
    type: indexable(event.type),
    revision: event.revision,
    subject: textOf(actor['subject']),
    role: textOf(actor['role']),
    command_id: textOf(metadata['commandId']),
    correlation_id: textOf(metadata['$correlationId']),
    causation_id: textOf(metadata['$causationId']),
    occurred_at: instantOf(metadata['occurredAt']),
    recorded_at: event.recordedAt,
    reason: textOf(metadata['reason']),
    serial: stream.startsWith(MINER)
      ? stream.slice(MINER.length)
      : textOf(objectOf(event.data)['serial']),
  };
};

const NOTHING: Readonly<Record<string, unknown>> = {};

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : NOTHING;

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value === indexable(value) ? value : null;

/** PostgreSQL has no NUL in a text. */
const indexable = (text: string): string =>
  text.length > MAX_TEXT_CHARACTERS || text.includes('\0')
    ? text.slice(0, MAX_TEXT_CHARACTERS).replaceAll('\0', '�')
    : text;

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const IN_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** In the one form in which texts order as instants do. */
const instantOf = (value: unknown): string | null => {
  if (typeof value !== 'string' || !INSTANT.test(value)) return null;
  const time = Date.parse(value);
  if (Number.isNaN(time)) return null;
  return IN_UTC.test(value) ? value : new Date(time).toISOString();
};

const DAY_CHARACTERS = 10;

const auditDays: AnyTableFold = tableFold<AuditDayRow, DomainEvent>({
  table: {
    name: 'audit_days',
    columns: {
      recorded_on: 'date',
      type: 'text',
      category: 'text',
      events: 'bigint',
      first_position: 'bigint',
      last_position: 'bigint',
      first_occurred_at: 'timestamptz',
      last_occurred_at: 'timestamptz',
    },
    key: ['recorded_on', 'type', 'category'],
    nullable: ['first_occurred_at', 'last_occurred_at'],
  },
  keys: {},
  otherKeys: (event) => [dayOf(event)],
  evolve: (row, event) => {
    const { position } = event;
    const occurredAt = instantOf(objectOf(event.metadata)['occurredAt']);
    const { first_occurred_at: first = null, last_occurred_at: last = null } = row ?? {};
    return {
      ...(row ?? { ...dayOf(event), first_position: position }),
      events: (row?.events ?? 0n) + 1n,
      last_position: position,
      first_occurred_at: earlier(first, occurredAt),
      last_occurred_at: later(last, occurredAt),
    };
  },
});

const dayOf = ({ recordedAt, type, stream }: RecordedEvent) => ({
  recorded_on: recordedAt.slice(0, DAY_CHARACTERS),
  type: indexable(type),
  category: streamCategory(indexable(stream)),
});

const earlier = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other < one) ? other : one;
const later = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;

const auditMachines: AnyTableFold = tableFold<AuditMachineRow, DomainEvent>({
  table: {
    name: 'audit_machines',
    columns: { serial: 'text', position: 'bigint' },
    key: ['serial', 'position'],
    insertOnly: true,
  },
  keys: {},
  otherKeys: (event) => {
    const { position } = event;
    const { serial: own } = auditEventRow(event);
    return serialsIn(event.data)
      .filter((serial) => serial !== own)
      .map((serial) => ({ serial, position }));
  },
  evolve: (_, { position }, { serial }) => ({ serial: serial!, position }),
});

/** The index of the history: a row for each event of any type, those that no room knows included. */
export const auditEventsProjection: Projection = {
  name: 'audit_events',
  version: 2,
  tables: [auditEvents, auditDays, auditMachines],
};
