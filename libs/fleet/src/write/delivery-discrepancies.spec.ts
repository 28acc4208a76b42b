import { contractAggregate, type ContractCommand } from '@hostledger/contracts';
import { deriveId } from '@hostledger/eventsourcing';
import { rackAggregate, rackId, type RackCommand } from '@hostledger/sites';
import { contractId, setUpContract } from '../process/delivery.fixture.js';
import { at, contextOf, itemsIn } from '../process/moves.fixture.js';
import { openGrants } from '../process/power-profile.js';
import {
  deliveryAmendmentsProcess,
  unreportedAmendments,
  type UnreportedAmendment,
} from '../process/report-delivery.js';
import { FleetRoutes } from './routes.fixture.js';

// Discrepancies from their routes to their read models.

const room = new FleetRoutes();
const { streams, store } = room;

beforeAll(async () => {
  await room.open();
  await setUpContract(store);
});

afterAll(() => room.close());

const call = (...asked: Parameters<typeof room.call>) => room.call(...asked);
const perform = (answer: { body: Record<string, unknown> }) => room.perform(answer);

const manifest = [
  'serial,model,condition',
  'HKYDD0001,S19JXP-151,ok',
  'HKYDD0002,S21-200,ok',
  'HKYDD0003,S19JXP-151,damaged',
  'HKYDD0004,S19JXP-151,missing',
  'HKYDD0001,S19JXP-151,ok',
].join('\n');
let path: string;

const resolve = (discrepancyId: string, body: object, headers = {}) =>
  call('POST', `${path}/discrepancies/${discrepancyId}/resolution`, body, headers);
const reason = 'Agreed with the supplier';

describe('an inspection', () => {
  it('waits until every line was received', async () => {
    const about = `contractId=${contractId}&facility=DENTON&reference=B1`;
    const url = `/deliveries?${about}&contractedHashrateGhs=820000`;
    const delivered = await call('POST', url, manifest);
    expect(delivered).toMatchObject({ status: 202, body: { accepted: 4, rejected: 1 } });
    path = `/deliveries/${String(delivered.body.deliveryId)}`;
    const early = await call('POST', `${path}/inspections`, 'serial\nHKYDD0001\n');
    expect(early).toMatchObject({ status: 409, body: { code: 'delivery/still-receiving' } });
    const nowhere = `/deliveries/${deriveId('?')}/inspections`;
    expect(await call('POST', nowhere, 'serial\nHKYDD0001\n')).toMatchObject({
      status: 404,
      body: { code: 'delivery/unknown' },
    });
    await perform(delivered);
  });

  it('accepts what is good, and notes what is not', async () => {
    const found = [
      'serial,condition,model',
      'hkydd0001,ok,s19jxp-151',
      'HKYDD0002,ok,T21-190',
      'HKYDD0004,ok,',
      'HKYDD0099,ok,S21-200',
      'HKYDD0003,ok,S99',
    ].join('\n');
    const started = await call('POST', `${path}/inspections`, found);
    expect(started).toMatchObject({ status: 202, body: { accepted: 4, rejected: 1 } });
    expect(await perform(started)).toMatchObject([{ line: 4, code: 'delivery/line-not-received' }]);
    const events = streams.events(path.replace('/deliveries/', 'delivery-'));
    expect(events.slice(-4)).toMatchObject([
      { type: 'DiscrepancyRaised', data: { line: 3, kind: 'wrongModel' } },
      { type: 'DiscrepancyRaised', data: { line: 0, kind: 'unexpected', serial: 'HKYDD0099' } },
      { type: 'LinesInspected', data: { lines: [2] } },
      { type: 'DeliveryRecounted', data: { received: 3, missing: 1, refused: 1, accepted: 1 } },
    ]);
  });
});

