import fc from 'fast-check';
import { specOf } from '@hostledger/testing';
import { decideOrRefuse, lifeCommands } from './miner-life.fixture.js';
import { type DEENERGIZATION_CAUSES } from './miner-power.js';
import {
  minerAggregate,
  type Miner,
  type MinerCommand,
  type MinerEvent,
  type Place,
  type SlotPlace,
  type StoragePlace,
} from './miner.js';

const { given } = specOf(minerAggregate);

const at = '2024-06-01T08:00:00Z';
const serial = 'HKYDD1AABJHAG0001';
const storage: StoragePlace = { kind: 'storage', facility: 'DENTON' };
const slot: SlotPlace = { kind: 'slot', facility: 'DENTON', rack: 'A1', slot: 1 };
const rated = { ratedHashrateGhs: 151_000, powerWatts: 3_247 };
const about = { serial, model: 'S19JXP-151', customerId: 'customer-1' };
const hosted = { ...about, contractId: 'contract-1' };
const documentDigest = 'd'.repeat(64);

const received: MinerEvent = {
  type: 'MinerReceived',
  data: {
    ...hosted,
    deliveryId: 'delivery-1',
    line: 2,
    condition: 'ok',
    ratedHashrateGhs: 151_000,
    nameplateWatts: 3_247,
    place: storage,
  },
};
const installed: MinerEvent = {
  type: 'MinerInstalled',
  data: { ...about, ...rated, from: storage, to: slot, reservationId: 'r1' },
};
const power = { ...hosted, ...rated, place: slot };
const energized: MinerEvent = { type: 'MinerEnergized', data: power };
const deenergized = (cause: (typeof DEENERGIZATION_CAUSES)[number]): MinerEvent => ({
  type: 'MinerDeenergized',
  data: { ...power, cause },
});
const uninstalled: MinerEvent = {
  type: 'MinerUninstalled',
  data: {
    ...about,
    ...rated,
    from: slot,
    fromReservationId: 'r1',
    to: storage,
    removalId: 'removal-1',
  },
};
const repairOpened: MinerEvent = {
  type: 'RepairOpened',
  data: { serial, repairId: 'repair-1', fault: 'hashboard 2 dead' },
};
const repairClosed: MinerEvent = {
  type: 'RepairClosed',
  data: { serial, repairId: 'repair-1', outcome: 'repaired' },
};
const vendor = { kind: 'vendor', vendor: 'Bitmain Care', facility: 'DENTON' } as const;
const sent: MinerEvent = {
  type: 'MinerSentToVendor',
  data: { ...about, ...rated, repairId: 'repair-1', from: storage, to: vendor, rmaNumber: 'RMA-7' },
};
const back: MinerEvent = {
  type: 'MinerReturnedFromVendor',
  data: { ...about, ...rated, repairId: 'repair-1', from: vendor, to: storage },
};
const seat = {
  ...{ serial, customerId: 'customer-1', contractId: 'contract-2', orderId: 'order-1' },
  ...{ allocationId: 'allocation-1', assignmentId: 'assignment-1', powerWatts: 3_247 },
};
const assigned: MinerEvent = { type: 'MinerAssigned', data: seat };
const unassigned = (cause: 'retirement' | 'titleTransfer' | 'request'): MinerEvent => ({
  type: 'MinerUnassigned',
  data: { ...seat, cause },
});
const retired: MinerEvent = {
  type: 'MinerRetired',
  data: { ...about, ...rated, from: storage, cause: 'sold' },
};

type DataOf<Type extends MinerCommand['type']> = Extract<MinerCommand, { type: Type }>['data'];
const command = <Type extends MinerCommand['type']>(
  type: Type,
  data: Omit<DataOf<Type>, 'serial'>,
): MinerCommand => ({ type, data: { serial, ...data }, at }) as unknown as MinerCommand;
const energize = (more: Partial<DataOf<'EnergizeMiner'>> = {}): MinerCommand =>
  command('EnergizeMiner', { contractId: 'contract-1', stage: 'active', by: 'ada', ...more });
const deenergize = command('DeenergizeMiner', { cause: 'curtailment', curtailmentId: 'c1' });

