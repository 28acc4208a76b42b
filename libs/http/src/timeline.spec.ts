import type { RecordedEvent } from '@hostledger/eventsourcing';
import { cursorOf } from './read.js';
import { readTimeline, type TimelineLog } from './timeline.js';

const event = (revision: bigint): RecordedEvent =>
  ({
    ...{ id: `event-${revision}`, stream: 'lamp-1', type: 'LampLit', data: {} },
    ...{ revision, position: 100n + revision, recordedAt: '2024-04-20T00:00:00Z' },
    metadata: {
      ...{
        $correlationId: 'c',
        $causationId: 'c',
        commandId: 'c',
        occurredAt: '2024-04-20T00:00:00Z',
      },
      actor: { subject: 'ana', role: 'operator' },
    },
  }) as RecordedEvent;

const log: TimelineLog = {
  readStream: (_stream, from, count) =>
    Promise.resolve(
      [0n, 1n, 2n]
        .filter((revision) => revision >= from)
        .slice(0, count)
        .map(event),
    ),
  head: () => Promise.resolve(200n),
};

describe('a timeline', () => {
  it('goes on where its last page ended', async () => {
    const first = await readTimeline(log, 'lamp-1', { limit: 2 });
    const { nextCursor } = first!.timeline;
    const second = await readTimeline(log, 'lamp-1', { limit: 2, cursor: nextCursor! });
    expect(second!.timeline.items.map(({ revision }) => revision)).toEqual([2]);
    expect(second!.timeline.nextCursor).toBeUndefined();
  });

  it.each(['', 'abc', '-1', '1.5', '1e3', '0x1', ' 1', '9'.repeat(25), '\0'])(
    'refuses a cursor that names it, and %j for a place in it',
    async (place) => {
      const cursor = cursorOf('timeline lamp-1', [place]);
      await expect(readTimeline(log, 'lamp-1', { cursor })).rejects.toMatchObject({
        ...{ name: 'ProblemError', status: 400, code: 'request/cursor-invalid' },
      });
    },
  );
});
