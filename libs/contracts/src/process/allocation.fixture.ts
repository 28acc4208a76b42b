import { AggregateStore, deriveId, hashOf, type CommandContext } from '@hostledger/eventsourcing';
import { facilityAggregate } from '@hostledger/sites';
import { InMemoryStreams, type FaultPoint } from '@hostledger/testing';
import { contractAggregate, type ContractCommand } from '../domain/hosting-contract.js';
import type { Allocation } from './allocation.js';

export const at = '2024-06-01T00:00:00.000Z';
export const contextFor = (key: string, body: unknown = key): CommandContext => ({
  commandId: deriveId(key),
  requestHash: hashOf(body),
  actor: { subject: 'ada', role: 'commercial' },
  correlationId: 'correlation-1',
  causationId: 'request-1',
  at,
});

export const allocation = (n: number, change: Partial<Allocation> = {}): Allocation => ({
  contractId: 'contract-1',
  orderId: 'order-1',
  allocationId: `allocation-${n}`,
  facility: 'DENTON',
  units: 60,
  powerWatts: 600,
  effectiveOn: '2024-06-01',
  ...change,
});

/** Two sites, and an executed contract with one order of 100 units and 1,000 W. */
export const ready = async (): Promise<InMemoryStreams> => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  await openSites(store, 5_000);
  await setUpContract(store, 'contract-1', 'order-1');
  return streams;
};

export const openSites = async (
  store: AggregateStore,
  powerEnvelopeWatts: number,
): Promise<void> => {
  for (const facility of ['DENTON', 'MARBLE']) {
    const data = { facility, name: facility, timeZone: 'UTC', powerEnvelopeWatts };
    const open = { type: 'OpenFacility', data, at } as const;
    await store.handle(facilityAggregate, facility, open, contextFor(facility));
  }
};

export const documentDigest = 'd'.repeat(64);
export const terms = {
  effectiveOn: '2024-01-01',
  documentDigest,
  clauses: [],
  rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
} as const;

export const draftContract = (
  store: AggregateStore,
  contractId: string,
  timeZone = 'UTC',
): Promise<unknown> => {
  const names = { reference: 'HA-1', title: 'Hosting', timeZone, currency: 'USD' };
  const data = { contractId, customerId: 'customer-1', ...names };
  const command = { type: 'DraftContract', data, at } as const;
  return store.handle(contractAggregate, contractId, command, contextFor(`draft ${contractId}`));
};

export const setUpContract = async (
  store: AggregateStore,
  contractId: string,
  orderId: string,
  timeZone?: string,
): Promise<void> => {
  await draftContract(store, contractId, timeZone);
  const order = { orderId, reference: 'SO-1', units: 100, powerWatts: 1_000 };
  const commands: ContractCommand[] = [
    { type: 'AdoptTerms', data: terms, at },
    {
      type: 'ExecuteContract',
      data: { executedOn: '2024-01-01', documentDigest, signatories: [] },
      at,
    },
    { type: 'PlaceOrder', data: { ...order, startsOn: '2024-01-01' }, at },
  ];
  for (const command of commands) {
    const context = contextFor(`${command.type} of ${contractId}`);
    await store.handle(contractAggregate, contractId, command, context);
  }
};

/** Before and after each of these appends. */
export const deathsAt = (...appends: number[]) =>
  appends.flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  );