describe('energizing a miner', () => {
  it('lets it draw power in its slot, once', () => {
    given(received, installed).when(energize()).then(energized);
    given(received, installed, energized).when(energize()).thenNothing();
  });

  it.each([['storage', [] as MinerEvent[]] as const])('is refused in %s', (_, more) => {
    given(received, ...more)
      .when(energize())
      .thenRejects('miner/not-in-slot');
  });

  it.each(['drafted', 'executed', 'suspended', 'terminated', 'expired', 'rejected'] as const)(
    'is refused while the contract is %s, unless somebody else overrides that',
    (stage) => {
      const override = { approvedBy: 'grace', reason: 'burn-in before commencement' };
      given(received, installed).when(energize({ stage })).thenRejects('miner/contract-not-active');
      given(received, installed)
        .when(energize({ stage, override: { ...override, approvedBy: 'ada' } }))
        .thenRejects('miner/own-override', '/override/approvedBy');
      given(received, installed)
        .when(energize({ stage, override: { ...override, approvedBy: 'Ada' } }))
        .thenRejects('miner/own-override', '/override/approvedBy');
      given(received, installed)
        .when(energize({ stage, override: { ...override, approvedBy: 'the boss' } }))
        .thenRejects('miner/approver-invalid', '/override/approvedBy');
      given(received, installed)
        .when(energize({ stage, override }))
        .then({ type: 'MinerEnergized', data: { ...power, override } });
    },
  );

  it('needs no override that it was given for an active contract', () => {
    const override = { approvedBy: 'grace', reason: 'in doubt' };
    given(received, installed).when(energize({ override })).then(energized);
  });

  it('is refused while it is under repair', () => {
    given(received, installed, repairOpened)
      .when(energize())
      .thenRejects('miner/under-repair', '/serial');
  });
});

describe('de-energizing a miner', () => {
  it('names the cause, once', () => {
    given(received, installed, energized)
      .when(deenergize)
      .then({
        type: 'MinerDeenergized',
        data: { ...power, cause: 'curtailment', curtailmentId: 'c1' },
      });
    given(received, installed, energized, deenergized('fault')).when(deenergize).thenNothing();
  });

  it('comes before every move out of its slot', () => {
    const to = { ...slot, slot: 2 };
    given(received, installed, energized)
      .when(command('RelocateMiner', { to, reservationId: 'r2', powerWatts: 3_247 }))
      .then(deenergized('relocation'), {
        type: 'MinerRelocated',
        data: {
          ...about,
          ...rated,
          from: slot,
          fromReservationId: 'r1',
          to,
          reservationId: 'r2',
        },
      });
    given(received, installed, energized)
      .when(command('UninstallMiner', { removalId: 'removal-1' }))
      .then(deenergized('uninstallation'), uninstalled);
  });
});

describe('the power profile of a miner', () => {
  const profile = { profile: 'eco', hashrateGhs: 120_000, powerWatts: 2_400 };
  const grant = { reservationId: 'r1', revision: 7 };
  const changed = (place: SlotPlace | StoragePlace): MinerEvent => ({
    type: 'PowerProfileChanged',
    data: {
      ...hosted,
      place,
      energized: place.kind === 'slot',
      ...(place.kind === 'slot' && { grant }),
      profile: 'eco',
      fromHashrateGhs: 151_000,
      hashrateGhs: 120_000,
      fromWatts: 3_247,
      powerWatts: 2_400,
    },
  });

  it('changes in storage, or in the slot whose rack granted the watts', () => {
    given(received).when(command('ChangePowerProfile', profile)).then(changed(storage));
    given(received, installed, energized)
      .when(command('ChangePowerProfile', { ...profile, grant }))
      .then(changed(slot));
  });

  it('changes once, and not back to an earlier grant', () => {
    given(received, changed(storage)).when(command('ChangePowerProfile', profile)).thenNothing();
    const before = { ...profile, powerWatts: 3_000, grant: { ...grant, revision: 6 } };
    const after = { ...before, grant: { ...grant, revision: 8 } };
    const history = [received, installed, energized, changed(slot)];
    given(...history)
      .when(command('ChangePowerProfile', before))
      .thenNothing();
    given(...history)
      .when(command('ChangePowerProfile', after))
      .then({
        type: 'PowerProfileChanged',
        data: {
          ...hosted,
          ...after,
          place: slot,
          energized: true,
          fromHashrateGhs: 120_000,
          fromWatts: 2_400,
        },
      });
  });

  it('does not change for a slot that it has left meanwhile', () => {
    given(received, installed, uninstalled)
      .when(command('ChangePowerProfile', { ...profile, grant }))
      .thenRejects('miner/moved-meanwhile');
    given(received, installed)
      .when(command('ChangePowerProfile', profile))
      .thenRejects('miner/moved-meanwhile');
  });

  it('counts when the next slot is wanted', () => {
    const to = { to: slot, reservationId: 'r1' };
    given(received, changed(storage))
      .when(command('InstallMiner', { ...to, powerWatts: 3_247 }))
      .thenRejects('miner/power-changed', '/serial');
  });
});

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

