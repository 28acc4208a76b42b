import { deriveId } from '@hostledger/eventsourcing';
import { contractId, setUpContract } from '../process/delivery.fixture.js';
import { FleetRoutes } from './routes.fixture.js';

// Lines of a manifest that are refused when it is uploaded, from there to the next upload.

const room = new FleetRoutes();
const { streams, store } = room;

beforeAll(async () => {
  await room.open();
  await setUpContract(store);
});

afterAll(() => room.close());

describe('a line that is refused at upload', () => {
  const about = `contractId=${contractId}&facility=DENTON&reference=B2`;
  const refused = [
    { serial: 'HKYDD0101', model: 'S19JXP-151', mac: 'wheel' },
    { serial: 'HKYDD0102', model: 'S99-1' },
    { serial: 'HKYDD0103', model: 'S19JXP-151', pallet: 'P1' },
    { serial: '?', model: 'S19JXP-151' },
  ];

  it('is kept as it was sent, and found by a serial that can be read', async () => {
    const lines = [{ serial: 'hkydd0103', model: 'S19JXP-151' }, ...refused];
    const delivered = await room.call('POST', `/deliveries?${about}`, { lines });
    expect(delivered.body).toMatchObject({ accepted: 1, rejected: 4 });
    const [recorded] = streams.events(`operation-${String(delivered.body.operationId)}`);
    const { rejected } = recorded!.data as { rejected: { fields: object }[] };
    // What has the right form is kept as it was understood.
    expect(rejected.map(({ fields }) => fields)).toMatchObject(refused);
    await room.perform(delivered);
    const deliveryId = String(delivered.body.deliveryId);
    const raised = streams
      .events(`delivery-${deliveryId}`)
      .filter(({ type }) => type === 'DiscrepancyRaised');
    const told = raised.map(({ data }) => data as { kind: string; serial?: string });
    expect(told.map(({ kind, serial }) => [kind, serial])).toEqual([
      ['malformed', 'HKYDD0101'],
      ['unknownModel', 'HKYDD0102'],
      ['duplicateInManifest', 'HKYDD0103'],
      ['malformed', undefined],
    ]);
    const [first, second] = rejected;
    const again = [
      { ...first!.fields, mac: '02:00:00:00:00:07' },
      { ...second!.fields, model: 'S21-200' },
    ];
    const sent = await room.call('POST', `/deliveries?${about}-again`, { lines: again });
    expect(sent.body).toMatchObject({ accepted: 2, rejected: 0 });
    const credited = { resolution: 'credited', reason: 'Agreed with the supplier' };
    const url = `/deliveries/${deliveryId}/discrepancies`;
    for (const id of ['2-malformed', '3-unknownModel', '4-duplicateInManifest', '5-malformed']) {
      expect(await room.call('POST', `${url}/${id}/resolution`, credited)).toMatchObject({
        status: 200,
      });
    }
    await room.fillReadModels();
    const found = await room.call('GET', `${url}?serial=hkydd0102`);
    expect(found.body.items).toMatchObject([{ line: 3, kind: 'unknownModel' }]);
    const another = await room.call('GET', `/deliveries/${deriveId('?')}/discrepancies`);
    expect(another).toMatchObject({ status: 404, body: { code: 'delivery/unknown' } });
    const named = await room.call('GET', '/deliveries?reference=B2-again');
    expect(named.body.items).toMatchObject([{ reference: 'B2-again', lines: 2 }]);
  });
});
