import { requestClock } from '@hostledger/http';
import { deriveId } from '@hostledger/eventsourcing';
import {
  ann,
  bob,
  contractId,
  drafted,
  machine,
  opened,
  otherContractId,
  promised,
  registered,
  UsageRoom,
} from './usage.fixture.js';

// A contract of Chicago with four machines, of which one left before June; and another's machine.

const room = new UsageRoom();
const [A1, A2, A3, A4, B1] = ['MINERA1', 'MINERA2', 'MINERA3', 'MINERA4', 'MINERB1'] as const;
const now = requestClock.now;
const JUNE = { from: '2024-06-01', until: '2024-07-01' };
const MAY = '2024-05-02T00:00:00.000Z';
/** Before what is recorded of the second machine in July. */
let asOfJune: bigint;

beforeAll(async () => {
  requestClock.now = () => '2024-07-15T12:00:00.000Z';
  await room.open();
  const of = (id: string) => `hostingContract-${id}`;
  for (const id of [ann, bob]) await room.happened(`customer-${id}`, MAY, registered(id));
  for (const code of ['DENTON', 'DALTON']) {
    await room.happened(`facility-${code}`, MAY, opened(code));
  }
  await room.happened(of(contractId), MAY, drafted(contractId, 'America/Chicago'));
  // From the 10th of June on, that of Chicago, faults are not excused any more, maintenance is.
  const terms = [promised(contractId, 1, '2024-05-01', ['fault'])];
  terms.push(promised(contractId, 2, '2024-06-10', ['maintenance']));
  await room.happened(of(contractId), MAY, ...terms);
  await room.happened(of(otherContractId), MAY, drafted(otherContractId, 'UTC'));
  for (const serial of [A1, A2, A3]) {
    const { received, installed, energized } = machine(serial);
    await room.happened(`miner-${serial}`, MAY, received(), installed(), energized());
  }
  const leaves = machine(A3);
  const left = [leaves.off('uninstallation'), leaves.uninstalled(), leaves.retired()];
  await room.happened(`miner-${A3}`, '2024-05-20T00:00:00.000Z', ...left);
  const far = machine(A4);
  await room.happened(`miner-${A4}`, MAY, far.received('DALTON'), far.installed('DALTON'));
  await room.happened(`miner-${A4}`, '2024-06-11T05:00:00.000Z', far.energized('DALTON'));
  const others = machine(B1, bob, otherContractId);
  await room.happened(`miner-${B1}`, MAY, others.received(), others.installed());
  await room.happened(`miner-${A2}`, '2024-06-10T00:00:00.000Z', machine(A2).off('fault'));
  await room.happened(`miner-${A2}`, '2024-06-10T12:00:00.000Z', machine(A2).energized());
  asOfJune = room.position;
  await room.happened(`miner-${A2}`, '2024-06-20T05:00:00.000Z', machine(A2).off('maintenance'));
  await room.catchUp();
}, 120_000);

afterAll(async () => {
  requestClock.now = now;
  await room.close();
});

/** Up all of the time. */
const all = (seconds: number) => ({
  ...{ windowSeconds: seconds, upSeconds: seconds },
  ...{ excusedSeconds: 0, unexcusedSeconds: 0 },
});

