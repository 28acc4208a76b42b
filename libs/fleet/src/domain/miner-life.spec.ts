import fc from 'fast-check';
import { specOf } from '@hostledger/testing';
import { decideOrRefuse, lifeCommands } from './miner-life.fixture.js';
import {
  serial,
  storage,
  rated,
  hosted,
  documentDigest,
  received,
  installed,
  power,
  repairOpened,
  sent,
  seat,
  assigned,
  unassigned,
  retired,
  command,
  energize,
} from './miner-story.fixture.js';
import { minerAggregate, type Miner, type MinerEvent, type Place } from './miner.js';

const { given } = specOf(minerAggregate);

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
