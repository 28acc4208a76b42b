import { deriveId } from '@hostledger/eventsourcing';
import { HistoryHome, type Act } from './history.fixture.js';

// One stream, one event, one tree of causes: as the routes tell of them.

let home: HistoryHome;

beforeAll(async () => {
  home = await HistoryHome.open();
});
afterAll(() => home.close());

const lamp = (stream: string, type = 'LampLit', more: Partial<Act> = {}): Act => ({
  stream,
  type,
  ...more,
});

describe('a stream', () => {
  const path = (stream: string, query = '') => `/v1/audit/streams/${stream}${query}`;
  type Item = Record<string, unknown>;
  const itemsOf = (body: Record<string, unknown>) => body['items'] as Item[];

  it('is told from the log, in pages', async () => {
    const ids = await home.act(...Array.from({ length: 5 }, () => lamp('lamp-1')));
    await home.catchUp();
    const first = await home.get(path('lamp-1', '?limit=3'));
    expect(first.body).toMatchObject({ stream: 'lamp-1', category: 'lamp', state: 'readable' });
    expect(first.body).toMatchObject({ gaps: [] });
    expect(first.body).not.toHaveProperty('settings');
    expect(itemsOf(first.body).map(({ id }) => id)).toEqual(ids.slice(0, 3));
    const cursor = String(first.body['nextCursor']);
    const second = await home.get(path('lamp-1', `?limit=3&cursor=${cursor}`));
    expect(itemsOf(second.body).map(({ revision }) => revision)).toEqual([3, 4]);
    expect(second.body).not.toHaveProperty('nextCursor');
  });

  it('that was cut shows what is hidden, and what hides it', async () => {
    const ids = await home.act(...Array.from({ length: 4 }, () => lamp('lamp-2')));
    await home.catchUp();
    await home.home.events.client().setStreamMetadata('lamp-2', { truncateBefore: 2 });
    const { body } = await home.get(path('lamp-2'));
    expect(body['state']).toBe('readable');
    expect(body['settings']).toMatchObject({ truncateBefore: '2', metadata: { $tb: 2 } });
    expect(itemsOf(body).map(({ id, hidden }) => [id, hidden])).toEqual([
      [ids[0], true],
      [ids[1], true],
      [ids[2], undefined],
      [ids[3], undefined],
    ]);
    expect(itemsOf(body)[0]).toHaveProperty('data');
    const shortened = { maxCount: 1, maxAge: 3_600 };
    await home.home.events.client().setStreamMetadata('lamp-2', shortened);
    const { body: again } = await home.get(path('lamp-2'));
    expect(again['settings']).toMatchObject({ maxCount: 1, maxAgeSeconds: 3_600 });
    expect(itemsOf(again).filter(({ hidden }) => hidden)).toHaveLength(3);
  });

  it('that was deleted, also for ever, is still told as long as the log has it', async () => {
    await home.act(lamp('lamp-3'), lamp('lamp-4'), lamp('lamp-4'));
    await home.catchUp();
    await home.home.events.client().deleteStream('lamp-3');
    await home.home.events.client().tombstoneStream('lamp-4');
    const deleted = await home.get(path('lamp-3'));
    expect(deleted.body['state']).toBe('deleted');
    expect(itemsOf(deleted.body)).toMatchObject([{ hidden: true, revision: 0 }]);
    const tombstoned = await home.get(path('lamp-4'));
    expect(tombstoned.body['state']).toBe('tombstoned');
    expect(itemsOf(tombstoned.body)).toMatchObject([{ revision: 0 }, { revision: 1 }]);
  });

  it('names the revisions that neither the log nor the index has', async () => {
    await home.act(lamp('lamp-5'), lamp('lamp-5'), lamp('lamp-5'));
    // Before the index has seen them.
    await home.home.events.client().setStreamMetadata('lamp-5', { truncateBefore: 2 });
    const { body } = await home.get(path('lamp-5'));
    expect(body['gaps']).toEqual([{ from: 0, to: 1 }]);
    expect(itemsOf(body).map(({ revision }) => revision)).toEqual([2]);
  });

  it('that never was is unknown, and one of the store is none', async () => {
    expect((await home.get(path('lamp-none'))).body['code']).toBe('audit/stream-unknown');
    expect((await home.get(path('$streams'))).status).toBe(400);
  });
});