describe('The usage of a contract', () => {
  it('is told by machine, in the days of its zone, and leaves out who left before', async () => {
    const { status, headers, body } = await room.get('', { contractId, ...JUNE });
    expect(status).toBe(200);
    expect(headers['log-position']).toBe(room.position.toString());
    expect(body).toEqual({
      from: '2024-06-01T05:00:00.000Z',
      until: '2024-07-01T05:00:00.000Z',
      timeZone: 'America/Chicago',
      items: [
        {
          // 3,247 W for 720 h.
          ...{ serial: A1, machines: 1, energyKwh: '2337.840000', exactKwh: '58446/25' },
          energizedSeconds: 2_592_000,
          uptime: { ...all(2_592_000), byCause: {} },
        },
        {
          // 19 days of June in Chicago, but 12 hours.
          ...{ serial: A2, machines: 1, energyKwh: '1441.668000', exactKwh: '360417/250' },
          energizedSeconds: 1_598_400,
          uptime: {
            ...{ windowSeconds: 2_592_000, upSeconds: 1_598_400 },
            // Of the fault the 5 hours of the 9th, and all of the maintenance; 7 hours are left.
            ...{ excusedSeconds: 968_400, unexcusedSeconds: 25_200 },
            byCause: { fault: 43_200, maintenance: 950_400 },
          },
        },
        {
          ...{ serial: A4, machines: 1, energyKwh: '1558.560000', exactKwh: '38964/25' },
          energizedSeconds: 1_728_000,
          uptime: { ...all(1_728_000), byCause: {} },
        },
      ],
    });
  });

  it('is told in pages of machines', async () => {
    const first = await room.get('', { contractId, ...JUNE, limit: 2 });
    expect(first.body.items.map(({ serial }) => serial)).toEqual([A1, A2]);
    const cursor = first.body.nextCursor!;
    const second = await room.get('', { contractId, ...JUNE, limit: 2, cursor });
    expect(second.body.items.map(({ serial }) => serial)).toEqual([A4]);
    expect(second.body).not.toHaveProperty('nextCursor');
    const other = await room.get('', { contractId, ...JUNE, per: 'day', cursor });
    expect([other.status, other.body.code]).toEqual([400, 'request/cursor-invalid']);
  });

  it('is told as it was known at a position', async () => {
    const { body } = await room.get('', { contractId, ...JUNE, position: `${asOfJune}` });
    expect(body.items[1]).toMatchObject({
      ...{ serial: A2, energyKwh: '2298.876000' },
      uptime: { byCause: { fault: 43_200 } },
    });
  });

  it.each([
    [
      'facility',
      [
        { facility: 'DALTON', machines: 1 },
        { facility: 'DENTON', machines: 2 },
      ],
    ],
    ['contract', [{ contractId, machines: 3 }]],
    ['customer', [{ customerId: ann, machines: 3 }]],
    ['total', [{ machines: 3, energyKwh: '5338.068000' }]],
  ])('is added up by %s', async (per, items) => {
    const { body } = await room.get('', { contractId, ...JUNE, per });
    expect(body.items).toHaveLength(items.length);
    expect(body.items).toMatchObject(items);
  });

  it('is added up by day of its zone, in pages', async () => {
    const { body } = await room.get('', { contractId, ...JUNE, per: 'day' });
    expect(body.items).toHaveLength(30);
    // 2 machines for 24 h, of which one was off from 19:00 of the 9th to 7:00 of the 10th.
    expect(body.items.slice(7, 11)).toMatchObject([
      { day: '2024-06-08', machines: 3, energizedSeconds: 172_800 },
      { day: '2024-06-09', energizedSeconds: 154_800, uptime: { byCause: { fault: 18_000 } } },
      { day: '2024-06-10', energizedSeconds: 147_600, uptime: { byCause: { fault: 25_200 } } },
      { day: '2024-06-11', energizedSeconds: 259_200, uptime: { byCause: {} } },
    ]);
    const page = { contractId, ...JUNE, per: 'day', limit: 20 };
    const { nextCursor } = (await room.get('', page)).body;
    const rest = await room.get('', { ...page, cursor: nextCursor! });
    expect(rest.body.items.map(({ day }) => day)).toEqual(
      body.items.slice(20).map(({ day }) => day),
    );
  });

  it('has up, excused and unexcused time that are the window together, however it is added up', async () => {
    for (const per of ['total', 'facility', 'machine', 'day']) {
      const { body } = await room.get('', { contractId, ...JUNE, per, limit: 100 });
      const sums = { window: 0, up: 0, excused: 0, unexcused: 0 };
      for (const { uptime } of body.items) {
        const told = uptime as Record<string, number>;
        sums.window += told.windowSeconds!;
        sums.up += told.upSeconds!;
        sums.excused += told.excusedSeconds!;
        sums.unexcused += told.unexcusedSeconds!;
      }
      expect(sums).toMatchObject({ excused: 968_400, unexcused: 25_200 });
      expect(sums.up + sums.excused + sums.unexcused).toBe(sums.window);
    }
  });

  it('ends at the present', async () => {
    const july = { from: '2024-07-15', until: '2024-08-01' };
    const { body } = await room.get('', { contractId, ...july, per: 'day' });
    expect(body).toMatchObject({ until: '2024-07-15T12:00:00.000Z' });
    // From midnight in Chicago two machines ran for 7 hours.
    expect(body.items).toMatchObject([{ day: '2024-07-15', energizedSeconds: 50_400 }]);
  });
});

