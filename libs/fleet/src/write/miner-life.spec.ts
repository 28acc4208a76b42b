import { contractAggregate, type Contract, type ContractCommand } from '@hostledger/contracts';
import { deriveId } from '@hostledger/eventsourcing';
import { facilityAggregate, rackAggregate, rackId, type FacilityCommand } from '@hostledger/sites';
import { countLeaversProcess, openLeavers, type OpenLeavers } from '../process/count-leavers.js';
import { contractId, setUpContract } from '../process/delivery.fixture.js';
import { moveMiners } from '../process/move.js';
import {
  at,
  contextOf,
  disagreementsIn,
  itemsIn,
  serialOf,
  setUpFloor,
  slot,
  violationsIn,
} from '../process/moves.fixture.js';
import { openGrants } from '../process/power-profile.js';
import { FleetRoutes } from './routes.fixture.js';

// A machine's life from its routes to its read models: five in slots, five in storage.

const room = new FleetRoutes();
const { streams, store } = room;
const post = (url: string, body: object | string = {}, headers: Record<string, string> = {}) =>
  room.call('POST', url, body, headers);
const bob = { authorization: 'Bearer bob:commercial' };
const documentDigest = 'd'.repeat(64);
const orderId = deriveId('order');
const allocationId = deriveId('allocation');

const onContract = async (...commands: ContractCommand[]): Promise<Contract> => {
  for (const command of commands) {
    await store.handle(contractAggregate, contractId, command, contextOf(JSON.stringify(command)));
  }
  return (await store.load(contractAggregate, contractId, { fresh: true })).state;
};

const curtail = async (curtailmentId: string, rack: string): Promise<void> => {
  const plan = { rack, slotCount: 8, powerLimitWatts: 8 };
  const about = { facility: 'DENTON', curtailmentId, cause: rack === 'A1' ? 'grid' : 'economic' };
  const scope = { kind: 'racks', racks: [rack] };
  const commands = [
    { type: 'ChangePowerEnvelope', data: { powerEnvelopeWatts: 100, cause: 'built' }, at },
    { type: 'CommitRackPower', data: { facility: 'DENTON', racks: [plan] }, at },
    { type: 'DeclareCurtailment', data: { ...about, scope, startsAt: at }, at },
  ] as FacilityCommand[];
  for (const command of commands) {
    const context = contextOf(`${curtailmentId} ${command.type}`);
    await store.handle(facilityAggregate, 'DENTON', command, context);
  }
};

const stories = (serial: string): string[] =>
  streams.events(`miner-${serial}`).map(({ type }) => type);

beforeAll(async () => {
  await room.open();
  await setUpContract(store);
  await setUpFloor(store, { A1: 8 }, 10, contractId);
  const orders = [1, 2, 3, 4, 5].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
});

afterAll(() => room.close());

