import { deriveId } from '@hostledger/eventsourcing';
import { moveMiners } from '../process/move.js';
import { at, contextOf, serialOf, setUpFloor, slot } from '../process/moves.fixture.js';
import { carryOutDue, setUpRackAtPecos } from '../process/relocation.fixture.js';
import { FleetRoutes } from './routes.fixture.js';

// Relocation plans from their routes to their read model; the token is `subject:role`.

const room = new FleetRoutes();
const { streams, store } = room;

beforeAll(async () => {
  await room.open();
  await setUpFloor(store, { A1: 8, B1: 8 }, 4);
  await setUpRackAtPecos(store, 'P1', 8);
  const orders = [1, 2, 3].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
  logPosition = String(await streams.head());
});

afterAll(() => room.close());

const call = (
  method: 'GET' | 'POST',
  url: string,
  payload?: object | string,
  headers?: Record<string, string>,
) => room.call(method, `/relocation-plans${url}`, payload, headers);
const post = (url: string, payload: object | string = {}, headers?: Record<string, string>) =>
  call('POST', url, payload, headers);
const bob = { authorization: 'Bearer bob:commercial' };
const csv = { 'content-type': 'text/csv' };
const about = '?reference=HALVING-1&cause=Halving';

const upload = [
  'serial,facility,rack,slot',
  'miner0001,DENTON,B1,1',
  'MINER0002,DENTON,B1,2',
  'MINER0003,DENTON,B1,99',
].join('\n');
let relocationId: string;
let logPosition: string;

describe('a plan', () => {
  it('is refused as a whole when one of its lines is invalid', async () => {
    const before = streams.log.length;
    const line = { serial: 'MINER0001', facility: 'DENTON', rack: 'B1', slot: 1 };
    const form = await post(about, { lines: [line, { ...line, slot: 0 }] });
    expect(form).toMatchObject({ status: 422, body: { code: 'upload/lines-invalid' } });
    const twice = await post(about, { lines: [line, { ...line, slot: 2 }] });
    expect(twice.body.errors).toMatchObject([{ line: 2, code: 'move/miner-twice' }]);
    const crowded = await post(about, { lines: [line, { ...line, serial: 'MINER0002' }] });
    expect(crowded.body.errors).toMatchObject([{ line: 2, code: 'relocation/slot-twice' }]);
    expect(streams.log).toHaveLength(before);
  });

  it('needs a cause, and a currency for its amounts', async () => {
    const nameless = await post('?reference=X', upload, csv);
    expect(nameless).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cause' }] } });
    const amounts = await post(`${about}&movingCost=12.50`, upload, csv);
    expect(amounts).toMatchObject({ status: 400, body: { errors: [{ pointer: '/currency' }] } });
  });

  it('is not computed from what nobody has recorded yet', async () => {
    const before = streams.log.length;
    const ahead = await post(`${about}&logPosition=99999999999999999999`, upload, csv);
    expect(ahead).toMatchObject({
      status: 422,
      body: { code: 'relocation/log-position-ahead', errors: [{ pointer: '/logPosition' }] },
    });
    expect(streams.log).toHaveLength(before);
  });

  it('is recorded with what it was computed from, once', async () => {
    const url = `${about}&logPosition=${logPosition}&currency=USD&movingCost=12.50&notes=See+memo&holdHours=24`;
    const key = { 'idempotency-key': 'plan-1', ...csv };
    const { status, headers, body } = await post(url, upload, key);
    expect({ status, body }).toMatchObject({ status: 202, body: { moves: 3 } });
    relocationId = String(body.relocationId);
    expect(headers.location).toBe(`/v1/relocation-plans/${relocationId}`);
    const again = await post(url, upload, key);
    expect(again).toMatchObject({ status: 202, body, headers: { 'idempotent-replayed': 'true' } });
    const other = await post(url, `${upload}\n`, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'request/idempotency-key-reused' } });
    const planned = streams.events(`relocation-${relocationId}`).at(-1);
    expect(planned).toMatchObject({
      type: 'RelocationPlanned',
      data: {
        plannedBy: 'ana',
        logPosition,
        holdHours: 24,
        economics: { currency: 'USD', movingCost: '12.50' },
        destinations: [{ facility: 'DENTON', moves: 3 }],
      },
    });
  });

  it('is approved by another subject, and carried out', async () => {
    const approval = `/${relocationId}/approval`;
    const own = await post(approval);
    expect(own).toMatchObject({ status: 403, body: { code: 'relocation/own-plan' } });
    const unknown = await post(`/${deriveId('?')}/approval`, {}, bob);
    expect(unknown).toMatchObject({ status: 404, body: { code: 'relocation/unknown' } });
    const { status, body } = await post(approval, {}, bob);
    expect({ status, body }).toMatchObject({ status: 200, body: { relocationId, moves: 3 } });
    const inTime = new Date(Date.parse(String(body.heldUntil)) - 1).toISOString();
    await carryOutDue(store, streams, streams.log, inTime);
  });

  it('is called off with a cause', async () => {
    const { body } = await post(about, upload, csv);
    const cancellation = `/${String(body.relocationId)}/cancellation`;
    const causeless = await post(cancellation);
    expect(causeless).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cause' }] } });
    const called = await post(cancellation, { cause: 'Prices rose' });
    expect(called).toMatchObject({ status: 200, body: { completed: 0, aborted: 0 } });
    const late = await post(`/${String(body.relocationId)}/approval`, {}, bob);
    expect(late).toMatchObject({ status: 409, body: { code: 'relocation/cancelled' } });
    const over = await post(`/${relocationId}/cancellation`, { cause: 'Too late' });
    expect(over).toMatchObject({ status: 409, body: { code: 'relocation/completed' } });
  });
});

