import fc from 'fast-check';
import type { Json, RecordedEvent } from '@hostledger/eventsourcing';
import type { LogSource } from './source.js';
import type { Subject } from './subject.js';
import { compareTrails, compareWithPast, Trail } from './trail.js';

// Histories of a sum, two copies of which differ somewhere.

const STREAM = 'sum-1';

class Sum implements Subject {
  private sum = 0;
  private steps = 0;

  apply({ stream, data }: RecordedEvent): boolean {
    if (stream !== STREAM) return false;
    this.sum += (data as { by: number }).by;
    this.steps += 1;
    return true;
  }

  value(): Json {
    return { sum: this.sum, steps: this.steps };
  }
}

const eventAt = (position: bigint, stream: string, by: number): RecordedEvent =>
  ({
    ...{ position, stream, data: { by }, id: `e${position}`, revision: position },
    ...{ type: 'Added', recordedAt: '2024-01-01T00:00:00.000Z' },
  }) as unknown as RecordedEvent;

const sourceOf = (events: readonly RecordedEvent[]): LogSource => ({
  name: 'spec',
  events: async function* () {
    yield* await Promise.resolve(events);
  },
  close: () => Promise.resolve(),
});
const trailOf = (events: readonly RecordedEvent[]) => Trail.of(sourceOf(events), () => new Sum());

/** Events of the stream and of others, at positions with gaps. */
const logs = fc
  .array(fc.record({ own: fc.boolean(), by: fc.integer({ min: 1, max: 9 }) }), {
    ...{ minLength: 1, maxLength: 40 },
  })
  .map((steps) =>
    steps.map(({ own, by }, index) =>
      eventAt(BigInt(index * 10 + 10), own ? STREAM : 'other-1', by),
    ),
  );

const tamperings = ['change', 'drop', 'insert'] as const;

const tampered = (
  log: readonly RecordedEvent[],
  at: RecordedEvent,
  how: (typeof tamperings)[number],
): { readonly log: readonly RecordedEvent[]; readonly position: bigint } => {
  const { position } = at;
  const inserted = eventAt(position - 5n, STREAM, 1);
  const copy = log.flatMap((event) => {
    if (event !== at) return [event];
    if (how === 'drop') return [];
    return how === 'insert' ? [inserted, event] : [eventAt(position, STREAM, 100)];
  });
  return { log: copy, position: how === 'insert' ? inserted.position : position };
};

it('Two copies differ first after the event that one of them has otherwise', async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.nat(), fc.constantFrom(...tamperings), async (log, pick, how) => {
      const own = log.filter(({ stream }) => stream === STREAM);
      fc.pre(own.length > 0);
      const other = tampered(log, own[pick % own.length]!, how);
      const [here, there] = [await trailOf(log), await trailOf(other.log)];
      for (const [one, two] of [
        [here, there],
        [there, here],
      ] as const) {
        const verdict = compareTrails(one, two, [new Sum(), new Sum()], 'copies');
        expect(verdict).toMatchObject({
          ...{ equal: false, event: { position: other.position.toString(), stream: STREAM } },
        });
      }
    }),
  );
});

it('A log is equal to itself, and halving finds what going through all of it finds', async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.nat(), async (log, pick) => {
      const own = log.filter(({ stream }) => stream === STREAM);
      fc.pre(own.length > 0);
      const here = await trailOf(log);
      const itself = compareTrails(here, here, [new Sum(), new Sum()], 'copies');
      expect(itself.equal).toBe(true);
      const there = await trailOf(tampered(log, own[pick % own.length]!, 'change').log);
      const ask = (position: bigint) => Promise.resolve(there.valueAt(position));
      const halved = await compareWithPast(here, ask, 'copies');
      expect(halved).toEqual(compareTrails(here, there, [new Sum(), new Sum()], 'copies'));
    }),
  );
});
