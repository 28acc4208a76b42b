import fc from 'fast-check';
import { InMemoryStreams } from '@hostledger/testing';
import {
  AggregateStore,
  backdated,
  deriveId,
  DomainError,
  MAX_BACKDATED_DAYS,
  stepOf,
  TooMuchContention,
  type Aggregate,
  type CommandContext,
  type DomainCommand,
  type DomainEvent,
} from './index.js';

type Turned = DomainEvent<'Turned', { on: boolean }>;
type Turn = DomainCommand<'Turn', Turned['data']>;

/** A lamp; turning it the way it is turned changes nothing. */
const lamp: Aggregate<boolean, Turn, Turned> = {
  category: 'lamp',
  initialState: false,
  events: { Turned: 'The lamp was turned on or off.' },
  isInOrderOfTime: true,
  decide: ({ data }, isOn) => (data.on === isOn ? [] : [{ type: 'Turned', data }]),
  evolve: (_, { data }) => data.on,
};

const at = (hour: number): string =>
  new Date(Date.UTC(2024, 5, 1) + hour * 3_600_000).toISOString();

const as = (command: string, hour: number): CommandContext => ({
  commandId: deriveId(command),
  actor: { subject: 'ana', role: 'operator' },
  correlationId: 'c-1',
  causationId: 'r-1',
  at: at(hour),
});

const turn = (store: AggregateStore, on: boolean, context: CommandContext, of = lamp) =>
  store.handle(of, 'a', { type: 'Turn', data: { on }, at: context.at }, context);

const refusalOf = async (act: Promise<unknown>): Promise<DomainError> => {
  const outcome = await act.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof DomainError)) throw new Error('It was not refused by a rule');
  return outcome;
};

describe('an act that is recorded later than it happened', () => {
  let streams: InMemoryStreams;
  let store: AggregateStore;
  const told = () => streams.log.map(({ metadata }) => metadata.occurredAt);
  beforeEach(() => {
    streams = new InMemoryStreams();
    store = new AggregateStore(streams);
  });

  it('bears the time at which it happened', async () => {
    await turn(store, true, backdated(as('on', 9), at(3)));
    await turn(store, false, as('off', 10));
    expect(told()).toEqual([at(3), at(10)]);
  });

  it('is of the past, and of no past that is settled', () => {
    const now = as('on', 9);
    const days = (count: number) => at(9 - 24 * count);
    expect(backdated(now, undefined)).toBe(now);
    expect(backdated(now, at(9))).toMatchObject({ at: at(9) });
    expect(backdated(now, days(MAX_BACKDATED_DAYS))).toMatchObject({
      at: days(MAX_BACKDATED_DAYS),
    });
    const code = (instant: string) => {
      try {
        return backdated(now, instant).at;
      } catch (error) {
        return error;
      }
    };
    const pointer = '/occurredAt';
    expect(code('2024-06-01T09:00:00.001Z')).toMatchObject({
      kind: 'invalid',
      code: 'request/occurred-in-future',
      pointer,
    });
    expect(code(days(MAX_BACKDATED_DAYS + 1))).toMatchObject({
      kind: 'invalid',
      code: 'request/occurred-too-long-ago',
      pointer,
    });
  });

  it('did not happen before what the stream knows, not even where it would change nothing', async () => {
    await turn(store, true, as('on', 5));
    for (const on of [true, false]) {
      expect(await refusalOf(turn(store, on, backdated(as(`${on}`, 9), at(4))))).toMatchObject({
        kind: 'conflict',
        code: 'request/occurred-before-latest',
        details: { occurredAt: at(4), latestAt: at(5) },
        pointer: '/occurredAt',
      });
    }
    await turn(store, false, backdated(as('off', 9), at(5)));
    expect(told()).toEqual([at(5), at(5)]);
  });

  it('is judged on the stream as it is, not as this process knew it', async () => {
    await turn(store, true, as('on', 3));
    await turn(new AggregateStore(streams), false, as('off', 5));
    const late = turn(store, false, backdated(as('late', 9), at(4)));
    expect(await refusalOf(late)).toMatchObject({ code: 'request/occurred-before-latest' });
  });

  it('is judged again when somebody else comes before it', async () => {
    await turn(store, true, as('on', 3));
    const release = streams.stallNext('lamp-a');
    const held = refusalOf(turn(store, false, backdated(as('held', 9), at(4))));
    await turn(new AggregateStore(streams), false, as('off', 5));
    release();
    expect(await held).toMatchObject({ code: 'request/occurred-before-latest' });
    expect(told()).toEqual([at(3), at(5)]);
  });

  it('that was accepted stays so when it is asked again, whatever came after it', async () => {
    const late = backdated(as('late', 9), at(4));
    await turn(store, true, late);
    await turn(store, false, as('off', 10));
    for (const process of [store, new AggregateStore(streams)]) {
      expect(await turn(process, true, late)).toMatchObject({ replayed: true });
    }
  });

  it('does not judge what follows from it on other streams', async () => {
    await turn(store, true, as('on', 5));
    const step = stepOf(backdated(as('late', 9), at(4)), 'next');
    await turn(store, false, step, { ...lamp, isInOrderOfTime: undefined as never });
    expect(told()).toEqual([at(5), at(4)]);
  });
});

it('An act that was asked for before another, and had to wait, happened after it', async () => {
  const streams = new InMemoryStreams();
  const store = new AggregateStore(streams);
  await turn(store, true, as('single', 10));
  await turn(store, false, as('line of an upload', 9));
  await turn(store, true, as('next', 11));
  const times = streams.log.map(({ metadata }) => metadata.occurredAt);
  expect(times).toEqual([at(10), at(10), at(11)]);
});

it('Times never go back in a stream, and are those told, whoever acts at once', async () => {
  const act = fc.record({
    on: fc.boolean(),
    process: fc.nat({ max: 2 }),
    hour: fc.integer({ min: 0, max: 20 }),
    isBackdated: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(act, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      async (rounds) => {
        const streams = new InMemoryStreams();
        const processes = [0, 1, 2].map(() => new AggregateStore(streams));
        for (const [round, acts] of rounds.entries()) {
          const asked = acts.map(({ on, process, hour, isBackdated }, index) => {
            const context = as(`${round}/${index}`, isBackdated ? 20 : hour);
            const dated = isBackdated ? backdated(context, at(hour)) : context;
            return turn(processes[process]!, on, dated).then(() => dated);
          });
          for (const { status, ...outcome } of await Promise.allSettled(asked)) {
            if (status === 'fulfilled') continue;
            const { reason } = outcome as { readonly reason: unknown };
            if (reason instanceof TooMuchContention) continue;
            expect(reason).toMatchObject({ code: 'request/occurred-before-latest' });
          }
        }
        const told = new Map<string, string>();
        for (const [round, acts] of rounds.entries()) {
          for (const [index, { hour, isBackdated }] of acts.entries()) {
            if (isBackdated) told.set(deriveId(`${round}/${index}`), at(hour));
          }
        }
        const times = streams.log.map(({ metadata }) => metadata.occurredAt);
        expect(times).toEqual([...times].sort());
        const asTold = streams.log.map(({ metadata }) => told.get(metadata.commandId));
        expect(times).toEqual(asTold.map((instant, index) => instant ?? times[index]));
      },
    ),
    { numRuns: 50 },
  );
});