describe('power', () => {
  it('is refused under a contract that is not active, unless somebody else overrides that', async () => {
    const url = `/miners/${serialOf(1)}/energization`;
    expect(await post(url)).toMatchObject({
      status: 409,
      body: { code: 'miner/contract-not-active' },
    });
    const reason = 'burn-in before commencement';
    expect(await post(url, { override: { approvedBy: 'ana', reason } })).toMatchObject({
      status: 403,
      body: { code: 'miner/own-override' },
    });
    expect(await post(url, { override: { approvedBy: 'bob' } })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/override/reason' }] },
    });
    const done = await post(url, { override: { approvedBy: 'bob', reason } });
    expect(done).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(streams.log.at(-1)).toMatchObject({
      type: 'MinerEnergized',
      data: { contractId, override: { approvedBy: 'bob', reason } },
      metadata: { actor: { subject: 'ana' } },
    });
  });

  it('is given to many under an active one, each line by itself', async () => {
    await onContract(
      { type: 'AdoptTerms', data: terms, at },
      { type: 'ActivateContract', data: { activatedOn: '2023-10-01' }, at },
    );
    const lines = ['serial', ...[1, 2, 3, 4, 6].map(serialOf), 'UNKNOWN001'].join('\n');
    const refused = await room.perform(await post('/energizations', lines));
    expect(refused).toMatchObject([
      { line: 6, code: 'miner/not-in-slot' },
      { line: 7, code: 'miner/unknown' },
    ]);
    expect([1, 2, 3, 4].map((n) => stories(serialOf(n)).at(-1))).toEqual(
      Array(4).fill('MinerEnergized'),
    );
    expect(stories(serialOf(1)).filter((type) => type === 'MinerEnergized')).toHaveLength(1);
  });

  it('is taken with a cause', async () => {
    const url = `/miners/${serialOf(1)}/deenergization`;
    expect(await post(url, { cause: 'whim' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/cause' }] },
    });
    expect(await post(url, { cause: 'fault' })).toMatchObject({ status: 200 });
    const named = { cause: 'fault', curtailmentId: 'c-1' };
    for (const body of [{ cause: 'curtailment' }, named]) {
      expect(await post(url, body)).toMatchObject({
        status: 422,
        body: { code: 'miner/curtailment-not-named', errors: [{ pointer: '/curtailmentId' }] },
      });
    }
    await curtail('c-1', 'A1');
    await curtail('c-2', 'B1');
    const lines = [
      'serial,cause,curtailmentId',
      `${serialOf(2)},curtailment,c-1`,
      `${serialOf(3)},other,`,
      `${serialOf(4)},curtailment,bogus`,
      `${serialOf(1)},curtailment,c-2`,
      `${serialOf(5)},curtailment,`,
    ].join('\n');
    expect(await room.perform(await post('/deenergizations', lines))).toMatchObject([
      { line: 4, code: 'miner/not-curtailed' },
      { line: 5, code: 'miner/not-curtailed' },
      { line: 6, code: 'miner/curtailment-not-named' },
    ]);
    const data = { cause: 'curtailment', curtailmentId: 'c-1' };
    expect(streams.events(`miner-${serialOf(2)}`).at(-1)).toMatchObject({ data });
    expect(streams.events(`miner-${serialOf(3)}`).at(-1)!.data).not.toHaveProperty('curtailmentId');
  });
});

describe('a power profile', () => {
  const eco = { profile: 'eco', hashrateGhs: 120_000, powerWatts: 2_400 };
  const inUse = async () => {
    const { state } = await store.load(rackAggregate, rackId('DENTON', 'A1'), { fresh: true });
    return state.status === 'commissioned' ? state.powerWattsInUse : undefined;
  };

  it('is changed as far as the rack grants the watts', async () => {
    const url = `/miners/${serialOf(5)}/power-profile`;
    expect(await post(url, eco)).toMatchObject({ status: 200 });
    expect(await inUse()).toBe(4 * 3_247 + 2_400);
    expect(await post(url, eco)).toMatchObject({ status: 200 });
    expect(stories(serialOf(5)).filter((type) => type === 'PowerProfileChanged')).toHaveLength(1);
    const turbo = { profile: 'turbo', hashrateGhs: 190_000, powerWatts: 20_000 };
    expect(await post(url, turbo)).toMatchObject({
      status: 409,
      body: { code: 'rack/power-exceeded' },
    });
    expect(await post(url, turbo, { 'if-match': '"0"' })).toMatchObject({ status: 412 });
  });

  it('is changed back, of many', async () => {
    const line = (n: number) => `${serialOf(n)},stock,151000,3247`;
    const lines = ['serial,profile,hashrateGhs,powerWatts', line(5), line(10)].join('\n');
    expect(await room.perform(await post('/power-profiles', lines))).toEqual([]);
    expect(await inUse()).toBe(5 * 3_247);
    expect(itemsIn(openGrants, streams.log)).toEqual([]);
  });
});

