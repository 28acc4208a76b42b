import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EventLog, type ExpectedRevision, type Page, type ProposedEvent } from './log.js';

const proposed = (id: string, data = `"${id}"`, type = 'Tested'): ProposedEvent => ({
  id,
  type,
  contentType: 'application/json',
  data: Buffer.from(data),
  metadata: new Uint8Array(),
});

interface ModelStream {
  readonly ids: string[];
  hasMetadata: boolean;
  maxCount: number;
  truncateBefore: number;
  tombstoned: boolean;
}

/** The rules of the log, as plainly as they can be put. */
class ModelLog {
  readonly streams = new Map<string, ModelStream>();
  readonly all: string[] = [];

  of(name: string): ModelStream {
    const fresh: ModelStream = {
      ids: [],
      hasMetadata: false,
      maxCount: Infinity,
      truncateBefore: 0,
      tombstoned: false,
    };
    return this.streams.get(name) ?? (this.streams.set(name, fresh), fresh);
  }

  append(name: string, expected: ExpectedRevision, ids: readonly string[]): string {
    const stream = this.of(name);
    const last = stream.ids.length - 1;
    const softDeleted = stream.truncateBefore === Infinity;
    const write = (): string => {
      if (softDeleted) stream.truncateBefore = stream.ids.length;
      stream.ids.push(...ids);
      this.all.push(...ids);
      return `appended ${stream.ids.length - 1}`;
    };
    const equalFrom = (from: number): number =>
      ids.findIndex((id, i) => stream.ids[from + i] !== id);

    if (stream.tombstoned) return 'streamDeleted';
    if (expected === 'streamExists') {
      if (softDeleted) return 'streamDeleted';
      if (last < 0 && !stream.hasMetadata) return 'wrongExpectedRevision';
    }
    if (expected === 'any' || expected === 'streamExists') {
      const tail = last - ids.length + 1;
      return tail >= 0 && equalFrom(tail) === -1 ? `appended ${last}` : write();
    }
    const revision = expected === 'noStream' ? -1 : expected;
    if (revision === last) return write();
    if (revision > last) return 'wrongExpectedRevision';
    const differs = equalFrom(revision + 1);
    if (differs === -1) return `appended ${revision + ids.length}`;
    if (differs > 0) return 'corruptedIdempotency';
    return softDeleted && expected === 'noStream' ? write() : 'wrongExpectedRevision';
  }

  setMetadata(name: string, maxCount: number | undefined, truncateBefore: number | undefined) {
    const stream = this.of(name);
    if (stream.tombstoned) return 'streamDeleted';
    const softDeleted = stream.truncateBefore === Infinity;
    stream.hasMetadata = true;
    stream.maxCount = maxCount ?? Infinity;
    stream.truncateBefore = softDeleted ? stream.ids.length : (truncateBefore ?? 0);
    return 'done';
  }

  softDelete(name: string): string {
    const stream = this.of(name);
    if (stream.tombstoned) return 'streamDeleted';
    if (stream.ids.length === 0 && !stream.hasMetadata) return 'wrongExpectedRevision';
    Object.assign(stream, { hasMetadata: true, maxCount: Infinity, truncateBefore: Infinity });
    return 'done';
  }

  tombstone(name: string): string {
    const stream = this.of(name);
    if (stream.tombstoned) return 'streamDeleted';
    stream.tombstoned = true;
    return 'done';
  }

  visible(name: string): readonly string[] | 'notFound' | 'deleted' {
    const { ids, maxCount, truncateBefore, tombstoned } = this.of(name);
    if (tombstoned) return 'deleted';
    if (ids.length === 0 || truncateBefore === Infinity) return 'notFound';
    return ids.slice(Math.max(truncateBefore, ids.length - maxCount, 0));
  }
}

