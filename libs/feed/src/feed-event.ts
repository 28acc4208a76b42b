import type { RecordedEvent } from '@hostledger/eventsourcing';
import { cloudEventOf, type CloudEvent } from './cloud-event.js';
import type { Parties } from './parties.js';

/** An event made ready to go out, shared by all who read it. */
export class FeedEvent {
  private serialised: string | undefined;

  constructor(
    readonly recorded: RecordedEvent,
    readonly parties: Parties,
    private readonly source: string,
  ) {}

  get cloudEvent(): CloudEvent {
    return cloudEventOf(this.recorded, this.source, this.parties);
  }

  /** The CloudEvent as JSON on one line, made once for all readers when the first asks for it. */
  get json(): string {
    this.serialised ??= JSON.stringify(this.cloudEvent);
    return this.serialised;
  }
}