describe('a machine that is taken out of its slot', () => {
  it('gives slot and watts back, once', async () => {
    const url = `/miners/${serialOf(4)}/uninstallation`;
    const headers = { 'idempotency-key': 'out-4' };
    const done = await post(url, {}, headers);
    expect(done.status).toBe(200);
    expect(await post(url, {}, headers)).toMatchObject({
      status: 200,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect(stories(serialOf(4)).slice(-2)).toEqual(['MinerDeenergized', 'MinerUninstalled']);
    const { state } = await store.load(rackAggregate, rackId('DENTON', 'A1'), { fresh: true });
    expect(state).toMatchObject({ powerWattsInUse: 4 * 3_247 });
    expect(violationsIn(streams.log)).toEqual([]);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('does so with many', async () => {
    const lines = `serial\n${serialOf(5)}\n${serialOf(6)}\nUNKNOWN001\n`;
    const refused = await room.perform(await post('/uninstallations', lines));
    expect(refused).toMatchObject([{ line: 4, code: 'miner/unknown' }]);
    expect(stories(serialOf(5)).at(-1)).toBe('MinerUninstalled');
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});

const terms = {
  effectiveOn: '2023-09-25',
  documentDigest,
  clauses: [],
  rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
} as const;

describe('an allocation', () => {
  const balance = async () => {
    const contract = await onContract();
    return contract.status === 'executed'
      ? contract.allocations.get(allocationId)?.assigned
      : undefined;
  };
  const countLeavers = async () => {
    for (const item of itemsIn<OpenLeavers>(openLeavers, streams.log)) {
      await countLeaversProcess(store).perform(item, { at, signal: new AbortController().signal });
    }
  };

  beforeAll(async () => {
    const order = { orderId, reference: 'SO-1', units: 3, powerWatts: 10_000 };
    const part = { orderId, allocationId, facility: 'DENTON', units: 3, powerWatts: 10_000 };
    await onContract(
      { type: 'PlaceOrder', data: { ...order, startsOn: '2023-10-01' }, at },
      { type: 'AllocateCustomer', data: { ...part, effectiveOn: '2023-10-01' }, at },
    );
  });

  it('is taken up by as many machines as it holds', async () => {
    const line = (n: number) => `${serialOf(n)},${contractId},${allocationId}`;
    const lines = ['serial,contractId,allocationId', ...[1, 2, 6, 7].map(line)].join('\n');
    const refused = await room.perform(await post('/assignments', lines));
    expect(refused).toMatchObject([{ line: 5, code: 'contract/allocation-exceeded' }]);
    expect(await balance()).toEqual({ units: 3, powerWatts: 3 * 3_247 });
    expect(stories(serialOf(6)).at(-1)).toBe('MinerAssigned');
  });

  it('is free again for what machines gave up, each counted once', async () => {
    expect(await post(`/miners/${serialOf(6)}/unassignment`)).toMatchObject({ status: 200 });
    await countLeavers();
    await countLeavers();
    expect(await balance()).toEqual({ units: 2, powerWatts: 2 * 3_247 });
    expect(itemsIn(openLeavers, streams.log)).toEqual([]);
  });

  it('is given up with the title, and with the machine', async () => {
    const [customer] = streams.events(`hostingContract-${contractId}`);
    const toCustomerId = (customer!.data as { customerId: string }).customerId;
    const sale = { toCustomerId: deriveId('nobody'), effectiveOn: '2023-10-02', documentDigest };
    expect(toCustomerId).toBe('customer-1');
    expect(await post(`/miners/${serialOf(1)}/title-transfer`, sale, bob)).toMatchObject({
      status: 422,
      body: { code: 'miner/buyer-unknown' },
    });
    expect(await post(`/miners/${serialOf(1)}/retirement`, { cause: 'sold' })).toMatchObject({
      status: 409,
      body: { code: 'miner/not-in-storage', status: 409, state: 'installed' },
    });
    await post(`/miners/${serialOf(1)}/uninstallation`);
    const lines = `serial,cause\n${serialOf(1)},sold\n${serialOf(7)},scrapped\n`;
    expect(await room.perform(await post('/retirements', lines, bob))).toEqual([]);
    expect(stories(serialOf(1)).slice(-2)).toEqual(['MinerUnassigned', 'MinerRetired']);
    await countLeavers();
    expect(await balance()).toEqual({ units: 1, powerWatts: 3_247 });
  });
});

describe('a repair', () => {
  it('goes from the fault over the vendor to the end', async () => {
    const serial = serialOf(8);
    const opened = await post(`/miners/${serial}/repairs`, { fault: 'hashboard 2 dead' });
    expect(opened.status).toBe(200);
    const repair = `/miners/${serial}/repairs/${String(opened.body.repairId)}`;
    const acts = [
      ['shipment', { vendor: 'Bitmain Care', rmaNumber: 'RMA-7' }],
      ['return', { facility: 'DENTON' }],
      ['component-swaps', { component: 'hashboard', removedSerial: 'HB1', fittedSerial: 'HB2' }],
      ['closure', { outcome: 'repaired' }],
    ] as const;
    for (const [act, body] of acts) {
      expect(await post(`${repair}/${act}`, body)).toMatchObject({ status: 200 });
    }
    expect(stories(serial)).toEqual([
      'MinerReceived',
      'RepairOpened',
      'MinerSentToVendor',
      'MinerReturnedFromVendor',
      'ComponentSwapped',
      'RepairClosed',
    ]);
    expect(await post(`${repair}/shipment`, { vendor: 'Bitmain Care' })).toMatchObject({
      status: 404,
      body: { code: 'miner/repair-unknown' },
    });
  });
});

it('numbers read off machines are kept', async () => {
  const refused = { kind: 'mac', value: 'whatever' };
  expect(await post(`/miners/${serialOf(9)}/identifiers`, refused)).toMatchObject({
    status: 422,
    body: { code: 'miner/identifier-invalid', errors: [{ pointer: '/value' }] },
  });
  const numbers = [
    'mac,02:00:5E:10:00:01',
    'wheel,4',
    'hashboard,HB91',
    'hashboard,HB92',
    'hashboard,hb92',
    'powerSupply,PSU1',
    'mac,02:00:5E:10:00:02',
  ];
  const lines = ['serial,kind,value', ...numbers.map((number) => `${serialOf(9)},${number}`)];
  const sent = await post('/identifications', lines.join('\n'));
  expect(sent).toMatchObject({ status: 202, body: { accepted: 4, rejected: 3 } });
  const [recorded] = streams.events(`operation-${String(sent.body.operationId)}`);
  expect(recorded!.data).toMatchObject({
    rejected: [
      { line: 3, code: 'line/invalid' },
      { line: 6, code: 'miner/number-twice' },
      { line: 8, code: 'miner/number-twice', fields: { value: '02:00:5E:10:00:02' } },
    ],
  });
  expect(await room.perform(sent)).toEqual([]);
  expect(stories(serialOf(9)).slice(1)).toEqual(Array(4).fill('IdentifierObserved'));
  // The same number on another machine is recorded, since both may have been read so.
  const same = { kind: 'mac', value: '02-00-5e-10-00-01' };
  expect(await post(`/miners/${serialOf(10)}/identifiers`, same)).toMatchObject({ status: 200 });
  const later = { kind: 'mac', value: '02:00:5E:10:00:02' };
  expect(await post(`/miners/${serialOf(10)}/identifiers`, later)).toMatchObject({ status: 200 });
});

describe('the read models', () => {
  beforeAll(() => room.fillReadModels());

  const get = async (url: string) => (await room.call('GET', url)).body;
  const serials = async (query: string) =>
    ((await get(`/miners?${query}`)).items as { serial: string }[]).map(({ serial }) => serial);

  it('find machines by power and by what became of them', async () => {
    expect(await serials('state=retired')).toEqual([serialOf(1), serialOf(7)]);
    expect(await serials('state=installed&energized=false')).toEqual([serialOf(2), serialOf(3)]);
    expect(await serials('energized=true')).toEqual([]);
    for (const answer of ['1', '0', 'yes', 'TRUE', '']) {
      expect(await room.call('GET', `/miners?energized=${answer}`)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/energized', message: 'energized is true or false' }] },
      });
    }
    expect(await serials('facility=DENTON')).toHaveLength(8);
  });

  it('find machines by what they take up, came with, and are under repair for', async () => {
    expect(await serials(`allocationId=${allocationId}`)).toEqual([serialOf(2)]);
    expect(await serials(`deliveryId=${deriveId('another delivery')}`)).toEqual([]);
    expect(await serials('underRepair=true')).toEqual([]);
    expect(await serials('underRepair=false&state=installed')).toEqual([serialOf(2), serialOf(3)]);
    expect(await serials('model=s19jxp-151&limit=1')).toEqual([serialOf(1)]);
    expect(await get('/fleet/mix?model=s19jxp-151')).toMatchObject({ total: { units: 8 } });
  });

  it('find moves by machine, contract, kind and time', async () => {
    const kinds = async (query: string) =>
      ((await get(`/moves?${query}`)).items as { kind: string }[]).map(({ kind }) => kind);
    const ofOne = ['returnedFromVendor', 'sentToVendor'];
    expect(await kinds(`serial=${serialOf(8).toLowerCase()}`)).toEqual(ofOne);
    expect(await kinds(`serial=${serialOf(8)}&contractId=${contractId}`)).toEqual(ofOne);
    expect(await kinds(`contractId=${deriveId('another contract')}`)).toEqual([]);
    expect(await kinds('kind=sentToVendor')).toEqual(['sentToVendor']);
    expect(await kinds(`kind=uninstallation&until=${at}`)).toEqual([]);
    const since = await kinds(`since=${at}&limit=100`);
    expect(since).toHaveLength((await kinds('limit=100')).length);
    const first = await get(`/moves?since=${at}&limit=2`);
    const rest = await get(`/moves?since=${at}&limit=100&cursor=${String(first.nextCursor)}`);
    expect([...(first.items as object[]), ...(rest.items as object[])]).toHaveLength(since.length);
    expect((await room.call('GET', '/moves?kind=walk')).status).toBe(400);
  });

  it('tell the mix as a day ended', async () => {
    expect(await get('/fleet/mix?on=2999-12-31')).toEqual(await get('/fleet/mix'));
    const day = new Date(Date.parse(at) - 86_400_000).toISOString().slice(0, 10);
    expect(await get(`/fleet/mix?on=${day}`)).toMatchObject({ items: [], total: { units: 0 } });
    const arrived = await get(`/fleet/mix?on=${at.slice(0, 10)}&by=state`);
    expect(arrived.total).toMatchObject({ units: 10 });
    expect((await room.call('GET', '/fleet/mix?on=2024-02-30')).status).toBe(400);
  });

  it('show a machine as it is', async () => {
    expect(await get(`/miners/${serialOf(2)}`)).toMatchObject({ energized: false, allocationId });
    expect(await get(`/miners/${serialOf(9)}`)).toMatchObject({ mac: '02:00:5E:10:00:01' });
    const gone = await get(`/miners/${serialOf(1)}`);
    expect(gone).toMatchObject({ state: 'retired' });
    expect(gone).not.toHaveProperty('place');
  });

  it('tell which parts are and were in which machine, and find machines by them', async () => {
    const [at9, at10] = [serialOf(9), serialOf(10)];
    expect(await serials('mac=02:00:5e:10:00:01')).toEqual([at9]);
    expect(await serials('component=hb2')).toEqual([serialOf(8)]);
    expect(await serials('component=HB1')).toEqual([]);
    const parts = (await get(`/miners/${serialOf(8)}/components`)).items as object[];
    expect(parts).toMatchObject([
      { kind: 'hashboard', value: 'HB1', elsewhere: [] },
      { kind: 'hashboard', value: 'HB2', elsewhere: [] },
    ]);
    expect(parts[0]).toHaveProperty('to');
    expect(parts[0]).not.toHaveProperty('from');
    expect(parts[1]).not.toHaveProperty('to');
    const macs = (await get(`/miners/${at10}/components`)).items as { from: string }[];
    expect(macs).toMatchObject([
      { value: '02:00:5E:10:00:01', to: macs[1]!.from, elsewhere: [{ serial: at9 }] },
      { value: '02:00:5E:10:00:02', elsewhere: [] },
    ]);
    expect(macs[1]).not.toHaveProperty('to');
    expect(await room.call('GET', '/miners/NOBODY001/components')).toMatchObject({ status: 404 });
    expect(await room.call('GET', '/miners?mac=whatever')).toMatchObject({ status: 400 });
  });

  it('list where it was, also at a vendor', async () => {
    const moves = (await get('/moves')).items as object[];
    expect(moves).toContainEqual(
      expect.objectContaining({
        kind: 'sentToVendor',
        from: { kind: 'storage', facility: 'DENTON' },
        to: { kind: 'vendor', facility: 'DENTON', vendor: 'Bitmain Care' },
      }),
    );
  });
});
