import { contractAggregate, type ContractCommand } from '@hostledger/contracts';
import { requestClock } from '@hostledger/http';
import { facilityAggregate, rackAggregate, rackId, type FacilityCommand } from '@hostledger/sites';
import { contractId, setUpContract } from '../process/delivery.fixture.js';
import { moveMiners } from '../process/move.js';
import { at, contextOf, itemsIn, serialOf, setUpFloor, slot } from '../process/moves.fixture.js';
import { openGrants, powerProfilesProcess, type OpenGrant } from '../process/power-profile.js';
import { FleetRoutes } from './routes.fixture.js';

// Acts that are recorded the morning after: eight machines in slots since the day before, two stored.

const INSTALLED_AT = at;
const EVENING = '2023-10-02T20:00:00.000Z';
const NOW = '2023-10-03T09:00:00.000Z';

const room = new FleetRoutes();
const { streams, store } = room;
const realNow = requestClock.now;

const post = (url: string, body: object | string = {}, headers: Record<string, string> = {}) =>
  room.call('POST', url, body, headers);
const energize = (n: number, body: object, headers: Record<string, string> = {}) =>
  post(`/miners/${serialOf(n)}/energization`, body, headers);
const deenergize = (n: number, body: object) => post(`/miners/${serialOf(n)}/deenergization`, body);

const lastOf = (n: number) =>
  streams.log.findLast(({ stream }) => stream === `miner-${serialOf(n)}`)!;
/** Type and time of the last event. */
const last = (n: number): string[] => [lastOf(n).type, lastOf(n).metadata.occurredAt];

const inUse = async () => {
  const { state } = await store.load(rackAggregate, rackId('DENTON', 'A1'), { fresh: true });
  return state.status === 'commissioned' ? state.powerWattsInUse : undefined;
};

const onContract = async (...commands: ContractCommand[]): Promise<void> => {
  for (const command of commands) {
    await store.handle(contractAggregate, contractId, command, contextOf(JSON.stringify(command)));
  }
};

beforeAll(async () => {
  await room.open();
  await setUpContract(store);
  await setUpFloor(store, { A1: 8 }, 10, contractId);
  await onContract({ type: 'ActivateContract', data: { activatedOn: '2023-10-01' }, at });
  const orders = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ({
    serial: serialOf(number),
    to: slot('A1', number),
    context: contextOf(`before ${number}`),
  }));
  await moveMiners(store, 'installation', orders, { context: contextOf('before'), now: at });
  requestClock.now = () => NOW;
});

afterAll(async () => {
  requestClock.now = realNow;
  await room.close();
});

describe('power that was switched the evening before', () => {
  it('is drawn from then on', async () => {
    const headers = { 'idempotency-key': 'on-1' };
    const done = await energize(1, { occurredAt: EVENING }, headers);
    expect(done).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(last(1)).toEqual(['MinerEnergized', EVENING]);
    expect(lastOf(1).data).not.toHaveProperty('occurredAt');
    expect(await energize(1, { occurredAt: EVENING }, headers)).toMatchObject({
      status: 200,
      headers: { 'idempotent-replayed': 'true' },
    });
  });

  it('is drawn from now on where nothing is said', async () => {
    await energize(2, {});
    expect(last(2)).toEqual(['MinerEnergized', NOW]);
  });

  it('was not switched before the last that is known, in the future, or too long ago', async () => {
    const refusals = [
      [3, '2023-10-02T07:59:59.999Z', 409, 'request/occurred-before-latest'],
      [2, EVENING, 409, 'request/occurred-before-latest'],
      [3, '2023-10-03T09:00:00.001Z', 422, 'request/occurred-in-future'],
      [3, '2023-08-02T08:59:59.999Z', 422, 'request/occurred-too-long-ago'],
      [3, '2023-10-03T04:00:00+02:00', 400, 'request/invalid'],
      [3, '2023-10-02', 400, 'request/invalid'],
    ] as const;
    for (const [n, occurredAt, status, code] of refusals) {
      const errors = [{ pointer: '/occurredAt' }];
      expect(await energize(n, { occurredAt })).toMatchObject({ status, body: { code, errors } });
    }
    expect(last(3)).toEqual(['MinerInstalled', INSTALLED_AT]);
    expect(await energize(3, { occurredAt: INSTALLED_AT })).toMatchObject({ status: 200 });
  });

  it('was switched for many, each line by itself', async () => {
    const lines = [
      'serial,occurredAt',
      `${serialOf(4)},${EVENING}`,
      `${serialOf(5)},`,
      `${serialOf(6)},2023-10-02T07:00:00.000Z`,
      `${serialOf(7)},yesterday`,
      `${serialOf(8)},2023-10-03T10:00:00.000Z`,
      `${serialOf(2)},${EVENING}`,
    ].join('\n');
    const sent = await post('/energizations', lines);
    expect(sent.body).toMatchObject({ accepted: 5, rejected: 1 });
    expect(await room.perform(sent)).toMatchObject([
      { line: 4, code: 'request/occurred-before-latest' },
      { line: 6, code: 'request/occurred-in-future' },
      { line: 7, code: 'request/occurred-before-latest' },
    ]);
    expect(last(4)).toEqual(['MinerEnergized', EVENING]);
    expect(last(5)).toEqual(['MinerEnergized', NOW]);
    const off = { lines: [{ serial: serialOf(4), cause: 'fault', occurredAt: NOW }] };
    expect(await room.perform(await post('/deenergizations', off))).toEqual([]);
    expect(last(4)).toEqual(['MinerDeenergized', NOW]);
  });

  it('is not dated before what was recorded while its upload waited', async () => {
    const sent = await post('/energizations', `serial\n${serialOf(6)}`);
    requestClock.now = () => '2023-10-03T09:05:00.000Z';
    await energize(6, {});
    await deenergize(6, { cause: 'fault' });
    expect(await room.perform(sent)).toEqual([]);
    expect(last(6)).toEqual(['MinerEnergized', '2023-10-03T09:05:00.000Z']);
    requestClock.now = () => NOW;
  });
});

