import {
  tableFold,
  type DomainEvent,
  type Projection,
  type RecordedEvent,
  type ToldAct,
} from '@hostledger/eventsourcing';
import type { Duties } from '../../domain/duties.js';

/** What an event says of who did what, as rooms tell it. */
export interface AuditActRow {
  position: bigint;
  /** Of the acts that the event tells of, from 1. */
  number: number;
  kind: ToldAct['kind'];
  name: string;
  about: string;
  subject: string;
  role: string;
  /** A second subject that the event names. */
  other: string | null;
  reason: string | null;
  event_id: string;
  stream: string;
  type: string;
  revision: bigint;
  occurred_at: string;
  recorded_at: string;
}

export interface ActTables {
  audit_acts: AuditActRow;
}

/** A changed rule of a room is a changed fold: it takes another version. */
export const actsProjection = (duties: Duties): Projection => {
  const keysOf = (event: RecordedEvent): Partial<AuditActRow>[] =>
    duties.toldBy(event).map((_, index) => ({ position: event.position, number: index + 1 }));
  const table = tableFold<AuditActRow, DomainEvent>({
    table: {
      name: 'audit_acts',
      columns: {
        position: 'bigint',
        number: 'integer',
        kind: 'text',
        name: 'text',
        about: 'text',
        subject: 'text',
        role: 'text',
        other: 'text',
        reason: 'text',
        event_id: 'text',
        stream: 'text',
        type: 'text',
        revision: 'bigint',
        occurred_at: 'timestamptz',
        recorded_at: 'timestamptz',
      },
      key: ['position', 'number'],
      nullable: ['other', 'reason'],
      indexes: [
        ['name', 'about', 'position'],
        ['kind', 'recorded_at'],
      ],
      insertOnly: true,
    },
    keys: Object.fromEntries(duties.types().map((type) => [type, keysOf])),
    evolve: (row, event, { number }) => {
      const act = duties.toldBy(event)[(number ?? 0) - 1];
      return act ? rowOf(event, number!, act) : row;
    },
  });
  return { name: 'audit_acts', version: 1, tables: [table] };
};

const rowOf = (event: RecordedEvent, number: number, act: ToldAct): AuditActRow => {
  const { actor, occurredAt, reason } = event.metadata;
  return {
    position: event.position,
    number,
    kind: act.kind,
    name: act.name,
    about: act.about,
    subject: act.by ?? actor.subject,
    role: actor.role,
    other: act.other ?? null,
    reason: act.reason ?? reason ?? null,
    event_id: event.id,
    stream: event.stream,
    type: event.type,
    revision: event.revision,
    occurred_at: occurredAt,
    recorded_at: event.recordedAt,
  };
};