const NAMES = ['a', 'b', 'c'];
const stream = fc.constantFrom(...NAMES);
const append = fc.record({
  stream,
  expected: fc.oneof(
    fc.constantFrom<ExpectedRevision>('any', 'noStream', 'streamExists'),
    fc.integer({ min: 0, max: 6 }),
  ),
  // Few ids, so that repetitions happen.
  ids: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5', '6'), {
    minLength: 1,
    maxLength: 3,
  }),
});
const small = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined });
const command = fc.oneof(
  {
    weight: 10,
    // Appended at once, so that they share a commit.
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      appends: fc.array(append, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('metadata' as const),
      stream,
      maxCount: small,
      truncateBefore: small,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('softDelete' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tombstone' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

/** Everything, a few at a time. */
const inPages = <Other extends string>(first: number, page: (from: number) => Page | Other) => {
  const ids: string[] = [];
  for (let from = first; ;) {
    const found = page(from);
    if (typeof found === 'string') return found;
    ids.push(...found.events.filter(({ type }) => type === 'Tested').map(({ id }) => id));
    if (found.end) return ids;
    from = found.next;
  }
};

const reversed = <T>(list: T): T => (Array.isArray(list) ? ([...list].reverse() as T) : list);

const checkReads = (log: EventLog, model: ModelLog): void => {
  const END = Number.MAX_SAFE_INTEGER;
  for (const name of NAMES) {
    const expected = model.visible(name);
    const read = (direction: 'forwards' | 'backwards', first: number) =>
      inPages(first, (from) => log.readStream(name, from, direction, 3));
    expect(read('forwards', 0)).toEqual(expected);
    expect(read('backwards', END)).toEqual(reversed(expected));
  }
  expect(inPages(0, (from) => log.readAll(from, 'forwards', 4))).toEqual(model.all);
  expect(inPages(END, (from) => log.readAll(from, 'backwards', 4))).toEqual(reversed(model.all));
};

describe('the log', () => {
  it('does what the plain model does, for any sequence of commands and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
        const directory = mkdtempSync(join(tmpdir(), 'hl-log-'));
        let log = new EventLog(directory);
        const model = new ModelLog();
        const told: { stream: string; revision: number; position: number }[] = [];
        const kindOf = ({ kind }: { kind: string }) => (kind === 'appended' ? 'done' : kind);
        try {
          for (const [index, step] of commands.entries()) {
            if (step.kind === 'restart') {
              await log.close();
              log = new EventLog(directory);
            } else if (step.kind === 'append') {
              const outcomes = await Promise.all(
                step.appends.map((one) =>
                  log.append(
                    one.stream,
                    one.expected,
                    one.ids.map((id) => proposed(id)),
                  ),
                ),
              );
              step.appends.forEach(({ stream: name, expected, ids }, i) => {
                const outcome = outcomes[i]!;
                if (outcome.kind === 'appended') told.push({ stream: name, ...outcome });
                expect(
                  outcome.kind === 'appended' ? `appended ${outcome.revision}` : outcome.kind,
                ).toBe(model.append(name, expected, ids));
              });
            } else if (step.kind === 'metadata') {
              const { maxCount: $maxCount, truncateBefore: $tb } = step;
              const data = JSON.stringify({ $maxCount, $tb });
              const event = proposed(`m${index}`, data, '$metadata');
              const outcome = await log.append(`$$${step.stream}`, 'any', [event]);
              expect(kindOf(outcome)).toBe(model.setMetadata(step.stream, $maxCount, $tb));
            } else {
              const outcome = await log[step.kind](step.stream, 'any');
              expect(kindOf(outcome)).toBe(model[step.kind](step.stream));
            }
          }
          checkReads(log, model);
          const { events } = log.readAll(0, 'forwards', 10_000);
          events.reduce((before, { position }) => {
            expect(position).toBeGreaterThan(before);
            return position;
          }, 0);
          // An outcome, first or repeated, names the record where the last of its events lies.
          for (const { stream: name, revision, position } of told) {
            const at = events.find((event) => event.position === position);
            expect([at?.stream, at?.revision]).toEqual([name, revision]);
          }
        } finally {
          await log.close();
          rmSync(directory, { recursive: true, force: true });
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
