import { requestClock } from '@hostledger/http';
import { Room } from '../../economics.fixture.js';
import type { FleetProfitability, ProfitabilityRow } from './fleet-query.js';
import {
  ann,
  bob,
  buildFloor,
  correctPrice,
  PRO,
  rateFixed,
  S21,
  stateMarket,
  STORED,
  XP,
} from './floor.fixture.js';
import type { MinerProfitability } from './miner-query.js';

const room = new Room();
const realNow = requestClock.now;
const now = '2024-06-15T12:00:00.000Z';
/** The last position at which the last price was still the mistyped one. */
let mistypedAt: bigint;

beforeAll(async () => {
  requestClock.now = () => '2024-06-15T11:00:00.000Z';
  await room.open();
  await buildFloor(room);
  await stateMarket(room);
  mistypedAt = await room.streams.head();
  requestClock.now = () => now;
  const { status } = await correctPrice(room);
  expect(status).toBe(201);
  await room.catchUp();
});
afterAll(async () => {
  requestClock.now = realNow;
  await room.close();
});

const fleet = async (query = ''): Promise<FleetProfitability> => {
  const { status, body } = await room.get<FleetProfitability>(`/v1/fleet/profitability?${query}`);
  expect([query, status]).toEqual([query, 200]);
  return body;
};
const miner = async (serial: string, query = ''): Promise<MinerProfitability> => {
  const url = `/v1/miners/${serial}/profitability?${query}`;
  const { status, body } = await room.get<MinerProfitability>(url);
  expect([query, status]).toEqual([query, 200]);
  return body;
};

const denton: ProfitabilityRow = {
  units: 2,
  hashrateGhs: 351_000,
  powerWatts: 6_747,
  joulesPerTerahash: '19.22',
  energyKwhPerDay: '161.928',
  bitcoinPerDay: '0.00025045',
  revenuePerDay: '16.53',
  powerCostPerDay: '9.72',
  marginPerDay: '6.81',
  breakEvenRatePerKwh: '0.102079',
};
const marble: ProfitabilityRow = {
  units: 1,
  hashrateGhs: 104_000,
  powerWatts: 3_068,
  joulesPerTerahash: '29.50',
  energyKwhPerDay: '73.632',
  bitcoinPerDay: '0.00007421',
  revenuePerDay: '4.90',
  powerCostPerDay: '5.89',
  marginPerDay: '-0.99',
  breakEvenRatePerKwh: '0.066515',
};
const both: ProfitabilityRow = {
  units: 3,
  hashrateGhs: 455_000,
  powerWatts: 9_815,
  joulesPerTerahash: '21.57',
  energyKwhPerDay: '235.560',
  bitcoinPerDay: '0.00032465',
  revenuePerDay: '21.43',
  powerCostPerDay: '15.61',
  marginPerDay: '5.82',
  breakEvenRatePerKwh: '0.090962',
};

