import { contractAggregate, customerAggregate } from '@hostledger/contracts';
import { deriveId, stepOf, type CommandContext } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { reconcileDelivery, startDelivery } from '@hostledger/fleet';
import { facilityAggregate, rackAggregate, rackId } from '@hostledger/sites';
import { DIGEST, HistoryWriter } from './history-writer.js';
import {
  CUSTOMERS,
  FACILITIES,
  monthsOf,
  SLOTS_PER_RACK,
  WATTS_PER_SLOT,
  type Machine,
  type Month,
} from './history.js';

// Writes the history of a large fleet, for measuring and trying things at full scale. The product's
// own deciders and bulk operations make the events, each with the business time it would have had;
// only the appends are gathered, one per stream and month.

/** Before anything of the history. */
const START = '2017-01-01T00:00:00.000Z';
const LIMIT_PER_RACK = SLOTS_PER_RACK * WATTS_PER_SLOT;

interface Slot {
  readonly facility: string;
  readonly rack: string;
  readonly slot: number;
}

/** Writes the history of so many machines into an empty log. */
export class Generator extends HistoryWriter {
  private readonly contracts: { readonly contractId: string }[] = [];
  /** Free slots of each facility, those to be taken next at the end. */
  private readonly free = FACILITIES.map((): Slot[] => []);
  /** Machines that stand in slots of each facility, the oldest first. */
  private readonly standing = FACILITIES.map((): (Slot & { readonly serial: string })[] => []);

  constructor(
    eventStore: EventStore,
    private readonly machines: number,
  ) {
    super(eventStore, machines);
  }

  async run(tell: (line: string) => void): Promise<void> {
    const started = performance.now();
    let deployed = 0;
    await this.openSites();
    await this.signContracts();
    for (const month of monthsOf(this.machines)) {
      await this.live(month);
      await this.log.flush();
      for (const { machines } of month.deliveries) deployed += machines.length;
      const seconds = (performance.now() - started) / 1_000;
      const rate = Math.round(this.log.written / seconds);
      tell(
        `${month.at.slice(0, 7)}  ${deployed} machines, ${this.log.written} events, ` +
          `${seconds.toFixed(0)} s, ${rate} events/s`,
      );
    }
  }

  private async openSites(): Promise<void> {
    for (const site of FACILITIES) {
      const { facility } = site;
      const data = { ...site, powerEnvelopeWatts: this.machines * WATTS_PER_SLOT };
      await this.act(facilityAggregate, facility, { type: 'OpenFacility', data, at: START });
    }
  }

  /** Each customer with one contract, and one order large enough for all that will come. */
  private async signContracts(): Promise<void> {
    for (let number = 0; number < CUSTOMERS; number += 1) {
      const customerId = deriveId('generated', 'customer', number);
      const contractId = deriveId('generated', 'contract', number);
      const name = `Customer ${number + 1}`;
      const registered = { customerId, name, legalName: `${name} Mining LLC`, country: 'US' };
      await this.act(customerAggregate, customerId, {
        type: 'RegisterCustomer',
        data: registered,
        at: START,
      });
      const contract = (command: Parameters<typeof contractAggregate.decide>[0]) =>
        this.act(contractAggregate, contractId, command);
      await contract({
        type: 'DraftContract',
        data: {
          contractId,
          customerId,
          reference: `HA-${number + 1}`,
          title: 'Hosting agreement',
          timeZone: 'America/Chicago',
          currency: 'USD',
        },
        at: START,
      });
      // In Chicago the year before has not ended.
      const day = '2016-12-31';
      await contract({
        type: 'AdoptTerms',
        data: {
          effectiveOn: day,
          documentDigest: DIGEST,
          clauses: [{ ref: '4.1', title: 'Hosting fee', text: 'Nameplate power, every hour.' }],
          rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.0700' },
        },
        at: START,
      });
      await contract({
        type: 'ExecuteContract',
        data: {
          executedOn: day,
          documentDigest: DIGEST,
          signatories: [{ party: name, name: 'A. Signer' }],
        },
        at: START,
      });
      await contract({ type: 'ActivateContract', data: { activatedOn: day }, at: START });
      this.contracts.push({ contractId });
    }
  }