describe('a miner and its contract', () => {
  it('takes up a part of an allocation, and is hosted under that contract', () => {
    given(received).when(command('AssignMiner', seat)).then(assigned);
    given(received)
      .when(command('AssignMiner', { ...seat, facility: 'DENTON' }))
      .then(assigned);
    given(received)
      .when(command('AssignMiner', { ...seat, facility: 'PECOS' }))
      .thenRejects('miner/other-facility', '/serial');
    given(received, assigned).when(command('AssignMiner', seat)).thenNothing();
    given(received, assigned, installed)
      .when(energize({ contractId: 'contract-2' }))
      .then({ type: 'MinerEnergized', data: { ...power, contractId: 'contract-2' } });
    given(received, assigned, installed).when(energize()).thenRejects('miner/assigned-meanwhile');
  });

  it('takes up one at a time, of its own customer', () => {
    given(received, assigned)
      .when(command('AssignMiner', { ...seat, assignmentId: 'assignment-2' }))
      .thenRejects('miner/already-assigned', '/serial');
    given(received)
      .when(command('AssignMiner', { ...seat, customerId: 'customer-2' }))
      .thenRejects('miner/other-customer', '/serial');
    given(received)
      .when(command('AssignMiner', { ...seat, powerWatts: 3_000 }))
      .thenRejects('miner/power-changed', '/serial');
  });

  it('gives it up once', () => {
    const giveUp = command('UnassignMiner', { cause: 'request' });
    given(received, assigned).when(giveUp).then(unassigned('request'));
    given(received, assigned, unassigned('request')).when(giveUp).thenNothing();
  });
});

describe('the title to a miner', () => {
  const sale = { toCustomerId: 'customer-2', effectiveOn: '2024-06-01', documentDigest };
  const transferred: MinerEvent = {
    type: 'TitleTransferred',
    data: {
      serial,
      model: 'S19JXP-151',
      fromCustomerId: 'customer-1',
      ...sale,
      place: storage,
      energized: false,
      ...rated,
    },
  };

  it('passes where it stands, and its seller’s allocation is free again', () => {
    given(received, assigned)
      .when(command('TransferTitle', sale))
      .then(unassigned('titleTransfer'), transferred);
    given(received, transferred).when(command('TransferTitle', sale)).thenNothing();
    given(received)
      .when(command('TransferTitle', { ...sale, effectiveOn: '2024-06-02' }))
      .thenRejects('miner/title-in-future', '/effectiveOn');
  });

  it('does not pass while it is away', () => {
    given(received, repairOpened, sent)
      .when(command('TransferTitle', sale))
      .thenRejects('miner/not-in-storage');
  });
});

describe('retiring a miner', () => {
  const retire = command('RetireMiner', { cause: 'sold' });

  it('ends its life and gives its allocation up', () => {
    given(received, assigned).when(retire).then(unassigned('retirement'), retired);
    given(received, retired).when(retire).thenNothing();
  });

  it('is refused in a slot', () => {
    given(received, installed).when(retire).thenRejects('miner/not-in-storage');
  });

  it('has numbers of their kind alone', () => {
    const observe = (kind: 'mac' | 'hashboard', value: string) =>
      given(received).when(command('ObserveIdentifier', { kind, value }));
    for (const value of ['whatever', '02:00:00:00:00', '02:00:00:00:00:0G']) {
      observe('mac', value).thenRejects('miner/identifier-invalid', '/value');
    }
    for (const value of ['H', 'HB\u00001', 'HB 1', 'x'.repeat(61)]) {
      observe('hashboard', value).thenRejects('miner/identifier-invalid', '/value');
    }
    observe('mac', ' 02-ab-00-00-00-01 ').then({
      type: 'IdentifierObserved',
      data: { serial, kind: 'mac', value: '02:AB:00:00:00:01' },
    });
  });

  it('leaves its serial number taken, and nothing can be done with it', () => {
    const { contractId, customerId, model } = hosted;
    const again = { model, contractId, customerId, deliveryId: 'delivery-2', line: 1 };
    given(received, retired)
      .when(command('ReceiveMiner', { ...again, facility: 'DENTON', condition: 'ok' }))
      .thenRejects('miner/duplicate-serial', '/serial');
    given(received, retired)
      .when(command('ObserveIdentifier', { kind: 'mac', value: '02:00:00:00:00:01' }))
      .thenRejects('miner/retired', '/serial');
  });
});

