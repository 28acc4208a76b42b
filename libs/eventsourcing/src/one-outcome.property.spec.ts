import fc from 'fast-check';
import { InMemoryStreams } from '@hostledger/testing';
import {
  AggregateStore,
  CommandIdReused,
  deriveId,
  DomainError,
  StoreUnavailable,
  TooMuchContention,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
} from './index.js';

// A command id has one outcome for ever, and another body under it is refused: whoever sends it
// again, from whatever process, after whatever others did and however replies were lost.

type Counted = DomainEvent<'Counted', { by: number }>;
type Count = DomainCommand<'Count', { by: number }>;

const LIMIT = 20;
const at = '2024-04-20T00:00:00.000Z';

const tally: Aggregate<number, Count, Counted> = {
  category: 'tally',
  initialState: 0,
  events: { Counted: 'The tally went up.' },
  decide: ({ data: { by } }, total) => {
    if (total + by > LIMIT) throw new DomainError('conflict', 'tally/full', 'The tally is full');
    return [{ type: 'Counted', data: { by } }];
  },
  evolve: (total, event) => total + event.data.by,
};

const request = fc.record({
  id: fc.integer({ min: 1, max: 3 }),
  by: fc.integer({ min: 1, max: 3 }),
  process: fc.nat({ max: 2 }),
});
/** What is in one list is sent at the same time; before it a process may lose its memory. */
const step = fc.record({
  requests: fc.array(request, { minLength: 1, maxLength: 4 }),
  forgets: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  dies: fc.option(
    fc.record({
      append: fc.integer({ min: 1, max: 2 }),
      point: fc.constantFrom('before', 'after'),
    }),
    { nil: undefined },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Request = Step['requests'][number];

const send = async (store: AggregateStore, { id, by }: Request) => {
  const context = {
    commandId: deriveId(`command ${id}`),
    actor: { subject: 'ana', role: 'operator' },
    correlationId: 'c-1',
    causationId: 'r-1',
    at,
  };
  const command: Count = { type: 'Count', data: { by }, at };
  return store.handle(tally, 'a', command, context);
};

it('a command id has one outcome for ever, and no other body', async () => {
  const refusedBodies = { count: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const streams = new InMemoryStreams();
      const stores = Array.from({ length: 3 }, () => new AggregateStore(streams));
      const outcomes = new Map<number, { by: number; revision: bigint; position: bigint }>();
      for (const { requests, forgets, dies } of steps) {
        if (forgets !== undefined) stores[forgets] = new AggregateStore(streams);
        if (dies) streams.failFrom(dies.append, dies.point);
        const answers = await Promise.allSettled(
          requests.map((one) => send(stores[one.process]!, one)),
        );
        streams.heal();
        answers.forEach((answer, index) => {
          const { id, by } = requests[index]!;
          const written = streams.log.filter(
            ({ metadata }) => metadata.commandId === deriveId(`command ${id}`),
          );
          expect(written.length).toBeLessThan(2);
          const body = (written[0]?.data as Counted['data'] | undefined)?.by;
          if (answer.status === 'fulfilled') {
            const { revision, position } = answer.value;
            const outcome = outcomes.get(id) ?? { by, revision, position };
            outcomes.set(id, outcome);
            expect({ by, revision, position }).toEqual(outcome);
            expect(body).toBe(by);
            return;
          }
          const reason = answer.reason as Error;
          if (reason instanceof CommandIdReused) {
            refusedBodies.count += 1;
            expect(body).toBeDefined();
            expect(body).not.toBe(by);
          } else if (reason instanceof DomainError) {
            // Refused by the rules before it had an outcome, or while another body got it.
            expect(outcomes.get(id)).toBeUndefined();
          } else if (!(reason instanceof TooMuchContention)) {
            expect(reason).toBeInstanceOf(StoreUnavailable);
          }
        });
      }
    }),
    { numRuns: 60 },
  );
  expect(refusedBodies.count).toBeGreaterThan(0);
});
