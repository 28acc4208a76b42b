import {
  AggregateStore,
  deriveId,
  hashOf,
  type CommandContext,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import {
  minerAggregate,
  type FleetWhereabouts,
  type MachineAtSite,
  type MachineWhereabouts,
  type TrueAt,
} from '@hostledger/fleet';
import { InMemoryStreams, rowsOf } from '@hostledger/testing';
import { settlementAggregate, type SettlementCommand } from '../domain/settlement.js';
import { approval, at, proposal, siteLeg, waiver } from '../domain/settlement.fixture.js';
import { relocationCases, type CaseRow } from '../read/clearances/projection.js';
import { openClearances, siteClearancesProcess, type OpenClearance } from './site-clearance.js';
import { PRESENCE_TYPES, presenceChange } from './site-presence.js';

// A site with machines that a settlement gives away, and a worker that clears it.

export const facility = 'CEDARVALE';
const NAMEPLATE_WATTS = 3_247;

export const contextFor = (key: string): CommandContext => ({
  commandId: deriveId(key),
  requestHash: hashOf(key),
  actor: { subject: 'ana', role: 'commercial' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});

/** Where the log says that each machine is, as the fleet's read model does. */
const placesIn = (log: readonly RecordedEvent[]) => {
  const places = new Map<string, MachineAtSite & { facility?: string; since: string }>();
  for (const event of log) {
    if (!(PRESENCE_TYPES as readonly string[]).includes(event.type)) continue;
    const { serial, came, left } = presenceChange(event as never);
    const { customerId } = event.data as { customerId: string };
    const since = event.metadata.occurredAt;
    const before = places.get(serial);
    if (came !== undefined) places.set(serial, { serial, customerId, facility: came, since });
    else if (left !== undefined) places.set(serial, { serial, customerId, since });
    else if (before) places.set(serial, { ...before, since });
  }
  return [...places.values()].sort((a, b) => (a.serial < b.serial ? -1 : 1));
};

/** Answers from the log as it is, and lets something happen after an answer was given. */
export class ToldWhereabouts implements Pick<FleetWhereabouts, 'at' | 'of'> {
  readonly asked: bigint[] = [];
  /** After the next answer. */
  meanwhile: (() => Promise<unknown>) | undefined;

  constructor(private readonly streams: InMemoryStreams) {}

  async at(site: string, minPosition: bigint): Promise<TrueAt<MachineAtSite>> {
    this.asked.push(minPosition);
    const position = await this.streams.head();
    const machines = placesIn(this.streams.log)
      .filter((place) => place.facility === site)
      .map(({ serial, customerId }) => ({ serial, customerId }));
    await this.happens();
    return { position, machines };
  }

  async of(serials: readonly string[]): Promise<TrueAt<MachineWhereabouts>> {
    const position = await this.streams.head();
    const machines = placesIn(this.streams.log)
      .filter(({ serial }) => serials.includes(serial))
      .map(({ serial, facility: site, since }) => ({
        serial,
        since,
        state: site === undefined ? ('retired' as const) : ('stored' as const),
        ...(site !== undefined && { facility: site }),
      }));
    await this.happens();
    return { position, machines };
  }

  private async happens(): Promise<void> {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
  }
}

export class Site {
  readonly streams = new InMemoryStreams();
  readonly whereabouts = new ToldWhereabouts(this.streams);
  private acts = 0;

  get store(): AggregateStore {
    return new AggregateStore(this.streams);
  }

  async receive(serial: string, customerId = 'customer-1', to = facility): Promise<void> {
    const data = {
      ...{ serial, model: 'S19JXP-151', contractId: 'contract-1', customerId },
      ...{ deliveryId: 'delivery-1', line: 1, facility: to, condition: 'ok' as const },
    };
    const command = { type: 'ReceiveMiner', data, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  async depart(serial: string, to: string): Promise<void> {
    const reservationId = `r${this.acts}`;
    const data = { serial, to, reservationId, powerWatts: NAMEPLATE_WATTS };
    const command = { type: 'DepartMiner', data, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  async arrive(serial: string, to: string): Promise<void> {
    const command = { type: 'ArriveMiner', data: { serial, facility: to }, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  async retire(serial: string): Promise<void> {
    const command = { type: 'RetireMiner', data: { serial, cause: 'scrapped' }, at } as const;
    await this.store.handle(minerAggregate, serial, command, this.next());
  }

  /** A settlement under which the site is given away, approved by a court. */
  async give(settlementId = 's1'): Promise<void> {
    await this.settle(settlementId, {
      type: 'ProposeSettlement',
      data: { ...proposal, settlementId, legs: [siteLeg] },
      at,
    });
    await this.settle(settlementId, { type: 'ApproveSettlement', data: approval, at });
  }

  async keep(settlementId = 's1'): Promise<void> {
    await this.settle(settlementId, { type: 'WaiveLeg', data: { ...waiver, leg: 1 }, at });
  }

  items(): OpenClearance[] {
    return rowsOf<OpenClearance>(openClearances, this.streams.log);
  }

  /** What the worker does: performs every item that is due. Answers how many were. */
  async work(): Promise<number> {
    const due = this.items().filter(({ due_at }) => due_at < '9999');
    for (const item of due) {
      const process = siteClearancesProcess(this.store, this.whereabouts);
      await process.perform(item, { at, signal: new AbortController().signal });
    }
    return due.length;
  }

  /** Until nothing is due any more, in so many turns at most. */
  async workAll(): Promise<void> {
    for (let turn = 0; (await this.work()) > 0; turn += 1) {
      if (turn > 10) throw new Error('The worker finds no end');
    }
  }

  cases(): CaseRow[] {
    return rowsOf<CaseRow>(relocationCases, this.streams.log);
  }

  /** Serial number, state and where to, of each case. */
  told(): string[] {
    return this.cases().map(({ serial, state, to_facility }) =>
      [serial, state, to_facility].filter((word) => word !== null).join(' '),
    );
  }

  clearance(settlementId = 's1'): { type: string; data: object }[] {
    return this.streams.events(`siteClearance-${settlementId}.${facility}`);
  }

  said(settlementId = 's1'): string[] {
    return this.clearance(settlementId).map(({ type }) => type);
  }

  private async settle(settlementId: string, command: SettlementCommand): Promise<void> {
    await this.store.handle(settlementAggregate, settlementId, command, this.next());
  }

  private next(): CommandContext {
    this.acts += 1;
    return contextFor(`act ${this.acts}`);
  }
}
