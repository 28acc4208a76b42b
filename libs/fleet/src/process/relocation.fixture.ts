import { stepOf, type AggregateStore, type RecordedEvent } from '@hostledger/eventsourcing';
import { rackAggregate, rackId } from '@hostledger/sites';
import { relocationAggregate, type KnownRelocation } from '../domain/relocation.js';
import { at, contextOf, itemsIn, NAMEPLATE_WATTS } from './moves.fixture.js';
import { planRelocation, type EventReader, type RelocationProposal } from './relocation-plan.js';
import { openRelocations, relocationsProcess, type OpenRelocation } from './relocation-process.js';
import { arrivalKind, departureKind, type ArrivalLine } from './relocation-transit.js';

// Plans for specs: proposed by Ana, approved by Bob, carried out as the worker would.

export const planner = { subject: 'ana', role: 'operator' };
export const approver = { subject: 'bob', role: 'commercial' };

/** A rack at the other facility; 8 slots. */
export const setUpRackAtPecos = async (
  store: AggregateStore,
  rack: string,
  carries: number,
): Promise<void> => {
  const powerLimitWatts = carries * NAMEPLATE_WATTS;
  const data = { facility: 'PECOS', rack, slotCount: 8, powerLimitWatts };
  const command = { type: 'CommissionRack', data, at } as const;
  await store.handle(rackAggregate, rackId('PECOS', rack), command, contextOf(`PECOS ${rack}`));
};

export const propose = async (
  store: AggregateStore,
  moves: RelocationProposal['moves'],
  name = 'plan',
): Promise<string> => {
  const about = { reference: name, cause: 'Halving', digest: 'd'.repeat(64), holdHours: 48 };
  const context = contextOf(name, { actor: planner });
  return (await planRelocation(store, { ...about, moves }, context)).relocationId;
};

export const approve = async (
  store: AggregateStore,
  relocationId: string,
  when = at,
): Promise<void> => {
  const data = { relocationId, approvedBy: approver.subject };
  const context = { ...contextOf(`approve ${relocationId}`), actor: approver, at: when };
  const command = { type: 'ApproveRelocation', data, at: when } as const;
  await store.handle(relocationAggregate, relocationId, command, context);
};

export const callOff = async (store: AggregateStore, relocationId: string): Promise<void> => {
  const data = { relocationId, cancelledBy: 'ana', cause: 'Prices rose' };
  const context = stepOf(contextOf('call off'), relocationId);
  const command = { type: 'CancelRelocation', data, at } as const;
  await store.handle(relocationAggregate, relocationId, command, context);
};

/** The to-do list as the log makes it. */
export const openRelocationsIn = (log: readonly RecordedEvent[]): OpenRelocation[] =>
  itemsIn<OpenRelocation>(openRelocations, log);

/** Performs everything that is due once, as the owner of the process would. */
export const carryOutDue = async (
  store: AggregateStore,
  reader: EventReader,
  log: readonly RecordedEvent[],
  now = at,
): Promise<void> => {
  const worker = relocationsProcess(store, reader);
  const signal = new AbortController().signal;
  for (const item of openRelocationsIn(log).filter(({ due_at }) => due_at <= now)) {
    await worker.perform(item, { at: now, signal });
  }
};

export const relocationOf = async (
  store: AggregateStore,
  relocationId: string,
): Promise<KnownRelocation> => {
  const { state } = await store.load(relocationAggregate, relocationId, { fresh: true });
  if (state.status === 'unknown' || state.status === 'listing') throw new Error('No such plan');
  return state;
};

/** Reports departures or arrivals as the worker performs them; resolves to the codes by line. */
export const report = async (
  store: AggregateStore,
  reader: EventReader,
  what: 'departure' | 'arrival',
  relocationId: string,
  lines: readonly ArrivalLine[],
  name: string = what,
): Promise<Record<number, string>> => {
  const kind = what === 'departure' ? departureKind(store, reader) : arrivalKind(store, reader);
  const rejected = await kind.perform({
    operationId: 'operation-1',
    chunk: 0,
    params: { relocationId },
    lines: lines.map((value, index) => ({ line: index + 1, value })),
    refusedAtUpload: [],
    context: stepOf(contextOf(name), relocationId),
    now: at,
    signal: new AbortController().signal,
  });
  return Object.fromEntries(rejected.map(({ line, code }) => [line, code]));
};
