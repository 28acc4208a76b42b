import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AUTHENTICATORS, configureHttp, DENIAL_OBSERVER, fastifyAdapter } from '@hostledger/http';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { operationsProcess } from '@hostledger/operations';
import { FleetApiModule, fleetBulkKinds, fleetProjections } from '../index.js';
import { moveMiners } from '../process/move.js';
import { at, contextOf, serialOf, setUpFloor, slot } from '../process/moves.fixture.js';
import { carryOutDue, setUpRackAtPecos } from '../process/relocation.fixture.js';

// Relocation plans from their routes to their read model; the token is `subject:role`.

const streams = new InMemoryStreams();
const store = new AggregateStore(streams);
let app: NestFastifyApplication;
let readModels: Pick<ReadModels, 'read'>;
const closings: (() => Promise<unknown>)[] = [];

class Surroundings {}

type Asked = Parameters<ReadModels['read']>;

beforeAll(async () => {
  const authenticate = (token: string) => {
    const [subject = '', role] = token.split(':');
    return Promise.resolve({ subject, roles: [role] as never });
  };
  const surroundings = [
    { provide: AggregateStore, useValue: store },
    { provide: ReadModels, useValue: { read: (...asked: Asked) => readModels.read(...asked) } },
    { provide: AUTHENTICATORS, useValue: [{ authenticate }] },
    { provide: DENIAL_OBSERVER, useValue: () => undefined },
  ];
  const built = await Test.createTestingModule({
    imports: [
      CqrsModule.forRoot(),
      { module: Surroundings, global: true, providers: surroundings, exports: surroundings },
      FleetApiModule,
    ],
  }).compile();
  app = built.createNestApplication<NestFastifyApplication>(fastifyAdapter(), {
    bodyParser: false,
    logger: false,
  });
  await configureHttp(app, { requestsPerMinute: 0 });
  await app.init();
  closings.push(() => app.close());
  await setUpFloor(store, { A1: 8, B1: 8 }, 4);
  await setUpRackAtPecos(store, 'P1', 8);
  const orders = [1, 2, 3].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
});

afterAll(async () => {
  for (const close of closings) await close();
});

const call = async (
  method: 'GET' | 'POST',
  url: string,
  payload?: object | string,
  headers: Record<string, string> = {},
) => {
  const sent = { method, url: `/v1/relocation-plans${url}`, payload };
  const answer = await app.inject({
    ...sent,
    headers: { authorization: 'Bearer ana:operator', ...headers },
  });
  const body = answer.json<Record<string, unknown>>();
  return { status: answer.statusCode, headers: answer.headers, body };
};
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

  it('is recorded with what it was computed from, once', async () => {
    const url = `${about}&logPosition=4711&currency=USD&movingCost=12.50&notes=See+memo&holdHours=24`;
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
        logPosition: '4711',
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

  /** As the worker does it; resolves to the codes of the lines refused. */
  const perform = async (operationId: string): Promise<unknown[]> => {
    const worker = operationsProcess(store, streams, fleetBulkKinds(store, streams));
    const events = streams.events(`operation-${operationId}`);
    const started = events.find(({ type }) => type === 'OperationStarted');
    const { kind } = started!.data as { kind: string };
    const item = { item_id: operationId, kind, due_at: at, cause_id: 'e', correlation_id: 'c' };
    await worker.perform(item, { at, signal: new AbortController().signal });
    return streams
      .events(`operation-${operationId}`)
      .filter(({ type }) => type === 'OperationChunkDone')
      .flatMap(({ data }) => (data as { rejected: { code: string }[] }).rejected)
      .map(({ code }) => code);
  };

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
  beforeAll(async () => {
    const filled = await readModelsOf(fleetProjections, streams.log);
    ({ readModels } = filled);
    closings.push(filled.close);
  });

  it('are listed, the latest first, by status', async () => {
    const { body } = await call('GET', '');
    expect(body.items).toMatchObject([
      { status: 'approved', moves: 2, reserved: 1, completed: 1, arrived: 1 },
      { status: 'cancelled' },
      { relocationId },
    ]);
    const completed = await call('GET', '?status=completed');
    expect(completed.body.items).toMatchObject([{ relocationId }]);
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
  });
});