describe('a discrepancy', () => {
  it('is refused another way than its kind allows', async () => {
    const code = async (id: string, body: object) => (await resolve(id, { reason, ...body })).body;
    expect(await code('9-missing', { resolution: 'credited' })).toMatchObject({
      code: 'delivery/discrepancy-unknown',
      status: 404,
    });
    expect(await code('5-missing', { resolution: 'accepted' })).toMatchObject({
      code: 'delivery/resolution-not-possible',
      possible: ['arrivedLate', 'corrected', 'credited'],
    });
    expect(await code('6-duplicateInManifest', { resolution: 'corrected' })).toMatchObject({
      code: 'delivery/machine-not-named',
      errors: [{ pointer: '/serial' }],
    });
    const otherMachine = { resolution: 'arrivedLate', serial: 'HKYDD0007' };
    expect(await code('5-missing', otherMachine)).toMatchObject({
      code: 'delivery/serial-differs',
    });
    const sentBack = { resolution: 'returned', serial: 'HKYDD0002' };
    expect(await code('4-damaged', sentBack)).toMatchObject({
      code: 'delivery/serial-differs',
      errors: [{ pointer: '/serial' }],
    });
    const model = { resolution: 'corrected', serial: 'HKYDD0006', model: 'S99' };
    expect(await code('6-duplicateInManifest', model)).toMatchObject({ code: 'model/unknown' });
    expect(await code('5-missing', { resolution: 'lost' })).toMatchObject({
      code: 'request/invalid',
    });
    expect((await resolve('5-missing', { resolution: 'credited' })).body).toMatchObject({
      errors: [{ pointer: '/reason' }],
    });
  });

  it('is settled once, however often it is asked for', async () => {
    const key = { 'idempotency-key': 'late-1' };
    const late = { resolution: 'arrivedLate', reason };
    const first = await resolve('5-missing', late, key);
    expect(first).toMatchObject({
      status: 200,
      body: { discrepancyId: '5-missing', received: 4, missing: 0, refused: 1, accepted: 2 },
    });
    const again = await resolve('5-missing', late, key);
    expect(again).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
    const other = await resolve('5-missing', { resolution: 'credited', reason });
    expect(other).toMatchObject({ status: 409, body: { code: 'delivery/discrepancy-resolved' } });
    expect(streams.events('miner-HKYDD0004')).toMatchObject([
      { type: 'MinerReceived', data: { line: 5, model: 'S19JXP-151' } },
    ]);
  });

  it('stays open when the machine that is named for it lives already', async () => {
    const wrong = { resolution: 'corrected', reason, serial: 'HKYDD0002', model: 'S19JXP-151' };
    expect(await resolve('6-duplicateInManifest', wrong)).toMatchObject({
      status: 409,
      body: { code: 'miner/duplicate-serial' },
    });
    const right = { ...wrong, serial: 'HKYDD0006' };
    expect(await resolve('6-duplicateInManifest', right)).toMatchObject({
      status: 200,
      body: { received: 5, missing: 0, refused: 0 },
    });
  });

  it('cannot be settled by sending back a machine that stands in a slot', async () => {
    const rack = { facility: 'DENTON', rack: 'A1', slotCount: 4, powerLimitWatts: 10_000 };
    const commission = { type: 'CommissionRack', data: rack, at } as const;
    await store.handle(rackAggregate, rackId('DENTON', 'A1'), commission, contextOf('rack'));
    const slot = { facility: 'DENTON', rack: 'A1', slot: 1 };
    await call('POST', '/miners/HKYDD0002/installation', slot);
    expect(await resolve('3-wrongModel', { resolution: 'returned', reason })).toMatchObject({
      status: 409,
      body: { code: 'miner/not-in-storage' },
    });
  });

  it('of a wrong model is settled as what the machine was received as, or found to be', async () => {
    const code = async (id: string, body: object) => (await resolve(id, { reason, ...body })).body;
    const differs = { code: 'delivery/model-differs', errors: [{ pointer: '/model' }] };
    const asFound = { resolution: 'corrected', model: 'T21-190' };
    expect(await code('3-wrongModel', asFound)).toMatchObject(differs);
    const asReceived = { resolution: 'accepted', model: 'S21-200' };
    expect(await code('3-wrongModel', asReceived)).toMatchObject(differs);
    expect(await code('4-damaged', { resolution: 'corrected', model: 'S21-200' })).toMatchObject(
      differs,
    );
  });

  it('of a wrong model stays open when the rack has no watts for the model it is', async () => {
    const derate = { powerLimitWatts: 3_500, cause: 'heat' };
    const rackOf = (type: 'DerateRack' | 'RestoreRack', data: object) =>
      store.handle(
        rackAggregate,
        rackId('DENTON', 'A1'),
        { type, data, at } as RackCommand,
        contextOf(type),
      );
    await rackOf('DerateRack', derate);
    expect(await resolve('3-wrongModel', { resolution: 'accepted', reason })).toMatchObject({
      status: 409,
      body: { code: 'rack/power-exceeded' },
    });
    expect(streams.events('miner-HKYDD0002').at(-1)).toMatchObject({ type: 'MinerInstalled' });
    await rackOf('RestoreRack', {});
  });

  it('settled after the reconciliation amends the numbers', async () => {
    const reconciled = await call('POST', `${path}/reconciliation`, {});
    expect(reconciled.body).toMatchObject({ lines: 5, received: 5, missing: 0, refused: 0 });
    const settled = [
      'discrepancyId,resolution,reason,serial,model',
      `HKYDD0099-unexpected,accepted,${reason},,`,
      `3-wrongModel,credited,${reason},,`,
      `4-damaged,returned,${reason},,`,
      `4-damaged,accepted,${reason},,`,
      `5-missing,arrivedLate,${reason},,`,
    ].join('\n');
    const started = await call('POST', `${path}/discrepancies/resolutions`, settled);
    expect(started).toMatchObject({ status: 202, body: { accepted: 5, rejected: 0 } });
    expect(await perform(started)).toMatchObject([
      { line: 5, code: 'delivery/discrepancy-resolved' },
    ]);
    const amended = streams
      .events(path.replace('/deliveries/', 'delivery-'))
      .filter(({ type }) => type === 'DeliveryAmended');
    expect(amended.map(({ data }) => data)).toMatchObject([
      { amendment: 1, received: 4, refused: 1, returned: 1, accepted: 4, extra: 1 },
    ]);
    // The contract follows to the last of them, once.
    for (let round = 0; round < 2; round += 1) {
      for (const item of itemsIn<UnreportedAmendment>(unreportedAmendments, streams.log)) {
        const act = { at, signal: new AbortController().signal };
        await deliveryAmendmentsProcess(store).perform(item, act);
      }
    }
    const followed = streams
      .events(`hostingContract-${contractId}`)
      .filter(({ type }) => type === 'DeliveredMinersAmended');
    expect(followed.map(({ data }) => data)).toMatchObject([
      { amendment: 1, accepted: 4, extra: 1, change: { units: 0 } },
    ]);
    // The machine is what it was found to be, in its rack as well.
    expect(streams.events('miner-HKYDD0002').at(-1)).toMatchObject({
      type: 'ModelCorrected',
      data: { fromModel: 'S21-200', model: 'T21-190', fromWatts: 3_500, powerWatts: 3_610 },
    });
    const { state } = await store.load(rackAggregate, rackId('DENTON', 'A1'), { fresh: true });
    expect(state).toMatchObject({ powerWattsInUse: 3_610 });
    expect(itemsIn(openGrants, streams.log)).toEqual([]);
    // What was sent back is no part of the fleet any more.
    expect(streams.events('miner-HKYDD0003').at(-1)).toMatchObject({
      type: 'MinerRetired',
      data: { cause: 'returned', from: { kind: 'storage', facility: 'DENTON' } },
    });
  });
});

