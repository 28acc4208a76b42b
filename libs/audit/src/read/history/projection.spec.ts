import type { RecordedEvent } from '@hostledger/eventsourcing';
import { eventSchemas, eventTypes } from '@hostledger/feed';
import { embeddedDatabase, readModelsOf, recorded, rowsOf } from '@hostledger/testing';
import {
  auditEventsProjection,
  type AuditDayRow,
  type AuditEventRow,
  type AuditTables,
} from './projection.js';

const [events, days, machines] = auditEventsProjection.tables;
const rows = (log: readonly RecordedEvent[]): AuditEventRow[] => rowsOf(events!, log);

/** What somebody appended past this system. */
const foreign = (change: Partial<Record<keyof RecordedEvent, unknown>>): RecordedEvent => ({
  ...recorded('odd-1', [{ type: 'Odd', data: {} }])[0]!,
  ...(change as Partial<RecordedEvent>),
});

/** Names of serial numbers that are those of parts of a machine. */
const OF_PARTS = ['controlBoardSerial', 'fittedSerial', 'removedSerial'];

interface Schema {
  readonly description?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Data of the schema in which each text that is to be a machine's serial number is another one. */
const withSerials = (schema: Schema, defs: Record<string, Schema>, told: string[]): unknown => {
  const at = (one: Schema, name = ''): unknown => {
    const isSerial =
      (/serial/i.test(name) && !OF_PARTS.includes(name)) ||
      /^serial numbers? of the machines?\b/i.test(one.description ?? '');
    if (isSerial && !one.properties) {
      told.push(`S${told.length}`);
      return one.items ? [told.at(-1)] : told.at(-1);
    }
    if (one.$ref) return at(defs[one.$ref.split('/').at(-1)!]!, name);
    if (one.items) return [at(one.items)];
    if (one.anyOf) return one.anyOf.map((either) => at(either, name)).find((value) => value);
    const fields = Object.entries(one.properties ?? {});
    return one.properties
      ? Object.fromEntries(fields.map(([field, value]) => [field, at(value, field)]))
      : undefined;
  };
  return at(schema);
};

describe('the machines that events name', () => {
  it.each(eventTypes)('of %s are found, by its schema', (type) => {
    const { category, schema } = eventSchemas.get(type)!;
    const told: string[] = [];
    const defs = (schema['$defs'] ?? {}) as Record<string, Schema>;
    const data = withSerials(schema, defs, told) as object;
    const log = recorded(`${category}-1`, [{ type, data }]);
    const own = rows(log).map(({ serial }) => serial);
    const named = rowsOf<{ serial: string }>(machines!, log).map(({ serial }) => serial);
    expect([...own, ...named]).toEqual(expect.arrayContaining(category === 'miner' ? named : told));
    // Of a machine's own stream the number is in its name.
    const beside = told.filter((serial) => serial !== (data as { serial?: string }).serial);
    expect(named).toEqual(expect.arrayContaining(beside));
  });

  it('are those of lists, in which each is found once', () => {
    const log = recorded('siteClearance-1', [
      { type: 'RelocationCasesOpened', data: { serials: ['A1', 'B2', 'A1'] } },
      { type: 'SlotOccupied', data: { serial: 'A1' } },
      { type: 'Odd', data: { serials: ['x'.repeat(5_000), 'a\0b', '', 7, null], lines: [null] } },
    ]);
    expect(rowsOf(machines!, log)).toEqual([
      { serial: 'A1', position: 100n },
      { serial: 'B2', position: 100n },
    ]);
  });
});

describe('the index of the history', () => {
  it('has a row for every type that may be in the log', () => {
    const log = eventTypes.map((type, index) => {
      const [event] = recorded(
        `${eventSchemas.get(type)!.category}-1`,
        [{ type, data: {} }],
        index,
      );
      return event!;
    });
    expect(rows(log).map(({ type }) => type)).toEqual(expect.arrayContaining([...eventTypes]));
    expect(rows(log)).toHaveLength(eventTypes.length);
  });

  it('says of an event who did it, when, why and in answer to what', () => {
    const [event] = recorded('rack-DENTON.R1', [{ type: 'SlotOccupied', data: { serial: 'A1' } }]);
    const metadata = { ...event!.metadata, reason: 'found there' };
    expect(rows([{ ...event!, metadata }])).toEqual([
      {
        position: 100n,
        event_id: event!.id,
        stream: 'rack-DENTON.R1',
        category: 'rack',
        type: 'SlotOccupied',
        revision: 0n,
        subject: 'ada',
        role: 'operator',
        command_id: metadata.commandId,
        correlation_id: 'correlation-1',
        causation_id: 'request-1',
        occurred_at: '2024-06-01T00:00:00.000Z',
        recorded_at: '2024-06-01T00:00:00.000Z',
        reason: 'found there',
        serial: 'A1',
      },
    ]);
  });

  it('knows the machine of a stream of a machine', () => {
    const [row] = rows(recorded('miner-B-2', [{ type: 'RepairOpened', data: {} }]));
    expect(row!.serial).toBe('B-2');
  });

  it('also has what was appended past this system', async () => {
    const log = [
      foreign({ position: 1n, metadata: undefined }),
      foreign({ position: 2n, metadata: { occurredAt: 'yesterday', actor: 'me' } }),
      foreign({ position: 3n, data: Buffer.from('bytes'), metadata: Buffer.from([]) }),
      foreign({ position: 4n, stream: 'nodash', data: { serial: 'x'.repeat(5_000) } }),
      foreign({ position: 5n, stream: `odd-${'x'.repeat(5_000)}`, type: 'With\0nul' }),
      foreign({
        position: 6n,
        data: { serial: 'a\0b' },
        metadata: { reason: 7, commandId: 'a\0' },
      }),
    ];
    const database = await embeddedDatabase();
    const { readModels, close } = await readModelsOf([auditEventsProjection], log, database);
    const { value } = await readModels.read<AuditTables, Partial<AuditEventRow>[]>({}, (db) =>
      db
        .selectFrom('audit_events')
        .select(['position', 'type', 'subject', 'occurred_at', 'serial'])
        .orderBy('position')
        .execute(),
    );
    await close();
    await database.close();
    const unknown = { type: 'Odd', subject: null, occurred_at: null, serial: null };
    expect(value).toEqual([
      { ...unknown, position: 1n },
      { ...unknown, position: 2n },
      { ...unknown, position: 3n },
      { ...unknown, position: 4n, subject: 'ada', occurred_at: expect.any(String) as string },
      {
        ...unknown,
        position: 5n,
        type: 'With�nul',
        subject: 'ada',
        occurred_at: expect.any(String) as string,
      },
      { ...unknown, position: 6n },
    ]);
  });

  it('counts the events of a day and a type, and knows between which positions they lie', () => {
    const log = recorded('rack-R1', [
      { type: 'SlotReserved', data: {} },
      { type: 'SlotOccupied', data: {} },
      { type: 'SlotReserved', data: {} },
    ]);
    const [first, , third] = log;
    const metadata = { ...third!.metadata, occurredAt: '2024-05-30T22:00:00+02:00' };
    const late = { ...third!, metadata };
    const next = foreign({
      ...first,
      position: 900n,
      recordedAt: '2024-06-02T00:00:00.000Z',
      metadata: {},
    });
    const day = { recorded_on: '2024-06-01', category: 'rack' };
    const at = (time: string) => `2024-${time}.000Z`;
    expect(rowsOf<AuditDayRow>(days!, [log[0]!, log[1]!, late, next])).toEqual([
      {
        ...{ ...day, type: 'SlotOccupied', events: 1n, first_position: 200n, last_position: 200n },
        first_occurred_at: at('06-01T00:00:01'),
        last_occurred_at: at('06-01T00:00:01'),
      },
      {
        ...{ ...day, type: 'SlotReserved', events: 2n, first_position: 100n, last_position: 300n },
        first_occurred_at: at('05-30T20:00:00'),
        last_occurred_at: at('06-01T00:00:00'),
      },
      {
        ...{ ...day, recorded_on: '2024-06-02', type: 'SlotReserved', events: 1n },
        ...{ first_position: 900n, last_position: 900n },
        first_occurred_at: null,
        last_occurred_at: null,
      },
    ]);
  });
});
