import { AggregateStore, StoreUnavailable } from '@hostledger/eventsourcing';
import { until } from '@hostledger/testing';
import { knownMeter } from './meter-facts.js';
import { correctUsage, type ReadingLine } from './meter-readings.js';
import {
  contextOf,
  contractId,
  hour,
  hourly,
  METER,
  MeterHouse,
  setUpMeter,
} from './meters.fixture.js';
import { registerMeter, retireMeter } from './meters.js';

let house: MeterHouse;
beforeEach(async () => {
  house = new MeterHouse();
  await house.open();
});

const upload = async (name: string, lines: readonly ReadingLine[], meterId?: string) =>
  house.perform(await house.upload(name, lines, meterId));

describe('an upload of readings', () => {
  it('takes a month of hours in, whatever their order, in few events', async () => {
    const lines = hourly(0, 720);
    expect(await upload('june', lines.toReversed())).toEqual([]);
    const known = await house.known('2024-06');
    expect(known).toHaveLength(720);
    expect(known.at(-1)).toMatchObject({ until: hour(720), amount: '2500', register: '2800000' });
    expect(house.streams.events(`meterMonth-${METER}.2024-06`)).toHaveLength(4);
    expect(await upload('june again', lines)).toEqual([]);
    expect(house.streams.events(`meterMonth-${METER}.2024-06`)).toHaveLength(4);
  });

  it('names each line that is refused with its rule, and takes the others', async () => {
    const [first, second, third] = hourly(0, 3);
    const told = [
      { ...third!, registerKwh: '999' },
      first!,
      { ...second!, satoshi: '5' },
      { ...second!, from: hour(2), until: hour(2) },
      { from: hour(1), until: hour(2), energyKwh: '2.5' },
      { from: hour(5), until: hour(6), energyKwh: '2.5' },
      { from: hour(0), until: hour(2), energyKwh: '2.5' },
      { ...first!, energyKwh: '2.6' },
      { from: hour(2), until: hour(3), energyKwh: '2.5', estimatedBy: 'nameplate' },
      { from: hour(719), until: hour(721), energyKwh: '5' },
      { from: '2024-04-30T05:00:00.000Z', until: '2024-05-01T05:00:00.000Z', energyKwh: '1' },
      { from: '9999-12-31T00:00:00.000Z', until: '9999-12-31T01:00:00.000Z', energyKwh: '1' },
      { from: '0001-01-01T00:00:00.000Z', until: '0001-01-01T01:00:00.000Z', energyKwh: '1' },
    ];
    const refused = await upload('mixed', told);
    expect(Object.fromEntries(refused.map(({ line, code }) => [line, code]))).toEqual({
      1: 'meter/below-previous',
      3: 'meter/unit-wrong',
      4: 'meter/backwards',
      6: 'meter/gap',
      7: 'meter/overlap',
      8: 'meter/told-otherwise',
      9: 'meter/estimate-not-agreed',
      10: 'meter/across-months',
      11: 'meter/outside-life',
      12: 'meter/not-come',
      13: 'meter/outside-life',
    });
    expect(await house.known('2024-06')).toMatchObject([
      { until: hour(1), register: '1002500', line: 2 },
      { until: hour(2), line: 5 },
    ]);
  });

  it('estimates from the day on that the terms say so', async () => {
    const guess = (day: number) => ({
      from: hour(24 * (day - 1)),
      until: hour(24 * day),
      energyKwh: '60',
      estimatedBy: 'nameplate',
    });
    expect(await upload('measured', hourly(0, 14 * 24 - 24))).toEqual([]);
    expect(await upload('guessed', [guess(14)])).toMatchObject([
      { code: 'meter/estimate-not-agreed' },
    ]);
    expect(await upload('measured too', hourly(13 * 24, 14 * 24))).toEqual([]);
    expect(await upload('guessed again', [guess(15)])).toEqual([]);
    expect((await house.known('2024-06')).at(-1)).toMatchObject({ estimatedBy: 'nameplate' });
  });

  it('keeps registers in order across months, from either side', async () => {
    const may = { from: '2024-05-01T05:00:00.000Z', until: hour(0), energyKwh: '900' };
    expect(await upload('june', hourly(0, 2))).toEqual([]);
    expect(await upload('may too high', [{ ...may, registerKwh: '1000.001' }])).toMatchObject([
      { code: 'meter/above-next' },
    ]);
    expect(await upload('may too low', [{ ...may, registerKwh: '999.999' }])).toMatchObject([
      { code: 'meter/register-mismatch' },
    ]);
    expect(await upload('may', [{ ...may, registerKwh: '1000' }])).toEqual([]);
    const july = { from: hour(720), until: hour(721), energyKwh: '1' };
    expect(await upload('july', [{ ...july, registerKwh: '1004.999' }])).toMatchObject([
      { code: 'meter/below-previous' },
    ]);
    expect(await upload('july later', [{ ...july, registerKwh: '3000' }])).toEqual([]);
  });

  it('counts what earlier and later months tell without their registers', async () => {
    const may = { from: '2024-05-01T05:00:00.000Z', until: hour(0), energyKwh: '900' };
    const hours = (from: number, until: number, energyKwh: string) => ({
      from: hour(from),
      until: hour(until),
      energyKwh,
    });
    expect(await upload('may', [{ ...may, registerKwh: '1000' }])).toEqual([]);
    expect(await upload('june', [hours(0, 720, '500')])).toEqual([]);
    const july = hours(720, 721, '10');
    expect(await upload('july too low', [{ ...july, registerKwh: '1010' }])).toMatchObject([
      { code: 'meter/below-previous' },
    ]);
    expect(await upload('july too high', [{ ...july, registerKwh: '1511' }])).toMatchObject([
      { code: 'meter/register-mismatch' },
    ]);
    expect(await upload('july', [july])).toEqual([]);
    const next = { ...hours(721, 722, '10'), registerKwh: '1520' };
    expect(await upload('july told', [next])).toEqual([]);

    await setUpMeter(house.store, 'BACK-1');
    const back = (name: string, line: ReadingLine) => upload(name, [line], 'BACK-1');
    expect(await back('july first', july)).toEqual([]);
    expect(await back('july second', next)).toEqual([]);
    const june = hours(0, 720, '500');
    expect(await back('june too low', { ...june, registerKwh: '1499' })).toMatchObject([
      { code: 'meter/register-mismatch' },
    ]);
    expect(await back('june too high', { ...june, registerKwh: '1501' })).toMatchObject([
      { code: 'meter/above-next' },
    ]);
    expect(await back('june told', { ...june, registerKwh: '1500' })).toEqual([]);
  });

  it('of satoshi is one of proceeds', async () => {
    await setUpMeter(house.store, 'POOL-1', 'proceeds');
    const day = { from: hour(0), until: hour(24) };
    expect(await upload('kwh', [{ ...day, energyKwh: '1' }], 'POOL-1')).toMatchObject([
      { line: 1, code: 'meter/unit-wrong' },
    ]);
    expect(await upload('sats', [{ ...day, satoshi: '4210000' }], 'POOL-1')).toEqual([]);
    expect(await house.known('2024-06', 'POOL-1')).toMatchObject([{ amount: '4210000' }]);
  });

  it('is finished after a death anywhere, as if nothing had happened', async () => {
    const lines = hourly(0, 720).toReversed();
    const quiet = await house.upload('june', lines);
    const before = house.streams.appendCount();
    await house.perform(quiet);
    const appends = house.streams.appendCount() - before;
    const undisturbed = house.streams.events(`meterMonth-${METER}.2024-06`);
    for (const point of ['before', 'after'] as const) {
      for (let append = 1; append <= appends; append += 1) {
        house = new MeterHouse();
        await house.open();
        const operationId = await house.upload('june', lines);
        house.streams.failFrom(append, point);
        await expect(house.perform(operationId)).rejects.toThrow(StoreUnavailable);
        house.restart();
        expect(await house.perform(operationId)).toEqual([]);
        expect(house.streams.events(`meterMonth-${METER}.2024-06`)).toEqual(undisturbed);
      }
    }
    expect(appends).toBeGreaterThanOrEqual(6);
  });
});