describe('the profitability of the fleet now', () => {
  it('is told per facility at the rate of each, with the sum of all', async () => {
    const { items, total, asOf, count, ...rest } = await fleet('by=facility');
    expect(items).toEqual([
      { facility: 'DENTON', ...denton },
      { facility: 'MARBLE', ...marble },
    ]);
    expect(total).toEqual(both);
    expect([asOf, count]).toEqual([now, 'energized']);
    expect(rest).not.toHaveProperty('machinesOn');
  });

  it('names every input with the event that says so', async () => {
    const { inputs } = await fleet('by=facility');
    const [dearer] = await room.streams.readStream('facility-DENTON', 2n);
    expect(inputs).toMatchObject({
      currency: 'USD',
      difficulty: {
        value: '88104191118793.16',
        origin: 'recorded',
        source: 'Bitcoin Core',
        blockHeight: 840_672,
        effectiveAt: '2024-04-24T20:52:37.000Z',
      },
      subsidySats: { value: '312500000', origin: 'recorded', blockHeight: 840_000 },
      price: {
        value: '66000',
        origin: 'recorded',
        effectiveAt: '2024-06-14T16:00:00.000Z',
        recorded: { revision: 1, position: String(room.streams.log.at(-1)!.position) },
      },
      feesSats: { value: '0', origin: 'assumed' },
      poolFeePercent: { value: '0', origin: 'assumed' },
      availabilityPercent: { value: '100', origin: 'assumed' },
      rates: [
        {
          facility: 'DENTON',
          ratePerKwh: '0.0600',
          currency: 'USD',
          origin: 'recorded',
          effectiveOn: '2024-06-01',
          recorded: { revision: 2, eventId: dearer!.id },
        },
        { facility: 'MARBLE', ratePerKwh: '0.0800', effectiveOn: '2024-01-01' },
      ],
    });
  });

  it('comes to the same sum however it is told', async () => {
    for (const query of ['', 'by=model', 'by=customer', 'by=facility']) {
      expect((await fleet(query)).total).toEqual(both);
    }
    const namesOf = async (query: string) =>
      (await fleet(query)).items.map(({ model, facility, rack, customerId, units }) => [
        model ?? facility ?? customerId,
        rack,
        units,
      ]);
    expect(await namesOf('by=model')).toEqual([
      ['S19JPRO-104', undefined, 1],
      ['S19JXP-151', undefined, 1],
      ['S21-200', undefined, 1],
    ]);
    const [annRow] = (await fleet(`by=customer&customerId=${ann}`)).items;
    expect(annRow).toMatchObject({ customerId: ann, units: 2, powerWatts: 6_315 });
    expect((await fleet()).items).toHaveLength(3);
  });

  it('is told by rack within a facility', async () => {
    const { items, total } = await fleet('by=rack&facility=DENTON');
    expect(items).toMatchObject([
      { facility: 'DENTON', rack: 'A1', units: 1, powerWatts: 3_247 },
      { facility: 'DENTON', rack: 'B1', units: 1, powerWatts: 3_500 },
    ]);
    expect(total).toEqual(denton);
    const ofBob = await fleet(`by=rack&facility=DENTON&customerId=${bob}&model=s21-200`);
    expect(ofBob.items.map(({ rack }) => rack)).toEqual(['B1']);
  });

  it('is of nothing where nothing is', async () => {
    const { items, total, inputs } = await fleet('facility=NOWHERE');
    expect(items).toEqual([]);
    expect(inputs.rates).toEqual([]);
    expect(total).toEqual({
      ...{ units: 0, hashrateGhs: 0, powerWatts: 0, energyKwhPerDay: '0.000' },
      ...{ bitcoinPerDay: '0.00000000', revenuePerDay: '0.00', powerCostPerDay: '0.00' },
      marginPerDay: '0.00',
    });
  });
});

describe('the profitability of the fleet on a past day', () => {
  it('is that of the machines, the market and the rates of that day', async () => {
    const then = await fleet('at=2024-04-15');
    expect(then).toMatchObject({
      asOf: '2024-04-15T23:59:59.999Z',
      machinesOn: '2024-04-15',
      total: {
        units: 2,
        energyKwhPerDay: '151.560',
        bitcoinPerDay: '0.00037112',
        revenuePerDay: '23.75',
        powerCostPerDay: '9.79',
        marginPerDay: '13.96',
        breakEvenRatePerKwh: '0.156716',
      },
    });
    expect(then.inputs).toMatchObject({
      subsidySats: { value: '625000000' },
      difficulty: { value: '86388558925171.02' },
      price: { value: '64000' },
    });
  });

  it('is told by rack as the racks were then', async () => {
    const racksOn = async (query: string) =>
      (await fleet(`by=rack&facility=DENTON&${query}`)).items.map(({ rack, units }) => [
        rack,
        units,
      ]);
    const market = 'difficulty=88100000000000&subsidySats=625000000&price=60000';
    expect(await racksOn(`at=2024-02-29&${market}`)).toEqual([]);
    expect(await racksOn('at=2024-04-15')).toEqual([['A1', 1]]);
    expect(await racksOn('at=2024-06-15')).toEqual([
      ['A1', 1],
      ['B1', 1],
    ]);
    const then = await fleet('by=rack&facility=DENTON&at=2024-04-15');
    const whole = await fleet('by=facility&facility=DENTON&at=2024-04-15');
    expect(then.total).toEqual(whole.total);
  });

  it('changes at the instant of the halving', async () => {
    const subsidyAt = async (at: string) => (await fleet(`at=${at}`)).inputs.subsidySats.value;
    expect(await subsidyAt('2024-04-20T00:09:26Z')).toBe('625000000');
    expect(await subsidyAt('2024-04-20T00:09:27Z')).toBe('312500000');
    expect(await subsidyAt('2024-04-20')).toBe('312500000');
    expect(await subsidyAt('2024-04-19')).toBe('625000000');
  });

  it('changes its rates with the day where the machines stand', async () => {
    const rateAt = async (at: string) =>
      (await fleet(`facility=DENTON&at=${at}`)).inputs.rates[0]!.ratePerKwh;
    expect(await rateAt('2024-06-01T04:59:59Z')).toBe('0.0500');
    expect(await rateAt('2024-06-01T05:00:00Z')).toBe('0.0600');
    expect(await rateAt('2024-06-01')).toBe('0.0600');
  });

  it('can be told as it was known', async () => {
    const priceKnown = async (knownAt: string) =>
      (await fleet(`knownAt=${knownAt}`)).inputs.price.value;
    expect(await priceKnown(String(mistypedAt))).toBe('56000');
    expect(await priceKnown(String(mistypedAt + 100n))).toBe('66000');
    expect(await priceKnown('2024-06-15T11:30:00Z')).toBe('56000');
    const dentonKnew = await fleet(
      'facility=DENTON&at=2024-06-01&knownAt=2024-06-01T23:00:00Z&' +
        'difficulty=88100000000000&subsidySats=312500000&price=60000',
    );
    expect(dentonKnew.inputs.rates).toMatchObject([{ ratePerKwh: '0.0500' }]);
  });

  it('may be of today, and not of tomorrow', async () => {
    expect(await fleet('at=2024-06-15')).toMatchObject({ asOf: now, total: both });
    for (const at of ['2024-06-16', '2024-06-15T12:00:00.001Z']) {
      expect(await room.get(`/v1/fleet/profitability?at=${at}`)).toMatchObject({
        status: 409,
        body: { code: 'profitability/not-come', errors: [{ pointer: '/at' }] },
      });
    }
  });
});

