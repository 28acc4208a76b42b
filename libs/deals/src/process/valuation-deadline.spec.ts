import { AggregateStore, deriveId } from '@hostledger/eventsourcing';
import { InMemoryStreams, recorded, rowsOf } from '@hostledger/testing';
import { supplyAggregate } from '../domain/supply-agreement.js';
import { agree, agreement, AT, missed, overdueAt, valued } from '../domain/supply.fixture.js';
import {
  pendingValuations,
  valuationDeadlinesProcess,
  type PendingValuation,
} from './valuation-deadline.js';

const stream = 'supplyAgreement-agreement';
const timers = (...events: typeof agreement): PendingValuation[] =>
  rowsOf(pendingValuations, recorded(stream, events));

it('A leg that is to be valued has a timer, until it is valued or its day was missed', () => {
  expect(timers(...agreement)).toMatchObject([
    { item_id: 'agreement.2', due_at: overdueAt, agreement_id: 'agreement', leg: 2 },
  ]);
  expect(timers(...agreement, missed)).toEqual([]);
  expect(timers(...agreement, missed, valued)).toEqual([]);
  expect(timers(...agreement, valued)).toEqual([]);
});

it('The timer says once that the day was missed, however often it rings', async () => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  const context = {
    commandId: deriveId('agree'),
    actor: { subject: 'ada', role: 'commercial' },
    correlationId: 'c',
    causationId: 'r',
    at: AT,
  };
  await store.handle(supplyAggregate, 'agreement', agree(), context);
  const [timer] = timers(...agreement);
  const process = valuationDeadlinesProcess(store);
  const ring = (at: string) =>
    process.perform(timer!, { at, signal: new AbortController().signal });
  await ring('2024-01-01T05:59:59.999Z');
  expect(streams.events(stream)).toHaveLength(4);
  await ring(overdueAt);
  await ring('2024-01-02T00:00:00.000Z');
  expect(streams.events(stream).slice(4)).toEqual([missed]);
  expect(streams.log.at(-1)?.metadata.actor).toEqual({
    subject: 'system:valuation_deadlines',
    role: 'system',
  });
});