  private async live({ at, racksEach, deliveries }: Month): Promise<void> {
    for (const [index, { facility }] of FACILITIES.entries()) {
      await this.commission(index, facility, racksEach, at);
    }
    for (const [index, { facility, customer, machines }] of deliveries.entries()) {
      const context = this.context(at, 'delivery', at, index);
      await this.deliver(FACILITIES[facility]!.facility, customer, machines, context);
      await this.install(facility, machines, at, index);
    }
  }

  private async commission(
    index: number,
    facility: string,
    { from, to }: Month['racksEach'],
    at: string,
  ): Promise<void> {
    const racks = Array.from({ length: to - from }, (_, n) => ({
      rack: `R${String(from + n).padStart(4, '0')}`,
      slotCount: SLOTS_PER_RACK,
      powerLimitWatts: LIMIT_PER_RACK,
    }));
    if (racks.length === 0) return;
    const command = { type: 'CommitRackPower', data: { racks }, at } as const;
    await this.act(facilityAggregate, facility, command);
    const added: Slot[] = [];
    for (const plan of racks) {
      const data = { facility, ...plan };
      await this.act(rackAggregate, rackId(facility, plan.rack), {
        type: 'CommissionRack',
        data,
        at,
      });
      for (let slot = 1; slot <= SLOTS_PER_RACK; slot += 1) {
        added.push({ facility, rack: plan.rack, slot });
      }
    }
    this.free[index]!.unshift(...added.reverse());
  }

  private async deliver(
    facility: string,
    customer: number,
    machines: readonly Machine[],
    context: CommandContext,
  ): Promise<void> {
    const lines = machines.map((machine, index) => ({
      line: index + 1,
      value: { ...machine, condition: 'ok' as const },
    }));
    const manifest = {
      contractId: this.contracts[customer]!.contractId,
      facility,
      reference: `GEN-${context.at.slice(0, 7)}-${facility}`,
      lines,
      rejected: [],
      digest: DIGEST,
    };
    const { deliveryId, operationId } = await startDelivery(this.store, manifest, context);
    await this.perform(operationId, 'delivery', context);
    await reconcileDelivery(this.store, deliveryId, stepOf(context, 'reconciliation'));
  }

  /** All of them; where slots are lacking, the oldest machines make room. */
  private async install(
    facility: number,
    machines: readonly Machine[],
    at: string,
    index: number,
  ): Promise<void> {
    const free = this.free[facility]!;
    const standing = this.standing[facility]!;
    const lacking = Math.max(0, machines.length - free.length);
    const replaced = standing.splice(0, lacking);
    await this.replace(replaced, at, index);
    free.push(
      ...replaced.map(({ facility: site, rack, slot }) => ({ facility: site, rack, slot })),
    );

    const moved = machines.slice(0, free.length).map(({ serial }) => ({ serial, ...free.pop()! }));
    if (moved.length === 0) return;
    standing.push(...moved);
    await this.operate('installation', moved, this.context(at, 'installation', at, index));
    const serials = moved.map(({ serial }) => ({ serial }));
    await this.operate('energization', serials, this.context(at, 'energization', at, index));
  }

  /** Out of their slots, and sold. */
  private async replace(
    machines: readonly { readonly serial: string }[],
    at: string,
    index: number,
  ): Promise<void> {
    if (machines.length === 0) return;
    const out = machines.map(({ serial }) => ({ serial }));
    await this.operate('uninstallation', out, this.context(at, 'uninstallation', at, index));
    const sold = machines.map(({ serial }) => ({ serial, cause: 'sold' }));
    await this.operate('retirement', sold, this.context(at, 'retirement', at, index));
  }
}