describe('uploads of several processes', () => {
  const stream = `meterMonth-${METER}.2024-06`;

  it('are sorted out again where one was faster', async () => {
    const slow = await house.upload('slow', hourly(0, 2));
    const release = house.streams.stallNext(stream);
    const before = house.streams.appendCount();
    const refused = house.perform(slow, new AggregateStore(house.streams));
    // It begins the operation, and is held when it accepts.
    await until(() => house.streams.appendCount() === before + 2);
    const whole = { from: hour(0), until: hour(2), energyKwh: '5' };
    expect(await upload('fast', [whole])).toEqual([]);
    release();
    expect(await refused).toMatchObject([{ code: 'meter/overlap' }, { code: 'meter/overlap' }]);
    expect(await house.known('2024-06')).toHaveLength(1);
  });

  it('lose nothing where one died and another filled its gap', async () => {
    const [first, second, third] = hourly(0, 3);
    const gapped = await house.upload('gapped', [first!, third!]);
    // It begins the operation and accepts the first, and does not come to say so.
    house.streams.failFrom(3, 'before');
    await expect(house.perform(gapped)).rejects.toThrow(StoreUnavailable);
    house.restart();
    expect(await house.known('2024-06')).toHaveLength(1);
    expect(await upload('between', [second!])).toEqual([]);
    expect(await house.perform(gapped)).toEqual([]);
    expect(await house.known('2024-06')).toHaveLength(3);
  });
});