describe('a curtailment that is over', () => {
  const from = '2023-10-02T22:00:00.000Z';
  const endedAt = '2023-10-03T02:00:00.000Z';

  beforeAll(async () => {
    const racks = [{ rack: 'A1', slotCount: 8, powerLimitWatts: 8 }];
    const about = { curtailmentId: 'c-1', scope: { kind: 'racks', racks: ['A1'] }, cause: 'grid' };
    const commands = [
      { type: 'ChangePowerEnvelope', data: { powerEnvelopeWatts: 100, cause: 'built' }, at },
      { type: 'CommitRackPower', data: { facility: 'DENTON', racks }, at },
      { type: 'DeclareCurtailment', data: { ...about, startsAt: from }, at },
      { type: 'EndCurtailment', data: { curtailmentId: 'c-1', endedAt }, at },
    ] as FacilityCommand[];
    for (const command of commands) {
      await store.handle(facilityAggregate, 'DENTON', command, contextOf(command.type));
    }
  });

  it('is the cause of what was switched off during it alone', async () => {
    const why = { cause: 'curtailment', curtailmentId: 'c-1' };
    for (const occurredAt of ['2023-10-02T21:59:59.999Z', endedAt, undefined]) {
      expect(await deenergize(1, { ...why, occurredAt })).toMatchObject({
        status: 422,
        body: { code: 'miner/not-curtailed', errors: [{ pointer: '/curtailmentId' }] },
      });
    }
    expect(await deenergize(1, { ...why, occurredAt: from })).toMatchObject({ status: 200 });
    expect(last(1)).toEqual(['MinerDeenergized', from]);
  });
});

describe('a power profile that was changed the evening before', () => {
  const eco = { profile: 'eco', hashrateGhs: 120_000, powerWatts: 2_400 };
  const change = (n: number, body: object) => post(`/miners/${serialOf(n)}/power-profile`, body);

  it('counts from then on, in storage and in a slot', async () => {
    for (const n of [7, 9]) {
      expect(await change(n, { ...eco, occurredAt: EVENING })).toMatchObject({ status: 200 });
      expect(last(n)).toEqual(['PowerProfileChanged', EVENING]);
    }
    expect(itemsIn(openGrants, streams.log)).toEqual([]);
    const { profile, hashrateGhs, powerWatts } = eco;
    const line = `${serialOf(10)},${profile},${hashrateGhs},${powerWatts},${EVENING}`;
    const lines = `serial,profile,hashrateGhs,powerWatts,occurredAt\n${line}`;
    expect(await room.perform(await post('/power-profiles', lines))).toEqual([]);
    expect(last(10)).toEqual(['PowerProfileChanged', EVENING]);
  });

  it('is refused before the rack is asked where something later is known', async () => {
    const before = await inUse();
    for (const n of [2, 9]) {
      expect(await change(n, { ...eco, powerWatts: 2_000, occurredAt: at })).toMatchObject({
        status: 409,
        body: { code: 'request/occurred-before-latest' },
      });
    }
    expect(await inUse()).toBe(before);
  });

  it('counts from then on although a crash left it to be finished', async () => {
    streams.failFrom(2, 'before');
    const died = await change(8, { ...eco, occurredAt: EVENING });
    expect(died).toMatchObject({ status: 503 });
    streams.heal();
    expect(last(8)).toEqual(['MinerInstalled', INSTALLED_AT]);
    const [item] = itemsIn<OpenGrant>(openGrants, streams.log);
    const act = { at: '2023-10-03T12:00:00.000Z', signal: new AbortController().signal };
    await powerProfilesProcess(store).perform(item!, act);
    expect(last(8)).toEqual(['PowerProfileChanged', EVENING]);
  });
});

it('A machine that drew power before its contract was active needs an override', async () => {
  const today = '2023-10-03';
  await onContract(
    { type: 'SuspendService', data: { suspendedOn: today, cause: 'nonPayment' }, at: NOW },
    { type: 'ResumeService', data: { resumedOn: today }, at: NOW },
  );
  expect(await energize(8, { occurredAt: EVENING })).toMatchObject({
    status: 409,
    body: { code: 'miner/contract-not-active' },
  });
  const override = { approvedBy: 'bob', reason: 'the suspension was lifted' };
  expect(await energize(8, { override, occurredAt: EVENING })).toMatchObject({ status: 200 });
  expect(last(8)).toEqual(['MinerEnergized', EVENING]);
});

it('The mix of a day has what was switched on it, however late that was recorded', async () => {
  await room.fillReadModels();
  const energized = async (on: string) =>
    (await room.call('GET', `/fleet/mix?on=${on}`)).body.total as object;
  // Of that day: 3, 4 and 8; 1 was switched off again. The next one: 2, 3, 5, 6 and 8.
  expect(await energized('2023-10-02')).toMatchObject({ units: 10, energized: { units: 3 } });
  expect(await energized('2023-10-03')).toMatchObject({ units: 10, energized: { units: 5 } });
  const eighth = 120_000;
  const others = 151_000;
  expect(await energized('2023-10-02')).toMatchObject({
    energized: { hashrateGhs: 2 * others + eighth },
  });
});