describe('the read models', () => {
  beforeAll(() => room.fillReadModels());
  const hashrate = {
    contracted: 820_000,
    received: 3 * 151_000 + 190_000,
    accepted: 3 * 151_000 + 190_000,
    extra: 200_000,
    waived: 10_000,
    outstanding: 820_000 - 643_000 - 200_000 - 10_000,
  };

  it('tell what is owed and what came as different numbers', async () => {
    const { body } = await call('GET', path);
    expect(body).toMatchObject({
      lines: 5,
      received: 4,
      missing: 0,
      refused: 1,
      accepted: 4,
      returned: 1,
      extra: 1,
      hashrate,
      openDiscrepancies: 0,
      discrepancies: 5,
      amendments: 1,
    });
    expect(body.discrepanciesByKind).toContainEqual({ kind: 'damaged', open: 0, resolved: 1 });
    expect(body.announcedByModel).toMatchObject([{ units: 3 }, { model: 'S21-200', units: 1 }]);
    expect((await call('GET', `/contracts/${contractId}/delivered`)).body).toEqual({
      contractId,
      deliveries: 1,
      reconciled: 1,
      announced: 5,
      received: 4,
      missing: 0,
      refused: 1,
      accepted: 4,
      returned: 1,
      extra: 1,
      openDiscrepancies: 0,
      hashrate,
    });
  });

  it('show the machine as the model that it was found to be', async () => {
    const shown = { model: 'T21-190', powerWatts: 3_610, hashrateGhs: 190_000 };
    expect((await call('GET', '/miners/HKYDD0002')).body).toMatchObject(shown);
    const { items } = (await call('GET', '/fleet/mix?state=installed')).body;
    expect(items).toMatchObject([{ model: 'T21-190', units: 1 }]);
  });

  it('reconcile what the orders of the contract name, shipped or not', async () => {
    const agreed = { effectiveOn: '2023-09-25', documentDigest: 'a'.repeat(64), clauses: [] };
    const rateCard = { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' } as const;
    const order = { orderId: deriveId('order'), reference: 'SO-1', units: 10, powerWatts: 50_000 };
    const commands: ContractCommand[] = [
      { type: 'AdoptTerms', data: { ...agreed, rateCard }, at },
      {
        type: 'PlaceOrder',
        data: { ...order, hashrateGhs: 1_500_000, startsOn: '2023-10-01' },
        at,
      },
    ];
    for (const command of commands) {
      await store.handle(contractAggregate, contractId, command, contextOf(`owe ${command.type}`));
    }
    await room.fillReadModels();
    const { body } = await call('GET', `/contracts/${contractId}/delivered`);
    const outstanding = 1_500_000 - hashrate.accepted - hashrate.extra - hashrate.waived;
    expect(body).toMatchObject({
      announced: 5,
      hashrate: { ...hashrate, contracted: 1_500_000, outstanding },
    });
    expect(await call('GET', `/contracts/${deriveId('nobody')}/delivered`)).toMatchObject({
      status: 404,
      body: { code: 'contract/unknown' },
    });
  });

  it('list discrepancies by kind, state and serial, with who settled them and why', async () => {
    const list = async (query: string) =>
      (await call('GET', `${path}/discrepancies?${query}`)).body.items as object[];
    expect(await list('kind=damaged')).toMatchObject([
      {
        discrepancyId: '4-damaged',
        line: 4,
        status: 'resolved',
        resolution: 'returned',
        resolvedBy: 'ana',
        reason,
      },
    ]);
    expect(await list('serial=hkydd0099')).toMatchObject([
      { line: 0, kind: 'unexpected', foundModel: 'S21-200', settledSerial: 'HKYDD0099' },
    ]);
    expect(await list('status=open')).toEqual([]);
    const first = await call('GET', `${path}/discrepancies?limit=2`);
    const rest = await list(`limit=10&cursor=${String(first.body.nextCursor)}`);
    expect((first.body.items as object[]).length + rest.length).toBe(5);
    expect(await call('GET', `${path}/discrepancies?kind=lost`)).toMatchObject({ status: 400 });
  });

  it('find deliveries by whether anything is left to settle', async () => {
    const items = async (open: string) =>
      (await call('GET', `/deliveries?openDiscrepancies=${open}`)).body.items as object[];
    expect(await items('true')).toEqual([]);
    expect(await items('false')).toHaveLength(1);
  });
});