describe('an event', () => {
  it('is found by id and by position, with what led to it and what it led to', async () => {
    const correlation = 'delivery-1';
    const [asked] = await home.act(
      lamp('lamp-a', 'Asked', { command: 'k1', correlation, reason: 'dark' }),
    );
    const [lit, counted] = await home.act(
      lamp('lamp-b', 'Lit', { command: 'k2', correlation, causation: asked! }),
      lamp('lamp-b', 'Counted', { command: 'k2', correlation, causation: asked! }),
    );
    // A further step of the same command, and what followed from an event.
    const [step] = await home.act(
      lamp('lamp-c', 'Step', { command: 'k3', correlation, causation: 'k2' }),
    );
    const [seen] = await home.act(
      lamp('lamp-d', 'Seen', { command: 'k4', correlation, causation: lit! }),
    );
    await home.catchUp();

    const { body, headers } = await home.get(`/v1/audit/events/${lit}`);
    expect(headers['log-position']).toBeDefined();
    expect(body).toMatchObject({
      id: lit,
      type: 'Lit',
      data: {},
      metadata: { commandId: 'k2' },
      causedBy: [{ id: asked, reason: 'dark' }],
      sameCommand: [{ id: counted }],
      effects: [{ id: seen }],
      effectCount: 1,
    });
    const byPosition = await home.get(`/v1/audit/events/${String(body['position'])}`);
    expect(byPosition.body).toEqual(body);
    const ofStep = await home.get(`/v1/audit/events/${step}`);
    expect(ofStep.body).toMatchObject({ causedBy: [{ id: lit }, { id: asked }] });
    const unknown = await home.get('/v1/audit/events/12345678901234567890');
    expect(unknown.body['code']).toBe('audit/event-unknown');
  });

  it('that the log has no more is told as it was indexed', async () => {
    const [gone] = await home.act(lamp('lamp-gone', 'Gone', { subject: 'eve' }));
    await home.catchUp();
    const nothing = () => Promise.resolve([]);
    const scavenged = { readStream: nothing, readAll: nothing, readAllFrom: nothing };
    Object.assign(home.home.events, scavenged);
    const { body: one } = await home.get(`/v1/audit/events/${gone}`);
    const { body: list } = await home.get('/v1/audit/events?subject=eve');
    for (const method of Object.keys(scavenged)) Reflect.deleteProperty(home.home.events, method);
    const told = { id: gone, type: 'Gone', actor: { subject: 'eve' }, missing: true };
    expect(one).toMatchObject(told);
    expect(list).toMatchObject({ items: [told] });
    expect(one).not.toHaveProperty('data');
  });

  it('that somebody appended past this system is told, too', async () => {
    const client = home.home.events.client();
    const data = { serial: 'X9' };
    const bare = { id: deriveId('odd'), type: 'Odd', contentType: 'application/json' } as const;
    const appended = [{ ...bare, data, metadata: {} }];
    await client.appendToStream('odd-1', appended, { expectedRevision: 'any' });
    await home.catchUp();
    const { body } = await home.get('/v1/audit/events?type=Odd');
    const [item] = body['items'] as Record<string, unknown>[];
    expect(item).toMatchObject({ stream: 'odd-1', type: 'Odd', data });
    expect(item).not.toHaveProperty('actor');
    const { body: one } = await home.get(`/v1/audit/events/${String(item!['id'])}`);
    expect(one).toMatchObject({ causedBy: [], sameCommand: [], effects: [], effectCount: 0 });
  });
});

