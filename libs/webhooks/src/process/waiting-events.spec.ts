import { WaitingEvents, type WaitingEvent } from './waiting-events.js';

const event = (stream: string, position: number, change: Partial<WaitingEvent> = {}) => ({
  position: BigInt(position),
  after: BigInt(position - 1),
  stream,
  revision: 0n,
  replay: false,
  attempts: 0,
  dueAt: 0,
  event: undefined,
  ...change,
});

const waitingOf = (...events: WaitingEvent[]): WaitingEvents => {
  const waiting = new WaitingEvents();
  for (const one of events) waiting.add(one);
  return waiting;
};

const taken = (waiting: WaitingEvents, now = 0): number | undefined => {
  const position = waiting.take(now)?.position;
  return position === undefined ? undefined : Number(position);
};

describe('events that wait', () => {
  it('go one after another within a stream, and side by side between streams', () => {
    const [a1, a2, b1] = [event('a', 1), event('a', 2), event('b', 3)];
    const waiting = waitingOf(a1, a2, b1);
    expect([taken(waiting), taken(waiting), taken(waiting)]).toEqual([1, 3, undefined]);
    waiting.settle(a1);
    expect([taken(waiting), taken(waiting)]).toEqual([2, undefined]);
    waiting.settle(b1);
    waiting.settle(a2);
    expect(waiting.size).toBe(0);
  });

  it('wait for an earlier one of their stream that is tried again later', () => {
    const a1 = event('a', 1);
    const waiting = waitingOf(a1, event('a', 2), event('b', 3));
    expect(taken(waiting)).toBe(1);
    waiting.putOff(a1, 1, 50);
    expect([taken(waiting, 49), taken(waiting, 49)]).toEqual([3, undefined]);
    expect(waiting.nextDueAt()).toBe(50);
    expect(waiting.take(50)).toMatchObject({ position: 1n, attempts: 1 });
  });

  it('are all due once the address has changed', () => {
    const a1 = event('a', 1);
    const waiting = waitingOf(a1);
    waiting.take(0);
    waiting.putOff(a1, 3, 1_000);
    waiting.hurry();
    expect(waiting.take(0)).toMatchObject({ position: 1n, attempts: 3 });
  });

  it('do not wait for replays of their stream, nor those for them', () => {
    const waiting = waitingOf(event('a', 9), event('a', 1, { replay: true }));
    expect([taken(waiting), taken(waiting)]).toEqual([9, 1]);
    expect(waiting.unsettled().map(({ position }) => position)).toEqual([9n]);
  });

  it('cannot be settled out of turn', () => {
    const later = event('a', 2);
    const waiting = waitingOf(event('a', 1), later);
    expect(() => waiting.settle(later)).toThrow('not the first of its stream');
  });
});