describe('Usage', () => {
  it('of a customer, a facility or both is that of its machines', async () => {
    const serials = async (scope: Record<string, string>) =>
      (await room.get('', { ...scope, ...JUNE })).body.items.map(({ serial }) => serial);
    expect(await serials({ customerId: bob })).toEqual([B1]);
    expect(await serials({ facility: 'DENTON' })).toEqual([A1, A2, B1]);
    expect(await serials({ facility: 'DENTON', customerId: ann })).toEqual([A1, A2]);
    expect(await serials({ facility: 'DALTON', serial: A1 })).toEqual([]);
    expect(await serials({ serial: A1.toLowerCase() })).toEqual([A1]);
    // Nobody's terms are asked for.
    const { body } = await room.get('', { customerId: ann, ...JUNE });
    expect(body.items[0]!.uptime).not.toHaveProperty('excusedSeconds');
  });

  it.each([
    [422, 'usage/scope-missing', {}],
    [422, 'usage/window-empty', { facility: 'DENTON', until: '2024-06-01' }],
    [422, 'usage/window-too-long', { facility: 'DENTON', until: '2025-08-01' }],
    [409, 'usage/not-come', { facility: 'DENTON', from: '2024-07-16', until: '2024-08-01' }],
    [404, 'contract/unknown', { contractId: deriveId('nothing') }],
    [404, 'customer/unknown', { customerId: deriveId('nobody') }],
    [404, 'facility/unknown', { facility: 'NOPE' }],
    [404, 'facility/unknown', { facility: 'NOPE', per: 'day' }],
    [400, 'request/invalid', { facility: 'DENTON', position: '-1' }],
    [400, 'request/invalid', { facility: 'DENTON', from: '2024-02-30' }],
    [400, 'request/invalid', { facility: 'DENTON', per: 'rack' }],
  ])('is refused with %s %s for %j', async (status, code, asked) => {
    const { body, ...answer } = await room.get('', { ...JUNE, ...asked });
    expect([answer.status, body.code]).toEqual([status, code]);
  });
});

it('What is too long is told with the limit', async () => {
  const { body } = await room.get('', { contractId, from: '2023-01-01', until: '2024-07-01' });
  expect(body).toMatchObject({ title: 'Usage is told of 400 days at most' });
});

describe('The usage of a machine', () => {
  it('is told stretch by stretch, with the events that say so', async () => {
    const { status, body } = await room.get(`/machines/${A2}`, { contractId, ...JUNE });
    expect(status).toBe(200);
    const [received, installed, energized, off, again, down] = room.idsOf(`miner-${A2}`);
    const always = {
      ...{ facility: 'DENTON', contractId, customerId: ann, powerWatts: 3_247 },
      ...{ hashrateGhs: 151_000, assigned: false, commissioned: true },
    };
    expect(body).toMatchObject({ serial: A2, energyKwh: '1441.668000', machines: 1 });
    expect(body.segments).toEqual([
      {
        ...{ ...always, from: '2024-06-01T05:00:00.000Z', until: '2024-06-10T00:00:00.000Z' },
        ...{ state: 'energized', energyKwh: '685.117000', seconds: 759_600 },
        ...{ begunBy: energized, endedBy: off, eventIds: [received, installed, energized] },
      },
      {
        ...{ ...always, from: '2024-06-10T00:00:00.000Z', until: '2024-06-10T12:00:00.000Z' },
        ...{ state: 'off', cause: 'fault', energyKwh: '0.000000', seconds: 43_200 },
        ...{ begunBy: off, endedBy: again, eventIds: [received, installed, off] },
      },
      {
        ...{ ...always, from: '2024-06-10T12:00:00.000Z', until: '2024-06-20T05:00:00.000Z' },
        ...{ state: 'energized', energyKwh: '756.551000', seconds: 838_800 },
        ...{ begunBy: again, endedBy: down, eventIds: [received, installed, again] },
      },
      {
        ...{ ...always, from: '2024-06-20T05:00:00.000Z', until: '2024-07-01T05:00:00.000Z' },
        ...{ state: 'off', cause: 'maintenance', energyKwh: '0.000000', seconds: 950_400 },
        ...{ begunBy: down, eventIds: [received, installed, down] },
      },
    ]);
  });

  it('is unknown where there is no such machine, or was none by then', async () => {
    const unknown = await room.get('/machines/MINERX9', JUNE);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'miner/unknown']);
    const before = await room.get(`/machines/${A1}`, { ...JUNE, position: '1' });
    expect([before.status, before.body.code]).toEqual([404, 'miner/unknown']);
  });
});
