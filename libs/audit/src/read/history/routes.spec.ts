import { CsvReader } from '@hostledger/http';
import { HistoryHome } from './history.fixture.js';

// The routes on the embedded node with an index that was filled from its log.

let home: HistoryHome;
let ids: readonly string[];

const contract = (type: string, data: object = {}) => ({
  stream: 'hostingContract-c1',
  type,
  data: { contractId: 'c1', ...data },
});
const miner = (serial: string, type: string, data: object = {}) => ({
  stream: `miner-${serial}`,
  type,
  data: { serial, ...data },
});
const rack = (type: string, serial: string) => ({
  stream: 'rack-F.R1',
  type,
  data: { facility: 'F', rack: 'R1', slot: 1, serial },
});

const TOKEN = { tokenId: 't1', secretHash: 'ab'.repeat(32), subject: 'erp' };

/** By their places in this list the specs speak of events. */
const ACTS = [
  contract('ContractDrafted', { customerId: 'ann' }), // 0
  { ...miner('A1', 'MinerReceived', { contractId: 'c1', customerId: 'ann' }), subject: 'erp' }, // 1
  { ...miner('B2', 'MinerReceived', { contractId: 'c2', customerId: 'bob' }), subject: 'erp' }, // 2
  { ...rack('SlotOccupied', 'A1'), occurredAt: '2024-01-02T00:00:00.000Z' }, // 3
  { ...rack('SlotVacated', 'B2'), role: 'admin', reason: '=HYPERLINK("x")' }, // 4
  {
    stream: 'facility-F',
    type: 'CapacityCommitted',
    data: { facility: 'F', allocationId: 'a1', contractId: 'c1', customerId: 'ann' },
  }, // 5
  miner('A1', 'MinerAssigned', { contractId: 'c2', energized: { fromContractId: 'c1' } }), // 6
  miner('A1', 'RepairOpened', { note: 'says "hot", twice\nand again' }), // 7
  { stream: 'accessToken-t1', type: 'AccessTokenIssued', data: TOKEN }, // 8
  miner('A1', 'TitleTransferred', { fromCustomerId: 'ann', toCustomerId: 'bob' }), // 9
  rack('SlotVacated', 'A1'), // 10
  { stream: 'facility-F', type: 'CapacityReleased', data: { allocationId: 'a1' } }, // 11
] as const;

beforeAll(async () => {
  home = await HistoryHome.open();
  ids = await home.act(...ACTS);
  await home.catchUp();
});
afterAll(() => home.close());

/** Places of the events that are found. */
const found = async (query: string): Promise<number[]> =>
  (await home.walk(query)).map((id) => ids.indexOf(id));

