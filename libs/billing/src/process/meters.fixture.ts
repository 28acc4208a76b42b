import { contractAggregate, type ContractCommand } from '@hostledger/contracts';
import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { operationsProcess, type LineRejection } from '@hostledger/operations';
import { facilityAggregate, type FacilityCommand } from '@hostledger/sites';
import { InMemoryStreams } from '@hostledger/testing';
import { meterMonthAggregate, meterMonthId } from '../domain/meter-month.js';
import { TakeReadingsCommand, TakeReadingsHandler } from '../write/meter-readings.js';
import { readingsKind, type ReadingLine } from './meter-readings.js';
import { registerMeter } from './meters.js';

// A site, a contract and a meter, on streams in memory.

export const at = '2024-07-05T12:00:00.000Z';
export const contractId = deriveId('contract of meters');
export const curtailmentId = deriveId('curtailment');
export const METER = 'DENTON-A-07';

export const contextOf = (name: string): CommandContext => ({
  commandId: deriveId('meters', name),
  actor: { subject: 'ada', role: 'operator' },
  correlationId: name,
  causationId: name,
  at,
});

const termsOf = (effectiveOn: string, estimates: boolean): ContractCommand => ({
  type: 'AdoptTerms',
  data: {
    effectiveOn,
    documentDigest: 'a'.repeat(64),
    clauses: [],
    rateCard: {
      basis: 'meteredKwh',
      currency: 'USD',
      ratePerKwh: '0.07',
      ...(estimates && { estimation: 'nameplate' as const }),
    },
  },
  at,
});

/** From 15 June 2024 on what no meter told may be estimated. */
export const setUpContract = async (store: AggregateStore): Promise<void> => {
  const site: FacilityCommand[] = [
    {
      type: 'OpenFacility',
      data: {
        ...{ facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago' },
        powerEnvelopeWatts: 1_000_000,
      },
      at,
    },
    {
      type: 'DeclareCurtailment',
      data: {
        ...{ curtailmentId, cause: 'demandResponse', scope: { kind: 'facility' } },
        startsAt: '2024-06-21T02:00:00.000Z',
      },
      at,
    },
  ];
  for (const command of site) {
    await store.handle(facilityAggregate, 'DENTON', command, contextOf(command.type));
  }
  const draft: ContractCommand = {
    type: 'DraftContract',
    data: {
      contractId,
      ...{ customerId: 'customer-1', reference: 'HA-1', title: 'Hosting' },
      ...{ timeZone: 'America/Chicago', currency: 'USD' },
    },
    at,
  };
  const commands = [draft, termsOf('2023-09-25', false), termsOf('2024-06-15', true)];
  for (const [index, command] of commands.entries()) {
    await store.handle(contractAggregate, contractId, command, contextOf(`contract ${index}`));
  }
};

export const setUpMeter = async (
  store: AggregateStore,
  meterId = METER,
  kind: 'energy' | 'proceeds' = 'energy',
): Promise<void> => {
  const startsAt = '2024-05-01T05:00:00.000Z';
  const meter = { meterId, contractId, facility: 'DENTON', kind, startsAt, reference: meterId };
  await registerMeter(store, meter, contextOf(`register ${meterId}`));
};

/** Uploads of readings as they are taken in, by one process or several. */
export class MeterHouse {
  readonly streams = new InMemoryStreams();
  /** That of the process that lives. */
  store = new AggregateStore(this.streams);

  async open(): Promise<void> {
    await setUpContract(this.store);
    await setUpMeter(this.store);
  }

  /** Another process takes over. */
  restart(): void {
    this.streams.heal();
    this.store = new AggregateStore(this.streams);
  }

  async upload(name: string, lines: readonly ReadingLine[], meterId = METER): Promise<string> {
    const sent = lines.map((value, index) => ({ line: index + 1, value }));
    const digest = deriveId(name);
    const upload = { lines: sent, rejected: [], digest, context: contextOf(name) };
    const handler = new TakeReadingsHandler(this.store);
    return (await handler.execute(new TakeReadingsCommand(meterId, upload))).operationId;
  }

  /** As the worker does it; answers the lines refused. */
  async perform(operationId: string, store = this.store): Promise<readonly LineRejection[]> {
    const kinds = [readingsKind(store, this.streams)];
    const worker = operationsProcess(store, this.streams, kinds);
    const item = {
      ...{ item_id: operationId, due_at: at, cause_id: 'e', correlation_id: 'c' },
      kind: 'meterReadings',
    };
    await worker.perform(item, { at, signal: new AbortController().signal });
    return this.streams
      .events(`operation-${operationId}`)
      .flatMap(({ type, data }) =>
        type === 'OperationChunkDone' ? (data as { rejected: LineRejection[] }).rejected : [],
      );
  }

  /** What is known of a month. */
  async known(month: string, meterId = METER) {
    const id = meterMonthId(meterId, month);
    return (await this.store.load(meterMonthAggregate, id, { fresh: true })).state.known;
  }
}

const HOUR_MS = 3_600_000;

/** So many hours after June 2024 begins in Texas. */
export const hour = (n: number): string =>
  new Date(Date.UTC(2024, 5, 1, 5) + n * HOUR_MS).toISOString();

/** Hourly readings with the register, from 1 MWh on. */
export const hourly = (from: number, until: number): ReadingLine[] =>
  Array.from({ length: until - from }, (_, index) => ({
    from: hour(from + index),
    until: hour(from + index + 1),
    energyKwh: '2.5',
    registerKwh: ((2_000 + (from + index + 1) * 5) / 2).toFixed(1),
  }));
