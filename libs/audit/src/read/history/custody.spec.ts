import type { MinerEvent } from '@hostledger/fleet';
import { recorded } from '@hostledger/testing';
import { custodyOf } from './custody.js';
import { HistoryHome } from './history.fixture.js';

const serial = 'YDU5400123';
const dock = { kind: 'storage', facility: 'DENTON' } as const;
const slot = { kind: 'slot', facility: 'DENTON', rack: 'A1', slot: 3 } as const;
const road = { kind: 'transit', from: 'DENTON', to: 'PECOS' } as const;
const pecos = { kind: 'storage', facility: 'PECOS' } as const;
const vendor = { kind: 'vendor', vendor: 'Bitmain Care', facility: 'PECOS' } as const;

/** Only what custody depends on; the rest of the data is left out. */
const told = (type: MinerEvent['type'], data: object) => ({ type, data: { serial, ...data } });
const received = told('MinerReceived', {
  ...{ customerId: 'ann', deliveryId: 'd1', place: dock, mac: '02:00:00:00:00:01' },
});
const installed = told('MinerInstalled', { customerId: 'ann', from: dock, to: slot });
const sold = told('TitleTransferred', {
  ...{ fromCustomerId: 'ann', toCustomerId: 'bob', documentDigest: 'd'.repeat(64), place: slot },
});
const departed = told('MinerDeparted', { customerId: 'bob', from: slot, to: road });
const arrived = told('MinerArrived', { customerId: 'bob', from: road, to: pecos });
const scanned = told('IdentifierObserved', { kind: 'mac', value: '02:00:00:00:00:02' });
const sent = told('MinerSentToVendor', { customerId: 'bob', from: pecos, to: vendor });
const retired = told('MinerRetired', { customerId: 'bob', from: vendor, cause: 'scrapped' });

const chain = (...events: { type: string; data: object }[]) =>
  custodyOf(recorded(`miner-${serial}`, events));

describe('the chain of custody', () => {
  it('goes from dock to disposal, with titles and scans', () => {
    const { links, place, customerId, breaks } = chain(
      ...[received, installed, told('MinerEnergized', {}), sold, departed, arrived],
      ...[scanned, sent, retired],
    );
    expect(links).toMatchObject([
      { kind: 'received', to: dock, customerId: 'ann', identifiers: [{ kind: 'mac' }] },
      { kind: 'moved', from: dock, to: slot },
      { kind: 'title', from: slot, fromCustomerId: 'ann', customerId: 'bob' },
      { kind: 'moved', from: slot, to: road, customerId: 'bob' },
      { kind: 'moved', from: road, to: pecos },
      { kind: 'scanned', customerId: 'bob', identifiers: [{ value: '02:00:00:00:00:02' }] },
      { kind: 'moved', from: pecos, to: vendor },
      { kind: 'retired', from: vendor, customerId: 'bob' },
    ]);
    expect(breaks).toEqual([]);
    expect(place).toBeUndefined();
    expect(customerId).toBe('bob');
  });

  it('knows where the machine is, and whose it is', () => {
    expect(chain(received, installed)).toMatchObject({ place: slot, customerId: 'ann' });
  });

  it.each([
    ['a hand-over from where it was not', [received, departed], 'It was in storage at DENTON'],
    ['a title given by who had none', [received, installed, sold, sold], 'It was owned by bob'],
    ['a machine that was never received', [installed], 'It was not received yet'],
    ['one that was received twice', [received, received], 'It was received already'],
    [
      'one that comes back from disposal',
      [received, installed, sold, departed, arrived, sent, retired, sent],
      'It was nowhere',
    ],
  ])('names %s', (_, events, why) => {
    const { breaks } = chain(...events);
    expect(breaks.map((broken) => broken.why).join()).toContain(why);
  });

  it('is told by its route', async () => {
    const home = await HistoryHome.open();
    const stream = `miner-${serial}`;
    await home.act(...[received, installed, sold].map((event) => ({ stream, ...event })));
    const { body, headers } = await home.get(`/v1/audit/custody/${serial}`);
    const unknown = await home.get('/v1/audit/custody/YDU5400999');
    const head = (await home.home.log()).at(-1)!.position;
    await home.close();
    expect(headers['log-position']).toBe(head.toString());
    expect(body).toMatchObject({
      ...{ serial, deliveryId: 'd1', place: slot, customerId: 'bob', breaks: [] },
      links: [
        { kind: 'received', type: 'MinerReceived', actor: { subject: 'ana' }, revision: 0 },
        { kind: 'moved', from: dock, to: slot },
        { kind: 'title', documentDigest: 'd'.repeat(64) },
      ],
    });
    expect(unknown.body['code']).toBe('miner/unknown');
  });
});
