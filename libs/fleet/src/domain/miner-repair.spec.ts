import { specOf } from '@hostledger/testing';
import {
  serial,
  slot,
  received,
  installed,
  energized,
  deenergized,
  repairOpened,
  repairClosed,
  sent,
  back,
  command,
} from './miner-story.fixture.js';
import { minerAggregate, type MinerEvent } from './miner.js';

const { given } = specOf(minerAggregate);

describe('repairing a miner', () => {
  it('takes it off power, and is opened and closed once', () => {
    const open = command('OpenRepair', { repairId: 'repair-1', fault: 'hashboard 2 dead' });
    given(received, installed, energized).when(open).then(deenergized('repair'), repairOpened);
    given(received, repairOpened).when(open).thenNothing();
    const close = command('CloseRepair', { repairId: 'repair-1', outcome: 'repaired' });
    given(received, repairOpened).when(close).then(repairClosed);
    given(received, repairOpened, repairClosed).when(close).thenNothing();
  });

  it('is one at a time', () => {
    given(received, repairOpened)
      .when(command('OpenRepair', { repairId: 'repair-2', fault: 'fan' }))
      .thenRejects('miner/under-repair', '/serial');
  });

  it('keeps the lineage of its parts', () => {
    const data = {
      repairId: 'repair-1',
      component: 'hashboard',
      removedSerial: 'HB1',
      fittedSerial: 'HB2',
    } as const;
    given(received, repairOpened)
      .when(command('SwapComponent', data))
      .then({ type: 'ComponentSwapped', data: { serial, ...data } });
    given(received).when(command('SwapComponent', data)).thenRejects('miner/repair-unknown');
    given(received, repairOpened)
      .when(command('SwapComponent', { ...data, fittedSerial: 'HB1' }))
      .thenRejects('miner/same-component', '/fittedSerial');
    given(received, repairOpened)
      .when(command('SwapComponent', { ...data, removedSerial: 'HB 1' }))
      .thenRejects('miner/identifier-invalid', '/removedSerial');
  });

  it('takes a part out once, and back in only after that', () => {
    const swap = (removedSerial: string, fittedSerial: string) =>
      command('SwapComponent', {
        ...{ repairId: 'repair-1', component: 'hashboard', removedSerial, fittedSerial },
      });
    const swapped = (removedSerial: string, fittedSerial: string): MinerEvent => ({
      type: 'ComponentSwapped',
      data: {
        ...{ serial, repairId: 'repair-1', component: 'hashboard', removedSerial, fittedSerial },
      },
    });
    const history = [received, repairOpened, swapped('HB1', 'HB2')];
    given(...history)
      .when(swap('hb1', 'HB3'))
      .thenRejects('miner/component-removed', '/removedSerial');
    given(...history)
      .when(swap('HB4', 'hb2'))
      .thenRejects('miner/component-fitted', '/fittedSerial');
    given(...history)
      .when(swap('HB2', 'HB1'))
      .then(swapped('HB2', 'HB1'));
    given(...history, swapped('HB2', 'HB1'))
      .when(swap('HB1', 'HB3'))
      .then(swapped('HB1', 'HB3'));
  });

  it('may go through a vendor, out of storage and back into storage', () => {
    const send = command('SendToVendor', {
      repairId: 'repair-1',
      vendor: 'Bitmain Care',
      rmaNumber: 'RMA-7',
    });
    const comeBack = command('ReturnFromVendor', { repairId: 'repair-1', facility: 'DENTON' });
    given(received, repairOpened).when(send).then(sent);
    given(received, repairOpened, sent).when(send).thenNothing();
    given(received, installed, repairOpened).when(send).thenRejects('miner/not-in-storage');
    given(received).when(send).thenRejects('miner/repair-unknown');
    given(received, repairOpened, sent).when(comeBack).then(back);
    given(received, repairOpened, sent, back).when(comeBack).thenNothing();
    given(received, repairOpened).when(comeBack).thenNothing();
    given(received, installed, repairOpened).when(comeBack).thenRejects('miner/not-at-vendor');
  });

  it('does not end, nor does the miner move, while it is away', () => {
    const install = { to: slot, reservationId: 'r1', powerWatts: 3_247 };
    given(received, repairOpened, sent)
      .when(command('CloseRepair', { repairId: 'repair-1', outcome: 'repaired' }))
      .thenRejects('miner/at-vendor');
    given(received, repairOpened, sent)
      .when(command('InstallMiner', install))
      .thenRejects('miner/at-vendor');
  });
});
