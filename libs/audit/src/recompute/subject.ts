import type { Json, RecordedEvent } from '@hostledger/eventsourcing';
import { plain } from '../domain/plain.js';
import { initial, stateAfter, type FoldedAggregate } from '../domain/as-of.js';

/** What events are folded into, one after the other, in the order of the log. */
export interface Subject {
  /** @returns whether the event is about it. */
  apply(event: RecordedEvent): boolean;
  /** As it is now, in plain form. */
  value(): Json;
}

/** The state of one stream. */
export class StreamSubject implements Subject {
  private state: unknown;

  constructor(
    private readonly aggregate: FoldedAggregate,
    private readonly stream: string,
  ) {
    this.state = initial(aggregate);
  }

  /** @throws DomainError `audit/state-untold` */
  apply(event: RecordedEvent): boolean {
    if (event.stream !== this.stream) return false;
    this.state = stateAfter(this.aggregate, this.state, event);
    return true;
  }

  value(): Json {
    return plain(this.state);
  }
}