describe('whatever is asked of a miner', () => {
  const anyCommand = lifeCommands(serial);

  it('is in one place, draws power only in a slot, and never lives again', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        let miner: Miner = minerAggregate.evolve(minerAggregate.initialState, received);
        const seen = new Observer();
        for (const next of commands) {
          for (const event of decideOrRefuse(next, miner)) {
            miner = minerAggregate.evolve(miner, event);
            seen.observe(event);
          }
        }
        expect(miner).toMatchObject({
          ...(seen.retired ? { status: 'retired' } : { place: seen.place }),
          customerId: seen.owner,
          powerWatts: seen.watts,
        });
        expect('energized' in miner ? miner.energized : false).toBe(seen.energized);
        expect('assignment' in miner).toBe(seen.assigned);
      }),
      { numRuns: 400 },
    );
  });

  /** What the events say by themselves, and what they must not say. */
  class Observer {
    place: Place = storage;
    energized = false;
    assigned = false;
    retired = false;
    repair: string | undefined;
    owner = 'customer-1';
    watts = 3_247;
    readonly over = new Set<string>();

    observe(event: MinerEvent): void {
      if (event.type === 'ModelCorrected') {
        const { fromWatts, energized, place, retired = false } = event.data;
        expect({ fromWatts, energized, retired }).toEqual({
          ...{ fromWatts: this.watts, energized: this.energized, retired: this.retired },
        });
        if (!this.retired) expect(place).toEqual(this.place);
        this.watts = event.data.powerWatts;
        return;
      }
      expect(this.retired).toBe(false);
      switch (event.type) {
        case 'MinerInstalled':
        case 'MinerRelocated':
          this.useUp(event.data.reservationId);
          expect(event.data.powerWatts).toBe(this.watts);
          return this.move(event.data);
        case 'MinerDeparted':
          expect(event.data.powerWatts).toBe(this.watts);
          return this.move(event.data);
        case 'MinerUninstalled':
        case 'MinerArrived':
        case 'MinerSentToVendor':
        case 'MinerReturnedFromVendor':
          return this.move(event.data);
        case 'RelocationAbandoned':
          return this.useUp(event.data.reservationId);
        case 'MinerEnergized':
        case 'MinerDeenergized':
          expect(event.data.place).toEqual(this.place);
          expect(this.energized).toBe(event.type === 'MinerDeenergized');
          this.energized = event.type === 'MinerEnergized';
          if (this.energized) expect(this.repair).toBeUndefined();
          return;
        case 'PowerProfileChanged':
          expect(event.data).toMatchObject({ fromWatts: this.watts, energized: this.energized });
          this.watts = event.data.powerWatts;
          return;
        case 'RepairOpened':
          expect(this.repair).toBeUndefined();
          expect(this.energized).toBe(false);
          this.repair = event.data.repairId;
          return;
        case 'RepairClosed':
          expect(this.repair).toBe(event.data.repairId);
          this.repair = undefined;
          return;
        case 'MinerAssigned':
        case 'MinerUnassigned':
          expect(this.assigned).toBe(event.type === 'MinerUnassigned');
          expect(event.data.customerId).toBe(this.owner);
          this.assigned = event.type === 'MinerAssigned';
          return;
        case 'TitleTransferred':
          expect(event.data.fromCustomerId).toBe(this.owner);
          expect(this.assigned).toBe(false);
          this.owner = event.data.toCustomerId;
          return;
        case 'MinerRetired':
          expect(event.data.from).toEqual(this.place);
          expect(this.assigned).toBe(false);
          this.retired = true;
          return;
        case 'MinerReceived':
        case 'BenchSwapEnded':
        case 'IdentifierObserved':
        case 'ComponentSwapped':
          throw new Error(`Nobody asked for ${event.type}`);
      }
    }

    private move({ from, to: next }: { from: Place; to: Place }): void {
      expect(from).toEqual(this.place);
      expect(next).not.toEqual(this.place);
      expect(this.energized).toBe(false);
      this.place = next;
    }

    private useUp(id: string): void {
      expect(this.over).not.toContain(id);
      this.over.add(id);
    }
  }
});
