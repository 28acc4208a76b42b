import { specOf } from '@hostledger/testing';
import { minerAggregate, type MinerCommand, type MinerEvent } from './miner.js';

const { given } = specOf(minerAggregate);

const at = '2023-10-02T08:00:00Z';
const serial = 'HKYDD1AABJHAG0001';
const storage = { kind: 'storage', facility: 'DENTON' } as const;
const a1 = { kind: 'slot', facility: 'DENTON', rack: 'A1', slot: 1 } as const;
const owned = { serial, model: 'S19JXP-151', customerId: 'customer-1' };
const received: MinerEvent = {
  type: 'MinerReceived',
  data: {
    ...owned,
    ...{ contractId: 'contract-1', deliveryId: 'delivery-1', line: 2, condition: 'ok' },
    ...{ ratedHashrateGhs: 151_000, nameplateWatts: 3_247, place: storage },
  },
};
const installed: MinerEvent = {
  type: 'MinerInstalled',
  data: {
    ...{ ...owned, ratedHashrateGhs: 151_000, powerWatts: 3_247, from: storage, to: a1 },
    ...{ reservationId: 'r1', first: true },
  },
};
const eco = (grant?: { reservationId: string; revision: number }): MinerEvent => ({
  type: 'PowerProfileChanged',
  data: {
    ...{ ...owned, contractId: 'contract-1', place: grant ? a1 : storage, energized: false },
    ...(grant && { grant }),
    ...{ profile: 'eco', fromHashrateGhs: 151_000, hashrateGhs: 120_000 },
    ...{ fromWatts: 3_247, powerWatts: 2_400 },
  },
});
const found = { deliveryId: 'delivery-1', discrepancyId: '2-wrongModel' };
const granted = (revision: number, reservationId = 'r1') => ({
  ...{ hashrateGhs: 200_000, powerWatts: 3_500 },
  grant: { reservationId, revision },
});
const correct = (more: object = {}): MinerCommand => ({
  type: 'CorrectModel',
  data: { serial, model: 'S21-200', ...found, ...more },
  at,
});
const corrected = (more: object = {}): MinerEvent => ({
  type: 'ModelCorrected',
  data: {
    ...{ serial, customerId: 'customer-1', contractId: 'contract-1', ...found, place: storage },
    ...{ energized: false, fromModel: 'S19JXP-151', model: 'S21-200', nameplateWatts: 3_500 },
    ...{ fromHashrateGhs: 151_000, hashrateGhs: 200_000, fromWatts: 3_247, powerWatts: 3_500 },
    received: { customerId: 'customer-1', fromHashrateGhs: 151_000, hashrateGhs: 200_000 },
    ...more,
  },
});
const deployed = { customerId: 'customer-1', fromHashrateGhs: 151_000, hashrateGhs: 200_000 };

describe('a machine that is another model', () => {
  it('takes the ratings of that one, once', () => {
    given(received).when(correct()).then(corrected());
    given(received, corrected()).when(correct()).thenNothing();
    given(received)
      .when(correct({ model: 'S99' }))
      .thenRejects('model/unknown', '/model');
    given().when(correct()).thenRejects('miner/unknown');
  });

  it('takes other watts in a slot only as its rack granted them', () => {
    given(received, installed).when(correct()).thenRejects('miner/moved-meanwhile');
    given(received)
      .when(correct({ granted: granted(4) }))
      .thenRejects('miner/moved-meanwhile');
    given(received, installed)
      .when(correct({ granted: granted(4, 'r0') }))
      .thenRejects('miner/moved-meanwhile');
    given(received, installed)
      .when(correct({ granted: granted(4) }))
      .then(corrected({ place: a1, grant: granted(4).grant, deployed }));
  });

  it('moves with the watts that it takes as that model', () => {
    const move = (powerWatts: number): MinerCommand => ({
      type: 'InstallMiner',
      data: { serial, to: a1, reservationId: 'r1', powerWatts },
      at,
    });
    given(received, corrected()).when(move(3_247)).thenRejects('miner/power-changed');
    const takes = { model: 'S21-200', ratedHashrateGhs: 200_000, powerWatts: 3_500 };
    given(received, corrected())
      .when(move(3_500))
      .then({ type: 'MinerInstalled', data: { ...installed.data, ...takes } });
  });

  it('keeps the power profile that it was given as this very machine', () => {
    const kept = { fromHashrateGhs: 120_000, hashrateGhs: 120_000 };
    const watts = { fromWatts: 2_400, powerWatts: 2_400 };
    given(received, eco())
      .when(correct())
      .then(corrected({ ...kept, ...watts }));
    const grant = { reservationId: 'r1', revision: 7 };
    given(received, installed, eco(grant))
      .when(correct({ granted: granted(4) }))
      .then(corrected({ place: a1, ...kept, ...watts, deployed }));
  });

  it('is counted over for whom it was counted', () => {
    const sold: MinerEvent = {
      type: 'TitleTransferred',
      data: {
        ...{ serial, model: 'S19JXP-151', fromCustomerId: 'customer-1', place: storage },
        ...{ toCustomerId: 'customer-2', effectiveOn: '2023-10-01', energized: false },
        ...{ documentDigest: 'd'.repeat(64), ratedHashrateGhs: 151_000, powerWatts: 3_247 },
      },
    };
    given(received, sold)
      .when(correct())
      .then(corrected({ customerId: 'customer-2' }));
  });

  it('is corrected also when it has left the fleet', () => {
    const retired: MinerEvent = {
      type: 'MinerRetired',
      data: {
        ...{ ...owned, from: storage, cause: 'sold' },
        ...{ ratedHashrateGhs: 151_000, powerWatts: 3_247 },
      },
    };
    given(received, retired)
      .when(correct())
      .then(corrected({ retired: true }));
    given(received, retired, corrected({ retired: true }))
      .when(correct())
      .thenNothing();
  });
});