describe('the history', () => {
  it('is in the order of the log, and the other way round', async () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11];
    expect(await found('')).toEqual(all);
    expect(await found('order=desc')).toEqual(all.toReversed());
  });

  it.each([
    ['stream=miner-A1', [1, 6, 7, 9]],
    ['category=rack&category=facility', [3, 4, 5, 10, 11]],
    ['type=SlotVacated', [4, 10]],
    ['type=SlotVacated&type=RepairOpened&order=desc', [10, 7, 4]],
    ['type=SlotVacated&category=miner', []],
    ['subject=erp', [1, 2]],
    ['subject=ana', [0, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['role=admin', [4]],
    ['serial=A1', [1, 3, 6, 7, 9, 10]],
    ['serial=A1&type=SlotVacated', [10]],
    ['occurredFrom=2024-01-01&occurredUntil=2024-01-03', [3]],
    ['occurredFrom=2024-01-03T00:00:00Z&category=rack', [4, 10]],
    ['recordedFrom=2020-01-01&type=RepairOpened', [7]],
    ['recordedUntil=2020-01-01', []],
    ['category=accessToken', [8]],
    ['type=AccessTokenIssued', [8]],
    ['correlationId=request-5', [4]],
    ['subject=nobody', []],
  ])('%s', async (query, expected) => {
    expect(await found(query)).toEqual(expected);
  });

  it.each([
    ['contractId=c1', [0, 1, 3, 5, 6, 11]],
    ['contractId=c1&order=desc', [11, 6, 5, 3, 1, 0]],
    ['contractId=c2', [2, 4, 6, 7, 9, 10]],
    ['customerId=ann', [0, 1, 3, 5, 6, 7, 9, 11]],
    ['customerId=bob', [2, 4, 9, 10]],
    ['contractId=c2&customerId=bob&category=rack', [4, 10]],
    ['contractId=c3', []],
  ])('%s finds what concerned them then', async (query, expected) => {
    expect(await found(query)).toEqual(expected);
    expect(await found(`${query}&data=false`)).toEqual(expected);
  });

  it('tells of an event all that is stored, and at which position that is true', async () => {
    const { headers, body } = await home.get('/v1/audit/events?role=admin');
    const log = await home.home.log();
    const event = log.find(({ id }) => id === ids[4])!;
    expect(headers['log-position']).toBe(log.at(-1)!.position.toString());
    expect(body).toEqual({
      items: [
        {
          position: event.position.toString(),
          stream: 'rack-F.R1',
          revision: 1,
          type: 'SlotVacated',
          id: ids[4],
          recordedAt: event.recordedAt,
          occurredAt: '2024-04-20T00:00:00.000Z',
          actor: { subject: 'ana', role: 'admin' },
          reason: '=HYPERLINK("x")',
          commandId: event.metadata.commandId,
          correlationId: 'request-5',
          causationId: event.metadata.commandId,
          data: ACTS[4].data,
          metadata: event.metadata,
        },
      ],
    });
    const without = await home.get('/v1/audit/events?role=admin&data=false');
    const [item] = without.body['items'] as object[];
    expect(item).not.toHaveProperty('data');
    expect(item).not.toHaveProperty('metadata');
  });

  it('is cut at positions', async () => {
    const positions = (await home.home.log()).map(({ position }) => position);
    const query = `afterPosition=${positions[2]}&untilPosition=${positions[4]}`;
    expect(await found(query)).toEqual([3, 4]);
    expect(await found(`${query}&order=desc`)).toEqual([4, 3]);
    expect(await found(`afterPosition=${'9'.repeat(19)}`)).toEqual([]);
  });

  it('comes whole, as lines of JSON', async () => {
    const accept = { accept: 'application/x-ndjson' };
    const { headers, text } = await home.get('/v1/audit/events?stream=miner-A1', accept);
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(headers['log-position']).toBeDefined();
    const lines = text.trimEnd().split('\n');
    const { body } = await home.get('/v1/audit/events?stream=miner-A1');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(body['items']);
  });

  it('comes as a file for spreadsheets that takes nothing for a formula', async () => {
    const { headers, text } = await home.get('/v1/audit/events?format=csv&serial=A1');
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    const [head, ...records] = [...new CsvReader().read(text, true)].map(({ fields }) => fields);
    expect(head!.slice(0, 5)).toEqual(['position', 'stream', 'revision', 'type', 'id']);
    const repair = records.find((fields) => fields[3] === 'RepairOpened')!;
    expect(JSON.parse(repair[head!.indexOf('data')]!)).toEqual(ACTS[7].data);
    const admin = await home.get('/v1/audit/events?format=csv&role=admin&data=false');
    const [columns, record] = [...new CsvReader().read(admin.text, true)];
    expect(record!.fields[columns!.fields.indexOf('reason')]).toBe(`'=HYPERLINK("x")`);
    expect(columns!.fields).not.toContain('data');
  });

  it('leaves out by which hash a token is known again, and says so', async () => {
    const { secretHash, ...data } = TOKEN;
    const stream = 'accessToken-t1';
    const told = { data, withheld: ['/data/secretHash'] };
    const query = `/v1/audit/events?stream=${stream}`;
    const answers = [
      await home.get(query),
      await home.get(`${query}&format=ndjson`),
      await home.get(`${query}&format=csv`),
      await home.get(`/v1/audit/events/${ids[8]}`),
      await home.get(`/v1/audit/streams/${stream}`),
    ];
    expect(answers.filter(({ text }) => text.includes(secretHash))).toEqual([]);
    const [page, lines, file, event, whole] = answers;
    expect(page!.body).toMatchObject({ items: [told] });
    expect(JSON.parse(lines!.text)).toMatchObject(told);
    const [head, record] = [...new CsvReader().read(file!.text, true)].map(({ fields }) => fields);
    expect(record![head!.indexOf('withheld')]).toBe('/data/secretHash');
    expect(event!.body).toMatchObject(told);
    expect(whole!.body).toMatchObject({ items: [told] });
  });

  it('is for auditors and admins', async () => {
    const headers = { authorization: 'Bearer operator' };
    for (const path of ['events', 'events/1', 'streams/miner-A1', 'correlations/request-1']) {
      expect((await home.get(`/v1/audit/${path}`, headers)).status).toBe(403);
    }
    const admin = { authorization: 'Bearer admin' };
    expect((await home.get('/v1/audit/events', admin)).status).toBe(200);
  });

  it.each([
    ['recordedFrom=2024-13-01', ['/recordedFrom']],
    ['occurredUntil=yesterday', ['/occurredUntil']],
    ['recordedFrom=2024-02-01&recordedUntil=2024-01-01', ['/recordedUntil']],
    ['afterPosition=9&untilPosition=3', ['/untilPosition']],
    ['afterPosition=-1', ['/afterPosition']],
    ['order=random', ['/order']],
    ['format=xml', ['/format']],
    ['data=no', ['/data']],
    ['type=NoSuchThing', ['/type']],
    ['subject=', ['/subject']],
    ['serial=%09', ['/serial']],
    ['unknown=1', ['/unknown']],
    ['limit=0', ['/limit']],
    ['cursor=made-up', ['/cursor']],
    ['format=csv&limit=3', ['/limit']],
    ['format=ndjson&cursor=x', ['/cursor']],
  ])('refuses %s', async (query, pointers) => {
    const { status, body } = await home.get(`/v1/audit/events?${query}`);
    expect(status).toBe(400);
    expect((body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual(
      pointers,
    );
  });

  it('refuses a cursor of the other order, and what it cannot be written as', async () => {
    const { body } = await home.get('/v1/audit/events?limit=1');
    const cursor = String(body['nextCursor']);
    const other = await home.get(`/v1/audit/events?order=desc&cursor=${cursor}`);
    expect(other.body['code']).toBe('request/cursor-invalid');
    const image = await home.get('/v1/audit/events', { accept: 'image/png' });
    expect(image.status).toBe(406);
  });

  it('waits for the position that was asked for', async () => {
    const head = (await home.home.log()).at(-1)!.position;
    const headers = { 'min-log-position': String(head) };
    expect((await home.get('/v1/audit/events?limit=1', headers)).status).toBe(200);
  });
});
