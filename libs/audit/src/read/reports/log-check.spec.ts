import * as fc from 'fast-check';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { checkLog, type IndexedEvent } from './log-check.js';
import { logOf } from './reports.fixture.js';

const LOG = logOf(...Array.from({ length: 2_500 }, () => ({ type: 'Happened' })));
const END = LOG.at(-1)!.position;

const rowOf = ({ position, id, stream, type, revision }: RecordedEvent): IndexedEvent => ({
  ...{ position, event_id: id, stream, type, revision },
});
const check = (
  stored: readonly RecordedEvent[],
  index: readonly IndexedEvent[],
  { after = 0n, last = END, max = 10_000 } = {},
) =>
  checkLog(
    {
      readAll: (from, count) =>
        Promise.resolve(stored.filter(({ position }) => position > from).slice(0, count)),
    },
    (from, through) =>
      Promise.resolve(index.filter(({ position }) => position > from && position <= through)),
    { after, last },
    max,
  );
const INDEX = LOG.map(rowOf);

describe('The log', () => {
  it('agrees with its index, page by page', async () => {
    expect(await check(LOG, INDEX)).toEqual({
      ...{ events: 2_500, isComplete: true, throughPosition: '250000' },
      ...{ differenceCount: 0, differences: [] },
    });
  });

  it('is compared between two positions, as far as was asked for', async () => {
    const told = await check(LOG, INDEX, { after: 100_000n, last: 200_000n, max: 300 });
    expect(told).toMatchObject({ events: 300, isComplete: false, throughPosition: '130000' });
    expect(await check(LOG, INDEX, { after: 100_000n, last: 200_000n })).toMatchObject({
      ...{ events: 1_000, isComplete: true, differenceCount: 0 },
    });
  });

  it('is told of whatever was removed, added or replaced, and of nothing else', async () => {
    const number = fc.integer({ min: 0, max: LOG.length - 1 });
    const three = fc.uniqueArray(number, { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(three, async ([gone, added, replaced]) => {
        const stored = LOG.filter((_, index) => index !== gone).map((event) =>
          event === LOG[replaced!] ? { ...event, id: 'another' } : event,
        );
        const { differences, differenceCount } = await check(
          stored,
          INDEX.filter((_, index) => index !== added),
        );
        expect(differenceCount).toBe(3);
        const told = differences.map(({ position, kind }) => [Number(position) / 100 - 1, kind]);
        const expected: [number, string][] = [
          [gone!, 'notInLog'],
          [added!, 'notInIndex'],
          [replaced!, 'differs'],
        ];
        expect(told).toEqual(expected.sort(([a], [b]) => a - b));
      }),
      { numRuns: 20 },
    );
  });

  it('that lost its end is told of every event that is gone', async () => {
    const told = await check(LOG.slice(0, 2_000), INDEX);
    expect(told).toMatchObject({ isComplete: true, differenceCount: 500 });
    expect(told.differences[0]).toMatchObject({ kind: 'notInLog', position: '200100' });
  });
});
