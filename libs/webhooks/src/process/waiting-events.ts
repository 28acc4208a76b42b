import type { FeedEvent } from '@hostledger/feed';

/** An event on its way to a receiver. */
export interface WaitingEvent {
  readonly position: bigint;
  /** Position after which it is the first one that is wanted. */
  readonly after: bigint;
  readonly stream: string;
  readonly revision: bigint;
  /** Of a dead letter: it goes beside the events of its stream, which have passed it long ago. */
  readonly replay: boolean;
  /** Attempts that failed. */
  readonly attempts: number;
  /** Milliseconds of the epoch; not before. */
  readonly dueAt: number;
  /** Absent where it was read before a start or a replay; it is read again when its turn comes. */
  readonly event: FeedEvent | undefined;
}

interface Lane {
  readonly name: string;
  readonly queue: WaitingEvent[];
}

/**
 * The events that wait, one lane for each stream: the first of a lane goes when it is due, and
 * the others wait for it. Lanes go in parallel, in the order in which they became due.
 */
export class WaitingEvents {
  private readonly lanes = new Map<string, Lane>();
  private due: Lane[] = [];
  private readonly delayed = new Set<Lane>();
  private count = 0;
  private held = 0;

  /** Events that wait or are on their way, replays included. */
  get size(): number {
    return this.count;
  }

  /** Of JSON, held for them. */
  get characters(): number {
    return this.held;
  }

  add(event: WaitingEvent): void {
    const name = laneOf(event);
    this.count += 1;
    this.held += charactersOf(event);
    const lane = this.lanes.get(name);
    if (lane) {
      lane.queue.push(event);
      return;
    }
    const opened: Lane = { name, queue: [event] };
    this.lanes.set(name, opened);
    this.place(opened);
  }

  /** Takes the first event of a lane that is due; its lane stands still until one of the below. */
  take(now: number): WaitingEvent | undefined {
    for (const lane of this.delayed) {
      if (lane.queue[0]!.dueAt > now) continue;
      this.delayed.delete(lane);
      this.due.push(lane);
    }
    return this.due.shift()?.queue[0];
  }

  /** It is done with, and the next of its lane may go. */
  settle(event: WaitingEvent): void {
    const lane = this.laneAt(event);
    const [settled] = lane.queue.splice(0, 1);
    this.count -= 1;
    this.held -= charactersOf(settled!);
    if (lane.queue.length > 0) this.place(lane);
    else this.lanes.delete(lane.name);
  }

  /** It is tried again later, and its lane with it. */
  putOff(event: WaitingEvent, attempts: number, dueAt: number): void {
    const lane = this.laneAt(event);
    lane.queue[0] = { ...lane.queue[0]!, attempts, dueAt };
    this.delayed.add(lane);
  }

  /** All are due at once: what failed under another address may not under this one. */
  hurry(): void {
    for (const lane of this.delayed) {
      lane.queue[0] = { ...lane.queue[0]!, dueAt: 0 };
      this.due.push(lane);
    }
    this.delayed.clear();
  }

  /** When the first of the delayed lanes is due. */
  nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const { queue } of this.delayed) {
      const { dueAt } = queue[0]!;
      if (next === undefined || dueAt < next) next = dueAt;
    }
    return next;
  }

  /** All that wait for the first time, by position; replays are known to the log. */
  unsettled(): readonly WaitingEvent[] {
    return [...this.lanes.values()]
      .flatMap(({ queue }) => queue)
      .filter(({ replay }) => !replay)
      .sort((a, b) => (a.position < b.position ? -1 : 1));
  }

  private place(lane: Lane): void {
    if (lane.queue[0]!.dueAt > 0) this.delayed.add(lane);
    else this.due.push(lane);
  }

  private laneAt(event: WaitingEvent): Lane {
    const lane = this.lanes.get(laneOf(event));
    if (lane?.queue[0]?.position !== event.position) {
      throw new Error(`The event of position ${event.position} is not the first of its stream`);
    }
    return lane;
  }
}

const laneOf = ({ stream, replay }: WaitingEvent): string =>
  replay ? `replay of ${stream}` : stream;

const charactersOf = ({ event }: WaitingEvent): number => event?.json.length ?? 0;