describe('what if', () => {
  it('the subsidy were halved, revenue would be half of it at the same cost', async () => {
    const { total, inputs } = await fleet('at=2024-04-15&subsidySats=312500000');
    expect(total).toMatchObject({
      revenuePerDay: '11.88',
      powerCostPerDay: '9.79',
      marginPerDay: '2.09',
      breakEvenRatePerKwh: '0.078358',
    });
    expect(inputs.subsidySats).toEqual({ value: '312500000', origin: 'given' });
  });

  it('every input were another one', async () => {
    const { total, inputs } = await fleet(
      'model=S19JXP-151&difficulty=88100000000000&subsidySats=312500000&feesSats=20000000' +
        '&price=60000&currency=EUR&poolFeePercent=1.5&availabilityPercent=98&ratePerKwh=0.05',
    );
    expect(total).toMatchObject({
      energyKwhPerDay: '76.369',
      bitcoinPerDay: '0.00011066',
      revenuePerDay: '6.64',
      powerCostPerDay: '3.82',
      marginPerDay: '2.82',
      breakEvenRatePerKwh: '0.086944',
    });
    expect(inputs.currency).toBe('EUR');
    expect(inputs.rates).toEqual([{ ratePerKwh: '0.05', currency: 'EUR', origin: 'given' }]);
    for (const name of ['difficulty', 'price', 'feesSats', 'poolFeePercent'] as const) {
      expect(inputs[name].origin).toBe('given');
    }
  });

  it('all that is installed drew power', async () => {
    const before = 'at=2024-04-15';
    expect((await fleet(before)).total.units).toBe(2);
    expect((await fleet(`${before}&count=installed`)).total.units).toBe(3);
  });

  it('is refused in a form that says nothing', async () => {
    const wrong = [
      ...['by=state', 'count=all', 'facility=denton%20', 'customerId=7', 'at=2024-02-30'],
      ...['difficulty=0', 'difficulty=-1', 'difficulty=1e14', 'subsidySats=3.125', 'feesSats=-1'],
      ...['price=', 'price=60%2C000', 'currency=USDT', 'poolFeePercent=100.1', 'ratePerKwh=five'],
      ...['availabilityPercent=101', 'knownAt=then', 'subsidy=1', 'price=1&price=2'],
    ];
    for (const query of wrong) {
      const { status, body } = await room.get(`/v1/fleet/profitability?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, 'request/invalid']);
    }
  });
});

describe('what is missing', () => {
  it.each([
    ['at=2020-01-01', 'profitability/difficulty-unknown', '/difficulty'],
    ['at=2020-01-01&difficulty=1', 'profitability/subsidy-unknown', '/subsidySats'],
    ['currency=EUR', 'profitability/price-unknown', '/price'],
    ['currency=EUR&price=60000', 'profitability/currency-mixed', '/currency'],
    ['by=rack', 'profitability/facility-needed', '/facility', 422],
  ])(
    'is named, with the parameter that gives it: %s',
    async (query, code, pointer, status = 409) => {
      const answer = await room.get(`/v1/fleet/profitability?${query}`);
      expect(answer).toMatchObject({ status, body: { code, errors: [{ pointer }] } });
    },
  );

  it('may be what energy costs somewhere', async () => {
    const beforeAnyRate = 'at=2024-04-15&knownAt=1&difficulty=1&subsidySats=1&price=1';
    expect(await room.get(`/v1/fleet/profitability?${beforeAnyRate}`)).toMatchObject({
      status: 409,
      body: {
        code: 'profitability/rate-unknown',
        facilities: ['DENTON', 'MARBLE'],
        errors: [{ pointer: '/ratePerKwh' }],
      },
    });
    expect((await fleet(`${beforeAnyRate}&ratePerKwh=0.05`)).total.units).toBe(2);
  });
});

describe('the profitability of a machine', () => {
  it('is that of the worked example, cheap and dear', async () => {
    const worked = 'difficulty=88100000000000&subsidySats=312500000&price=60000';
    expect(await miner(XP.toLowerCase(), `${worked}&ratePerKwh=0.05`)).toMatchObject({
      ...{ serial: XP, model: 'S19JXP-151', customerId: ann, facility: 'DENTON', energized: true },
      ...{ hashrateGhs: 151_000, powerWatts: 3_247, joulesPerTerahash: '21.50' },
      ...{
        energyKwhPerDay: '77.928',
        bitcoinPerDay: '0.00010775',
        breakEvenRatePerKwh: '0.082959',
      },
      marginPerDay: '2.57',
    });
    expect(await miner(XP, `${worked}&ratePerKwh=0.08`)).toMatchObject({ marginPerDay: '0.23' });
  });

  it('is told of the past from its own history', async () => {
    expect(await miner(S21, 'at=2024-05-09')).toMatchObject({ energized: false });
    expect(await miner(S21, 'at=2024-05-10')).toMatchObject({ energized: true });
    expect(await miner(S21)).toMatchObject({ asOf: now, inputs: { price: { value: '66000' } } });
    const early = await room.get(`/v1/miners/${S21}/profitability?at=2024-02-29`);
    expect(early).toMatchObject({ status: 404, body: { code: 'miner/unknown' } });
  });

  it('agrees with the fleet on the same machine', async () => {
    for (const at of ['', '&at=2024-04-15']) {
      const { items } = await fleet(`facility=MARBLE${at}`);
      const { units, ...row } = items[0]!;
      expect(units).toBe(1);
      expect(await miner(PRO, at.slice(1))).toMatchObject(row);
    }
  });

  it('is what it would be where it is stored', async () => {
    const machine = await miner(STORED);
    expect(machine).toMatchObject({ facility: 'DENTON', energized: false, powerWatts: 3_500 });
    expect(machine.inputs.rates).toMatchObject([{ facility: 'DENTON', ratePerKwh: '0.0600' }]);
  });

  it('is refused of what is no machine', async () => {
    expect(await room.get('/v1/miners/UNKNOWN1/profitability')).toMatchObject({ status: 404 });
    expect(await room.get('/v1/miners/x/profitability')).toMatchObject({ status: 400 });
  });
});

describe('a correction of a power rate', () => {
  it('holds from when it is told, for the day it is told of', async () => {
    const later = '2024-06-15T12:30:00.000Z';
    const corrected = rateFixed('DENTON', '0.0650', '2024-06-01');
    await room.happened('facility-DENTON', later, corrected);
    const retired = {
      ...{ serial: STORED, model: 'S21-200', customerId: bob, cause: 'sold' },
      ...{ ratedHashrateGhs: 200_000, powerWatts: 3_500 },
      from: { kind: 'storage', facility: 'DENTON' },
    };
    await room.happened(`miner-${STORED}`, later, { type: 'MinerRetired', data: retired });
    requestClock.now = () => '2024-06-15T13:00:00.000Z';
    await room.catchUp();
    const rateOf = async (query: string) =>
      (await fleet(`facility=DENTON&${query}`)).inputs.rates[0]!.ratePerKwh;
    expect(await rateOf('at=2024-06-05')).toBe('0.0650');
    expect(await rateOf('at=2024-06-05&knownAt=2024-06-15T12:29:59Z')).toBe('0.0600');
    expect(await rateOf('at=2024-05-31')).toBe('0.0500');
  });

  it('needs a rate to be given where a machine is retired', async () => {
    expect(await room.get(`/v1/miners/${STORED}/profitability`)).toMatchObject({
      status: 409,
      body: { code: 'profitability/no-place', errors: [{ pointer: '/ratePerKwh' }] },
    });
    const retired = await miner(STORED, 'ratePerKwh=0.05');
    expect(retired).not.toHaveProperty('facility');
    expect(await miner(STORED, 'at=2024-06-15T12:29:00Z')).toMatchObject({ facility: 'DENTON' });
  });
});