describe('machines that go to another facility', () => {
  const to = (number: number) => ({
    serial: serialOf(number),
    facility: 'PECOS',
    rack: 'P1',
    slot: number,
  });
  let id: string;

  /** Resolves to the codes of the lines refused. */
  const perform = async (operationId: string): Promise<unknown[]> =>
    (await room.perform({ body: { operationId } })).map(({ code }) => code);

  it('leave under an approved plan only', async () => {
    const { body } = await post(about, { lines: [to(3), to(4)] });
    id = String(body.relocationId);
    const lines = [{ serial: serialOf(3) }];
    const early = await post(`/${id}/departures`, { lines });
    expect(early).toMatchObject({ status: 409, body: { code: 'relocation/not-approved' } });
    const unknown = await post(`/${deriveId('?')}/departures`, { lines });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'relocation/unknown' } });
    const approval = await post(`/${id}/approval`, {}, bob);
    const inTime = Date.parse(String(approval.body.heldUntil)) - 1;
    await carryOutDue(store, streams, streams.log, new Date(inTime).toISOString());
    expect(streams.events(`relocation-${id}`).at(-1)).toMatchObject({ type: 'MovesReserved' });
  });

  it('are reported as they leave and arrive, each line for itself', async () => {
    const serials = `serial\n${serialOf(3)}\n${serialOf(2)}\n${serialOf(3)}\n`;
    const left = await post(`/${id}/departures`, serials, csv);
    expect(left).toMatchObject({ status: 202, body: { accepted: 2, rejected: 1 } });
    expect(await perform(String(left.body.operationId))).toEqual(['relocation/miner-not-planned']);
    const lines = [{ serial: serialOf(3) }, { serial: serialOf(4), facility: 'PECOS' }];
    const came = await post(`/${id}/arrivals`, { lines });
    expect(came).toMatchObject({ status: 202, body: { accepted: 2, rejected: 0 } });
    expect(await perform(String(came.body.operationId))).toEqual(['relocation/not-departed']);
    const commercial = await post(`/${id}/arrivals`, { lines }, bob);
    expect(commercial.status).toBe(403);
  });
});

describe('the plans', () => {
  beforeAll(() => room.fillReadModels());

  it('are listed, the latest first, by status', async () => {
    const { body } = await call('GET', '');
    expect(body.items).toMatchObject([
      { status: 'approved', moves: 2, reserved: 1, completed: 1, arrived: 1 },
      { status: 'cancelled' },
      { relocationId },
    ]);
    const completed = await call('GET', '?status=completed');
    expect(completed.body.items).toMatchObject([{ relocationId }]);
    const named = await call('GET', '?reference=HALVING-1&status=completed');
    expect(named.body.items).toHaveLength(1);
    expect((await call('GET', '?reference=HALVING-2')).body.items).toEqual([]);
    const there = await call('GET', '?facility=PECOS');
    expect(there.body.items).toMatchObject([{ status: 'approved' }]);
  });

  it('are compared with what became of them', async () => {
    const { status, headers, body } = await call('GET', `/${relocationId}`);
    expect(status).toBe(200);
    expect(headers.etag).toMatch(/^"\d+"$/);
    expect(body).toMatchObject({
      reference: 'HALVING-1',
      status: 'completed',
      moves: 3,
      planned: 0,
      reserved: 0,
      departed: 0,
      diverted: 0,
      completed: 2,
      aborted: 1,
      arrived: 0,
      plannedBy: 'ana',
      approvedBy: 'bob',
      economics: { currency: 'USD', movingCost: '12.50' },
      notes: 'See memo',
    });
    const unknown = await call('GET', `/${deriveId('?')}`);
    expect(unknown).toMatchObject({ status: 404, body: { code: 'relocation/unknown' } });
  });

  it('tell of each move how far it is, by state and page', async () => {
    const moves = `/${relocationId}/moves`;
    const first = await call('GET', `${moves}?limit=2`);
    expect(first.body.items).toMatchObject([
      { move: 1, serial: 'MINER0001', state: 'completed', to: { rack: 'B1', slot: 1 } },
      { move: 2, state: 'completed' },
    ]);
    const second = await call('GET', `${moves}?limit=2&cursor=${String(first.body.nextCursor)}`);
    expect(second.body.items).toMatchObject([{ move: 3 }]);
    const aborted = await call('GET', `${moves}?state=aborted`);
    expect(aborted.body.items).toMatchObject([{ move: 3, code: 'rack/slot-unknown' }]);
    expect((await call('GET', `${moves}?state=lost`)).status).toBe(400);
    const own = await call('GET', `${moves}?serial=miner0002`);
    expect(own.body.items).toMatchObject([{ move: 2 }]);
    const ended = await call('GET', `${moves}?serial=miner0002&state=aborted`);
    expect(ended.body.items).toEqual([]);
    expect(await call('GET', `/${deriveId('?')}/moves`)).toMatchObject({
      status: 404,
      body: { code: 'relocation/unknown' },
    });
  });

  it('are named where their machines were on the road', async () => {
    const { body } = await room.call('GET', `/moves?serial=${serialOf(3)}`);
    const moves = body.items as { kind: string }[];
    const plan = (await call('GET', '?facility=PECOS')).body.items as { relocationId: string }[];
    const { relocationId: sentBy } = plan[0]!;
    const road = { kind: 'transit', facility: 'PECOS', from: 'DENTON', relocationId: sentBy };
    expect(moves.find(({ kind }) => kind === 'departure')).toMatchObject({ to: road });
    expect(moves.find(({ kind }) => kind === 'arrival')).toMatchObject({ from: road });
  });
});
