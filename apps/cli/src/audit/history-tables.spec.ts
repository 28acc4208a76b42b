import {
  custodyLines,
  eventLine,
  EVENTS_HEAD,
  streamLines,
  treeLines,
  type ToldEvent,
} from './history-tables.js';

const event: ToldEvent = {
  position: '1838',
  stream: 'rack-DENTON.A1',
  revision: 4,
  type: 'SlotOccupied',
  recordedAt: '2024-06-01T10:00:00.000Z',
  occurredAt: '2024-06-01T09:59:59.500Z',
  actor: { subject: 'erp', role: 'operator' },
};

describe('tables of the history', () => {
  it('stand below their heads', () => {
    const line = eventLine(event);
    expect(line.indexOf('rack-DENTON.A1/4')).toBe(EVENTS_HEAD.indexOf('stream/revision'));
    expect(line.indexOf('erp (operator)')).toBe(EVENTS_HEAD.indexOf('by whom'));
  });

  it('tell when it happened where that is not when it was written down, and why', () => {
    const late = {
      ...event,
      occurredAt: '2024-05-31T10:00:00.000Z',
      reason: 'found\u001b[2J\nlate',
    };
    expect(eventLine(event)).not.toContain('happened');
    expect(eventLine(late)).toContain('happened 2024-05-31T10:00:00.000Z, "found [2J late"');
    const { actor: _, ...foreign } = event;
    expect(eventLine(foreign)).toContain('nobody is named');
  });

  it('name what a stream hides, and what is gone', () => {
    const told = {
      stream: 'rack-DENTON.A1',
      state: 'readable',
      settings: { truncateBefore: '4', recordedAt: '2024-06-02T00:00:00.000Z' },
      items: [{ ...event, revision: 3, hidden: true }, event],
      gaps: [{ from: 0, to: 2 }],
    };
    const lines = streamLines(told, true).join('\n');
    expect(lines).toContain('revisions before 4 are hidden ($tb)');
    expect(lines.indexOf('revisions 0 to 2 are gone')).toBeLessThan(lines.indexOf('A1/3'));
    expect(lines).toContain('hidden by the settings of the stream');
  });

  it('indent what followed, and tell what is left out', () => {
    const command = {
      ...{ commandId: 'k2', eventCount: 1, events: [], effectCount: 0, effects: [] },
      actor: { subject: 'system:delivery', role: 'system' },
    };
    const effect = { ...event, id: 'e1', effectCount: 3, effects: [command] };
    const root = { ...command, commandId: 'k1', events: [effect] };
    const tree = {
      correlationId: 'request-1',
      eventCount: 5,
      firstRecordedAt: event.recordedAt,
      lastRecordedAt: event.recordedAt,
      commands: [root],
    };
    expect(treeLines(tree)).toEqual([
      `request-1: 5 events from ${event.recordedAt} to ${event.recordedAt}`,
      'command k1 of system:delivery (system)',
      `  SlotOccupied  rack-DENTON.A1/4  at 1838, ${event.recordedAt}`,
      '    command k2 of system:delivery (system)',
      '      and 1 more events of command k2',
      '    and 2 more commands, see --cause e1',
    ]);
  });

  it('tell where a machine went, and where its chain is broken', () => {
    const said = (type: string) => ({
      ...{ type, position: '9', occurredAt: event.recordedAt, actor: 'erp', role: 'operator' },
    });
    const place = { kind: 'slot', facility: 'DENTON', rack: 'A1', slot: 3 };
    const of = { customerId: 'bob', place, data: {} };
    const lines = custodyLines({
      serial: 'A1',
      entries: [
        { ...of, kind: 'move', said: said('MinerInstalled') },
        { ...of, kind: 'title', isBroken: true, said: said('TitleTransferred') },
      ],
    });
    expect(lines[0]).toBe('A1 is DENTON A1 slot 3, owned by bob');
    expect(lines[2]).toMatch(/erp \(operator\) +to DENTON A1 slot 3$/);
    expect(lines[3]).toMatch(/erp \(operator\) +title to bob$/);
    expect(lines[4]).toBe('broken at 9: it begins elsewhere, or with another');
  });
});
