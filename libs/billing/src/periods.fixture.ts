import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RateCard } from '@hostledger/contracts';
import {
  deriveId,
  type AggregateStore,
  type DomainEvent,
  type DurableProcess,
  type EventMetadata,
  type ProcessItem,
  type Projection,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { requestClock, type Problem } from '@hostledger/http';
import { Home, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { meterProjections } from './meters.js';
import type { paperSlices } from './papers.js';
import { periodProcesses, periodProjections, periodSlices, type PeriodTools } from './periods.js';
import { machineFactsProjection } from './read/machine-facts/projection.js';
import type { PeriodDetails, PeriodList } from './read/periods/views.js';
import type {
  LineExplanation,
  StatementList,
  BillingStatementView,
} from './read/statements/views.js';
import type { AdjustmentAgreedReply, RestatementReply } from './write/revise-period.js';

// Contracts with machines on the embedded node, the routes about their months, and the process that
// closes them as the worker would run it. The token of a request is `subject:role`.

const projections: readonly Projection[] = [
  machineFactsProjection,
  ...meterProjections,
  ...periodProjections,
];

/** What is asked beside months: routes, and the read models that answer. */
interface Beside {
  readonly slices: typeof paperSlices;
  readonly projections: readonly Projection[];
}

@Module({})
class PeriodsModule {
  static with(more: Beside['slices']): DynamicModule {
    const slices = [...periodSlices, ...more];
    return {
      module: PeriodsModule,
      controllers: slices.flatMap(({ controllers }): Type[] => [...controllers]),
      providers: slices.flatMap(({ providers }): Provider[] => [...providers]),
    };
  }
}

export const CUSTOMER = deriveId('customer');
export const SITE = 'DENTON';
const DIGEST = 'd'.repeat(64);
/** What every event of a machine says. */
const hosted = (contractId: string) => ({
  ...{ contractId, customerId: CUSTOMER, powerWatts: 3_000, ratedHashrateGhs: 100_000 },
});
const clause = { ref: '4.2', title: 'Hosting fee', text: 'Energy at rated power.' };

export const card = (ratePerKwh: string): RateCard => ({
  basis: 'nameplateKwh',
  currency: 'USD',
  clauseRef: '4.2',
  ratePerKwh,
  payment: { dueDays: 7, clauseRef: '4.2' },
});

/** Which of them it is, is what specs say. */
type Told = Pick<Problem, 'code'> &
  Required<PeriodDetails> &
  PeriodList &
  BillingStatementView &
  StatementList &
  LineExplanation &
  AdjustmentAgreedReply &
  RestatementReply;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Told;
}

export class PeriodRoom {
  private readonly now = requestClock.now;
  private readonly revisions = new Map<string, number>();
  readonly store: AggregateStore;
  private app: NestFastifyApplication;
  private filled: Awaited<ReturnType<typeof readModelsOf>>;

  private constructor(readonly home: Home) {
    this.store = home.process();
  }

  static async open(beside: Beside = { slices: [], projections: [] }): Promise<PeriodRoom> {
    const room = new PeriodRoom(await Home.open());
    await room.happened(`facility-${SITE}`, '2023-01-01T00:00:00.000Z', {
      type: 'FacilityOpened',
      data: {
        ...{ facility: SITE, name: SITE, timeZone: 'America/Chicago' },
        powerEnvelopeWatts: 9_000_000,
      },
    });
    room.filled = await readModelsOf(
      [...projections, ...beside.projections],
      await room.home.log(),
    );
    const eventSourcing = EventSourcingModule.with({
      aggregateStore: room.store,
      eventStore: room.home.events,
      readModels: room.filled.readModels,
    });
    const authenticate = (token: string) => {
      const [subject = '', role] = token.split(':');
      return Promise.resolve({ subject, roles: [role] as never });
    };
    room.app = await servedRoutes(
      { imports: [CqrsModule.forRoot(), eventSourcing, PeriodsModule.with(beside.slices)] },
      { authenticate },
    );
    return room;
  }

  async close(): Promise<void> {
    requestClock.now = this.now;
    await this.app.close();
    await this.filled.close();
    await this.home.close();
  }

  // What there is

  /** Events of other rooms as they would have been recorded, dated with an instant. */
  async happened(stream: string, at: string, ...events: readonly DomainEvent[]): Promise<void> {
    const length = this.revisions.get(stream) ?? 0;
    const metadata: EventMetadata = {
      commandId: deriveId(stream, length),
      commandHash: 'hash',
      actor: { subject: 'ada', role: 'operator' },
      occurredAt: at,
      $correlationId: 'c',
      $causationId: 'c',
    };
    await this.home.events.append(
      stream,
      length === 0 ? 'no_stream' : BigInt(length - 1),
      events.map((event, index) => ({ ...event, id: deriveId(stream, length, index), metadata })),
    );
    this.revisions.set(stream, length + events.length);
  }

  /** In force since the middle of January 2024, at 7.5 cents a kWh, with one machine of 3,000 W. */
  async contract(name: string, rateCard = card('0.075')): Promise<string> {
    const contractId = deriveId('contract', name);
    const of = { contractId };
    const names = { reference: name, title: 'Hosting', timeZone: 'America/Chicago' };
    const terms = { documentDigest: DIGEST, clauses: [clause], rateCard };
    const signed = { executedOn: '2024-01-16', documentDigest: DIGEST, signatories: [] };
    await this.happened(
      `hostingContract-${contractId}`,
      '2024-01-16T12:00:00.000Z',
      { type: 'ContractDrafted', data: { ...of, customerId: CUSTOMER, currency: 'USD', ...names } },
      { type: 'TermsAdopted', data: { ...of, version: 1, effectiveOn: '2024-01-16', ...terms } },
      { type: 'ContractExecuted', data: { ...of, ...signed } },
    );
    await this.machine(`M-${name}`, contractId);
    return contractId;
  }

  /** In a slot, and drawing power since the contract is in force. */
  async machine(serial: string, contractId: string): Promise<void> {
    const at = '2024-01-16T06:00:00.000Z';
    const storage = { kind: 'storage', facility: SITE };
    const drawn = { ...hosted(contractId), serial, model: 'S19' };
    await this.happened(
      `miner-${serial}`,
      at,
      {
        type: 'MinerReceived',
        data: {
          ...{ serial, model: 'S19', ratedHashrateGhs: 100_000, nameplateWatts: 3_000 },
          ...{ contractId, customerId: CUSTOMER, deliveryId: 'd', line: 1, place: storage },
        },
      },
      {
        type: 'MinerInstalled',
        data: {
          ...{ ...drawn, from: storage },
          to: { kind: 'slot', facility: SITE, rack: 'A1', slot: 1 },
          ...{ reservationId: 'r', first: true },
        },
      },
      { type: 'MinerEnergized', data: drawn },
    );
  }

  /** A machine was switched off, as is known later. */
  async switchedOff(name: string, at: string): Promise<void> {
    const of = hosted(deriveId('contract', name));
    const data = { ...of, serial: `M-${name}`, cause: 'fault' };
    await this.happened(`miner-M-${name}`, at, { type: 'MinerDeenergized', data });
  }

  /** Machines were off for a curtailment of the site, in which so much was measured. */
  async curtailed(
    curtailmentId: string,
    { from, until, energyAvoidedWh }: { from: string; until: string; energyAvoidedWh: number },
    ...names: readonly string[]
  ): Promise<void> {
    const about = { facility: SITE, curtailmentId };
    const declared = { ...about, startsAt: from, scope: { kind: 'site' }, cause: 'demandResponse' };
    await this.happened(
      `facility-${SITE}`,
      from,
      { type: 'CurtailmentDeclared', data: declared },
      { type: 'CurtailmentEnded', data: { ...about, endedAt: until, energyAvoidedWh } },
    );
    for (const name of names) await this.offFor(curtailmentId, { from, until }, name);
  }

  async offFor(
    curtailmentId: string,
    { from, until }: { from: string; until: string },
    name: string,
  ): Promise<void> {
    const of = { ...hosted(deriveId('contract', name)), serial: `M-${name}` };
    const off = { ...of, cause: 'curtailment', curtailmentId };
    await this.happened(`miner-M-${name}`, from, { type: 'MinerDeenergized', data: off });
    await this.happened(`miner-M-${name}`, until, { type: 'MinerEnergized', data: of });
  }

  /** By a programme, for a curtailment of the site. */
  async paid(curtailmentId: string, amount: string, receivedOn: string): Promise<void> {
    const about = { facility: SITE, curtailmentId, receiptId: deriveId('receipt', receivedOn) };
    const money = { amount, currency: 'USD', receivedOn, month: receivedOn.slice(0, 7) };
    const data = { ...about, ...money, reference: receivedOn };
    const stream = `programmeReceipts-${SITE}.${curtailmentId}`;
    await this.happened(stream, `${receivedOn}T18:00:00.000Z`, {
      ...{ type: 'ProgrammeReceiptRecorded', data },
    });
  }

  async termsCorrected(contractId: string, rateCard: RateCard): Promise<void> {
    const terms = { documentDigest: DIGEST, clauses: [clause], rateCard };
    const data = { contractId, version: 1, effectiveOn: '2024-01-16', ...terms, cause: 'A typo' };
    await this.happened(`hostingContract-${contractId}`, '2024-03-10T12:00:00.000Z', {
      ...{ type: 'TermsCorrected', data },
    });
  }

  /** Of what is mined; nobody reads it. */
  async meter(meterId: string, contractId: string): Promise<void> {
    const startsAt = '2024-01-16T06:00:00.000Z';
    const of = { meterId, contractId, facility: SITE, reference: `P-${meterId}` };
    const what = { kind: 'proceeds', unit: 'satoshi', startsAt, timeZone: 'America/Chicago' };
    await this.happened(`meter-${meterId}`, startsAt, {
      ...{ type: 'MeterRegistered', data: { ...of, ...what } },
    });
  }

  async termsAdopted(contractId: string, effectiveOn: string, rateCard: RateCard): Promise<void> {
    const data = { contractId, version: 2, effectiveOn, documentDigest: DIGEST };
    const terms = { ...data, clauses: [clause], rateCard };
    await this.happened(`hostingContract-${contractId}`, '2024-01-20T12:00:00.000Z', {
      ...{ type: 'TermsAdopted', data: terms },
    });
  }

  async terminated(contractId: string, terminatedOn: string): Promise<void> {
    const data = { contractId, terminatedOn, cause: { kind: 'convenience' } };
    const stream = `hostingContract-${contractId}`;
    await this.happened(stream, `${terminatedOn}T06:00:00.000Z`, {
      type: 'ContractTerminated',
      data,
    });
  }

  // What is asked

  /** It is this instant for whoever asks from now on. */
  at(instant: string): void {
    requestClock.now = () => instant;
  }

  async call(
    method: 'GET' | 'POST',
    url: string,
    { body, as = 'bea:billing' }: { readonly body?: object; readonly as?: string } = {},
  ): Promise<Answer> {
    await this.catchUp();
    const answer = await this.app.inject({
      method,
      url: `/v1${url}`,
      headers: { authorization: `Bearer ${as}` },
      ...(body && { payload: body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Told>() };
  }

  get(url: string): Promise<Answer> {
    return this.call('GET', url);
  }

  post(url: string, body?: object, as?: string): Promise<Answer> {
    return this.call('POST', url, { ...(body && { body }), ...(as !== undefined && { as }) });
  }

  // What follows

  async catchUp(): Promise<void> {
    await this.filled.catchUp(await this.home.log());
  }

  get readModels(): ReadModels {
    return this.filled.readModels;
  }

  /** Performs what is due on the list of the process, as a worker with this store. */
  async work(
    store = this.store,
    eventStore: PeriodTools['eventStore'] = this.home.events,
  ): Promise<void> {
    await this.catchUp();
    const { readModels } = this.filled;
    const tools = { readModels, eventStore };
    const [process] = periodProcesses(store, tools) as unknown as [DurableProcess];
    for (const item of itemsIn(process, await this.home.log())) {
      const act = { at: requestClock.now(), signal: new AbortController().signal };
      await process.perform(item, act);
    }
    await this.catchUp();
  }

  /** Closes a month, up to its statement. */
  async closed(contractId: string, month: string): Promise<Answer> {
    const begun = await this.post(`/billing/periods/${contractId}/${month}/close`);
    if (begun.status !== 202) throw new Error(JSON.stringify(begun.body));
    await this.work();
    return this.get(`/billing/periods/${contractId}/${month}`);
  }
}

/** A to-do list as the log makes it. */
export const itemsIn = (
  { items: { keys, evolve } }: Pick<DurableProcess, 'items'>,
  log: readonly RecordedEvent[],
): ProcessItem[] => {
  const rows = new Map<string, Record<string, unknown>>();
  for (const event of log) {
    for (const key of keys[event.type]?.(event) ?? []) {
      const id = String(key.item_id);
      const row = evolve(rows.get(id), event, key);
      if (row) rows.set(id, row);
      else rows.delete(id);
    }
  }
  return [...rows.values()] as unknown as ProcessItem[];
};
