import type { ServedLog } from './access.js';
import type { EventLog, Page, StoredEvent } from './log.js';

/** What reading needs of the log. */
export type ReadableLog = Pick<
  EventLog,
  'headPosition' | 'readStream' | 'readAll' | 'lastRevision' | 'isValidPosition' | 'onCommit'
>;

/**
 * The log as a server sees it that has not received all of it yet: up to its horizon. Deletions and
 * metadata of streams are seen at once, whatever the horizon.
 */
export class LogView implements ReadableLog {
  private readonly listeners = new Set<() => void>();
  private horizon = Infinity;
  private lag: number | 'frozen' = 0;
  private readonly stopListening: () => void;

  constructor(private readonly log: EventLog) {
    this.stopListening = log.onCommit(() => this.committed());
  }

  /** How late commits are seen here, in milliseconds; frozen: none that comes from now on. */
  setLag(lag: number | 'frozen'): void {
    this.lag = lag;
    this.horizon = lag === 0 ? Infinity : Math.min(this.horizon, this.log.headPosition);
    if (lag === 0) this.listeners.forEach((listener) => listener());
    else if (lag !== 'frozen') this.committed();
  }

  close(): void {
    this.stopListening();
  }

  get headPosition(): number {
    return Math.min(this.horizon, this.log.headPosition);
  }

  readStream(...args: Parameters<EventLog['readStream']>): Page | 'notFound' | 'deleted' {
    const page = this.log.readStream(...args);
    if (typeof page === 'string') return page;
    // A stream none of whose events has come here yet is not known here.
    if (this.horizon < Infinity && this.lastRevision(args[0]) < 0) return 'notFound';
    return this.clip(page, args[2], ({ revision }) => revision);
  }

  readAll(...args: Parameters<EventLog['readAll']>): Page {
    return this.clip(this.log.readAll(...args), args[1], ({ position }) => position - 1);
  }

  lastRevision(stream: string): number {
    const last = this.log.lastRevision(stream);
    if (this.horizon === Infinity) return last;
    for (let revision = last; revision >= 0; revision -= 1) {
      const page = this.log.readStream(stream, revision, 'backwards', 1);
      if (typeof page === 'string') return last;
      const [event] = page.events;
      if (!event || event.position <= this.horizon) return revision;
    }
    return -1;
  }

  isValidPosition(position: number): boolean {
    return this.log.isValidPosition(position);
  }

  onCommit(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private committed(): void {
    const { lag } = this;
    if (lag === 'frozen') return;
    const seen = this.log.headPosition;
    const tell = (): void => {
      if (this.lag === 'frozen') return;
      if (this.lag !== 0) this.horizon = Math.max(this.horizon, seen);
      this.listeners.forEach((listener) => listener());
    };
    if (lag === 0) tell();
    else setTimeout(tell, lag).unref();
  }

  /** Without what lies beyond the horizon; forwards the page ends there, to be gone on from later. */
  private clip(
    page: Page,
    direction: 'forwards' | 'backwards',
    from: (event: StoredEvent) => number,
  ): Page {
    if (this.horizon === Infinity) return page;
    const events = page.events.filter(({ position }) => position <= this.horizon);
    if (events.length === page.events.length || direction === 'backwards') {
      return { ...page, events };
    }
    return { events, end: true, next: from(page.events[events.length]!) };
  }
}

/** Appends go to the log, whatever the server has received of it by then. */
export const writtenTo = (log: EventLog, view: LogView): ServedLog => ({
  append: (...args) => log.append(...args),
  softDelete: (...args) => log.softDelete(...args),
  tombstone: (...args) => log.tombstone(...args),
  readStream: (...args) => view.readStream(...args),
  readAll: (...args) => view.readAll(...args),
  lastRevision: (stream) => view.lastRevision(stream),
  isValidPosition: (position) => view.isValidPosition(position),
  get headPosition() {
    return view.headPosition;
  },
  onCommit: (listener) => view.onCommit(listener),
});