describe('a correction', () => {
  it('is told once, and follows the rules of readings', async () => {
    await upload('june', hourly(0, 3));
    const meter = await knownMeter(house.store, METER);
    const first = { from: hour(0), until: hour(1), amount: '2400' };
    const correction = { from: hour(0), until: hour(1), readings: [first], cause: 'Read again' };
    const correct = (name: string, change: object = {}) =>
      correctUsage(
        house.store,
        house.streams,
        meter,
        { ...correction, ...change },
        contextOf(name),
      );
    const twice = [await correct('once'), await correct('once')];
    expect(twice.map(({ month, replayed }) => [month, replayed])).toEqual([
      ['2024-06', false],
      ['2024-06', true],
    ]);
    expect(await correct('the same')).toMatchObject({ events: [] });
    const estimated = [{ ...first, estimatedBy: 'nameplate' }];
    await expect(correct('guess', { readings: estimated })).rejects.toMatchObject({
      code: 'meter/estimate-not-agreed',
    });
    await expect(correct('later', { from: hour(5), until: hour(6) })).rejects.toMatchObject({
      code: 'meter/nothing-to-correct',
    });
  });
});

describe('a meter', () => {
  const meter = {
    ...{ meterId: 'M-1', contractId, facility: 'DENTON', kind: 'energy' as const },
    ...{ startsAt: hour(0), reference: 'M-1' },
  };

  it('is of a contract and a site that there are', async () => {
    const unknown = { ...meter, contractId: 'contract-9' };
    await expect(registerMeter(house.store, unknown, contextOf('1'))).rejects.toMatchObject({
      code: 'contract/unknown',
    });
    const nowhere = { ...meter, facility: 'PECOS' };
    await expect(registerMeter(house.store, nowhere, contextOf('2'))).rejects.toMatchObject({
      code: 'facility/unknown',
    });
    expect(await registerMeter(house.store, meter, contextOf('3'))).toMatchObject({
      state: { timeZone: 'America/Chicago', unit: 'Wh' },
    });
  });

  it('is not retired before it was read last', async () => {
    await upload('june', hourly(0, 48));
    const retire = (endsAt: string) =>
      retireMeter(house.store, { meterId: METER, endsAt, cause: 'Replaced' }, contextOf(endsAt));
    await expect(retire(hour(47))).rejects.toMatchObject({ code: 'meter/read-beyond' });
    await expect(retire('2024-05-20T05:00:00.000Z')).rejects.toMatchObject({
      code: 'meter/read-beyond',
    });
    expect(await retire(hour(48))).toMatchObject({ state: { endsAt: hour(48) } });
    expect(await upload('beyond', hourly(48, 49))).toMatchObject([{ code: 'meter/outside-life' }]);
  });
});
