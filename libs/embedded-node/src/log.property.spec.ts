import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EventLog, type ExpectedRevision, type ProposedEvent } from './log.js';

const proposed = (id: string): ProposedEvent => ({
  id,
  type: 'Tested',
  contentType: 'application/json',
  data: Buffer.from(`"${id}"`),
  metadata: new Uint8Array(),
});

/** The rules of an append, as plainly as they can be put. */
class ModelLog {
  readonly streams = new Map<
    string,
    { ids: string[]; hidden: number; deleted: boolean; gone: boolean }
  >();
  readonly all: string[] = [];

  private of(stream: string) {
    const known = this.streams.get(stream);
    if (known) return known;
    const fresh = { ids: [] as string[], hidden: 0, deleted: false, gone: false };
    this.streams.set(stream, fresh);
    return fresh;
  }

  append(stream: string, expected: ExpectedRevision, ids: readonly string[]): string {
    const state = this.of(stream);
    if (state.gone) return 'streamDeleted';
    const last = state.ids.length - 1;
    const write = (): string => {
      if (state.deleted) state.hidden = state.ids.length;
      state.deleted = false;
      state.ids.push(...ids);
      this.all.push(...ids);
      return `appended ${state.ids.length - 1}`;
    };
    const repeated = (from: number): string | undefined => {
      const stored = state.ids.slice(from, from + ids.length);
      const differs = ids.findIndex((id, i) => stored[i] !== id);
      if (differs === -1) return `appended ${from + ids.length - 1}`;
      return differs === 0 ? undefined : 'corruptedIdempotency';
    };
    const tail = last - ids.length + 1;
    const again = tail >= 0 ? repeated(tail) : undefined;
    switch (expected) {
      case 'any':
        return again?.startsWith('appended') ? again : write();
      case 'streamExists':
        if (last < 0 || state.deleted) return 'wrongExpectedRevision';
        return again?.startsWith('appended') ? again : write();
      case 'noStream':
        if (last < 0 || state.deleted) return write();
        return repeated(0) ?? 'wrongExpectedRevision';
      default:
        if (expected === last) return write();
        if (expected > last) return 'wrongExpectedRevision';
        return repeated(expected + 1) ?? 'wrongExpectedRevision';
    }
  }

  remove(stream: string, final: boolean): string {
    const state = this.of(stream);
    if (state.gone) return 'streamDeleted';
    if (final) state.gone = true;
    else state.deleted = true;
    return 'removed';
  }

  visible(stream: string): readonly string[] | 'notFound' | 'deleted' {
    const state = this.of(stream);
    if (state.gone) return 'deleted';
    if (state.deleted || state.ids.length <= state.hidden) return 'notFound';
    return state.ids.slice(state.hidden);
  }
}

const streamName = fc.constantFrom('a', 'b', 'c');
const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      stream: streamName,
      expected: fc.oneof(
        fc.constantFrom<ExpectedRevision>('any', 'noStream', 'streamExists'),
        fc.integer({ min: 0, max: 6 }),
      ),
      // Few ids, so that repetitions happen.
      ids: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5', '6'), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('softDelete' as const, 'tombstone' as const),
      stream: streamName,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

describe('the log', () => {
  it('does what the plain model does, for any sequence of commands and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
        const directory = mkdtempSync(join(tmpdir(), 'hl-log-'));
        let log = new EventLog(directory);
        const model = new ModelLog();
        try {
          for (const step of commands) {
            if (step.kind === 'restart') {
              await log.close();
              log = new EventLog(directory);
            } else if (step.kind === 'append') {
              const outcome = await log.append(step.stream, step.expected, step.ids.map(proposed));
              const told =
                outcome.kind === 'appended' ? `appended ${outcome.revision}` : outcome.kind;
              expect(told).toBe(model.append(step.stream, step.expected, step.ids));
            } else {
              const outcome = await log[step.kind](step.stream, 'any');
              const told = outcome.kind === 'appended' ? 'removed' : outcome.kind;
              expect(told).toBe(model.remove(step.stream, step.kind === 'tombstone'));
            }
          }
          for (const stream of ['a', 'b', 'c']) {
            const forwards = log.readStream(stream, 0, 'forwards', 1_000);
            const backwards = log.readStream(stream, Number.MAX_SAFE_INTEGER, 'backwards', 1_000);
            const expected = model.visible(stream);
            const ids = (page: typeof forwards) =>
              typeof page === 'string' ? page : page.events.map(({ id }) => id);
            expect(ids(forwards)).toEqual(expected);
            const reversed = ids(backwards);
            expect(typeof reversed === 'string' ? reversed : reversed.reverse()).toEqual(expected);
          }
          const all = log.readAll(0, 'forwards', 10_000);
          expect(all.filter(({ type }) => type === 'Tested').map(({ id }) => id)).toEqual(
            model.all,
          );
          all.reduce((before, { position }) => {
            expect(position).toBeGreaterThan(before);
            return position;
          }, 0);
        } finally {
          await log.close();
          rmSync(directory, { recursive: true, force: true });
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
