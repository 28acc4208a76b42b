import { contractAggregate, customerAggregate } from '@hostledger/contracts';
import { deriveId, stepOf } from '@hostledger/eventsourcing';
import { reconcileDelivery, startDelivery } from '@hostledger/fleet';
import { exact, rounded } from '@hostledger/quantities';
import { facilityAggregate, rackAggregate, rackId } from '@hostledger/sites';
import { DIGEST, HistoryWriter } from '../scale/history-writer.js';
import { WATTS_PER_SLOT } from '../scale/history.js';

// A month of one contract with many machines, as it would have been written then.

export const MONTH = '2024-03';
export const CONTRACT = deriveId('bench', 'billed contract');
const CUSTOMER = deriveId('bench', 'billed customer');
const FACILITY = 'BENCH';
const TIME_ZONE = 'America/Chicago';
const FIRST_DAY = '2024-03-01';
const MODEL = 'S19JXP-151';
const SLOTS = 100;

const at = (day: number, hour = 18): string =>
  `2024-03-${String(day).padStart(2, '0')}T${hour}:00:00.000Z`;

/** One in so many is off for a night, and then on again. */
const OFF_EVERY = 10;

/** Hours from the second of March, 18:00 UTC, to the end of the month in Chicago. */
const HOURS_ON = 707;
const HOURS_OFF = 24;

/** What the month comes to: machine-hours × 3.247 kW × 0.07 USD. */
export const chargedFor = (machines: number): string => {
  const hours = machines * HOURS_ON - Math.ceil(machines / OFF_EVERY) * HOURS_OFF;
  return rounded(exact(hours).mul(exact('3.247')).mul(exact('0.07')), 2);
};

export class BillingHistory extends HistoryWriter {
  /** All of it: signed and delivered on the first day, powered on the second, a tenth off for a night. */
  async write(machines: number): Promise<void> {
    await this.sign();
    await this.build(Math.ceil(machines / SLOTS));
    await this.log.flush();
    const serials = Array.from(
      { length: machines },
      (_, index) => `BILL${String(index).padStart(6, '0')}`,
    );
    await this.deliver(serials);
    await this.log.flush();
    const slots = serials.map((serial, index) => ({
      ...{ serial, facility: FACILITY, rack: rackCode(Math.floor(index / SLOTS)) },
      slot: (index % SLOTS) + 1,
    }));
    await this.bulk('installation', at(1, 20), slots);
    const all = serials.map((serial) => ({ serial }));
    await this.bulk('energization', at(2), all);
    const some = all.filter((_, index) => index % OFF_EVERY === 0);
    await this.bulk(
      'deenergization',
      at(15),
      some.map(({ serial }) => ({ serial, cause: 'maintenance' })),
    );
    await this.bulk('energization', at(16), some);
  }

  get events(): number {
    return this.log.written;
  }

  private async bulk(kind: string, instant: string, values: readonly object[]): Promise<void> {
    await this.operate(kind, values, this.context(instant, kind, instant));
    await this.log.flush();
  }

  private async sign(): Promise<void> {
    const name = 'Billed Mining LLC';
    const data = { customerId: CUSTOMER, name, legalName: name, country: 'US' };
    await this.act(customerAggregate, CUSTOMER, { type: 'RegisterCustomer', data, at: at(1) });
    const contract = (command: Parameters<typeof contractAggregate.decide>[0]): Promise<void> =>
      this.act(contractAggregate, CONTRACT, command);
    await contract({
      type: 'DraftContract',
      data: {
        ...{ contractId: CONTRACT, customerId: CUSTOMER, reference: 'HA-BILLED' },
        ...{ title: 'Hosting agreement', timeZone: TIME_ZONE, currency: 'USD' },
      },
      at: at(1),
    });
    await contract({
      type: 'AdoptTerms',
      data: {
        ...{ effectiveOn: FIRST_DAY, documentDigest: DIGEST },
        clauses: [{ ref: '4.1', title: 'Hosting fee', text: 'Energy at rated power.' }],
        rateCard: {
          ...{ basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0700', clauseRef: '4.1' },
        },
      },
      at: at(1),
    });
    const signatories = [{ party: name, name: 'A. Signer' }];
    await contract({
      type: 'ExecuteContract',
      data: { executedOn: FIRST_DAY, documentDigest: DIGEST, signatories },
      at: at(1),
    });
    await contract({ type: 'ActivateContract', data: { activatedOn: FIRST_DAY }, at: at(1) });
  }

  private async build(count: number): Promise<void> {
    const powerLimitWatts = SLOTS * WATTS_PER_SLOT;
    const racks = Array.from({ length: count }, (_, index) => ({
      ...{ rack: rackCode(index), slotCount: SLOTS, powerLimitWatts },
    }));
    const site = { facility: FACILITY, name: 'Bench hall', timeZone: TIME_ZONE };
    await this.act(facilityAggregate, FACILITY, {
      type: 'OpenFacility',
      data: { ...site, powerEnvelopeWatts: count * powerLimitWatts },
      at: at(1),
    });
    const commit = { type: 'CommitRackPower', data: { racks }, at: at(1) } as const;
    await this.act(facilityAggregate, FACILITY, commit);
    for (const plan of racks) {
      const data = { facility: FACILITY, ...plan };
      const command = { type: 'CommissionRack', data, at: at(1) } as const;
      await this.act(rackAggregate, rackId(FACILITY, plan.rack), command);
    }
  }

  private async deliver(serials: readonly string[]): Promise<void> {
    const context = this.context(at(1), 'delivery');
    const lines = serials.map((serial, index) => ({
      line: index + 1,
      value: { serial, model: MODEL, condition: 'ok' as const },
    }));
    const manifest = {
      ...{ contractId: CONTRACT, facility: FACILITY, reference: 'BILLED' },
      ...{ lines, rejected: [], digest: DIGEST },
    };
    const { deliveryId, operationId } = await startDelivery(this.store, manifest, context);
    await this.perform(operationId, 'delivery', context);
    await reconcileDelivery(this.store, deliveryId, stepOf(context, 'reconciliation'));
  }
}

const rackCode = (index: number): string => `R${String(index).padStart(4, '0')}`;