describe('the tree of a correlation', () => {
  it('has the commands with their events, and below each what it led to', async () => {
    const correlation = 'tree-1';
    const [begun] = await home.act(lamp('lamp-t1', 'Begun', { command: 't1', correlation }));
    await home.act(lamp('lamp-t2', 'Step', { command: 't2', correlation, causation: 't1' }));
    const [done] = await home.act(
      lamp('lamp-t3', 'Done', { command: 't3', correlation, causation: begun! }),
    );
    await home.act(lamp('lamp-t4', 'Told', { command: 't4', correlation, causation: done! }));
    await home.act(lamp('lamp-t5', 'Other', { command: 't5', correlation: 'tree-2' }));
    await home.catchUp();
    const { body } = await home.get('/v1/audit/correlations/tree-1');
    expect(body).toMatchObject({
      correlationId: 'tree-1',
      eventCount: 4,
      commands: [
        {
          commandId: 't1',
          actor: { subject: 'ana', role: 'operator' },
          eventCount: 1,
          events: [
            {
              type: 'Begun',
              effectCount: 1,
              effects: [
                {
                  commandId: 't3',
                  events: [
                    {
                      type: 'Done',
                      effects: [{ commandId: 't4', events: [{ type: 'Told', effectCount: 0 }] }],
                    },
                  ],
                },
              ],
            },
          ],
          effectCount: 1,
          effects: [{ commandId: 't2', events: [{ type: 'Step' }] }],
        },
      ],
    });
    const shallow = await home.get('/v1/audit/correlations/tree-1?depth=1');
    expect(shallow.body).toMatchObject({
      commands: [{ effectCount: 1, effects: [], events: [{ effectCount: 1, effects: [] }] }],
    });
    const below = await home.get(`/v1/audit/correlations/tree-1?cause=${begun}`);
    expect(below.body).toMatchObject({ eventCount: 4, commands: [{ commandId: 't3' }] });
    const unknown = await home.get('/v1/audit/correlations/none');
    expect(unknown.body['code']).toBe('audit/correlation-unknown');
  });

  it('has each command once, also where what was written past this system goes round', async () => {
    const correlation = 'circle-1';
    const [root] = await home.act(lamp('lamp-r1', 'Begun', { command: 'r1', correlation }));
    const by = (command: string, causation: string) => ({ command, correlation, causation });
    await home.act(lamp('lamp-r2', 'Turned', by('r2', root!)));
    await home.act(lamp('lamp-r3', 'Turned', by('r3', 'r2')));
    await home.act(lamp('lamp-r2', 'Turned', by('r2', 'r3')));
    await home.catchUp();
    const { status, body } = await home.get('/v1/audit/correlations/circle-1?depth=20');
    expect(status).toBe(200);
    expect(body).toMatchObject({ eventCount: 4, commands: [{ commandId: 'r1' }] });
    const told = JSON.stringify(body).match(/"commandId":"r\d"/g);
    expect(told).toEqual(['r1', 'r2', 'r3'].map((id) => `"commandId":"${id}"`));
    // What is left out is counted, and told from there on.
    expect(JSON.stringify(body)).toContain('"effectCount":1,"effects":[]');
  });

  it('begins with the first of them where all go round, and nothing is the root', async () => {
    const correlation = 'circle-2';
    const by = (command: string, causation: string) => ({ command, correlation, causation });
    await home.act(lamp('lamp-q1', 'Turned', by('q1', 'q2')));
    await home.act(lamp('lamp-q2', 'Turned', by('q2', 'q1')));
    await home.catchUp();
    const { body } = await home.get('/v1/audit/correlations/circle-2');
    expect(body).toMatchObject({
      commands: [{ commandId: 'q1', effects: [{ commandId: 'q2', effectCount: 1, effects: [] }] }],
    });
    expect((body['commands'] as unknown[]).length).toBe(1);
  });

  it('is bounded however much one event led to, and the rest is told in pages', async () => {
    const correlation = 'bulk-1';
    const [started] = await home.act(lamp('lamp-bulk', 'Started', { command: 'b', correlation }));
    const effects = Array.from({ length: 1_200 }, (_, index) =>
      lamp('lamp-many', 'Lit', { command: `b${index}`, correlation, causation: started! }),
    );
    await home.act(...effects);
    await home.catchUp();
    const { body } = await home.get('/v1/audit/correlations/bulk-1?limit=10');
    const [root] = body['commands'] as { events: { effects: unknown[]; effectCount: number }[] }[];
    expect(root!.events[0]).toMatchObject({ effectCount: 1_200 });
    expect(root!.events[0]!.effects).toHaveLength(10);
    const commands: string[] = [];
    for (let cursor = ''; ;) {
      const page = await home.get(
        `/v1/audit/correlations/bulk-1?cause=${started}&limit=500${cursor}`,
      );
      commands.push(
        ...(page.body['commands'] as { commandId: string }[]).map(({ commandId }) => commandId),
      );
      const { nextCursor } = page.body as { nextCursor?: string };
      if (nextCursor === undefined) break;
      cursor = `&cursor=${nextCursor}`;
    }
    expect(commands).toEqual(effects.map(({ command }) => command));
  });
});
